//! Goes along with what has moved far enough.

use super::parameter::{BadParameter, Parameter};
use crate::bars::Bar;
use crate::indicators::{Count, Indicator as _, Roc};
use crate::strategy::{Position, Signal, Strategy, WarmUp};

/// BUY where the close is more than `t` above that of `n` bars before, SELL where it is more than `t` below.
#[derive(Debug, Clone)]
pub struct Momentum {
    change: Roc<Count>,
    threshold: f64,
}

impl Momentum {
    /// Bars that are looked back, and the change that counts, a fraction of 1.
    pub const PARAMETERS: [Parameter; 2] = [
        Parameter { name: "n", default: 20.0, min: 5.0, max: 60.0 },
        Parameter { name: "t", default: 0.02, min: 0.005, max: 0.05 },
    ];

    /// With the change over `n` bars and the threshold `t`.
    ///
    /// # Errors
    /// Where one is out of its range, or `n` is no whole number.
    pub fn new(n: f64, t: f64) -> Result<Self, BadParameter> {
        let [of_n, of_t] = Self::PARAMETERS;
        Ok(Self { change: Roc::new(of_n.length(n)?), threshold: of_t.number(t)? })
    }
}

impl Strategy for Momentum {
    fn warm_up(&self) -> WarmUp {
        self.change.warm_up()
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        match self.change.next(Count::close(bar)) {
            Some(change) if change > self.threshold => Signal::BUY,
            Some(change) if change < -self.threshold => Signal::Sell,
            _ => Signal::None,
        }
    }
}
