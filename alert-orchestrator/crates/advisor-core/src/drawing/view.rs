//! A drawing as the API serves it: one chart with its residuals and their density.
//!
//! Start at [`Drawing::view`].

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Corrected, Course, Density, Drawing, Gained, Marker, Point, Residuals, Unit};

/// Which chart is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum View {
    /// The corrected position since the reference and what it gained, with the gate's residuals.
    Corrected,
    /// The wallets' positions, with the gate's residuals.
    #[default]
    Position,
    /// The asset's price, with the residuals of its own fit.
    Rate,
    /// The gate's residuals alone.
    Residual,
}

/// One view of a drawing. Times are RFC 3339, in UTC, except where they are columns: those are milliseconds since the epoch.
/// What is undefined is null; every number is finite.
#[derive(Debug, Clone, Serialize)]
pub struct Shown<'a> {
    asset: &'a str,
    view: View,
    unit: Unit,
    as_of: Timestamp,
    t0: Option<Timestamp>,
    t1: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<&'a Course>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gain: Option<Gained>,
    sigma: Option<f64>,
    k_times_sigma: Option<f64>,
    show_sigma_band: bool,
    show_k_sigma_band: bool,
    deposits: &'a [Marker],
    withdrawals: &'a [Marker],
    residual: Option<Trace<'a>>,
    density: Option<&'a Density>,
}

/// Residuals over time, without what stands beside them in [`Shown`].
#[derive(Debug, Clone, Serialize)]
struct Trace<'a> {
    ts: &'a [i64],
    value: &'a [f64],
    latest: Option<Point>,
    thresholds: Option<[f64; 2]>,
    unit: Unit,
}

impl Drawing {
    /// What is served for `view`. σ and k·σ are those of the residuals; they are the widths of the bands about the baseline.
    #[must_use]
    pub fn view(&self, view: View) -> Shown<'_> {
        let panel = if view == View::Rate { &self.rate } else { &self.position };
        let residuals = panel.residuals.as_ref();
        let Corrected { course, gain, deposits, withdrawals } = &self.corrected;
        let (unit, series, deposits, withdrawals): (_, _, &[Marker], &[Marker]) = match view {
            View::Corrected => (panel.unit, Some(course), deposits, withdrawals),
            View::Position | View::Rate => (panel.unit, Some(&panel.course), &panel.deposits, &panel.withdrawals),
            View::Residual => (residuals.map_or(panel.unit, |residuals| residuals.unit), None, &[], &[]),
        };
        Shown {
            asset: &self.asset,
            view,
            unit,
            as_of: self.as_of,
            t0: self.t0,
            t1: self.t1,
            series,
            gain: gain.filter(|_| view == View::Corrected),
            sigma: residuals.and_then(|residuals| residuals.sigma),
            k_times_sigma: residuals.and_then(|residuals| residuals.k_times_sigma),
            show_sigma_band: self.sigma_band,
            show_k_sigma_band: self.k_sigma_band,
            deposits,
            withdrawals,
            residual: residuals.map(Trace::of),
            density: residuals.and_then(|residuals| residuals.density.as_ref()),
        }
    }
}

impl<'a> Trace<'a> {
    fn of(residuals: &'a Residuals) -> Self {
        let Residuals { unit, ts, value, latest, thresholds, .. } = residuals;
        Self { ts, value, latest: *latest, thresholds: *thresholds, unit: *unit }
    }
}
