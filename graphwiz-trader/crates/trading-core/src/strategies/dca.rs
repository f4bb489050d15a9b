//! The same part of the account, every day.

use super::parameter::{BadParameter, Parameter};
use crate::bars::Bar;
use crate::strategy::{Position, Signal, Strategy, WarmUp};
use crate::time::DAY;

/// BUY at each UTC midnight, whatever the price; never SELL. What it buys adds to what it holds.
#[derive(Debug, Clone, Copy)]
pub struct Dca(());

impl Dca {
    /// The part of the equity it sizes on that each buy takes.
    pub const PARAMETERS: [Parameter; 1] = [Parameter { name: "fraction", default: 0.01, min: 0.0001, max: 1.0 }];

    /// Buys with this part. How large a buy is, is for the engine to say.
    ///
    /// # Errors
    /// Where it is out of its range.
    pub fn new(fraction: f64) -> Result<Self, BadParameter> {
        let [part] = Self::PARAMETERS;
        part.number(fraction).map(|_| Self(()))
    }
}

impl Strategy for Dca {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 1, settle: 1 }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        if bar.close_time().rem_euclid(DAY) == 0 { Signal::BUY } else { Signal::None }
    }
}
