//! Is every rise of a wallet interest, or has something been paid in that the tables do not know?
//!
//! Start at [`walk`]. Judged in units of the asset, which no price moves: a wallet's *level* is its units less the deposits and
//! plus the withdrawals since its baseline, so that a flow which the tables know moves it nowhere, and interest little.
//! Method: from one explained high to the next. A rise above it must be as small as interest can be, or be taken back later: a
//! flow that was recorded late, or a wrong sample. Any other is a [`Rise`], and holds the asset.
//! Elsewhere: which flows count is [`crate::gain`]'s, the sentence [`crate::decision`]'s.

mod extremes;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use std::cell::OnceCell;

use jiff::Timestamp;
use serde::Serialize;

use crate::time;
use extremes::Extremes;

/// A year of 365.25 days, nanoseconds.
pub(crate) const YEAR: f64 = 365.25 * 24.0 * time::NANOS_PER_HOUR as f64;
/// Interest is never allowed for longer than this, gaps apart: what has not grown for a month may not grow by a month's at once.
const LONGEST_SPAN: i64 = 7 * 24 * time::NANOS_PER_HOUR;
/// How much of a position may be rounding.
const ROUNDING: f64 = 5e-4;
/// Units that are nothing.
const DUST: f64 = 1e-6;
/// How much of a flow in USD its price may be off.
const PRICE_ERROR: f64 = 0.02;
/// How many lags the medians before and after a fall look at.
const MEDIAN_LAGS: f64 = 2.5;
/// After how many samples most rises that are taken back have been.
const SOON: usize = 100;
/// How many rises are kept; one is enough to hold.
const KEPT: usize = 10;

/// What passes for interest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GrowthRules {
    /// The highest supply rate that can be, as a fraction a year.
    pub(crate) max_supply_apy: f64,
    /// How long before or after its effect a flow may be recorded, hours.
    pub(crate) flow_lag_hours: f64,
}

/// How a wallet's units grew since its baseline, deposits taken off and withdrawals put back on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GrowthFigures {
    /// The rises that neither interest nor a flow explains, oldest first; the first ten.
    pub unexplained: Vec<RiseFigures>,
    /// The largest rise that can be interest.
    pub largest: Option<RiseFigures>,
    /// When a rise began that was taken back: a flow that was recorded late, or a wrong sample.
    pub taken_back: Vec<Timestamp>,
    /// How far the wallet has lately fallen below what was explained, units: a withdrawal may be missing.
    pub fallen_units: Option<f64>,
    /// How far it grew in all, units.
    pub grown_units: f64,
    /// What it grew on: units held times years.
    pub unit_years: f64,
}

/// One rise above what was explained before.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RiseFigures {
    /// The sample that was the highest before.
    pub high_at: Timestamp,
    /// The last sample that was not above it.
    pub before_at: Timestamp,
    /// The sample that was.
    pub at: Timestamp,
    /// How far above it, units.
    pub units: f64,
    /// How far interest could have taken it, units.
    pub limit_units: f64,
    /// What a missing deposit would be, in units, or in USD where the amounts of flows are.
    pub amount: f64,
}

/// A flow as the level sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Move {
    /// When it counts, nanoseconds.
    pub(crate) ts: i64,
    /// Units paid in; negative where they were taken out.
    pub(crate) units: f64,
}

/// One wallet from its baseline to its newest sample.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Level<'a> {
    /// Sample times, strictly increasing; the first is the baseline.
    pub(crate) ts: &'a [i64],
    /// Units at each.
    pub(crate) units: &'a [f64],
    /// Flows after the baseline and up to the newest sample, oldest first.
    pub(crate) moves: &'a [Move],
    /// Whether the flows are stored in USD, which makes their units as good as their prices.
    pub(crate) in_usd: bool,
}

/// A rise of the level above its last explained high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rise {
    /// The sample of that high.
    pub(crate) from: usize,
    /// The sample that is higher.
    pub(crate) at: usize,
    /// How much higher, units.
    pub(crate) rise: f64,
    /// How much of it stayed, units: what a missing deposit would be.
    pub(crate) amount: f64,
    /// How far interest could have taken the level, units.
    pub(crate) limit: f64,
}

/// A rise that did not stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TakenBack {
    /// The sample that rose.
    pub(crate) at: usize,
    /// The first sample of the fall.
    pub(crate) by: usize,
}

/// What became of a wallet's level.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Growth {
    /// The rises that nothing explains, oldest first; the first ten.
    pub(crate) unexplained: Vec<Rise>,
    /// The largest rise that can be interest.
    pub(crate) largest: Option<Rise>,
    /// The rises that were taken back, oldest first.
    pub(crate) taken_back: Vec<TakenBack>,
    /// How far the level has lately fallen below its last explained high, units; `None`: not worth a word.
    pub(crate) fallen: Option<f64>,
    /// How far it rose in all, units.
    pub(crate) grown: f64,
    /// What it rose on: units times years.
    pub(crate) unit_years: f64,
}

/// Follows a level from its baseline on; `None` where it has no sample.
pub(crate) fn walk(level: Level<'_>, rules: GrowthRules) -> Option<Growth> {
    let mut walk = Walk::new(level, rules)?;
    // Needed only where a rise is not explained; in the walk itself it would keep the compiler from trusting its figures.
    let extremes = OnceCell::new();
    let last = level.ts.len() - 1;
    let mut growth =
        Growth { grown: walk.levels[last] - walk.high.level, unit_years: unit_years(&level), ..Growth::default() };
    // Its limit costs more than all the rest, and a wallet that earns interest on interest rises ever higher.
    let mut largest: Option<(High, usize)> = None;
    let mut i = 1;
    while i <= last && growth.unexplained.len() < KEPT {
        walk.enter();
        let rise = walk.rise(walk.high, i);
        if walk.is_explained(i, rise) {
            if rise > largest.map_or(0.0, |(high, at)| walk.rise(high, at)) {
                largest = Some((walk.high, i));
            }
        } else if let Some(by) = walk.taken_back(i, rise, &extremes) {
            growth.taken_back.push(TakenBack { at: i, by });
            i = by;
            continue;
        } else {
            growth.unexplained.push(Rise { amount: walk.stayed(i, rise), ..walk.judged(walk.high, i) });
        }
        walk.pass(i);
        i += 1;
    }
    growth.largest = largest.map(|(high, at)| walk.judged(high, at));
    if growth.unexplained.len() < KEPT {
        growth.fallen = walk.fallen(last);
    }
    Some(growth)
}

/// The units held, added up over time by the trapezoids between the samples.
fn unit_years(level: &Level<'_>) -> f64 {
    let steps = level.ts.windows(2).zip(level.units.windows(2));
    steps.map(|(ts, units)| f64::midpoint(units[0], units[1]) * (ts[1].saturating_sub(ts[0]) as f64 / YEAR)).sum()
}

/// The last explained high m.
#[derive(Debug, Clone, Copy)]
struct High {
    /// Its sample.
    at: usize,
    /// The level there.
    level: f64,
    /// The most units from there to the sample before the present one, those of rises taken back left out.
    most: f64,
}

/// How far the walk has come.
struct Walk<'a> {
    level: Level<'a>,
    apy: f64,
    lag: i64,
    /// How long the medians before and after a fall look.
    around: i64,
    /// The level at each sample: c(t) of the specification, units.
    levels: Vec<f64>,
    high: High,
    /// The sample that was passed last.
    passed: usize,
}

impl<'a> Walk<'a> {
    fn new(level: Level<'a>, rules: GrowthRules) -> Option<Self> {
        let first = *level.units.first()?;
        let (mut moved, mut moves) = (0.0, level.moves.iter().peekable());
        let levels = level.ts.iter().zip(level.units).map(|(ts, units)| {
            while let Some(flow) = moves.next_if(|flow| flow.ts <= *ts) {
                moved += flow.units;
            }
            units - moved
        });
        Some(Self {
            level,
            apy: rules.max_supply_apy,
            lag: time::hours(rules.flow_lag_hours),
            around: time::hours(MEDIAN_LAGS * rules.flow_lag_hours),
            levels: levels.collect(),
            high: High { at: 0, level: first, most: first },
            passed: 0,
        })
    }

    /// Comes to the sample after all others so far.
    fn enter(&mut self) {
        self.high.most = self.high.most.max(self.level.units[self.passed]);
    }

    /// Leaves sample `i`, which is explained, or said not to be.
    fn pass(&mut self, i: usize) {
        self.passed = i;
        if self.levels[i] > self.high.level {
            self.high = High { at: i, level: self.levels[i], most: self.level.units[i] };
        }
    }

    fn flows_until(&self, t: i64) -> usize {
        self.level.moves.partition_point(|flow| flow.ts <= t)
    }

    /// How far sample `i` lies above a high, units.
    fn rise(&self, high: High, i: usize) -> f64 {
        self.levels[i] - high.level
    }

    fn is_explained(&self, i: usize, rise: f64) -> bool {
        // Every limit is above this, and nearly every rise below.
        rise <= ROUNDING * self.high.most || rise <= self.limit(self.high, i)
    }

    fn judged(&self, high: High, at: usize) -> Rise {
        let rise = self.rise(high, at);
        Rise { from: high.at, at, rise, amount: rise, limit: self.limit(high, at) }
    }

    /// How far the level may rise from a high to sample `i` by interest and rounding, units.
    fn limit(&self, high: High, i: usize) -> f64 {
        let (times, moves) = (self.level.ts, self.level.moves);
        let (from, to) = (times[high.at], times[i]);
        let since = &moves[self.flows_until(from)..self.flows_until(to)];
        let recent = since.partition_point(|flow| flow.ts < to.saturating_sub(self.lag));
        let paid_in = |flows: &[Move]| flows.iter().map(|flow| flow.units.max(0.0)).sum::<f64>();
        let span = to.saturating_sub(from).min(LONGEST_SPAN.max(to.saturating_sub(times[i - 1]))) as f64 / YEAR;
        let interest = (high.most + paid_in(&since[recent..])) * self.apy * span;
        let rounding = ROUNDING * (high.most + paid_in(since)).max(self.level.units[i]);
        let in_usd = if self.level.in_usd { PRICE_ERROR } else { 0.0 };
        interest + rounding + DUST + in_usd * since.iter().map(|flow| flow.units.abs()).sum::<f64>()
    }

    /// The first sample of the fall that takes the rise at sample `i` back for good.
    fn taken_back(&self, i: usize, rise: f64, extremes: &OnceCell<Extremes>) -> Option<usize> {
        let times = self.level.ts;
        let extremes = || extremes.get_or_init(|| Extremes::of(times, &self.levels, self.around));
        (i + 1..times.len()).find(|k| {
            // Medians take long, and lie between the extremes; those of all samples are worth finding for a long search only.
            if k - i > SOON && extremes().largest_fall(*k) < rise / 2.0 {
                return false;
            }
            let ceiling = self.high.level + self.limit(self.high, *k);
            if self.levels[*k] > ceiling {
                return false;
            }
            let end = times.partition_point(|ts| *ts <= times[*k].saturating_add(self.around));
            let start = times.partition_point(|ts| *ts < times[k - 1].saturating_sub(self.around));
            let (before, after) = (&self.levels[start.max(i)..*k], &self.levels[*k..end.max(k + 2).min(times.len())]);
            let after = lower_median(after);
            after <= ceiling && lower_median(before) - after >= rise / 2.0
        })
    }

    /// How much of a rise at sample `i` is still there at the lowest after it.
    fn stayed(&self, i: usize, rise: f64) -> f64 {
        let lowest = self.levels[i..].iter().copied().fold(f64::INFINITY, f64::min);
        // A withdrawal that is missing as well would hide all of it.
        if lowest > self.high.level { lowest - self.high.level } else { rise }
    }

    /// How far the last samples lie below the last explained high.
    fn fallen(&self, last: usize) -> Option<f64> {
        if self.high.at == last {
            return None;
        }
        let times = self.level.ts;
        let start = times.partition_point(|ts| *ts < times[last].saturating_sub(self.around));
        let fallen = self.high.level - lower_median(&self.levels[start..]);
        let since = &self.level.moves[self.flows_until(times[self.high.at])..];
        let base = self.high.most + since.iter().map(|flow| flow.units.max(0.0)).sum::<f64>();
        (fallen > ROUNDING * base).then_some(fallen)
    }
}

/// The lower median of some levels, at least one.
fn lower_median(levels: &[f64]) -> f64 {
    let mut levels = levels.to_vec();
    let middle = (levels.len() - 1) / 2;
    *levels.select_nth_unstable_by(middle, f64::total_cmp).1
}
