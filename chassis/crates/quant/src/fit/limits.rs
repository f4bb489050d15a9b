//! What can be fitted, and why there is no fit?
//!
//! [`FitError`] is the answer of the fit and of its basis alike.

/// Highest polynomial order that can be fitted.
pub const MAX_ORDER: usize = 8;

/// Why there is no fit.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum FitError {
    /// The order is beyond [`MAX_ORDER`].
    #[error("polynomial order is {order}, expected at most {MAX_ORDER}")]
    OrderTooHigh {
        /// The order that was asked for.
        order: usize,
    },
    /// Positions and values are not pairs.
    #[error("{x} positions but {y} values, expected as many of each")]
    LengthMismatch {
        /// Number of positions.
        x: usize,
        /// Number of values.
        y: usize,
    },
    /// A position or value is NaN, infinite or so large that its products would be.
    #[error("{column}[{index}] is {value}, expected a finite number within ±1e150")]
    NonFinite {
        /// `x` or `y`.
        column: &'static str,
        /// Its first bad index.
        index: usize,
        /// What stands there.
        value: f64,
    },
    /// A polynomial of this order is not determined by the points.
    #[error("{have} points at different positions, expected at least {need}")]
    TooFewPoints {
        /// Positions that `f64` can tell apart (counted up to `need`).
        have: usize,
        /// One more than the order.
        need: usize,
    },
}
