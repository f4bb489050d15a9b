//! What is wrong, odd or missing in bars?
//!
//! Start at [`fault`] for what no bar may be, and at [`Report::of`] for what a series is like. Nothing is repaired,
//! filled or invented: a bar with a fault is left out, everything else is kept and told.

use crate::bars::{NO_VOLUME, Record, Series};
use crate::exact::written;
use crate::scale::Scale;
use crate::time::{Micros, Timeframe, shown};

/// Why a record is no bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It does not open where bars of its timeframe do.
    OffGrid,
    /// It closes later than now.
    NotClosed,
    /// A price is 0 or less.
    NotPositive,
    /// The highest price is lower than the first or last.
    HighTooLow,
    /// The lowest price is higher than the first or last.
    LowTooHigh,
    /// Less than nothing was traded.
    NegativeVolume,
}

/// What is wrong with a record, if anything is; `now`: the time on the wall.
#[must_use]
pub fn fault(record: &Record, timeframe: Timeframe, now: Micros) -> Option<Fault> {
    let Record { open_time, open, high, low, close, volume } = *record;
    if open_time.rem_euclid(timeframe.micros()) != 0 {
        Some(Fault::OffGrid)
    } else if now.saturating_sub(timeframe.micros()) < open_time {
        Some(Fault::NotClosed)
    } else if open.min(high).min(low).min(close) <= 0 {
        Some(Fault::NotPositive)
    } else if high < open.max(close) {
        Some(Fault::HighTooLow)
    } else if low > open.min(close) {
        Some(Fault::LowTooHigh)
    } else if volume < 0 && volume != NO_VOLUME {
        Some(Fault::NegativeVolume)
    } else {
        None
    }
}

impl Fault {
    /// What is wrong with `record`, with its values.
    #[must_use]
    pub fn sentence(self, record: &Record, timeframe: Timeframe, scale: Scale) -> String {
        let price = |count: i64| written(count.into(), scale.price_digits);
        let Record { open_time, open, high, low, close, volume } = *record;
        match self {
            Self::OffGrid => format!("{} is no time at which a bar of {timeframe} opens", shown(open_time)),
            Self::NotClosed => {
                format!(
                    "the bar of {} is not closed before {}",
                    shown(open_time),
                    shown(open_time + timeframe.micros())
                )
            }
            Self::NotPositive => {
                let prices = [("open", open), ("high", high), ("low", low), ("close", close)];
                let (name, lowest) = prices.into_iter().find(|(_, price)| *price <= 0).unwrap_or(("low", low));
                format!("{name} {} is not above 0", price(lowest))
            }
            Self::HighTooLow if high < open => format!("high {} is below open {}", price(high), price(open)),
            Self::HighTooLow => format!("high {} is below close {}", price(high), price(close)),
            Self::LowTooHigh if low > open => format!("low {} is above open {}", price(low), price(open)),
            Self::LowTooHigh => format!("low {} is above close {}", price(low), price(close)),
            Self::NegativeVolume => format!("volume {} is below 0", written(volume.into(), scale.volume_digits)),
        }
    }
}

/// Whether a close is so far from the one before (more than half of it) that nothing may be entered on the bar.
#[must_use]
pub fn is_flagged(previous_close: i64, close: i64) -> bool {
    // 2·|Δ| > p exactly where |Δ| > ⌊p / 2⌋, for |Δ| is whole; two prices above 0 are never too far apart.
    (close - previous_close).abs() > previous_close / 2
}

/// Whether the bar at `at` is flagged after the one before it.
///
/// # Panics
/// Where there is no bar at `at`.
#[inline]
#[must_use]
pub fn is_flagged_at(series: &Series, at: usize) -> bool {
    let before = at.checked_sub(1).map(|before| series.records[before].close);
    before.is_some_and(|before| is_flagged(before, series.records[at].close))
}

/// Bars that are missing between two that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// When the first missing one would open.
    pub from: Micros,
    /// When the next one opens that is there.
    pub to: Micros,
    /// How many are missing.
    pub bars: i64,
}

/// The gap between two bars that follow each other in a series, by their open times.
#[must_use]
pub fn gap(before: Micros, after: Micros, timeframe: Timeframe) -> Option<Gap> {
    let from = before + timeframe.micros();
    (after > from).then(|| Gap { from, to: after, bars: (after - from) / timeframe.micros() })
}

/// Whether more than `most` bars are missing before the one at `at`, so that what follows the bars begins anew.
///
/// # Panics
/// Where there is no bar at `at`.
#[inline]
pub(crate) fn is_after_long_gap(series: &Series, at: usize, most: u32) -> bool {
    let before = at.checked_sub(1).map(|before| series.records[before].open_time);
    let gap = before.and_then(|before| gap(before, series.records[at].open_time, series.timeframe));
    gap.is_some_and(|gap| gap.bars > i64::from(most))
}

/// What a series is like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// How many bars there are.
    pub bars: usize,
    /// When the first opens.
    pub first: Option<Micros>,
    /// When the last opens.
    pub last: Option<Micros>,
    /// What is missing between them.
    pub gaps: Vec<Gap>,
    /// Open times of bars that nothing may be entered on, see [`is_flagged`].
    pub flagged: Vec<Micros>,
    /// Bars whose four prices are one.
    pub flat: usize,
    /// Bars in which nothing was traded.
    pub zero_volumes: usize,
    /// Bars of which is not known what was traded.
    pub unknown_volumes: usize,
}

impl Report {
    /// Looks at each bar of `series` once.
    #[must_use]
    pub fn of(series: &Series) -> Self {
        let records = &series.records;
        let mut report = Self {
            bars: records.len(),
            first: records.first().map(|record| record.open_time),
            last: records.last().map(|record| record.open_time),
            ..Self::default()
        };
        for record in records {
            report.flat += usize::from(record.high == record.low);
            report.zero_volumes += usize::from(record.volume == 0);
            report.unknown_volumes += usize::from(record.volume == NO_VOLUME);
        }
        for (before, after) in records.iter().zip(records.iter().skip(1)) {
            report.gaps.extend(gap(before.open_time, after.open_time, series.timeframe));
            if is_flagged(before.close, after.close) {
                report.flagged.push(after.open_time);
            }
        }
        report
    }

    /// How many bars are missing.
    #[must_use]
    pub fn missing(&self) -> i64 {
        self.gaps.iter().map(|gap| gap.bars).sum()
    }

    /// The longer timeframe that bars said to be of `timeframe` most likely have: the longest at whose times all of them
    /// open. `None` where there is none, or there are fewer than three bars.
    #[must_use]
    pub fn looks_like(&self, timeframe: Timeframe) -> Option<Timeframe> {
        // Where two follow each other without a gap, they are of their own timeframe.
        let first = self.first.filter(|_| self.bars > 2 && self.gaps.len() + 1 == self.bars)?;
        let opens = || self.gaps.iter().map(|gap| gap.to).chain([first]);
        let is_longer = |longer: &Timeframe| {
            *longer > timeframe && opens().all(|open_time| open_time.rem_euclid(longer.micros()) == 0)
        };
        Timeframe::ALL.into_iter().rev().find(is_longer)
    }

    /// Whether nothing was ever traded: it may be a series of mark prices.
    #[must_use]
    pub fn has_only_zero_volumes(&self) -> bool {
        self.bars > 0 && self.zero_volumes == self.bars
    }
}

#[cfg(test)]
mod tests;
