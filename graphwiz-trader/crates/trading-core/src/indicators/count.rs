//! A whole count of a bar, and exact sums of counts.

use super::indicator::Length;
use super::input::{Input, Moments, Spread, Total};
use crate::bars::{Bar, NO_VOLUME};
use crate::exact::count_to_f64;

/// A price or a volume of a bar, as the whole count that is stored. Not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Count {
    count: i64,
    scale: f64,
}

impl Count {
    /// `count` steps, `scale` of which are one unit; both not negative.
    #[must_use]
    pub fn new(count: i64, scale: f64) -> Self {
        Self { count, scale }
    }

    /// The first price of a bar.
    #[must_use]
    pub fn open(bar: &Bar) -> Self {
        Self::new(bar.record().open, bar.price_scale())
    }

    /// The highest price of a bar.
    #[must_use]
    pub fn high(bar: &Bar) -> Self {
        Self::new(bar.record().high, bar.price_scale())
    }

    /// The lowest price of a bar.
    #[must_use]
    pub fn low(bar: &Bar) -> Self {
        Self::new(bar.record().low, bar.price_scale())
    }

    /// The last price of a bar.
    #[must_use]
    pub fn close(bar: &Bar) -> Self {
        Self::new(bar.record().close, bar.price_scale())
    }

    /// What was traded in a bar; `None` where it is not known.
    #[must_use]
    pub fn volume(bar: &Bar) -> Option<Self> {
        let count = bar.record().volume;
        (count != NO_VOLUME).then(|| Self::new(count, bar.volume_scale()))
    }
}

impl Input for Count {
    type Sum = CountSum;
    type Moments = CountMoments;

    #[inline]
    fn value(self) -> f64 {
        self.count as f64 / self.scale
    }

    #[inline]
    fn steps(self) -> f64 {
        self.count as f64
    }

    #[inline]
    fn above(self, before: Self) -> f64 {
        self.count.saturating_sub(before.count) as f64
    }
}

/// A sum of counts, which is a count.
#[derive(Debug, Clone, Default)]
pub struct CountSum {
    count: i128,
    scale: f64,
}

impl Total<Count> for CountSum {
    #[inline]
    fn add(&mut self, input: Count) {
        self.count += i128::from(input.count);
        self.scale = input.scale;
    }

    #[inline]
    fn remove(&mut self, input: Count) {
        self.count -= i128::from(input.count);
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    #[inline]
    fn over(&mut self, divisor: f64) -> f64 {
        count_to_f64(self.count) / (divisor * self.scale)
    }
}

/// Sums of counts and of their squares.
///
/// With S = Σx and Q = Σx² the population variance is (nQ − S²)/n². Over counts n·Q − S² is a whole number, and not
/// rounded.
#[derive(Debug, Clone, Default)]
pub struct CountMoments {
    sum: i128,
    squares: i128,
    scale: f64,
}

impl Moments<Count> for CountMoments {
    /// x ≤ 2^63/n, so that n·Q and S² are at most 2^126.
    #[inline]
    fn fits(input: Count, length: Length) -> bool {
        u64::try_from(input.count).is_ok_and(|count| count <= (1 << 63) / u64::from(length.0))
    }

    #[inline]
    fn add(&mut self, input: Count) {
        let count = i128::from(input.count);
        self.sum += count;
        self.squares += count * count;
        self.scale = input.scale;
    }

    #[inline]
    fn remove(&mut self, input: Count) {
        let count = i128::from(input.count);
        self.sum -= count;
        self.squares -= count * count;
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    #[inline]
    fn spread(&mut self, newest: Count, length: Length) -> Spread {
        let n = i128::from(length.0);
        let steps = length.as_f64() * self.scale;
        Spread {
            mean: count_to_f64(self.sum) / steps,
            deviation: count_to_f64(n * self.squares - self.sum * self.sum).sqrt() / steps,
            distance: count_to_f64(n * i128::from(newest.count) - self.sum) / steps,
        }
    }
}
