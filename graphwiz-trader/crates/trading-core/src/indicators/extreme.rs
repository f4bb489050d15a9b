//! How high and how low did it go, and where in between is it now? Highest, lowest and the stochastic oscillator.

use std::collections::VecDeque;

use super::average::Sma;
use super::count::Count;
use super::indicator::{Indicator, Length, warm_after};
use super::input::Input;
use super::real::Real;
use crate::bars::Bar;
use crate::strategy::WarmUp;

/// The highest or the lowest of the last n: defined from bar n. O(1) a bar on average, O(n) at worst.
///
/// Method: a queue of those that can still become the extreme, each beyond the next; so the first one is it.
/// Source: TA-Lib's MAX and MIN.
#[derive(Debug, Clone)]
pub struct Extreme<I: Input = Real> {
    n: Length,
    is_highest: bool,
    /// Bars since the start, and what came in there.
    candidates: VecDeque<(u64, I)>,
    bar: u64,
}

impl<I: Input> Extreme<I> {
    /// The highest of the last `n`.
    #[must_use]
    pub fn highest(n: Length) -> Self {
        Self { n, is_highest: true, candidates: VecDeque::new(), bar: 0 }
    }

    /// The lowest of the last `n`.
    #[must_use]
    pub fn lowest(n: Length) -> Self {
        Self { n, is_highest: false, candidates: VecDeque::new(), bar: 0 }
    }

    /// The extreme as it came in.
    #[inline]
    fn next_input(&mut self, input: I) -> Option<I> {
        self.bar += 1;
        let is_beyond = |earlier: I| if self.is_highest { input >= earlier } else { input <= earlier };
        while self.candidates.pop_back_if(|&mut (_, earlier)| is_beyond(earlier)).is_some() {}
        self.candidates.push_back((self.bar, input));
        let n = u64::from(self.n.0);
        let is_out = |&mut (bar, _): &mut (u64, I)| bar + n <= self.bar;
        self.candidates.pop_front_if(is_out); // at most one leaves at each bar
        if self.bar < n {
            return None;
        }
        self.candidates.front().map(|&(_, extreme)| extreme)
    }
}

impl<I: Input> Indicator for Extreme<I> {
    type Input = I;
    type Output = f64;

    #[inline]
    fn next(&mut self, input: I) -> Option<f64> {
        self.next_input(input).map(I::value)
    }

    fn reset(&mut self) {
        self.candidates.clear();
        self.bar = 0;
    }

    fn warm_up(&self) -> WarmUp {
        warm_after(self.n.bars())
    }
}

/// The slow stochastic oscillator: raw = 100·(close − lowest low)/(highest high − lowest low) over n, 50 where flat; k
/// is the mean of s of them, d the mean of t of k. Both are defined from bar n + s + t − 2.
///
/// Source: TA-Lib's STOCH with simple averages, but for flat windows, which are 0 there.
#[derive(Debug, Clone)]
pub struct Stochastic {
    highest: Extreme<Count>,
    lowest: Extreme<Count>,
    k: Sma,
    d: Sma,
}

/// What [`Stochastic`] says of a bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StochasticLines {
    /// The quicker line, 0 to 100.
    pub k: f64,
    /// The mean of the quicker one.
    pub d: f64,
}

impl Stochastic {
    /// Over `n` bars, with means of `s` and of `t`.
    #[must_use]
    pub fn new(n: Length, s: Length, t: Length) -> Self {
        Self { highest: Extreme::highest(n), lowest: Extreme::lowest(n), k: Sma::new(s), d: Sma::new(t) }
    }
}

impl Indicator for Stochastic {
    type Input = Bar;
    type Output = StochasticLines;

    #[inline]
    fn next(&mut self, bar: Bar) -> Option<StochasticLines> {
        let highest = self.highest.next_input(Count::high(&bar));
        let lowest = self.lowest.next_input(Count::low(&bar));
        let (highest, lowest) = (highest?, lowest?);
        let is_flat = highest == lowest;
        let raw = if is_flat { 50.0 } else { 100.0 * Count::close(&bar).above(lowest) / highest.above(lowest) };
        let k = self.k.follow(Real::new(raw))?;
        let d = self.d.follow(Real::new(k))?;
        Some(StochasticLines { k, d })
    }

    fn reset(&mut self) {
        self.highest.reset();
        self.lowest.reset();
        self.k.reset();
        self.d.reset();
    }

    fn warm_up(&self) -> WarmUp {
        let [n, s, t] = [self.highest.warm_up(), self.k.warm_up(), self.d.warm_up()].map(|part| part.defined);
        warm_after(n + s + t - 2)
    }
}
