//! How is a stored series found and read?

use std::ops::Range;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use trading_core::bars::{Record, Series};
use trading_core::counts::MAX_DIGITS;
use trading_core::scale::Scale;
use trading_core::time::Micros;

use super::blocks::{BARS, unpack};
use super::error::StoreFault;
use super::key::SeriesKey;

/// A row of the table `series`.
#[derive(Debug, Clone, Copy)]
pub(super) struct SeriesRow {
    pub(super) id: i64,
    pub(super) scale: Scale,
}

/// # Errors
/// Its scale is none that counts can have: whatever computes with it would panic.
pub(super) fn find(connection: &Connection, key: &SeriesKey) -> Result<Option<SeriesRow>, StoreFault> {
    let sql = "select id, price_digits, volume_digits from series
               where venue = ?1 and base = ?2 and quote = ?3 and timeframe = ?4";
    let SeriesKey { instrument, timeframe } = key;
    let of_row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let parameters = params![instrument.venue(), instrument.base(), instrument.quote(), timeframe.name()];
    let found: Option<(i64, i64, i64)> = connection.prepare_cached(sql)?.query_row(parameters, of_row).optional()?;
    let Some((id, price_digits, volume_digits)) = found else { return Ok(None) };
    let digits = |column: &str, digits: i64| {
        let of_a_count = u32::try_from(digits).ok().filter(|digits| *digits <= MAX_DIGITS);
        of_a_count.ok_or_else(|| StoreFault::Damaged {
            key: key.clone(),
            what: format!("its {column} are {digits}, which are not from 0 to {MAX_DIGITS}"),
        })
    };
    let (price_digits, volume_digits) =
        (digits("price_digits", price_digits)?, digits("volume_digits", volume_digits)?);
    Ok(Some(SeriesRow { id, scale: Scale { price_digits, volume_digits } }))
}

/// The keys of all series, in the order of their names.
pub(super) fn keys(connection: &Connection) -> Result<Vec<SeriesKey>, StoreFault> {
    let mut statement = connection.prepare("select venue || ':' || base || '/' || quote, timeframe from series")?;
    let texts = statement.query_map((), |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let texts = texts.collect::<rusqlite::Result<Vec<_>>>()?;
    // What this version does not know another has written; it is no business of this one.
    let key = |(instrument, timeframe): (String, String)| {
        Some(SeriesKey { instrument: instrument.parse().ok()?, timeframe: timeframe.parse().ok()? })
    };
    let mut keys: Vec<SeriesKey> = texts.into_iter().filter_map(key).collect();
    keys.sort_unstable();
    Ok(keys)
}

/// The bars of a series that open in `range`.
pub(super) fn read(
    connection: &Connection,
    key: &SeriesKey,
    row: SeriesRow,
    range: Range<Micros>,
) -> Result<Series, StoreFault> {
    let within = "from blocks where series = ?1 and last >= ?2 and first < ?3";
    let parameters = params![row.id, range.start, range.end];
    let bars: i64 = connection
        // A damaged row may claim any number of bars; no block holds more than this.
        .prepare_cached(&format!("select coalesce(sum(min(bars, {BARS})), 0) {within}"))?
        .query_row(parameters, |row| row.get(0))?;
    let mut records = Vec::with_capacity(usize::try_from(bars).unwrap_or_default());
    let mut statement = connection.prepare_cached(&format!("select {BLOCK} {within} order by first"))?;
    let mut rows = statement.query(parameters)?;
    while let Some(row) = rows.next()? {
        append(row, key, &range, &mut records)?;
    }
    let Scale { price_digits, volume_digits } = row.scale;
    Ok(Series { timeframe: key.timeframe, price_digits, volume_digits, records })
}

/// The bars of a block.
pub(super) fn read_block(connection: &Connection, key: &SeriesKey, id: i64) -> Result<Vec<Record>, StoreFault> {
    let mut statement = connection.prepare_cached(&format!("select {BLOCK} from blocks where id = ?1"))?;
    let mut rows = statement.query([id])?;
    let mut records = Vec::new();
    if let Some(row) = rows.next()? {
        append(row, key, &(Micros::MIN..Micros::MAX), &mut records)?;
    }
    Ok(records)
}

/// What [`append`] reads of a row.
const BLOCK: &str = "first, last, bars, form, records";

fn append(row: &Row<'_>, key: &SeriesKey, range: &Range<Micros>, records: &mut Vec<Record>) -> Result<(), StoreFault> {
    let (first, last, bars, form): (Micros, Micros, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let before = records.len();
    let is_whole = match row.get_ref(4)? {
        ValueRef::Blob(bytes) => {
            usize::try_from(bars).ok().and_then(|bars| unpack(form, bytes, bars, records)).is_some()
        }
        _ => false,
    };
    let found = &records[before..];
    let ends = [found.first(), found.last()].map(|end| end.map(|record| record.open_time));
    let is_sorted = found.is_sorted_by(|one, next| one.open_time < next.open_time);
    if !is_whole || !is_sorted || ends != [Some(first), Some(last)] {
        let shown = trading_core::time::shown;
        let what = format!(
            "the block of {} to {} does not hold {bars} bars from the one to the other",
            shown(first),
            shown(last)
        );
        return Err(StoreFault::Damaged { key: key.clone(), what });
    }
    if first < range.start || last >= range.end {
        let within = records.split_off(before).into_iter().filter(|record| range.contains(&record.open_time));
        records.extend(within);
    }
    Ok(())
}
