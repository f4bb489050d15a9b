//! What do charts show of one evaluation? Positions, prices, residuals and their density as columns, ready to draw.
//!
//! Start at [`draw`]. Pure, and made only for whoever wants to look: the same rules, snapshot and advice give the same
//! [`Drawing`]. Whatever the decision rests on (σ, k·σ, residual, thresholds) is taken from the advice; what the advice
//! has no column of is computed by the functions that the decision was made with.
//! Elsewhere: [`view`] arranges a drawing as the API serves it.
//! Inside: `options` says how it is drawn, `axes` which part of the time, `values` are the two series, `fitted` their fits,
//! and `residuals` what is shown of those.

mod axes;
mod fitted;
mod options;
mod residuals;
mod values;
pub mod view;

use jiff::Timestamp;

use crate::advice::{Advice, Snapshot};
use crate::decision::Decision;
use crate::rules::{Basis, Rules};
use crate::time;

use self::axes::Window;
pub use self::axes::{MAX_POINTS, Unit};
use self::fitted::Fitted;
pub use self::options::{DrawingOptions, Smoothing};
use self::residuals::Judged;
pub use self::residuals::{Density, Histogram, Point, Residuals};
use self::values::Values;
pub use self::values::{Course, Gained, Marker};

/// Everything that charts of one evaluation of one asset show.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// The asset's name as configured.
    pub asset: String,
    /// The evaluation time.
    pub as_of: Timestamp,
    /// The answer.
    pub decision: Decision,
    /// The reference time t0.
    pub t0: Option<Timestamp>,
    /// The evaluation sample t1.
    pub t1: Option<Timestamp>,
    /// The gate multiplier k.
    pub k_sigma: f64,
    /// Whether the band of one σ is wanted.
    pub sigma_band: bool,
    /// Whether the band of k·σ is wanted.
    pub k_sigma_band: bool,
    /// Whether the evaluation time is a configured date instead of now.
    pub is_dated: bool,
    /// What the wallets would hold had nothing been moved, since the reference; the gate's residuals go with it, too.
    pub corrected: Corrected,
    /// The wallets' positions, with the gate's residuals.
    pub position: Panel,
    /// The asset's price, with the residuals of its own fit.
    pub rate: Panel,
}

/// The corrected position over time, from the reference or the start of the charts on, whichever is earlier.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Corrected {
    /// The series, never smoothed. At t1 it lies above [`Gained::from_usd`] by the gain.
    pub course: Course,
    /// What was gained; `None` without a reference.
    pub gain: Option<Gained>,
    /// Deposits inside the series, oldest first.
    pub deposits: Vec<Marker>,
    /// Withdrawals inside the series, oldest first.
    pub withdrawals: Vec<Marker>,
}

/// A series over time and the residuals that go with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Unit of the course.
    pub unit: Unit,
    /// The series.
    pub course: Course,
    /// Deposits inside the window, oldest first.
    pub deposits: Vec<Marker>,
    /// Withdrawals inside the window, oldest first.
    pub withdrawals: Vec<Marker>,
    /// The residuals; `None` where there is no fit. Their unit may be another than the course's: the position is shown with
    /// the gate's residuals, also where the gate judges the price.
    pub residuals: Option<Residuals>,
}

impl Drawing {
    /// The drawing of an evaluation without data to draw.
    #[must_use]
    pub fn empty(rules: &Rules, options: &DrawingOptions, advice: &Advice) -> Self {
        let nothing = |unit| Panel {
            unit,
            course: Course::default(),
            deposits: Vec::new(),
            withdrawals: Vec::new(),
            residuals: None,
        };
        Self {
            asset: advice.asset.clone(),
            as_of: advice.as_of,
            decision: advice.decision.clone(),
            t0: advice.t0,
            t1: advice.t1,
            k_sigma: rules.gate.k_sigma,
            sigma_band: options.sigma_band,
            k_sigma_band: options.k_sigma_band,
            is_dated: options.is_dated,
            corrected: Corrected::default(),
            position: nothing(Unit::Usd),
            rate: nothing(Unit::UsdPerUnit),
        }
    }
}

/// Draws the evaluation of `snapshot` by `rules`, whose outcome was `advice`.
///
/// An advice that is an error has an empty drawing: what could not be judged is not shown as if it had been. Where too few
/// points or no reference leave a figure undefined, what rests on it is missing.
#[must_use]
pub fn draw(rules: &Rules, options: &DrawingOptions, snapshot: &Snapshot, advice: &Advice) -> Drawing {
    let mut drawing = Drawing::empty(rules, options, advice);
    let (Decision::Withdraw { .. } | Decision::Hold(_), Some(t1)) = (&advice.decision, advice.t1) else {
        return drawing;
    };
    let window = Window::of(rules, options, snapshot, advice.t0.map(time::nanos), time::nanos(t1));

    let prices = Values::of_prices(snapshot, &window);
    let judged = Judged::prices(rules, advice, &prices, &window);
    let fitted = judged.and_then(|figures| Fitted::new(figures, rules, prices.judged(), &window));
    drawing.rate.course = prices.course(options.smoothing, fitted.as_ref(), &window);
    drawing.rate.residuals = fitted.map(|fitted| Residuals::of(fitted, &prices, options, &window));
    drop(prices);

    let gains = values::gains(rules, snapshot, advice);
    let positions = Values::of_positions(&gains, &window);
    let judged = Judged::positions(rules, advice);
    let fitted = judged.and_then(|figures| Fitted::new(figures, rules, positions.judged(), &window));
    drawing.corrected.course = positions.corrected_course(fitted.as_ref(), &window);
    drawing.corrected.gain = advice.totals.map(Gained::of);
    (drawing.corrected.deposits, drawing.corrected.withdrawals) =
        values::markers(&gains, window.corrected_chart(), window.end);
    drawing.position.course = positions.course(options.smoothing, fitted.as_ref(), &window);
    drawing.position.residuals = match rules.gate.basis {
        Basis::CorrectedPosition => fitted.map(|fitted| Residuals::of(fitted, &positions, options, &window)),
        Basis::ChangeRateUsd => drawing.rate.residuals.clone(),
    };
    (drawing.position.deposits, drawing.position.withdrawals) = values::markers(&gains, window.chart, window.end);
    drawing
}
