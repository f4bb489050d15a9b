//! Buys when a fall has lost its strength, and sells when a rise has.

use super::parameter::{BadParameter, Parameter};
use crate::bars::Bar;
use crate::indicators::{Count, Indicator as _, Rsi};
use crate::strategy::{Position, Signal, Strategy, WarmUp};

/// BUY where the relative strength index crosses above `low`, SELL where it crosses below `high`.
#[derive(Debug, Clone)]
pub struct RsiCross {
    rsi: Rsi<Count>,
    low: f64,
    high: f64,
    /// The index at the bar before.
    before: Option<f64>,
}

impl RsiCross {
    /// Changes that the index averages over, and its two bounds.
    pub const PARAMETERS: [Parameter; 3] = [
        Parameter { name: "n", default: 14.0, min: 5.0, max: 30.0 },
        Parameter { name: "low", default: 30.0, min: 15.0, max: 40.0 },
        Parameter { name: "high", default: 70.0, min: 60.0, max: 85.0 },
    ];

    /// With an index over `n` changes and the bounds `low` and `high`.
    ///
    /// # Errors
    /// Where one is out of its range, or `n` is no whole number.
    pub fn new(n: f64, low: f64, high: f64) -> Result<Self, BadParameter> {
        let [of_n, of_low, of_high] = Self::PARAMETERS;
        let rsi = Rsi::new(of_n.length(n)?);
        Ok(Self { rsi, low: of_low.number(low)?, high: of_high.number(high)?, before: None })
    }
}

impl Strategy for RsiCross {
    fn warm_up(&self) -> WarmUp {
        let WarmUp { defined, settle } = self.rsi.warm_up();
        WarmUp { defined: defined + 1, settle: settle + 1 } // a cross needs the bar before
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        let now = self.rsi.next(Count::close(bar));
        let before = std::mem::replace(&mut self.before, now);
        match (before, now) {
            (Some(before), Some(now)) if before <= self.low && now > self.low => Signal::BUY,
            (Some(before), Some(now)) if before >= self.high && now < self.high => Signal::Sell,
            _ => Signal::None,
        }
    }
}
