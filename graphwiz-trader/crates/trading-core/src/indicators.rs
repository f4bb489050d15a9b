//! What do the bars so far say? Averages, oscillators, bands and ranges, one bar after the other.
//!
//! Start at [`Indicator`]. Each one is a pure function of its inputs so far, costs O(1) a bar (highest and lowest:
//! amortised), and is `None` until it is warm. Where TA-Lib has it, ours is TA-Lib's, first rows included
//! (`testdata/indicators`).
//!
//! An input is a [`Count`], the exact whole count of a bar's price or volume, or a [`Real`], a value of a derived
//! series. Over both a sum over a window is exact and rounded once (`exact_sum.rs`). So a value over a window depends
//! on that window alone: it cannot drift, not after a million bars, and does not notice where the data began.
//! Recursions (the exponential and Wilder's averages) are plain `f64`, in the order of the definition.
//!
//! Undefined is `None`: before the warm-up, at a division by 0, at an overflow. After an undefined input an indicator
//! starts over ([`Indicator::follow`]): for a window it is the same as "undefined while one lies in it".
//! ```
//! use trading_core::indicators::{Ema, Indicator as _, Length, Real};
//! let mut ema = Ema::new(Length::new(3).unwrap());
//! let prices = [10.0, 12.0, 15.0, 14.0];
//! let averages: Vec<_> = prices.into_iter().map(|price| ema.follow(Real::new(price))).collect();
//! assert_eq!(averages, [None, None, Some(37.0 / 3.0), Some(37.0 / 3.0 + 0.5 * (14.0 - 37.0 / 3.0))]);
//! ```

mod average;
mod count;
mod deviation;
mod directional;
mod exact_sum;
mod extreme;
mod indicator;
mod input;
mod momentum;
mod oscillator;
mod range;
mod real;
pub(crate) mod window;

pub use average::{Ema, Sma, Sum};
pub use count::Count;
pub use deviation::{Bands, Bollinger, Stdev, Zscore};
pub use directional::{Adx, Di, DirectionalIndex};
pub use extreme::{Extreme, Stochastic, StochasticLines};
pub use indicator::{Indicator, Length};
pub use input::Input;
pub use momentum::{Macd, MacdLines, Roc, VolumeRatio};
pub use oscillator::Rsi;
pub use range::{Atr, TrueRange};
pub use real::Real;
