//! How do bars get into the store?
//!
//! Start at [`put`]: one transaction. Only the blocks that new bars fall into are written again, and a neighbour that
//! is not full; one block at a time is in memory beside what comes in.

use std::borrow::Cow;
use std::fmt;

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};
use trading_core::bars::{NO_VOLUME, Record, Series};
use trading_core::exact::written;
use trading_core::merge::merge;
use trading_core::scale::{Scale, TooFine, refine};
use trading_core::time::{Micros, shown};

use super::blocks::{BARS, PACKED, pack};
use super::error::StoreFault;
use super::key::SeriesKey;
use super::sources::{self, Origin};
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
    origin: &Origin<'_>,
    now: Micros,
) -> Result<Imported, StoreFault> {
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let row = match stored::find(&transaction, key)? {
        Some(row) => row,
        None => add_series(&transaction, key, series.scale())?,
    };
    let scale = row.scale.finer(series.scale());
    let is_rescaled = scale != row.scale;
    if is_rescaled {
        rescale(&transaction, key, row, scale)?;
    }
    let imported = Imported { key: key.clone(), added: 0, equal: 0, replaced: Listed::default(), is_rescaled };
    let place = Place { transaction: &transaction, series: row.id, key, scale, from: series.scale() };
    let imported = Blocks { place, waiting: Vec::new(), bytes: Vec::new(), imported }.put(&series.records)?;
    let is_changed = imported.added > 0 || imported.replaced.count > 0;
    sources::remember(&transaction, row.id, origin, is_changed, now)?;
    transaction.commit()?;
    Ok(imported)
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
        let mut records = stored::read_block(transaction, key, id)?;
        refine(&mut records, row.scale, to).map_err(|source| StoreFault::TooFine { key: key.clone(), source })?;
        pack(&records, &mut bytes);
        let sql = "update blocks set records = ?2, form = ?3 where id = ?1";
        transaction.prepare_cached(sql)?.execute(params![id, bytes, PACKED])?;
    }
    let sql = "update series set price_digits = ?2, volume_digits = ?3 where id = ?1";
    transaction.execute(sql, params![row.id, to.price_digits, to.volume_digits])?;
    Ok(())
}

/// Where bars are put.
struct Place<'a> {
    transaction: &'a Transaction<'a>,
    series: i64,
    key: &'a SeriesKey,
    /// The scale of what is stored.
    scale: Scale,
    /// The scale of what comes in.
    from: Scale,
}

/// A block that may have to be written again.
struct Touched {
    id: i64,
    first: Micros,
    last: Micros,
    is_full: bool,
}

/// The blocks of a series while bars come in.
struct Blocks<'a> {
    place: Place<'a>,
    /// Bars that were taken, oldest first, and are in no block yet; fewer than a block has.
    waiting: Vec<Record>,
    bytes: Vec<u8>,
    imported: Imported,
}

impl Blocks<'_> {
    fn put(mut self, new: &[Record]) -> Result<Imported, StoreFault> {
        let (Some(first), Some(last)) = (new.first(), new.last()) else { return Ok(self.imported) };
        let touched = self.place.touched(first.open_time, last.open_time)?;
        let mut rest = new;
        let mut before = |end: Micros| {
            let (found, later) = rest.split_at(rest.partition_point(|record| record.open_time < end));
            rest = later;
            found
        };
        for (block, next) in touched.iter().zip(touched.iter().skip(1).map(Some).chain([None])) {
            self.add_new(before(block.first))?;
            let within = before(block.last + 1);
            let behind = before(next.map_or(Micros::MAX, |next| next.first));
            self.put_over(block, within, block.is_full || behind.is_empty())?;
            self.add_new(behind)?;
        }
        self.add_new(before(Micros::MAX))?;
        if !self.waiting.is_empty() {
            let waiting = std::mem::take(&mut self.waiting);
            self.write(&waiting)?;
        }
        Ok(self.imported)
    }

    /// Takes bars at times that have none.
    fn add_new(&mut self, records: &[Record]) -> Result<(), StoreFault> {
        self.imported.added += records.len();
        if self.place.scale == self.place.from {
            return self.add(records);
        }
        // By blocks, so that not all of them are there a second time.
        records.chunks(BARS).try_for_each(|some| self.add(&self.place.scaled(some)?))
    }

    /// Takes bars of the times of a block; it stays where it is, if it may, is the same and nothing waits before it.
    fn put_over(&mut self, block: &Touched, new: &[Record], may_stay: bool) -> Result<(), StoreFault> {
        if new.is_empty() && may_stay && self.waiting.is_empty() {
            return Ok(());
        }
        let Place { transaction, key, scale, .. } = self.place;
        let old = stored::read_block(transaction, key, block.id)?;
        let merged = merge(&old, &self.place.scaled(new)?);
        self.imported.added += merged.added;
        self.imported.equal += merged.equal;
        for pair in &merged.replaced {
            self.imported.replaced.note(|| Replacement { before: pair.before, after: pair.after, scale });
        }
        let is_same = merged.added == 0 && merged.replaced.is_empty();
        if is_same && may_stay && self.waiting.is_empty() {
            return Ok(());
        }
        transaction.prepare_cached("delete from blocks where id = ?1")?.execute([block.id])?;
        self.add(&merged.records)
    }

    /// Takes bars that are newer than those that wait, and writes the blocks that are full.
    fn add(&mut self, mut records: &[Record]) -> Result<(), StoreFault> {
        if !self.waiting.is_empty() {
            let (first, rest) = records.split_at(records.len().min(BARS - self.waiting.len()));
            self.waiting.extend_from_slice(first);
            records = rest;
            if self.waiting.len() < BARS {
                return Ok(());
            }
            let full = std::mem::take(&mut self.waiting);
            self.write(&full)?;
        }
        let (full, rest) = records.as_chunks::<BARS>();
        full.iter().try_for_each(|block| self.write(block))?;
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    fn write(&mut self, block: &[Record]) -> Result<(), StoreFault> {
        pack(block, &mut self.bytes);
        let sql = "insert into blocks (series, first, last, bars, form, records) values (?1, ?2, ?3, ?4, ?5, ?6)";
        let (first, last) = (block[0].open_time, block[block.len() - 1].open_time);
        let Place { transaction, series, .. } = self.place;
        let mut insert = transaction.prepare_cached(sql)?;
        insert.execute(params![series, first, last, block.len() as i64, PACKED, self.bytes])?;
        Ok(())
    }
}

impl Place<'_> {
    /// Bars that come in, on the scale of those that are stored.
    fn scaled<'r>(&self, records: &'r [Record]) -> Result<Cow<'r, [Record]>, StoreFault> {
        let mut records = Cow::Borrowed(records);
        if self.from != self.scale {
            let too_fine = |source: TooFine| StoreFault::TooFine { key: self.key.clone(), source };
            refine(records.to_mut(), self.from, self.scale).map_err(too_fine)?;
        }
        Ok(records)
    }

    /// The blocks that may have to be written again where bars come in that open from `first` to `last`, the oldest
    /// first.
    fn touched(&self, first: Micros, last: Micros) -> Result<Vec<Touched>, StoreFault> {
        let sql = "select id, first, last, bars from blocks where series = ?1 and (
                       (last >= ?2 and first <= ?3)
                       or (bars < ?4 and first in (
                           (select max(first) from blocks where series = ?1 and last < ?2),
                           (select min(first) from blocks where series = ?1 and first > ?3)
                       ))
                   ) order by first";
        let block = |row: &Row<'_>| {
            let is_full = row.get::<_, i64>(3)? >= BARS as i64;
            Ok(Touched { id: row.get(0)?, first: row.get(1)?, last: row.get(2)?, is_full })
        };
        let mut statement = self.transaction.prepare_cached(sql)?;
        let found = statement.query_map(params![self.series, first, last, BARS as i64], block)?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }
}
