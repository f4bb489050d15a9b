//! Long while the fast average is above the slow one.

use super::parameter::{BadParameter, Parameter};
use crate::bars::Bar;
use crate::indicators::{Count, Indicator as _, Sma};
use crate::strategy::{Position, Signal, Strategy, WarmUp};

/// BUY where the fast average crosses above the slow one, SELL where it crosses below.
#[derive(Debug, Clone)]
pub struct SmaCross {
    fast: Sma<Count>,
    slow: Sma<Count>,
    /// Both at the bar before.
    before: Option<(f64, f64)>,
}

impl SmaCross {
    /// Bars of the fast average, bars of the slow one.
    pub const PARAMETERS: [Parameter; 2] = [
        Parameter { name: "fast", default: 20.0, min: 5.0, max: 50.0 },
        Parameter { name: "slow", default: 50.0, min: 20.0, max: 200.0 },
    ];

    /// With averages over `fast` and `slow` bars.
    ///
    /// # Errors
    /// Where one is out of its range or no whole number, or `fast` is not less than `slow`.
    pub fn new(fast: f64, slow: f64) -> Result<Self, BadParameter> {
        let [of_fast, of_slow] = Self::PARAMETERS;
        let (fast_bars, slow_bars) = (of_fast.length(fast)?, of_slow.length(slow)?);
        if fast_bars >= slow_bars {
            let (lesser, greater) = (of_fast.name, of_slow.name);
            return Err(BadParameter::NotLess { lesser, value: fast, greater, bound: slow });
        }
        Ok(Self { fast: Sma::new(fast_bars), slow: Sma::new(slow_bars), before: None })
    }
}

impl Strategy for SmaCross {
    fn warm_up(&self) -> WarmUp {
        let bars = self.slow.warm_up().defined + 1; // a cross needs the bar before
        WarmUp { defined: bars, settle: bars }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        let close = Count::close(bar);
        let now = self.fast.next(close).zip(self.slow.next(close));
        let before = std::mem::replace(&mut self.before, now);
        match (before, now) {
            (Some((fast_before, slow_before)), Some((fast, slow))) if fast_before <= slow_before && fast > slow => {
                Signal::BUY
            }
            (Some((fast_before, slow_before)), Some((fast, slow))) if fast_before >= slow_before && fast < slow => {
                Signal::Sell
            }
            _ => Signal::None,
        }
    }
}
