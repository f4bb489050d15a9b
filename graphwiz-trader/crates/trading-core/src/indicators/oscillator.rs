//! Do rises or falls prevail? The relative strength index.

use super::average::Wilder;
use super::indicator::{Indicator, Length, finite};
use super::input::Input;
use super::real::Real;
use crate::strategy::WarmUp;

/// The relative strength index: 100·g/(g + l), with g and l Wilder's averages of gains and losses. Defined from bar
/// n + 1.
///
/// Without any change so far it is 50. Source: J. W. Wilder, *New Concepts in Technical Trading Systems* (1978);
/// TA-Lib's RSI, which is 0 there.
#[derive(Debug, Clone)]
pub struct Rsi<I: Input = Real> {
    n: Length,
    before: Option<I>,
    gains: Wilder,
    losses: Wilder,
}

impl<I: Input> Rsi<I> {
    /// With averages over `n` changes.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { n, before: None, gains: Wilder::new(n), losses: Wilder::new(n) }
    }
}

impl<I: Input> Indicator for Rsi<I> {
    type Input = I;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: I) -> Option<f64> {
        let change = input.above(self.before.replace(input)?); // in steps, which the quotient is free of
        if !change.is_finite() {
            self.reset();
            return None;
        }
        let gain = self.gains.next(change.max(0.0));
        let loss = self.losses.next((-change).max(0.0));
        let (gain, loss) = (gain?, loss?);
        let both = finite(gain + loss)?;
        Some(if both == 0.0 { 50.0 } else { 100.0 * (gain / both) })
    }

    fn reset(&mut self) {
        self.before = None;
        self.gains.reset();
        self.losses.reset();
    }

    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: self.n.bars() + 1, settle: 21 * self.n.bars() }
    }
}
