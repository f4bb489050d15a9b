//! What do all charts of one evaluation have in common: the part of the time, the units, and the number of points?

use serde::Serialize;

use crate::advice::Snapshot;
use crate::rules::{Basis, Rules};
use crate::time;

use super::options::DrawingOptions;

/// No series has more points; those that stay keep every peak.
pub const MAX_POINTS: usize = 5_000;

/// Unit of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// US dollars.
    #[serde(rename = "USD")]
    Usd,
    /// US dollars per unit of the asset.
    #[serde(rename = "USD per unit")]
    UsdPerUnit,
}

impl Unit {
    /// The unit as it is written beside an axis.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usd => "USD",
            Self::UsdPerUnit => "USD per unit",
        }
    }

    pub(super) fn of(basis: Basis) -> Self {
        match basis {
            Basis::CorrectedPosition => Self::Usd,
            Basis::ChangeRateUsd => Self::UsdPerUnit,
        }
    }
}

/// What of the time is looked at, nanoseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Start of the charts.
    pub(super) chart: i64,
    /// Start of the gate's window.
    pub(super) gate: i64,
    /// The reference time; the start of the charts without one.
    pub(super) reference: i64,
    /// The evaluation sample, the end of both.
    pub(super) end: i64,
    /// Whether the gate's window was loaded as a whole.
    pub(super) gate_loaded: bool,
}

impl Window {
    pub(super) fn of(rules: &Rules, options: &DrawingOptions, snapshot: &Snapshot, t0: Option<i64>, end: i64) -> Self {
        let start = |hours| end.saturating_sub(time::hours(hours));
        let gate = start(rules.gate.lookback_hours);
        let chart = options.lookback_hours.map_or(gate, start);
        Self {
            chart,
            gate,
            reference: t0.unwrap_or(chart),
            end,
            gate_loaded: snapshot.loaded_from.is_none_or(|loaded| loaded <= gate),
        }
    }

    /// Start of what is needed for both.
    pub(super) fn start(&self) -> i64 {
        self.chart.min(self.gate)
    }

    /// Start of the corrected position's chart: a gain is seen as a whole or not at all.
    pub(super) fn corrected_chart(&self) -> i64 {
        self.chart.min(self.reference)
    }
}

/// An instant as charts have it.
pub(super) fn millis(nanos: i64) -> i64 {
    nanos.div_euclid(1_000_000)
}

/// Index of the first of increasing times at or after `from`.
pub(super) fn since(ts: &[i64], from: i64) -> usize {
    ts.partition_point(|ts| *ts < from)
}
