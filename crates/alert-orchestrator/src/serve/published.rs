//! What the last round found, written down once for everybody who asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use advisor_core::drawing::view::View;
use arc_swap::ArcSwap;
use platform::http::Rendered;
use serde::Serialize;

use super::metrics;
use crate::config::telemetry::Telemetry;
use crate::decisions::{self, Plots};
use crate::round::Finished;

/// Views that somebody has asked for, by asset and view.
type Series = BTreeMap<(String, u8), Arc<Rendered>>;

/// One round as it is served.
pub(crate) struct Published {
    pub(crate) finished: Finished,
    /// Gauges of the round, in the OpenMetrics text format without the end mark.
    pub(crate) metrics: String,
    decisions: ArcSwap<Rendered>,
    /// What is drawn of an asset, by asset and view, from the first time somebody asks.
    series: Mutex<Series>,
}

impl Published {
    pub(crate) fn new(finished: Finished, telemetry: &Telemetry) -> Self {
        Self {
            metrics: metrics::of_round(&finished.evaluation, telemetry),
            decisions: ArcSwap::from_pointee(render(&finished, &Plots::new())),
            series: Mutex::default(),
            finished,
        }
    }

    /// The decisions as JSON.
    pub(crate) fn decisions(&self) -> Arc<Rendered> {
        self.decisions.load_full()
    }

    /// What is drawn of an asset, as JSON; `None` where the round did not have it.
    pub(crate) fn series(&self, asset: &str, view: View) -> Option<Arc<Rendered>> {
        let key = (asset.to_owned(), view as u8);
        if let Some(known) = self.lock().get(&key) {
            return Some(Arc::clone(known));
        }
        let drawing = self.finished.evaluation.drawings.iter().find(|drawing| drawing.asset == asset)?;
        let rendered = Arc::new(json(&drawing.view(view)));
        Some(Arc::clone(self.lock().entry(key).or_insert(rendered)))
    }

    fn lock(&self) -> MutexGuard<'_, Series> {
        self.series.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says where the charts of this round are, once they have been drawn.
    pub(crate) fn set_plots(&self, plots: &Plots) {
        self.decisions.store(Arc::new(render(&self.finished, plots)));
    }
}

fn render(finished: &Finished, plots: &Plots) -> Rendered {
    json(&decisions::by_asset(&finished.evaluation, plots))
}

fn json(value: &impl Serialize) -> Rendered {
    // Only maps with keys that are no texts could fail, and there are none.
    let body = serde_json::to_vec(value).unwrap_or_else(|error| unreachable!("invariant: answers are JSON: {error}"));
    Rendered::new("application/json", body)
}
