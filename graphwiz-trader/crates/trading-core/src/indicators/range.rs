//! How far does a bar reach? The true range and Wilder's average of it.

use super::average::Wilder;
use super::count::Count;
use super::indicator::{Indicator, Length, warm_after};
use super::input::Input as _;
use crate::bars::Bar;
use crate::strategy::WarmUp;

/// The true range, max(high − low, |high − close₋₁|, |low − close₋₁|): defined from bar 2.
///
/// Source: J. W. Wilder, *New Concepts in Technical Trading Systems* (1978); TA-Lib's TRANGE.
#[derive(Debug, Clone, Default)]
pub struct TrueRange {
    close_before: Option<Count>,
}

impl TrueRange {
    /// Before its first bar.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// In steps of the price.
    #[inline]
    pub(super) fn next_steps(&mut self, bar: &Bar) -> Option<f64> {
        let close = self.close_before.replace(Count::close(bar))?;
        let (high, low) = (Count::high(bar), Count::low(bar));
        Some(high.above(low).max(high.above(close).abs()).max(low.above(close).abs()))
    }
}

impl Indicator for TrueRange {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn next(&mut self, bar: Bar) -> Option<f64> {
        self.next_steps(&bar).map(|steps| steps / bar.price_scale())
    }

    fn reset(&mut self) {
        self.close_before = None;
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(2)
    }
}

/// The average true range: the mean of those of bars 2 … n + 1, then Wilder's average. Defined from bar n + 1.
///
/// Source: as [`TrueRange`]; TA-Lib's ATR.
#[derive(Debug, Clone)]
pub struct Atr {
    n: Length,
    range: TrueRange,
    average: Wilder,
}

impl Atr {
    /// Over `n` ranges.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { n, range: TrueRange::new(), average: Wilder::new(n) }
    }
}

impl Indicator for Atr {
    type Input = Bar;
    type Output = f64;

    #[inline]
    fn next(&mut self, bar: Bar) -> Option<f64> {
        let range = self.range.next_steps(&bar)?;
        self.average.next(range).map(|steps| steps / bar.price_scale())
    }

    fn reset(&mut self) {
        self.range.reset();
        self.average.reset();
    }

    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: self.n.bars() + 1, settle: 21 * self.n.bars() }
    }
}
