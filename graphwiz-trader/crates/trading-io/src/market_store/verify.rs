//! Is what is stored what may be stored, and do the timeframes of an instrument agree?

use std::cmp::Ordering;
use std::fmt;

use rusqlite::Connection;
use trading_core::bars::{Record, Series};
use trading_core::exact::{pow10, written};
use trading_core::instrument::InstrumentId;
use trading_core::quality::{Report, fault};
use trading_core::resample::resample;
use trading_core::time::{Micros, Timeframe, shown};

use super::error::StoreFault;
use super::key::SeriesKey;
use super::stored;
use crate::bar_file::report::Listed;

/// What a stored series is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whose bars, and how long each is.
    pub key: SeriesKey,
    /// Gaps, flagged bars and what else is no fault.
    pub report: Report,
    /// Bars that no import would take, each in a sentence.
    pub broken: Listed<String>,
    /// Bars that are not what the shorter ones make.
    pub disagreements: Listed<Disagreement>,
}

impl Verified {
    /// Whether nothing is wrong with it.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.broken.count == 0 && self.disagreements.count == 0
    }
}

/// A stored bar, and what shorter ones make of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// The shorter bars.
    pub fine: Timeframe,
    /// When the bar opens.
    pub open_time: Micros,
    /// Open, high, low and close, where it is stored.
    pub stored: Option<String>,
    /// The same of what shorter ones make, where there are any.
    pub made: Option<String>,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fine, open_time, stored, made } = self;
        let [stored, made] = [stored, made].map(|bar| bar.as_deref().unwrap_or("nothing"));
        write!(f, "{}: stored is {stored}, bars of {fine} make {made}", shown(*open_time))
    }
}

pub(super) fn verify(
    connection: &Connection,
    only: Option<&InstrumentId>,
    now: Micros,
) -> Result<Vec<Verified>, StoreFault> {
    let connection = connection.unchecked_transaction()?;
    let mut verified = Vec::new();
    // The shorter timeframes of the same instrument; keys come in that order.
    let mut shorter: Vec<(SeriesKey, Series)> = Vec::new();
    let keys = stored::keys(&connection)?;
    if let Some(only) = only.filter(|only| keys.iter().all(|key| key.instrument != **only)) {
        return Err(StoreFault::NothingOf { instrument: only.clone(), stored: keys });
    }
    for key in keys {
        let Some(row) = stored::find(&connection, &key)? else { continue };
        if only.is_some_and(|only| *only != key.instrument) {
            continue;
        }
        let series = stored::read(&connection, &key, row, Micros::MIN..Micros::MAX)?;
        shorter.retain(|(other, _)| other.instrument == key.instrument);
        let mut disagreements = Listed::default();
        for (_, fine) in &shorter {
            compare(fine, &series, &mut disagreements)?;
        }
        let (report, broken) = (Report::of(&series), broken(&series, now));
        verified.push(Verified { key: key.clone(), report, broken, disagreements });
        shorter.push((key, series));
    }
    Ok(verified)
}

fn broken(series: &Series, now: Micros) -> Listed<String> {
    let mut broken = Listed::default();
    for record in &series.records {
        if let Some(fault) = fault(record, series.timeframe, now) {
            let sentence = fault.sentence(record, series.timeframe, series.scale());
            broken.note(|| format!("{}: {sentence}", shown(record.open_time)));
        }
    }
    broken
}

/// Compares the bars of `coarse` that `fine` covers from their open to their close with what it makes of them.
fn compare(fine: &Series, coarse: &Series, found: &mut Listed<Disagreement>) -> Result<(), StoreFault> {
    let made = resample(fine, coarse.timeframe, Micros::MAX)?;
    let (Some(first), Some(last)) = (fine.records.first(), fine.records.last()) else { return Ok(()) };
    let (Some(begin), Some(end)) = (coarse.records.first(), coarse.records.last()) else { return Ok(()) };
    let is_covered = |record: &&Record| {
        let at = record.open_time;
        let closes_by = last.open_time + fine.timeframe.micros();
        first.open_time <= at
            && at + coarse.timeframe.micros() <= closes_by
            && (begin.open_time..=end.open_time).contains(&at)
    };
    let mut news = made.records.iter().filter(is_covered).peekable();
    let mut olds = coarse.records.iter().filter(is_covered).peekable();
    loop {
        let order = match (olds.peek(), news.peek()) {
            (Some(old), Some(new)) => old.open_time.cmp(&new.open_time),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Ok(()),
        };
        let old = if order.is_le() { olds.next() } else { None };
        let new = if order.is_ge() { news.next() } else { None };
        if let (Some(old), Some(new)) = (old, new)
            && is_same(prices(old), coarse.price_digits, prices(new), made.price_digits)
        {
            continue;
        }
        found.note(|| Disagreement {
            fine: fine.timeframe,
            open_time: old.or(new).map_or(0, |record| record.open_time),
            stored: old.map(|old| in_words(old, coarse)),
            made: new.map(|new| in_words(new, &made)),
        });
    }
}

fn prices(record: &Record) -> [i64; 4] {
    [record.open, record.high, record.low, record.close]
}

/// Whether prices on two scales are the same.
fn is_same(ones: [i64; 4], digits: u32, others: [i64; 4], other_digits: u32) -> bool {
    let (power, other_power) = (pow10(digits), pow10(other_digits));
    ones.into_iter().zip(others).all(|(one, other)| i128::from(one) * other_power == i128::from(other) * power)
}

/// Open, high, low and close as decimals.
fn in_words(record: &Record, series: &Series) -> String {
    prices(record).map(|price| written(price.into(), series.price_digits)).join(" ")
}
