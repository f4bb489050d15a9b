//! How does a caller want an evaluation drawn?

/// How an evaluation is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawingOptions {
    /// Length of the charts' window, which ends with the evaluation sample, hours; `None`: the gate's. Nothing that was
    /// not loaded for the evaluation is shown.
    pub lookback_hours: Option<f64>,
    /// The smoothed line.
    pub smoothing: Smoothing,
    /// Whether the evaluation time is a configured date instead of now, which a picture then says.
    pub is_dated: bool,
    /// Whether the band of one σ about the baseline is drawn.
    pub sigma_band: bool,
    /// Whether the band of k·σ about the baseline is drawn.
    pub k_sigma_band: bool,
    /// How many residuals a bar of the histogram stands for on average.
    pub samples_per_bin: usize,
}

/// How a line is smoothed: over a window of hours that is centred on each sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Smoothing {
    /// No smoothed line.
    None,
    /// The mean of the window.
    Boxcar {
        /// Width of the window.
        window_hours: f64,
    },
    /// A mean whose weights fall off like a bell; σ is a sixth of the window.
    Gaussian {
        /// Width of the window.
        window_hours: f64,
    },
    /// The value of a polynomial fitted to the window.
    Polynomial {
        /// Width of the window.
        window_hours: f64,
        /// Order of the polynomial.
        order: usize,
    },
}
