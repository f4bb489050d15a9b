//! How do bars get into the store?
//!
//! Start at [`put`]: one transaction. Only the blocks that new bars fall into are written again, and a neighbour that
//! is not full.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use trading_core::bars::{NO_VOLUME, Record, Series};
use trading_core::exact::written;
use trading_core::merge::{Merged, merge};
use trading_core::scale::{Scale, TooFine, refine};
use trading_core::time::{Micros, shown};

use super::blocks::{BARS, decode, encode};
use super::error::StoreFault;
use super::key::SeriesKey;
use super::stored::{self, SeriesRow};
use crate::bar_file::report::Listed;

/// What became of bars that came in.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// Whose they are.
    pub key: SeriesKey,
    /// At times that had none.
    pub added: usize,
    /// That were stored already.
    pub equal: usize,
    /// That took the place of others.
    pub replaced: Listed<Replacement>,
    /// Whether all that was stored was moved to a finer scale.
    pub is_rescaled: bool,
}

/// A stored bar that another took the place of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// What was stored.
    pub before: Record,
    /// What is stored now.
    pub after: Record,
    /// The steps of both.
    pub scale: Scale,
}

impl fmt::Display for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, scale } = self;
        write!(f, "{}: ", shown(after.open_time))?;
        let figures = |record: &Record| [record.open, record.high, record.low, record.close, record.volume];
        let names = ["open", "high", "low", "close", "volume"];
        let digits = |name: &str| if name == "volume" { scale.volume_digits } else { scale.price_digits };
        let mut separator = "";
        for (name, (before, after)) in names.into_iter().zip(figures(before).into_iter().zip(figures(after))) {
            if before != after {
                let value = |count| match (name, count) {
                    ("volume", NO_VOLUME) => "unknown".to_owned(),
                    _ => written(i128::from(count), digits(name)),
                };
                write!(f, "{separator}{name} {} instead of {}", value(after), value(before))?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

/// Puts bars, which have no faults, over those that are stored; all of them or none.
pub(super) fn put(
    connection: &Connection,
    key: &SeriesKey,
    series: &Series,
    source: &str,
    now: Micros,
) -> Result<Imported, StoreFault> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let row = match stored::find(&transaction, key)? {
        Some(row) => row,
        None => add_series(&transaction, key, series.scale())?,
    };
    let too_fine = |source: TooFine| StoreFault::TooFine { key: key.clone(), source };
    let scale = row.scale.finer(series.scale());
    let is_rescaled = scale != row.scale;
    if is_rescaled {
        rescale(&transaction, key, row, scale)?;
    }
    let mut records = Cow::Borrowed(&series.records[..]);
    if series.scale() != scale {
        refine(records.to_mut(), series.scale(), scale).map_err(too_fine)?;
    }
    let Merged { added, equal, replaced, .. } = put_records(&transaction, key, SeriesRow { scale, ..row }, &records)?;
    if added > 0 || !replaced.is_empty() {
        remember(&transaction, row.id, source, now)?;
    }
    transaction.commit()?;
    let mut told = Listed::default();
    for pair in replaced {
        told.note(|| Replacement { before: pair.before, after: pair.after, scale });
    }
    Ok(Imported { key: key.clone(), added, equal, replaced: told, is_rescaled })
}

fn add_series(transaction: &Transaction<'_>, key: &SeriesKey, scale: Scale) -> Result<SeriesRow, StoreFault> {
    let SeriesKey { instrument, timeframe } = key;
    transaction.execute(
        "insert into series (venue, base, quote, timeframe, price_digits, volume_digits)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            instrument.venue(),
            instrument.base(),
            instrument.quote(),
            timeframe.name(),
            scale.price_digits,
            scale.volume_digits
        ],
    )?;
    Ok(SeriesRow { id: transaction.last_insert_rowid(), scale })
}

/// Moves all that is stored of a series to a finer scale.
fn rescale(transaction: &Transaction<'_>, key: &SeriesKey, row: SeriesRow, to: Scale) -> Result<(), StoreFault> {
    let ids = transaction
        .prepare("select id from blocks where series = ?1")?
        .query_map([row.id], |row| row.get(0))?
        .collect::<rusqlite::Result<Vec<i64>>>()?;
    let mut bytes = Vec::new();
    for id in ids {
        let old: Vec<u8> = transaction.query_row("select records from blocks where id = ?1", [id], |row| row.get(0))?;
        let mut records: Vec<Record> = decode(&old).collect();
        refine(&mut records, row.scale, to).map_err(|source| StoreFault::TooFine { key: key.clone(), source })?;
        encode(&records, &mut bytes);
        transaction.execute("update blocks set records = ?2 where id = ?1", params![id, bytes])?;
    }
    let sql = "update series set price_digits = ?2, volume_digits = ?3 where id = ?1";
    transaction.execute(sql, params![row.id, to.price_digits, to.volume_digits])?;
    Ok(())
}

fn put_records(
    transaction: &Transaction<'_>,
    key: &SeriesKey,
    row: SeriesRow,
    new: &[Record],
) -> Result<Merged, StoreFault> {
    let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(Merged::default()) };
    let touched = touched(transaction, row.id, first.open_time..=last.open_time)?;
    let old = match &touched {
        Some(touched) => stored::read_blocks(transaction, key, row, touched)?,
        None => Vec::new(),
    };
    let merged = merge(&old, new);
    if merged.added == 0 && merged.replaced.is_empty() {
        return Ok(merged);
    }
    if let Some(touched) = touched {
        let sql = "delete from blocks where series = ?1 and first between ?2 and ?3";
        transaction.execute(sql, params![row.id, touched.start(), touched.end()])?;
    }
    let sql = "insert into blocks (series, first, last, bars, records) values (?1, ?2, ?3, ?4, ?5)";
    let mut insert = transaction.prepare_cached(sql)?;
    let mut bytes = Vec::new();
    for block in merged.records.chunks(BARS) {
        encode(block, &mut bytes);
        let (first, last) = (block[0].open_time, block[block.len() - 1].open_time);
        insert.execute(params![row.id, first, last, block.len() as i64, bytes])?;
    }
    Ok(merged)
}

/// The blocks to be written again where bars come in that open in `range`, by when the first and the last of them
/// begin.
fn touched(
    transaction: &Transaction<'_>,
    series: i64,
    range: RangeInclusive<Micros>,
) -> Result<Option<RangeInclusive<Micros>>, StoreFault> {
    let sql = "select min(first), max(first) from blocks where series = ?1 and (
                   (last >= ?2 and first <= ?3)
                   or (bars < ?4 and first in (
                       (select max(first) from blocks where series = ?1 and last < ?2),
                       (select min(first) from blocks where series = ?1 and first > ?3)
                   ))
               )";
    let bounds = |row: &Row<'_>| Ok((row.get::<_, Option<Micros>>(0)?, row.get::<_, Option<Micros>>(1)?));
    let parameters = params![series, range.start(), range.end(), BARS as i64];
    let (first, last) = transaction.prepare_cached(sql)?.query_row(parameters, bounds)?;
    Ok(first.zip(last).map(|(first, last)| first..=last))
}

fn remember(transaction: &Transaction<'_>, series: i64, source: &str, now: Micros) -> Result<(), StoreFault> {
    let sql = "insert into sources (series, source, taken_at) values (?1, ?2, ?3)
               on conflict do update set taken_at = excluded.taken_at";
    transaction.execute(sql, params![series, source, now])?;
    Ok(())
}
