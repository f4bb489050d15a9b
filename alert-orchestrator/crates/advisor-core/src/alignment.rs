//! When did a flow reach the position? The instant that stands for a flow's own time.
//!
//! Start at [`effective_time`]. Samples and flows are recorded by different clocks: a flow may be booked minutes before
//! or after the first sample that contains it, and each method is one way to pair them up.

#[cfg(test)]
mod tests;

use quant::{quantile, scale};

use crate::flow::Direction;
use crate::position::WalletSeries;
use crate::rules::Alignment;

/// How many samples on either side of a flow are searched for its step.
const SPIKE_REACH: usize = 8;
/// How many samples after a flow are searched for any step of its sign.
const LATE_REACH: usize = 24;
/// A step this many robust deviations from the median step is unusual.
const SPIKE_Z: f64 = 3.0;
/// A step of this share of the flow's value has the flow's size.
const SPIKE_SIZE: std::ops::RangeInclusive<f64> = 0.3..=1.5;

/// The instant at which a flow of `usd` (not negative) at `ts` counts for `wallet`.
pub(crate) fn effective_time(method: Alignment, wallet: &WalletSeries, ts: i64, direction: Direction, usd: f64) -> i64 {
    let times = wallet.ts();
    let Some(last) = times.last().copied() else { return ts };
    let next = times.partition_point(|sample| *sample < ts);
    let at_or_after = times.get(next).copied().unwrap_or(last);
    let at_or_before = match times.get(next) {
        Some(sample) if *sample == ts => ts,
        _ => times[next.saturating_sub(1)],
    };
    match method {
        Alignment::None => ts,
        Alignment::RightOpen => times.get(times.partition_point(|sample| *sample <= ts)).copied().unwrap_or(ts),
        Alignment::SnapToPrevPos => at_or_before,
        Alignment::SnapToNextPos => at_or_after,
        Alignment::SnapToNearestPos => {
            if ts.abs_diff(at_or_before) < ts.abs_diff(at_or_after) {
                at_or_before
            } else {
                at_or_after
            }
        }
        Alignment::DetectSpike => find_step(wallet, ts, next, direction, usd).map_or(ts, |i| times[i]),
    }
}

/// The instants at which a flow of unknown size may count: a single one, unless steps stand out and any may be the flow's.
pub(crate) fn possible_times(method: Alignment, wallet: &WalletSeries, ts: i64, direction: Direction) -> Vec<i64> {
    if method == Alignment::DetectSpike {
        let next = wallet.ts().partition_point(|sample| *sample < ts);
        let steps = outstanding_steps(wallet, next, direction);
        if !steps.is_empty() {
            return steps.into_iter().map(|(i, _)| wallet.ts()[i]).collect();
        }
    }
    vec![effective_time(method, wallet, ts, direction, 0.0)]
}

/// The sample that ends the step which looks most like the flow; `next` is the first sample at or after the flow.
fn find_step(wallet: &WalletSeries, ts: i64, next: usize, direction: Direction, usd: f64) -> Option<usize> {
    let steps = outstanding_steps(wallet, next, direction);
    let best = |candidates: &mut dyn Iterator<Item = (usize, f64)>| {
        candidates
            .min_by(|(i, z), (j, w)| {
                let distance = |i: usize| wallet.ts()[i].abs_diff(ts);
                distance(*i).cmp(&distance(*j)).then(w.total_cmp(z))
            })
            .map(|(i, _)| i)
    };
    let sized = |(i, _): &(usize, f64)| SPIKE_SIZE.contains(&(step(wallet, *i).abs() / usd));
    best(&mut steps.iter().copied().filter(sized)).or_else(|| best(&mut steps.iter().copied())).or_else(|| {
        let mut late = next.max(1)..(next + LATE_REACH).min(wallet.ts().len());
        late.find(|i| has_sign(step(wallet, *i), direction))
    })
}

/// The step that ends on sample `i`, USD.
fn step(wallet: &WalletSeries, i: usize) -> f64 {
    wallet.value_usd()[i] - wallet.value_usd()[i - 1]
}

fn has_sign(step: f64, direction: Direction) -> bool {
    match direction {
        Direction::Deposit => step > 0.0,
        Direction::Withdrawal => step < 0.0,
    }
}

/// The unusual steps of a flow's sign around the sample `next`.
fn outstanding_steps(wallet: &WalletSeries, next: usize, direction: Direction) -> Vec<(usize, f64)> {
    let nearby = next.saturating_sub(SPIKE_REACH).max(1)..(next + SPIKE_REACH + 1).min(wallet.ts().len());
    let mut steps = unusual_steps(nearby.map(|i| (i, step(wallet, i))).collect());
    steps.retain(|(i, _)| has_sign(step(wallet, *i), direction));
    steps
}

/// The steps that are far from the median step, each with its distance `z` in robust deviations.
fn unusual_steps(steps: Vec<(usize, f64)>) -> Vec<(usize, f64)> {
    let mut sizes: Vec<f64> = steps.iter().map(|(_, size)| *size).collect();
    let deviation = scale::median_absolute_deviation(&sizes)
        .map(|mad| scale::MAD_TO_SIGMA * mad)
        .filter(|robust| *robust > 0.0)
        .or_else(|| scale::standard_deviation(&sizes, 0).filter(|plain| *plain > 0.0));
    let (Some(median), Some(deviation)) = (quantile::median(&mut sizes), deviation) else { return Vec::new() };
    let scored = steps.into_iter().map(|(i, size)| (i, (size - median).abs() / deviation));
    scored.filter(|(_, z)| *z >= SPIKE_Z).collect()
}
