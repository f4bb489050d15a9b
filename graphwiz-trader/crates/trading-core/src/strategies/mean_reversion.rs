//! Buys far below the mean, and sells above it.

use super::parameter::{BadParameter, Parameter};
use crate::bars::Bar;
use crate::indicators::{Count, Indicator as _, Zscore};
use crate::strategy::{Position, Signal, Strategy, WarmUp};

/// BUY where the close is more than `z` deviations below the mean of `n` bars, SELL where it is above the mean.
#[derive(Debug, Clone)]
pub struct MeanReversion {
    score: Zscore<Count>,
    threshold: f64,
}

impl MeanReversion {
    /// Bars of the mean, and the deviations that count.
    pub const PARAMETERS: [Parameter; 2] = [
        Parameter { name: "n", default: 20.0, min: 10.0, max: 60.0 },
        Parameter { name: "z", default: 2.0, min: 1.0, max: 3.0 },
    ];

    /// With the mean and the deviation of `n` bars and the threshold `z`.
    ///
    /// # Errors
    /// Where one is out of its range, or `n` is no whole number.
    pub fn new(n: f64, z: f64) -> Result<Self, BadParameter> {
        let [of_n, of_z] = Self::PARAMETERS;
        Ok(Self { score: Zscore::new(of_n.length(n)?), threshold: of_z.number(z)? })
    }
}

impl Strategy for MeanReversion {
    fn warm_up(&self) -> WarmUp {
        self.score.warm_up()
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        match self.score.next(Count::close(bar)) {
            Some(score) if score < -self.threshold => Signal::BUY,
            Some(score) if score > 0.0 => Signal::Sell,
            _ => Signal::None,
        }
    }
}
