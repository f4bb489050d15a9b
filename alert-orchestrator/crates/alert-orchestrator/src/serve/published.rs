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
use crate::decisions::{self, Plots};
use crate::round::Finished;
use crate::settings::Settings;

/// Views that somebody has asked for, by the number of the asset and the view.
type Series = BTreeMap<(usize, u8), Arc<OnceCell<Arc<Rendered>>>>;

/// One round as it is served.
pub(crate) struct Published {
    pub(crate) finished: Finished,
    /// What it was evaluated by.
    pub(crate) settings: Arc<Settings>,
    finished_at: Instant,
    /// Gauges of the round, in the OpenMetrics text format without the end mark.
    pub(crate) metrics: String,
    decisions: ArcSwap<Rendered>,
    plots: ArcSwap<Plots>,
    /// What is drawn of an asset, by asset and view, from the first time somebody asks.
    series: Mutex<Series>,
}

/// What was evaluated anew between two rounds.
pub(crate) struct Later {
    pub(crate) finished: Finished,
    pub(crate) settings: Arc<Settings>,
    pub(crate) began_at: Instant,
}

impl Later {
    /// Whether it has every asset of the other.
    pub(crate) fn replaces(&self, other: &Self) -> bool {
        other.finished.evaluation.advice.iter().all(|advice| self.finished.evaluation.of(&advice.asset).is_some())
    }
}

impl Published {
    pub(crate) fn new(finished: Finished, settings: Arc<Settings>) -> Self {
        Self::of(finished, Instant::now(), settings, Arc::default())
    }

    fn of(finished: Finished, finished_at: Instant, settings: Arc<Settings>, plots: Arc<Plots>) -> Self {
        Self {
            metrics: metrics::of_round(&finished.evaluation, &settings.config.orchestrator.telemetry),
            decisions: ArcSwap::from_pointee(render(&finished, &plots)),
            plots: ArcSwap::new(plots),
            series: Mutex::default(),
            settings,
            finished,
            finished_at,
        }
    }

    /// The same round with what was evaluated anew.
    pub(crate) fn with(&self, later: &Later) -> Self {
        let evaluation = self.finished.evaluation.with(&later.finished.evaluation);
        let finished = Finished { evaluation, took: self.finished.took };
        Self::of(finished, self.finished_at, Arc::clone(&self.settings), self.plots.load_full())
    }

    /// Whether the round began before that, by the same settings, so that it knows less.
    pub(crate) fn is_before(&self, later: &Later) -> bool {
        let began_at = self.finished_at.checked_sub(self.finished.took);
        Arc::ptr_eq(&self.settings, &later.settings) && began_at.is_none_or(|began_at| began_at < later.began_at)
    }

    /// Whether this is that round, as it is or with something evaluated anew.
    pub(crate) fn is_of(&self, round: &Self) -> bool {
        self.finished_at == round.finished_at
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
        self.plots.store(Arc::new(plots.clone()));
        self.decisions.store(Arc::new(render(&self.finished, plots)));
    }
}

fn render(finished: &Finished, plots: &Plots) -> Rendered {
    Rendered::json(&decisions::by_asset(&finished.evaluation, plots))
}
