//! How far from its mean is the newest, by the measure of the last bars? Deviations, z-scores and Bollinger's bands.
//!
//! A deviation is that of the population. It is computed from exact sums, so that a spread of a tick at a price of
//! 100000 is right to the last digits, and 0 only where all inputs of the window are equal.

use super::indicator::{Indicator, Length, finite, warm_after};
use super::input::{Input, Moments as _, Spread};
use super::real::Real;
use super::window::Window;
use crate::strategy::WarmUp;

/// The population deviation of the last n: defined from bar n.
///
/// Source: TA-Lib's STDDEV.
#[derive(Debug, Clone)]
pub struct Stdev<I: Input = Real> {
    window: Spreads<I>,
}

/// (x − mean)/deviation over the last n: defined from bar n, undefined where all of them are equal.
#[derive(Debug, Clone)]
pub struct Zscore<I: Input = Real> {
    window: Spreads<I>,
}

/// Bollinger's bands over the last n, k deviations wide to each side: defined from bar n.
///
/// Source: TA-Lib's BBANDS with a simple average; J. Bollinger, *Bollinger on Bollinger Bands* (2001), for position
/// (%b) and width (BandWidth).
#[derive(Debug, Clone)]
pub struct Bollinger<I: Input = Real> {
    window: Spreads<I>,
    k: f64,
}

/// What [`Bollinger`] says of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bands {
    /// The mean + k deviations.
    pub upper: f64,
    /// The mean.
    pub middle: f64,
    /// The mean − k deviations.
    pub lower: f64,
    /// (x − lower)/(upper − lower): 0 on the lower band, 1 on the upper. Undefined where the deviation is 0.
    pub position: Option<f64>,
    /// (upper − lower)/middle. Undefined where the deviation is 0.
    pub width: Option<f64>,
}

#[derive(Debug, Clone)]
struct Spreads<I: Input> {
    n: Length,
    window: Window<I>,
    moments: I::Moments,
}

impl<I: Input> Spreads<I> {
    fn new(n: Length) -> Self {
        Self { n, window: Window::new(n), moments: I::Moments::default() }
    }

    #[inline]
    fn next(&mut self, input: I) -> Option<Spread> {
        if !I::Moments::fits(input, self.n) {
            self.reset();
            return None;
        }
        self.moments.add(input);
        if let Some(oldest) = self.window.push(input) {
            self.moments.remove(oldest);
        } else if !self.window.is_full() {
            return None;
        }
        Some(self.moments.spread(input, self.n))
    }

    fn reset(&mut self) {
        self.window.clear();
        self.moments.clear();
    }
}

impl<I: Input> Stdev<I> {
    /// Over the last `n`.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { window: Spreads::new(n) }
    }
}

impl<I: Input> Indicator for Stdev<I> {
    type Input = I;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: I) -> Option<f64> {
        self.window.next(input).and_then(|spread| finite(spread.deviation))
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(self.window.n.bars())
    }
}

impl<I: Input> Zscore<I> {
    /// Over the last `n`.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { window: Spreads::new(n) }
    }
}

impl<I: Input> Indicator for Zscore<I> {
    type Input = I;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: I) -> Option<f64> {
        self.window.next(input).and_then(score)
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(self.window.n.bars())
    }
}

impl<I: Input> Bollinger<I> {
    /// Over the last `n`, `k` deviations to each side.
    #[must_use]
    pub fn new(n: Length, k: f64) -> Self {
        Self { window: Spreads::new(n), k }
    }
}

impl<I: Input> Indicator for Bollinger<I> {
    type Input = I;
    type Output = Bands;

    #[inline]
    fn next(&mut self, input: I) -> Option<Bands> {
        let spread = self.window.next(input)?;
        let reach = self.k * spread.deviation;
        let width = if spread.deviation == 0.0 { None } else { finite(2.0 * reach / spread.mean) };
        Some(Bands {
            upper: finite(spread.mean + reach)?,
            middle: finite(spread.mean)?,
            lower: finite(spread.mean - reach)?,
            // The difference of input and band, both large, would cost digits that the score still has.
            position: score(spread).and_then(|score| finite(0.5 + score / (2.0 * self.k))),
            width,
        })
    }

    fn reset(&mut self) {
        self.window.reset();
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(self.window.n.bars())
    }
}

#[inline]
fn score(spread: Spread) -> Option<f64> {
    finite(spread.distance / spread.deviation) // 0/0 where all are equal
}
