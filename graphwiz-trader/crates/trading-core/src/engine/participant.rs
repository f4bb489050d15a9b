//! A strategy that takes part in a run.

use crate::bars::Bar;
use crate::rules::StrategyRules;
use crate::strategy::Strategy;

/// A strategy in a run: its rules, where it trades, and what makes its code for one market.
pub struct Participant<'a> {
    /// Its rules.
    pub rules: StrategyRules,
    /// Its markets, by their places in the run.
    pub markets: Vec<usize>,
    /// Makes it anew for a market, before its first bar and after a gap.
    pub make: &'a dyn Fn(usize) -> Box<dyn Strategy>,
    /// Makes what follows the average true range of a market's bars, where its stop is a multiple of that.
    pub atr: Option<&'a dyn Fn(usize) -> Gauge>,
}

/// A figure that follows the bars: its value at each closed one, oldest first.
pub type Gauge = Box<dyn FnMut(&Bar) -> Option<f64>>;
