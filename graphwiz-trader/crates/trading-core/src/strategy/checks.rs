//! Does a strategy keep its word? It sees no bar before it is there, and does not notice where the data began.
//!
//! [`look_ahead`] and [`start_up`] ask strategies on a series, flat throughout. A difference names the first bar and
//! both answers. [`answers`] says how much there was to compare: one that never answers differs nowhere.

#[cfg(test)]
mod tests;

use std::fmt;

use super::{Signal, Strategy};
use crate::bars::{NO_VOLUME, Record, Series};
use crate::quality;
use crate::time::{Micros, shown};

/// Times that [`look_ahead`] replaces the future at.
const TIMES: usize = 1000;
/// Starts that [`start_up`] compares, the first bar's among them. They are different ones where there are as many bars
/// more than the strategy needs to settle.
pub const STARTS: usize = 5;
/// How far prices and sizes may be apart after settling, relative: what is left of a seed is under 1e-9 of an average,
/// and a difference of averages has less digits.
const TOLERANCE: f64 = 1e-6;

/// The first bar that two runs answer differently.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// When the bar opens.
    pub open_time: Micros,
    /// What the run over all bars says.
    pub expected: Signal,
    /// What the other run says.
    pub found: Signal,
    /// From which bar on the other run's bars are others, or begin: when it opens.
    pub other_from: Micros,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [at, from] = [self.open_time, self.other_from].map(shown);
        write!(
            f,
            "bar {at}: {} with all bars, {} in the run that differs from {from}",
            Shown(self.expected),
            Shown(self.found)
        )
    }
}

struct Shown(Signal);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Signal::None => f.write_str("nothing"),
            Signal::Buy { size } => write!(f, "BUY of size {size}"),
            Signal::BuyLimit { price, valid_bars, size } => {
                write!(f, "BUY of size {size} at {price} for {valid_bars} bars")
            }
            Signal::Sell => f.write_str("SELL"),
        }
    }
}

/// How often a strategy wants what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answers {
    /// Bars on which it wants to enter.
    pub buys: usize,
    /// Bars on which it wants to close what it holds.
    pub sells: usize,
}

/// How often a strategy that never holds anything wants to buy and to sell in a run, in which nothing is bought on a
/// flagged bar.
pub fn answers<S: Strategy>(series: &Series, max_gap_bars: u32, make: impl Fn(&Series) -> S) -> Answers {
    let mut answers = Answers { buys: 0, sells: 0 };
    walk(series, max_gap_bars, make, |_, at, signal| match signal {
        Signal::None => {}
        Signal::Sell => answers.sells += 1,
        Signal::Buy { .. } | Signal::BuyLimit { .. } => {
            answers.buys += usize::from(!quality::is_flagged_at(series, at));
        }
    });
    answers
}

/// Asks a strategy that never holds anything about each bar, as a run does: after more than `max_gap_bars` missing bars
/// it begins anew. `see` gets it after each bar, with the place of the bar and what it said.
pub fn walk<S: Strategy>(
    series: &Series,
    max_gap_bars: u32,
    make: impl Fn(&Series) -> S,
    mut see: impl FnMut(&S, usize, Signal),
) {
    let mut strategy = make(series);
    for at in 0..series.records.len() {
        if quality::is_after_long_gap(series, at, max_gap_bars) {
            strategy = make(series);
        }
        let signal = strategy.on_bar(&series.bar(at), None);
        see(&strategy, at, signal);
    }
}

/// Replaces all bars from a random one on, a thousand times, and finds a signal before it that changed; `None` is good.
///
/// `make` gives a new strategy, for a run over the series that it is told. The same `seed` draws the same bars.
pub fn look_ahead<S: Strategy>(series: &Series, seed: u64, make: impl Fn(&Series) -> S) -> Option<Difference> {
    if series.records.is_empty() {
        return None;
    }
    let expected = signals(series, 0, series.records.len(), &make);
    let mut random = Random(seed);
    (0..TIMES).find_map(|_| {
        let t = random.below(series.records.len());
        let other = Series { records: replaced(&series.records, t, &mut random), ..series.clone() };
        let found = signals(&other, 0, t, &make);
        first_difference(series, &expected, &found, 0, |one, other| one == other, t)
    })
}

/// Starts at five different bars, and finds a signal that differs although the later start has settled; `None` is good.
pub fn start_up<S: Strategy>(series: &Series, make: impl Fn(&Series) -> S) -> Option<Difference> {
    let count = series.records.len();
    let settle = make(series).warm_up().settle;
    let expected = signals(series, 0, count, &make);
    (1..STARTS).find_map(|part| {
        let start = count.saturating_sub(settle) * part / STARTS;
        let found = signals(series, start, count, &make);
        let first = (start + settle.max(1) - 1).min(count);
        first_difference(series, &expected[first..], &found[first - start..], first, are_near, start)
    })
}

/// What a new strategy says of the bars from `start` to before `end`.
fn signals<S: Strategy>(series: &Series, start: usize, end: usize, make: impl Fn(&Series) -> S) -> Vec<Signal> {
    let mut strategy = make(series);
    (start..end).map(|index| strategy.on_bar(&series.bar(index), None)).collect()
}

/// `offset`: the bar of the first of both.
fn first_difference(
    series: &Series,
    expected: &[Signal],
    found: &[Signal],
    offset: usize,
    are_equal: impl Fn(Signal, Signal) -> bool,
    other_from: usize,
) -> Option<Difference> {
    let mut both = expected.iter().zip(found);
    let index = both.position(|(expected, found)| !are_equal(*expected, *found))?;
    Some(Difference {
        open_time: series.records[offset + index].open_time,
        expected: expected[index],
        found: found[index],
        other_from: series.records[other_from].open_time,
    })
}

fn are_near(one: Signal, other: Signal) -> bool {
    let near = |a: f64, b: f64| (a - b).abs() <= TOLERANCE * a.abs().max(b.abs());
    match (one, other) {
        (Signal::Buy { size: a }, Signal::Buy { size: b }) => near(a, b),
        (
            Signal::BuyLimit { price: a, valid_bars: bars, size },
            Signal::BuyLimit { price: b, valid_bars: other_bars, size: other_size },
        ) => {
            let [a, b] = [a, b].map(|price| price.try_into().unwrap_or(f64::INFINITY));
            near(a, b) && bars == other_bars && near(size, other_size)
        }
        (one, other) => one == other,
    }
}

/// The same bars up to `from`, and a wild walk from there.
fn replaced(records: &[Record], from: usize, random: &mut Random) -> Vec<Record> {
    let mut changed = records.to_vec();
    let mut last = records[from].open.max(1);
    for record in &mut changed[from..] {
        let mut next = || {
            // Up to an eighth of the price to either side, and at least a step.
            let reach = (last / 8).max(1);
            let step = random.below(usize::try_from(2 * reach + 1).unwrap_or(usize::MAX));
            last = (last - reach + i64::try_from(step).unwrap_or(0)).clamp(1, 1 << 50);
            last
        };
        let [open, one, other, close] = [next(), next(), next(), next()];
        let (high, low) = (open.max(close).max(one).max(other), open.min(close).min(one).min(other));
        let volume = if record.volume == NO_VOLUME { NO_VOLUME } else { record.volume ^ 1 };
        *record = Record { open, high, low, close, volume, ..*record };
    }
    changed
}

/// SplitMix64. Source: G. L. Steele, D. Lea, C. H. Flood, *Fast splittable pseudorandom number generators* (2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to before `count`, which is positive. Its bias is under 2^-32.
    fn below(&mut self, count: usize) -> usize {
        let wide = u128::from(self.next()) * count as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }
}
