//! What every evaluation of the service consists of, from the store's opening to the journal and the charts.
//!
//! Start at [`Evaluations`]: [`platform::rounds`] makes one after the other, at once and then on schedule, until told
//! to stop.

use std::sync::Arc;
use std::time::Duration;

use advisor_core::decision::Failure;
use advisor_core::store::StoreError;
use advisor_io::AnyStore;
use platform::process;
use platform::rounds::Work;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tracing::{error, info, warn};

use super::live::Live;
use super::marks;
use super::printing::Printing;
use super::published::Published;
use crate::evaluate::Mismatches;
use crate::prices::ASK_LIQWID_EVERY;
use crate::round::{self, Finished};
use crate::settings::Settings;
use crate::store;
use crate::{chart_files, cleanup, journal};

/// How long everything around an evaluation may take before the service passes for hung: a pull of transactions, the
/// journal.
const OTHER_WORK: Duration = Duration::from_secs(900);

/// The rounds of the service, and what one leaves for the next.
pub(super) struct Evaluations {
    live: Arc<Live>,
    mismatches: Mismatches,
    /// The round that is being made.
    current: Current,
    drawing: Option<JoinHandle<()>>,
    printing: Printing,
    /// When old decisions were last removed from the journal.
    forgot_at: Option<Instant>,
    /// When transactions were last pulled.
    pulled_at: Option<Instant>,
}

/// By which settings a round goes, and since when.
struct Current {
    settings: Arc<Settings>,
    started: std::time::Instant,
}

impl Current {
    fn new(live: &Live) -> Self {
        Self { settings: Arc::clone(&live.settings()), started: std::time::Instant::now() }
    }
}

impl Evaluations {
    pub(super) fn new(live: Arc<Live>) -> Self {
        Self {
            current: Current::new(&live),
            live,
            mismatches: Mismatches::new(),
            drawing: None,
            printing: Printing::default(),
            forgot_at: None,
            pulled_at: None,
        }
    }
}

impl Work for Evaluations {
    type Outcome = Finished;

    const NAME: &'static str = "evaluations";
    const BROKE_OFF: &'static str =
        "the evaluation loop broke off; nothing is evaluated any more until the service is restarted";

    fn interval(&self) -> Duration {
        self.live.settings().interval()
    }

    fn limit(&self) -> Duration {
        round::limit(&self.live.settings()) + OTHER_WORK
    }

    async fn before_first(&mut self) {
        let minutes = self.live.settings().config.orchestrator.schedule.interval_minutes;
        info!("Running evaluation loop every {minutes} minutes");
        info!("First evaluation starting");
        let settings = Arc::clone(&self.live.settings());
        clean_up(&self.live, move || cleanup::at_start(&settings)).await;
        tokio::spawn(marks::follow(Arc::clone(&self.live)));
    }

    async fn work(&mut self) -> Finished {
        self.current = Current::new(&self.live);
        self.evaluate().await
    }

    async fn finish(&mut self, outcome: Option<Finished>) {
        let Current { settings, started } = &self.current;
        let finished = outcome.unwrap_or_else(|| {
            // What concerns one asset has been caught before, and the hook has logged where it was. The figures of the
            // round before must not pass for this one's.
            let failure = Failure::InvalidData("the round broke off, please report it".to_owned());
            Finished::failed(&settings.plan, *started, &failure)
        });
        self.publish(&Arc::clone(settings), finished).await;
    }

    async fn after_last(self) {
        // What was begun before the round is finished.
        drop(self.live.syncing.lock().await);
    }
}

impl Evaluations {
    /// Opens the store where that has not succeeded yet, and evaluates.
    async fn evaluate(&mut self) -> Finished {
        let settings = Arc::clone(&self.current.settings);
        let store = match self.live.store() {
            Some(store) => Ok(store),
            None => open(Arc::clone(&settings)).await,
        };
        match store {
            Ok(store) => {
                self.live.opened(Arc::clone(&store));
                self.pull_transactions(&store, &settings).await;
                round::run(&store, &settings, &settings.plan, &self.mismatches).await
            }
            Err(error) => {
                self.live.not_opened(&error);
                Finished::failed(&settings.plan, self.current.started, &Failure::Store(error))
            }
        }
    }

    /// Brings deposits and withdrawals up to date, where that is wanted before every evaluation and not going on
    /// already.
    async fn pull_transactions(&mut self, store: &Arc<AnyStore>, settings: &Arc<Settings>) {
        // Where that was turned on a moment ago, nothing has been pulled yet.
        let wanted = settings.config.orchestrator.transaction_sync.enabled;
        if !wanted || self.pulled_at.is_some_and(|at| at.elapsed() < ASK_LIQWID_EVERY) {
            return;
        }
        let Ok(one_at_a_time) = Arc::clone(&self.live.syncing).try_lock_owned() else { return };
        let (live, store, settings) = (Arc::clone(&self.live), Arc::clone(store), Arc::clone(settings));
        self.pulled_at = Some(Instant::now());
        // A task of its own: the round is dropped where the service is told to stop, what was begun here is finished.
        let pull = tokio::spawn(async move {
            if let Some(pulled) = round::pull_transactions(&store, &settings, live.write_prefix).await {
                live.told().pull(&pulled);
                pulled.iter().for_each(|summary| live.note_sync(summary));
            }
            drop(one_at_a_time);
        });
        process::outcome(pull).await;
    }

    async fn publish(&mut self, settings: &Arc<Settings>, mut finished: Finished) {
        finished.evaluation.count_mismatches(&mut self.mismatches);
        let published = Arc::new(Published::new(finished, Arc::clone(settings)));
        let Finished { evaluation, took } = &published.finished;
        self.live.counters.evaluated(&evaluation.advice, evaluation.started_at, *took);
        self.live.publish(Arc::clone(&published));
        self.live.told().round(evaluation);
        self.printing.print(&published.finished.evaluation, published.settings.zone());
        if let Some(store) = self.live.store().filter(|_| published.finished.has_store()) {
            self.write_down(&store, settings, &published.finished).await;
        }
        self.draw(settings, Arc::clone(&published));
        let settings = Arc::clone(settings);
        clean_up(&self.live, move || cleanup::after(&settings, &published.finished.evaluation)).await;
    }

    /// Keeps the journal.
    async fn write_down(&mut self, store: &AnyStore, settings: &Settings, finished: &Finished) {
        let prefix = self.live.write_prefix;
        let kept = journal::keep(store, settings, finished, prefix).await;
        self.live.told().kept(&kept);
        if self.forgot_at.is_none_or(|at| at.elapsed() >= journal::FORGET_EVERY) {
            let pruned = journal::forget(store, settings, &finished.evaluation, prefix).await;
            self.live.told().pruned(&pruned);
            // Where it could not be done, the next hour is soon enough.
            self.forgot_at = pruned.unwrap_or(true).then(Instant::now);
        }
    }

    /// Draws the charts beside what follows; where the previous ones are not finished yet, these are left out.
    fn draw(&mut self, settings: &Arc<Settings>, published: Arc<Published>) {
        if !settings.config.orchestrator.diagnostics.enabled {
            return;
        }
        if self.drawing.as_ref().is_some_and(|drawing| !drawing.is_finished()) {
            warn!("the charts of the previous evaluation are still being drawn; none are drawn of this one");
            return;
        }
        let (live, settings) = (Arc::clone(&self.live), Arc::clone(settings));
        self.drawing = Some(tokio::task::spawn_blocking(move || {
            live.set_plots(&published, &chart_files::write_all(&settings, &published.finished.evaluation));
        }));
    }
}

async fn open(settings: Arc<Settings>) -> Result<Arc<AnyStore>, StoreError> {
    process::outcome(tokio::task::spawn_blocking(move || store::open(&settings.config))).await.map(Arc::new)
}

async fn clean_up(live: &Live, delete: impl FnOnce() -> u64 + Send + 'static) {
    match tokio::task::spawn_blocking(delete).await {
        Ok(files) => live.counters.deleted(files),
        Err(ended) => error!("deleting old charts broke off: {ended}"),
    }
}
