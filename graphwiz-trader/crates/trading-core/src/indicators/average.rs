//! Where is the middle of the last bars? Simple and exponential averages, Wilder's, and plain sums.

use super::indicator::{Indicator, Length, finite, warm_after};
use super::input::{Input, Total as _};
use super::real::Real;
use super::window::Window;
use crate::strategy::WarmUp;

/// The sum of the last n: defined from bar n.
///
/// Source: TA-Lib's SUM.
#[derive(Debug, Clone)]
pub struct Sum<I: Input = Real> {
    total: Rolling<I>,
}

/// The mean of the last n: defined from bar n.
///
/// Over counts it is the exact mean, rounded once, as long as the sum is below 2^53 steps. Source: TA-Lib's SMA.
#[derive(Debug, Clone)]
pub struct Sma<I: Input = Real> {
    total: Rolling<I>,
    n: Length,
}

/// The sum of a window, with the window.
#[derive(Debug, Clone)]
struct Rolling<I: Input> {
    window: Window<I>,
    sum: I::Sum,
}

impl<I: Input> Rolling<I> {
    fn new(n: Length) -> Self {
        Self { window: Window::new(n), sum: I::Sum::default() }
    }

    #[inline]
    fn next(&mut self, input: I, divisor: f64) -> Option<f64> {
        self.sum.add(input);
        if let Some(oldest) = self.window.push(input) {
            self.sum.remove(oldest);
        } else if !self.window.is_full() {
            return None;
        }
        finite(self.sum.over(divisor))
    }

    fn reset(&mut self) {
        self.window.clear();
        self.sum.clear();
    }
}

impl<I: Input> Sum<I> {
    /// Over the last `n`.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { total: Rolling::new(n) }
    }
}

impl<I: Input> Indicator for Sum<I> {
    type Input = I;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: I) -> Option<f64> {
        self.total.next(input, 1.0)
    }

    fn reset(&mut self) {
        self.total.reset();
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(self.total.window.length())
    }
}

impl<I: Input> Sma<I> {
    /// Over the last `n`.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { total: Rolling::new(n), n }
    }
}

impl<I: Input> Indicator for Sma<I> {
    type Input = I;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: I) -> Option<f64> {
        self.total.next(input, self.n.as_f64())
    }

    fn reset(&mut self) {
        self.total.reset();
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(self.n.bars())
    }
}

/// The exponential average: the mean of the first n, then e + α(x − e) with α = 2/(n + 1). Defined from bar n.
///
/// The weight of the seed is under 1e-9 after 11·(n + 1) bars. Source: TA-Lib's EMA.
#[derive(Debug, Clone)]
pub struct Ema {
    n: Length,
    alpha: f64,
    seed: Seed,
    average: f64,
}

impl Ema {
    /// With α = 2/(`n` + 1).
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { n, alpha: 2.0 / (n.as_f64() + 1.0), seed: Seed::default(), average: 0.0 }
    }
}

impl Indicator for Ema {
    type Input = Real;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: Real) -> Option<f64> {
        let input = input.value();
        self.average = match self.seed.next(input, self.n) {
            Seeding::Early => return None,
            Seeding::Ready(mean) => mean,
            Seeding::Over => self.average + self.alpha * (input - self.average),
        };
        finite(self.average).or_else(|| {
            self.reset();
            None
        })
    }

    fn reset(&mut self) {
        self.seed = Seed::default();
    }

    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: self.n.bars(), settle: 11 * (self.n.bars() + 1) }
    }
}

/// Wilder's average of a part of another indicator: the mean of the first n, then ((n − 1)·a + x)/n.
#[derive(Debug, Clone)]
pub(super) struct Wilder {
    n: Length,
    seed: Seed,
    average: f64,
}

impl Wilder {
    pub(super) fn new(n: Length) -> Self {
        Self { n, seed: Seed::default(), average: 0.0 }
    }

    #[inline]
    pub(super) fn next(&mut self, input: f64) -> Option<f64> {
        let n = self.n.as_f64();
        self.average = match self.seed.next(input, self.n) {
            Seeding::Early => return None,
            Seeding::Ready(mean) => mean,
            Seeding::Over => (self.average * (n - 1.0) + input) / n,
        };
        finite(self.average).or_else(|| {
            self.reset();
            None
        })
    }

    pub(super) fn reset(&mut self) {
        self.seed = Seed::default();
    }
}

/// The mean that a recursion begins with.
#[derive(Debug, Clone, Default)]
struct Seed {
    sum: f64,
    seen: usize,
}

enum Seeding {
    Early,
    Ready(f64),
    Over,
}

impl Seed {
    #[inline]
    fn next(&mut self, input: f64, n: Length) -> Seeding {
        if self.seen == n.bars() {
            return Seeding::Over;
        }
        self.seen += 1;
        self.sum += input;
        if self.seen == n.bars() { Seeding::Ready(self.sum / n.as_f64()) } else { Seeding::Early }
    }
}
