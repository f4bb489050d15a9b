//! What do the bars so far say? Averages, oscillators, bands and ranges, one bar after the other.
//!
//! Start at [`Indicator`]. Each one is a pure function of its inputs so far, costs O(1) a bar (highest and lowest: amortised),
//! and is `None` until it is warm. Where TA-Lib has it, ours is TA-Lib's, first rows included (`testdata/indicators`).
//!
//! An input is a [`Count`], the exact whole count of a bar's price or volume, or a [`Real`], a value of a derived series. Over
//! both a sum over a window is exact and rounded once (`exact_sum.rs`). So a value over a window depends on that window alone:
//! it cannot drift, not after a million bars, and does not notice where the data began. Recursions (the exponential and Wilder's
//! averages) are plain `f64`, in the order of the definition.
//!
//! Undefined is `None`: before the warm-up, at a division by 0, at an overflow. After an undefined input an indicator starts
//! over ([`Indicator::follow`]): for a window it is the same as "undefined while one lies in it".
//! ```
//! use trading_core::indicators::{Ema, Indicator as _, Length, Real};
//! let mut ema = Ema::new(Length::new(3).unwrap());
//! let prices = [10.0, 12.0, 15.0, 14.0];
//! let averages: Vec<_> = prices.into_iter().map(|price| ema.follow(Real::new(price))).collect();
//! assert_eq!(averages, [None, None, Some(37.0 / 3.0), Some(37.0 / 3.0 + 0.5 * (14.0 - 37.0 / 3.0))]);
//! ```

mod average;
mod deviation;
mod directional;
mod exact_sum;
mod extreme;
mod input;
mod momentum;
mod oscillator;
mod range;
mod total;
mod window;

pub use average::{Ema, Sma, Sum};
pub use deviation::{Bands, Bollinger, Stdev, Zscore};
pub use directional::{Adx, Di, DirectionalIndex};
pub use extreme::{Extreme, Stochastic, StochasticLines};
pub use input::{Count, Input, Real};
pub use momentum::{Macd, MacdLines, Roc, VolumeRatio};
pub use oscillator::Rsi;
pub use range::{Atr, TrueRange};

use crate::strategy::WarmUp;

/// Something that is computed from one input after the other, oldest first.
pub trait Indicator {
    /// What it takes at each bar.
    type Input;
    /// What it says: a number, or several together.
    type Output;

    /// The value after one more bar; `None` where it is undefined.
    fn next(&mut self, input: Self::Input) -> Option<Self::Output>;

    /// Forgets every bar, as after a gap.
    fn reset(&mut self);

    /// Bars until it has a value, and until the start of the data no longer matters; its own, not those of its input.
    fn warm_up(&self) -> WarmUp;

    /// [`next`](Self::next) on a series with holes: at an undefined input it is undefined and starts over.
    #[inline]
    fn follow(&mut self, input: Option<Self::Input>) -> Option<Self::Output> {
        let Some(input) = input else {
            self.reset();
            return None;
        };
        self.next(input)
    }
}

/// How many bars an indicator looks at: 1 to 5000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Length(u16);

impl Length {
    /// The longest there is.
    pub const MAX: Self = Self(5000);

    /// `bars` as a length; `None` outside of 1 to 5000.
    #[must_use]
    pub fn new(bars: usize) -> Option<Self> {
        u16::try_from(bars).ok().map(Self).filter(|length| (1..=Self::MAX.0).contains(&length.0))
    }

    /// A number that came as an `f64`; `None` where it is no whole one of 1 to 5000.
    #[must_use]
    pub fn whole(bars: f64) -> Option<Self> {
        let bounds = 1.0..=f64::from(Self::MAX.0);
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small")]
        (bounds.contains(&bars) && bars.fract() == 0.0).then_some(Self(bars as u16))
    }

    /// As a whole number.
    #[must_use]
    pub fn bars(self) -> usize {
        usize::from(self.0)
    }

    fn as_f64(self) -> f64 {
        f64::from(self.0)
    }
}

/// Of indicators that look at a window: nothing before it matters.
fn warm_after(defined: usize) -> WarmUp {
    WarmUp { defined, settle: defined }
}

/// A number that did not overflow.
#[inline]
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
