//! What is common to all indicators: one input a bar, a value or none, and how many bars that takes.

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
pub struct Length(pub(super) u16);

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

    #[inline]
    pub(super) fn as_f64(self) -> f64 {
        f64::from(self.0)
    }
}

/// Of indicators that look at a window: nothing before it matters.
pub(super) fn warm_after(defined: usize) -> WarmUp {
    WarmUp { defined, settle: defined }
}

/// A number that did not overflow.
#[inline]
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
