//! What is the sum of a window, and how far do its inputs lie apart? Both exact until the last rounding.

use super::exact_sum::ExactSum;
use super::{Count, Input as _, Length, Real};

/// The sum of a window that inputs come into and go out of.
pub trait Total<I>: Default + Clone + std::fmt::Debug + Send {
    /// An input comes in.
    fn add(&mut self, input: I);
    /// An input goes out.
    fn remove(&mut self, input: I);
    /// All go out.
    fn clear(&mut self);
    /// The sum, in units, divided by `divisor`.
    fn over(&mut self, divisor: f64) -> f64;
}

/// Mean and deviation of a window, and where its newest input lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The population deviation: 0 where, and only where, all inputs are equal.
    pub deviation: f64,
    /// The newest less the mean.
    pub distance: f64,
}

/// Sums of a window's inputs and of their squares.
pub trait Moments<I>: Default + Clone + std::fmt::Debug + Send {
    /// Whether squares of this size can be summed up over `length` inputs.
    fn fits(input: I, length: Length) -> bool;
    /// An input comes in.
    fn add(&mut self, input: I);
    /// An input goes out.
    fn remove(&mut self, input: I);
    /// All go out.
    fn clear(&mut self);
    /// What the window of `length` inputs is like, of which `newest` came in last.
    fn spread(&mut self, newest: I, length: Length) -> Spread;
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
        self.count += i128::from(input.count());
        self.scale = input.scale();
    }

    #[inline]
    fn remove(&mut self, input: Count) {
        self.count -= i128::from(input.count());
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    #[inline]
    fn over(&mut self, divisor: f64) -> f64 {
        nearest(self.count) / (divisor * self.scale)
    }
}

/// A whole number as `f64`. Most fit into 64 bits, for which the processor has an instruction.
#[inline]
fn nearest(count: i128) -> f64 {
    i64::try_from(count).map_or_else(|_| count as f64, |count| count as f64)
}

/// Sums of counts and of their squares.
///
/// With S = Σx and Q = Σx² the population variance is (nQ − S²)/n². Over counts n·Q − S² is a whole number, and not rounded.
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
        u64::try_from(input.count()).is_ok_and(|count| count <= (1 << 63) / u64::from(length.0))
    }

    #[inline]
    fn add(&mut self, input: Count) {
        let count = i128::from(input.count());
        self.sum += count;
        self.squares += count * count;
        self.scale = input.scale();
    }

    #[inline]
    fn remove(&mut self, input: Count) {
        let count = i128::from(input.count());
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
            mean: nearest(self.sum) / steps,
            deviation: nearest(n * self.squares - self.sum * self.sum).sqrt() / steps,
            distance: nearest(n * i128::from(newest.count()) - self.sum) / steps,
        }
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
