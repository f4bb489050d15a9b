//! How far can a level have fallen at a sample, at most?
//!
//! Start at [`Extremes::largest_fall`]. The highest level of a while before each sample and the lowest of as long after it, found
//! in one pass each: a queue keeps what can still be the extreme of a later window.

use std::collections::VecDeque;
use std::ops::Range;

/// The extremes of the windows around each sample but the first.
pub(super) struct Extremes {
    highest_before: Vec<f64>,
    lowest_after: Vec<f64>,
}

impl Extremes {
    /// `ts`: nanoseconds, strictly increasing; `levels`: as many; `around`: the length of either window, nanoseconds.
    pub(super) fn of(ts: &[i64], levels: &[f64], around: i64) -> Self {
        let before = (1..ts.len()).map(|k| ts.partition_point(|t| *t < ts[k - 1].saturating_sub(around))..k);
        // The next sample always belongs to it.
        let after = (1..ts.len()).map(|k| {
            let end = ts.partition_point(|t| *t <= ts[k].saturating_add(around));
            k..end.max(k + 2).min(ts.len())
        });
        Self {
            highest_before: sliding(levels, before, |a, b| a > b),
            lowest_after: sliding(levels, after, |a, b| a < b),
        }
    }

    /// The highest level before sample `k`, at least 1, less the lowest from it on.
    pub(super) fn largest_fall(&self, k: usize) -> f64 {
        self.highest_before[k - 1] - self.lowest_after[k - 1]
    }
}

/// The level of each window that is `beyond` all others of it. Neither end of the windows, which are not empty, ever goes back.
fn sliding(levels: &[f64], windows: impl Iterator<Item = Range<usize>>, beyond: fn(f64, f64) -> bool) -> Vec<f64> {
    let (mut kept, mut entered) = (VecDeque::new(), 0);
    let extreme = |window: Range<usize>| {
        for i in entered..window.end {
            while kept.back().is_some_and(|last: &usize| !beyond(levels[*last], levels[i])) {
                kept.pop_back();
            }
            kept.push_back(i);
        }
        entered = entered.max(window.end);
        while kept.front().is_some_and(|first| *first < window.start) {
            kept.pop_front();
        }
        levels[kept[0]]
    };
    windows.map(extreme).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_fall_is_between_the_highest_before_and_the_lowest_after() {
        let (ts, levels) = ([0, 1, 2, 3, 4, 9, 20], [5.0, 9.0, 4.0, 1.0, 3.0, 2.0, 8.0]);
        let extremes = Extremes::of(&ts, &levels, 2);
        let found: Vec<f64> = (1..ts.len()).map(|k| extremes.largest_fall(k)).collect();
        let by_hand = [
            5.0 - 1.0, // 0 before 1; from 1 to 3
            9.0 - 1.0, // -1..=1; 2..=4
            9.0 - 1.0, // 0..=2; 3..=5 has 4, and the next sample
            9.0 - 2.0, // 1..=3; the sample at 4, and the next
            4.0 - 2.0, // 2..=4; the sample at 9, and the next
            2.0 - 8.0, // the sample at 9; that at 20
        ];
        assert_eq!(found, by_hand);
    }
}
