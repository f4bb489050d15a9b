//! What the last round found, written down once for everybody who asks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use advisor_core::drawing::view::View;
use arc_swap::ArcSwap;
use platform::http::Rendered;
use platform::process;
use tokio::sync::OnceCell;

use super::metrics;
use crate::config::telemetry::Telemetry;
use crate::decisions::{self, Plots};
use crate::round::Finished;

/// Views that somebody has asked for, by the number of the asset and the view.
type Series = BTreeMap<(usize, u8), Arc<OnceCell<Arc<Rendered>>>>;

/// One round as it is served.
pub(crate) struct Published {
    pub(crate) finished: Finished,
    finished_at: Instant,
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
            finished_at: Instant::now(),
        }
    }

    /// How long ago the round began, whatever became of the time of day meanwhile.
    pub(crate) fn age(&self) -> Duration {
        self.finished_at.elapsed() + self.finished.took
    }

    /// The decisions as JSON.
    pub(crate) fn decisions(&self) -> Arc<Rendered> {
        self.decisions.load_full()
    }

    /// What is drawn of an asset, as JSON; `None` where the round did not have it. Made once, on a thread that may block: it
    /// is long, and mostly nobody looks.
    pub(crate) async fn series(self: &Arc<Self>, asset: &str, view: View) -> Option<Arc<Rendered>> {
        let number = self.finished.evaluation.drawings.iter().position(|drawing| drawing.asset == asset)?;
        let cell = {
            let mut series = self.series.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(series.entry((number, view as u8)).or_default())
        };
        let render = async || {
            let this = Arc::clone(self);
            let rendered = move || Arc::new(Rendered::json(&this.finished.evaluation.drawings[number].view(view)));
            process::outcome(tokio::task::spawn_blocking(rendered)).await
        };
        Some(Arc::clone(cell.get_or_init(render).await))
    }

    /// Says where the charts of this round are, once they have been drawn.
    pub(crate) fn set_plots(&self, plots: &Plots) {
        self.decisions.store(Arc::new(render(&self.finished, plots)));
    }
}

fn render(finished: &Finished, plots: &Plots) -> Rendered {
    Rendered::json(&decisions::by_asset(&finished.evaluation, plots))
}
