//! Which strategies come with the trader, and what may their parameters be?
//!
//! [`SmaCross`] and [`Momentum`] follow a trend, [`RsiCross`] and [`MeanReversion`] expect it to turn; [`Dca`] has no
//! opinion. Each one decides on the whole counts of the closes, checks its parameters when it is made, and says nothing
//! before it is warm.

mod dca;
mod mean_reversion;
mod momentum;
mod parameter;
mod rsi;
mod sma_cross;

pub use dca::Dca;
pub use mean_reversion::MeanReversion;
pub use momentum::Momentum;
pub use parameter::{BadParameter, Parameter};
pub use rsi::RsiCross;
pub use sma_cross::SmaCross;
