//! What decides: a strategy sees one closed bar after the other, and answers with a signal.

pub mod checks;

use rust_decimal::Decimal;
use serde::Serialize;

use crate::bars::Bar;

/// How many bars a strategy needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WarmUp {
    /// Bars until every part of it has a value.
    pub defined: usize,
    /// Bars until its signals no longer depend on where the data began.
    pub settle: usize,
}

/// What a strategy holds, as far as it may know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// A: the entry fills' prices weighted by quantity, without fees, in quote.
    pub average_entry: f64,
    /// Bars closed since the first entry fill, its own bar included.
    pub held_bars: u32,
}

/// What a strategy wants.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Signal {
    /// Nothing.
    None,
    /// One entry at market, its notional scaled by `size`; counts while flat.
    Buy {
        /// 0 < size; over 1 counts as 1, undefined (not finite) or at most 0 is no entry.
        size: f64,
    },
    /// One entry by a post-only limit order.
    BuyLimit {
        /// In quote; rounded down to the tick.
        price: Decimal,
        /// Bars that it rests for, 1 to 100.
        valid_bars: u32,
        /// As for [`Signal::Buy`].
        size: f64,
    },
    /// Close all of the position.
    Sell,
}

impl Signal {
    /// One entry at market, of full size.
    pub const BUY: Self = Self::Buy { size: 1.0 };
}

/// A strategy on one instrument.
///
/// After a gap in its bars a new one is made, so that everything warms up again.
pub trait Strategy: Send {
    /// Bars until signals can be defined, and until they no longer depend on where the data began.
    fn warm_up(&self) -> WarmUp;

    /// One closed bar, oldest first. Pure: no clock, no IO, no randomness.
    fn on_bar(&mut self, bar: &Bar, position: Option<&Position>) -> Signal;
}

impl<S: Strategy + ?Sized> Strategy for Box<S> {
    fn warm_up(&self) -> WarmUp {
        (**self).warm_up()
    }

    fn on_bar(&mut self, bar: &Bar, position: Option<&Position>) -> Signal {
        (**self).on_bar(bar, position)
    }
}
