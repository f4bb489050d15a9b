//! What does an indicator take, and what does it ask of a window of it? Sums and deviations, exact until the last
//! rounding.

use std::fmt;

use super::indicator::Length;

/// A defined value of one series. All inputs of one indicator are of one kind, and counts of one scale.
pub trait Input: Copy + PartialOrd + fmt::Debug + Send {
    /// Sums over windows, exact.
    type Sum: Total<Self>;
    /// Means and deviations over windows.
    type Moments: Moments<Self>;

    /// In units: quote, base, or what the series is in.
    fn value(self) -> f64;

    /// In the steps that the series counts in, for what is free of units.
    fn steps(self) -> f64;

    /// How many steps it is above `before`.
    fn above(self, before: Self) -> f64;
}

/// The sum of a window that inputs come into and go out of.
pub trait Total<I>: Default + Clone + fmt::Debug + Send {
    /// An input comes in.
    fn add(&mut self, input: I);
    /// An input goes out.
    fn remove(&mut self, input: I);
    /// All go out.
    fn clear(&mut self);
    /// The sum, in units, divided by `divisor`.
    fn over(&mut self, divisor: f64) -> f64;
}

/// Mean and deviation of a window, and where its newest input lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The population deviation: 0 where, and only where, all inputs are equal.
    pub deviation: f64,
    /// The newest less the mean.
    pub distance: f64,
}

/// Sums of a window's inputs and of their squares.
pub trait Moments<I>: Default + Clone + fmt::Debug + Send {
    /// Whether squares of this size can be summed up over `length` inputs.
    fn fits(input: I, length: Length) -> bool;
    /// An input comes in.
    fn add(&mut self, input: I);
    /// An input goes out.
    fn remove(&mut self, input: I);
    /// All go out.
    fn clear(&mut self);
    /// What the window of `length` inputs is like, of which `newest` came in last.
    fn spread(&mut self, newest: I, length: Length) -> Spread;
}
