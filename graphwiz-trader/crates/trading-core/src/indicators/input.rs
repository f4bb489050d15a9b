//! What does an indicator take? A whole count of a bar, or a number of a derived series; never something undefined.

use std::fmt;

use super::exact_sum::ExactSum;
use super::total::{CountMoments, CountSum, Moments, RealMoments, Total};
use crate::bars::{Bar, NO_VOLUME};

/// A defined value of one series. All inputs of one indicator are of one kind, and counts of one scale.
pub trait Input: Copy + PartialOrd + fmt::Debug + Send {
    /// Sums over windows, exact.
    type Sum: Total<Self>;
    /// Means and deviations over windows.
    type Moments: Moments<Self>;

    /// In units: quote, base, or what the series is in.
    fn value(self) -> f64;

    /// In the steps that the series counts in, for what is free of units.
    fn steps(self) -> f64;

    /// How many steps it is above `before`.
    fn above(self, before: Self) -> f64;
}

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

    pub(super) fn count(self) -> i64 {
        self.count
    }

    pub(super) fn scale(self) -> f64 {
        self.scale
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

/// A value of a derived series: finite.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Real(f64);

impl Real {
    /// `None` where `value` is not finite, which is undefined.
    #[inline]
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }
}

impl From<Count> for Real {
    #[inline]
    fn from(count: Count) -> Self {
        Self(count.value())
    }
}

impl Input for Real {
    type Sum = ExactSum;
    type Moments = RealMoments;

    #[inline]
    fn value(self) -> f64 {
        self.0
    }

    #[inline]
    fn steps(self) -> f64 {
        self.0
    }

    #[inline]
    fn above(self, before: Self) -> f64 {
        self.0 - before.0
    }
}
