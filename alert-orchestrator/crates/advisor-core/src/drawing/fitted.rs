//! What does the gate's fit leave over of a series, sample by sample?

use std::borrow::Cow;

use crate::gate::{self, GateFigures};
use crate::rules::Rules;

use super::axes::{self, Window};

/// A series' residuals in full, with the figures they gave.
pub(super) struct Fitted<'a> {
    pub(super) figures: Cow<'a, GateFigures>,
    /// Index of the first sample of the series inside the gate's window.
    pub(super) since: usize,
    /// One for each sample from there on.
    pub(super) residuals: Vec<f64>,
}

impl<'a> Fitted<'a> {
    /// The residuals of a series, its times and `values`, in the gate's window; `None` where the gate had no fit either.
    pub(super) fn new(
        figures: Cow<'a, GateFigures>,
        rules: &Rules,
        (ts, values): (&[i64], &[f64]),
        window: &Window,
    ) -> Option<Self> {
        figures.residual?;
        let since = axes::since(ts, window.gate);
        let residuals = gate::residuals(&ts[since..], &values[since..], rules.gate.baseline)?;
        Some(Self { figures, since, residuals })
    }

    /// The residual of the series' sample `i`; `None` before the gate's window.
    pub(super) fn residual(&self, i: usize) -> Option<f64> {
        self.residuals.get(i.checked_sub(self.since)?).copied()
    }
}
