//! What the rounds and the HTTP server share.

use std::path::PathBuf;
use std::sync::Arc;

use advisor_core::store::StoreError;
use advisor_io::AnyStore;
use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use jiff::Timestamp;
use platform::metrics::MetricsPage;
use platform::rounds::Rounds;
use platform::serve::{Probe, Turns, Writes};
use tokio::sync::Mutex;

use super::counters::Counters;
use super::published::Published;
use crate::cli::Common;
use crate::settings::Settings;
use crate::sync::Summary;

/// How many questions the API puts to the store at once, and how many may wait: more would take the connections of
/// others.
const QUESTIONS_AT_ONCE: usize = 4;
const QUESTIONS_WAITING: usize = 64;

/// The running service. Everything in it can be read without waiting for an evaluation.
pub(crate) struct Live {
    settings: ArcSwap<Settings>,
    published: ArcSwapOption<Published>,
    store: ArcSwapOption<AnyStore>,
    /// Why the store could not be opened the last time.
    not_opened: ArcSwapOption<String>,
    probe: Probe,
    pub(crate) rounds: Arc<Rounds>,
    pub(crate) counters: Counters,
    pub(crate) metrics: MetricsPage,
    /// Held while a transaction sync runs: there is one at a time.
    pub(crate) syncing: Arc<Mutex<()>>,
    pub(crate) writes: Writes,
    /// Questions of the API to the store: each may read a whole table.
    pub(crate) questions: Turns,
    pub(crate) config_path: PathBuf,
    /// What stands before the name of every table that is written.
    pub(crate) write_prefix: &'static str,
}

impl Live {
    pub(crate) fn new(settings: Settings, common: &Common) -> Self {
        let telemetry = &settings.config.orchestrator.telemetry;
        let counters = Counters::new(&telemetry.metric_prefix);
        counters.interval_is(settings.config.orchestrator.schedule.interval_minutes);
        Self {
            settings: ArcSwap::from_pointee(settings),
            published: ArcSwapOption::empty(),
            store: ArcSwapOption::empty(),
            not_opened: ArcSwapOption::empty(),
            probe: Probe::default(),
            rounds: Arc::default(),
            counters,
            metrics: MetricsPage::default(),
            syncing: Arc::default(),
            writes: Writes::default(),
            questions: Turns::new(QUESTIONS_AT_ONCE, QUESTIONS_WAITING),
            config_path: common.flags.config.clone(),
            write_prefix: common.write_prefix(),
        }
    }

    pub(crate) fn settings(&self) -> Guard<Arc<Settings>> {
        self.settings.load()
    }

    pub(crate) fn replace_settings(&self, settings: Settings) {
        self.counters.interval_is(settings.config.orchestrator.schedule.interval_minutes);
        self.settings.store(Arc::new(settings));
    }

    /// What the last round found; `None` until the first has finished.
    pub(crate) fn published(&self) -> Option<Arc<Published>> {
        self.published.load_full()
    }

    pub(crate) fn publish(&self, published: Arc<Published>) {
        self.published.store(Some(published));
        self.metrics.forget();
    }

    /// What the last round found and what has been counted, in the OpenMetrics text format without the end mark.
    pub(crate) fn measured(&self) -> String {
        let mut text = self.published().map(|published| published.metrics.clone()).unwrap_or_default();
        text.push_str(&self.counters.text(self.store().as_deref()));
        text
    }

    /// The store, once it has been opened.
    pub(crate) fn store(&self) -> Option<Arc<AnyStore>> {
        self.store.load_full()
    }

    pub(crate) fn opened(&self, store: Arc<AnyStore>) {
        self.store.store(Some(store));
    }

    pub(crate) fn not_opened(&self, cause: &StoreError) {
        self.not_opened.store(Some(Arc::new(cause.to_string())));
    }

    /// Remembers a pull of transactions that left nothing out.
    pub(crate) fn note_sync(&self, summary: &Summary) {
        if summary.is_stored() {
            self.counters.synced(Timestamp::now());
        }
    }

    /// Whether the store answers now, or did a moment ago.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) async fn probe_store(&self) -> Result<(), String> {
        let question = async {
            let Some(store) = self.store() else {
                let cause = self.not_opened.load_full().map(|cause| String::clone(&cause));
                return Err(cause.unwrap_or_else(|| "the store has not been opened yet".to_owned()));
            };
            store.ping().await.map_err(|error| error.to_string())
        };
        self.probe.ask(question).await
    }
}
