//! Where is it going, and with how much trade? Convergence of averages, rate of change, volume against its mean.

use super::average::{Ema, Sma};
use super::count::Count;
use super::indicator::{Indicator, Length, finite, warm_after};
use super::input::Input;
use super::real::Real;
use super::window::Window;
use crate::strategy::WarmUp;

/// Moving averages' convergence: line = ema(f) − ema(s), signal = ema(g) of the line, hist = line − signal.
///
/// Both averages start at bar s, the fast one with the mean of bars s − f + 1 … s. All three are defined from bar
/// s + g − 1. Where f is larger than s they are exchanged. Source: TA-Lib's MACD.
#[derive(Debug, Clone)]
pub struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
    /// Bars that the fast average still waits for.
    wait: usize,
}

/// What [`Macd`] says of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MacdLines {
    /// The fast average less the slow one.
    pub line: f64,
    /// The average of the line.
    pub signal: f64,
    /// The line less its average.
    pub hist: f64,
}

impl Macd {
    /// With averages of `fast` and `slow`, and of `signal` over their difference.
    #[must_use]
    pub fn new(fast: Length, slow: Length, signal: Length) -> Self {
        let mut macd =
            Self { fast: Ema::new(fast.min(slow)), slow: Ema::new(fast.max(slow)), signal: Ema::new(signal), wait: 0 };
        macd.reset();
        macd
    }
}

impl Indicator for Macd {
    type Input = Real;
    type Output = MacdLines;

    #[inline]
    fn next(&mut self, input: Real) -> Option<MacdLines> {
        let slow = self.slow.next(input);
        if self.wait > 0 {
            self.wait -= 1;
            return None;
        }
        let (fast, slow) = match (self.fast.next(input), slow) {
            (Some(fast), Some(slow)) => (fast, slow),
            (None, None) => return None,
            (Some(_), None) | (None, Some(_)) => {
                self.reset(); // one of them overflowed
                return None;
            }
        };
        let line = fast - slow;
        let signal = self.signal.follow(Real::new(line))?;
        Some(MacdLines { line, signal, hist: finite(line - signal)? })
    }

    fn reset(&mut self) {
        self.fast.reset();
        self.slow.reset();
        self.signal.reset();
        self.wait = self.slow.warm_up().defined - self.fast.warm_up().defined;
    }

    fn warm_up(&self) -> WarmUp {
        let [s, g] = [&self.slow, &self.signal].map(|average| average.warm_up().defined);
        WarmUp { defined: s + g - 1, settle: 11 * (s + g + 2) }
    }
}

/// The rate of change over n bars, x/x₋ₙ − 1: defined from bar n + 1.
///
/// Computed as (x − x₋ₙ)/x₋ₙ, so that a rise from 100 to 102 is .02 and not .020000000000000018. Source: TA-Lib's ROCP.
#[derive(Debug, Clone)]
pub struct Roc<I: Input = Real> {
    window: Window<I>,
}

impl<I: Input> Roc<I> {
    /// Against `n` bars before.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { window: Window::new(n) }
    }
}

impl<I: Input> Indicator for Roc<I> {
    type Input = I;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: I) -> Option<f64> {
        let before = self.window.push(input)?;
        finite(input.above(before) / before.steps())
    }

    fn reset(&mut self) {
        self.window.clear();
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(self.window.length() + 1)
    }
}

/// Volume over the mean of the last n volumes: defined from bar n.
#[derive(Debug, Clone)]
pub struct VolumeRatio {
    mean: Sma<Count>,
}

impl VolumeRatio {
    /// Against the mean of the last `n`.
    #[must_use]
    pub fn new(n: Length) -> Self {
        Self { mean: Sma::new(n) }
    }
}

impl Indicator for VolumeRatio {
    type Input = Count;
    type Output = f64;

    #[inline]
    fn next(&mut self, volume: Count) -> Option<f64> {
        let mean = self.mean.next(volume)?;
        finite(volume.value() / mean)
    }

    fn reset(&mut self) {
        self.mean.reset();
    }

    fn warm_up(&self) -> WarmUp {
        self.mean.warm_up()
    }
}
