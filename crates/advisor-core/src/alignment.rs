//! When did a flow reach the position? The instant that stands for a flow's own time.
//!
//! Start at [`effective_time`]. Samples and flows are recorded by different clocks: a flow may be booked minutes before
//! or after the first sample that contains it, and each method is one way to pair them up.

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
pub(crate) fn effective_time(
    method: Alignment,
    wallet: &WalletSeries,
    ts: i64,
    direction: Direction,
    usd: Option<f64>,
) -> i64 {
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
        Alignment::DetectSpike => {
            usd.and_then(|usd| find_step(wallet, ts, next, direction, usd)).map_or(ts, |i| times[i])
        }
    }
}

/// The sample that ends the step which looks most like the flow; `next` is the first sample at or after the flow.
fn find_step(wallet: &WalletSeries, ts: i64, next: usize, direction: Direction, usd: f64) -> Option<usize> {
    let value = wallet.value_usd();
    let step = |i: usize| value[i] - value[i - 1];
    let of_sign = |i: &usize| match direction {
        Direction::Deposit => step(*i) > 0.0,
        Direction::Withdrawal => step(*i) < 0.0,
    };
    let nearby = next.saturating_sub(SPIKE_REACH).max(1)..(next + SPIKE_REACH + 1).min(value.len());
    let unusual = unusual_steps(nearby.map(|i| (i, step(i))).collect());
    let best = |candidates: &mut dyn Iterator<Item = (usize, f64)>| {
        candidates
            .filter(|(i, _)| of_sign(i))
            .min_by(|(i, z), (j, w)| {
                let distance = |i: usize| wallet.ts()[i].abs_diff(ts);
                distance(*i).cmp(&distance(*j)).then(w.total_cmp(z))
            })
            .map(|(i, _)| i)
    };
    let sized = |(i, _): &(usize, f64)| SPIKE_SIZE.contains(&(step(*i).abs() / usd));
    best(&mut unusual.iter().copied().filter(sized))
        .or_else(|| best(&mut unusual.iter().copied()))
        .or_else(|| (next.max(1)..(next + LATE_REACH).min(value.len())).find(of_sign))
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
