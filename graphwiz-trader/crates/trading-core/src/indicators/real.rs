//! A number of a derived series, and exact sums of numbers.

use super::count::Count;
use super::exact_sum::ExactSum;
use super::indicator::Length;
use super::input::{Input, Moments, Spread, Total};

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
impl Total<Real> for ExactSum {
    #[inline]
    fn add(&mut self, input: Real) {
        self.add_times(input.value(), 1);
    }

    #[inline]
    fn remove(&mut self, input: Real) {
        self.add_times(input.value(), -1);
    }

    fn clear(&mut self) {
        self.set_zero();
    }

    #[inline]
    fn over(&mut self, divisor: f64) -> f64 {
        self.rounded() / divisor
    }
}

/// Sums of numbers and of their squares, as [`CountMoments`].
#[derive(Debug, Clone, Default)]
pub struct RealMoments {
    sum: ExactSum,
    squares: ExactSum,
    scratch: ExactSum,
}

impl Moments<Real> for RealMoments {
    fn fits(_: Real, _: Length) -> bool {
        true
    }

    fn add(&mut self, input: Real) {
        self.sum.add_times(input.value(), 1);
        self.squares.add_square(input.value());
    }

    fn remove(&mut self, input: Real) {
        self.sum.add_times(input.value(), -1);
        self.squares.remove_square(input.value());
    }

    fn clear(&mut self) {
        self.sum.set_zero();
        self.squares.set_zero();
    }

    fn spread(&mut self, newest: Real, length: Length) -> Spread {
        let n = length.as_f64();
        self.scratch.set_difference(i64::from(length.0), &mut self.squares, &mut self.sum);
        let deviation = self.scratch.root() / n;
        self.scratch.clone_from(&self.sum);
        self.scratch.add_times(newest.value(), -i64::from(length.0));
        Spread { mean: self.sum.rounded() / n, deviation, distance: -self.scratch.rounded() / n }
    }
}
