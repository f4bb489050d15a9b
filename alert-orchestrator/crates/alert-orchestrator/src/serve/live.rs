//! What the rounds and the HTTP server share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};

use advisor_core::store::StoreError;
use advisor_io::AnyStore;
use arc_swap::{ArcSwap, ArcSwapOption, Guard};
use jiff::Timestamp;
use platform::metrics::MetricsPage;
use platform::rounds::Rounds;
use platform::serve::{Probe, Turns, Writes};
use tokio::sync::Mutex;

use super::asked::Asked;
use super::counters::Counters;
use super::fair_turns::FairTurns;
use super::published::{Later, Published};
use crate::cli::Common;
use crate::decisions::Plots;
use crate::settings::Settings;
use crate::sync::Summary;
use crate::told::Told;

/// How many questions the API puts to the store at once, and how many may wait: more would take the connections of
/// others.
const QUESTIONS_AT_ONCE: usize = 4;
const QUESTIONS_WAITING: usize = 64;

/// The running service. Everything in it can be read without waiting for an evaluation.
pub(crate) struct Live {
    settings: ArcSwap<Settings>,
    published: ArcSwapOption<Published>,
    /// What was evaluated anew since the last round began, which a round that began before must not undo.
    later: StdMutex<Vec<Arc<Later>>>,
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
    /// Who wants to know of marks that were set since the last round.
    pub(crate) marks: Asked,
    /// Questions of the API to the store: each may read a whole table.
    pub(crate) questions: Turns,
    /// Turns at computing the effect of a mark, which evaluates an asset twice.
    pub(crate) computing_effects: FairTurns,
    told: StdMutex<Told>,
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
            later: StdMutex::default(),
            store: ArcSwapOption::empty(),
            not_opened: ArcSwapOption::empty(),
            probe: Probe::default(),
            rounds: Arc::default(),
            counters,
            metrics: MetricsPage::default(),
            syncing: Arc::default(),
            writes: Writes::default(),
            marks: Asked::default(),
            questions: Turns::new(QUESTIONS_AT_ONCE, QUESTIONS_WAITING),
            computing_effects: FairTurns::default(),
            told: StdMutex::default(),
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

    /// Publishes a round.
    pub(crate) fn publish(&self, published: Arc<Published>) {
        let mut later = self.later();
        later.retain(|later| published.is_before(later));
        let published = later.iter().fold(published, |published, later| Arc::new(published.with(later)));
        self.published.store(Some(published));
        self.metrics.forget();
    }

    /// Publishes what was evaluated anew between two rounds; returns whether it says more than what is published.
    pub(crate) fn publish_later(&self, evaluated: &Arc<Later>) -> bool {
        let mut later = self.later();
        let Some(published) = self.published().filter(|published| published.is_before(evaluated)) else { return false };
        self.published.store(Some(Arc::new(published.with(evaluated))));
        self.metrics.forget();
        later.retain(|before| !evaluated.replaces(before));
        later.push(Arc::clone(evaluated));
        true
    }

    fn later(&self) -> MutexGuard<'_, Vec<Arc<Later>>> {
        self.later.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the log has said of the rounds.
    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says where the charts of a round are, also where some of it was evaluated anew meanwhile.
    pub(crate) fn set_plots(&self, round: &Published, plots: &Plots) {
        round.set_plots(plots);
        if let Some(published) = self.published().filter(|published| published.is_of(round)) {
            published.set_plots(plots);
        }
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
        self.probe.ask(question).await.map_err(|cause| legible::line(&cause))
    }
}
