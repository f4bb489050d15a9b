//! One evaluation after the other: at once, then on schedule, until told to stop.
//!
//! Start at [`spawn`]. Rounds have a thread and a runtime of their own, so that an evaluation never keeps a request waiting.
//! A round that takes longer than the interval makes those be left out that fell due meanwhile, and the schedule does not
//! drift: instants are counted from the first round.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use advisor_core::decision::Failure;
use advisor_core::store::StoreError;
use anyhow::Context as _;
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use platform::process;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tracing::{error, warn};

use super::live::Live;
use super::published::Published;
use crate::backend::Backend;
use crate::evaluate::Mismatches;
use crate::prices::ASK_LIQWID_EVERY;
use crate::round::{self, Finished};
use crate::settings::Settings;
use crate::{chart_files, cleanup, console, journal};

/// How long everything around an evaluation may take before the service passes for hung: a pull of transactions, the journal.
const OTHER_WORK: Duration = Duration::from_secs(900);

/// How often old decisions are removed from the journal, which keeps them for days.
const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// The thread that makes the rounds.
pub(super) struct Handle(oneshot::Receiver<()>);

impl Handle {
    /// Ready once the last round has been left in order.
    pub(super) async fn finished(self) {
        // An error means that the thread ended without a word, which is an end, too.
        drop(self.0.await);
    }
}

/// Starts making rounds; once told to stop, what was begun has `drain` to finish.
///
/// # Errors
/// The system gives no thread or runtime.
pub(super) fn spawn(live: Arc<Live>, stopping: watch::Receiver<bool>, drain: Duration) -> anyhow::Result<Handle> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runtime of the evaluations")?;
    let (ended, handle) = oneshot::channel();
    let body = move || {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(Rounds::new(&live, stopping).run());
        }));
        if outcome.is_err() {
            error!("the evaluation loop broke off; nothing is evaluated any more until the service is restarted");
        }
        // Writes and charts that were begun are finished, but not waited for for ever.
        runtime.shutdown_timeout(drain);
        live.rounds_ended();
        // Nobody waits any more where the service has been cut off.
        let _ = ended.send(());
    };
    std::thread::Builder::new().name("rounds".into()).spawn(body).context("starting the thread of the evaluations")?;
    Ok(Handle(handle))
}

struct Rounds<'l> {
    live: &'l Arc<Live>,
    stopping: watch::Receiver<bool>,
    mismatches: Mismatches,
    drawing: Option<JoinHandle<()>>,
    printing: Option<JoinHandle<()>>,
    /// When old decisions were last removed from the journal.
    forgot_at: Option<Instant>,
    /// When transactions were last pulled.
    pulled_at: Option<Instant>,
}

impl<'l> Rounds<'l> {
    fn new(live: &'l Arc<Live>, stopping: watch::Receiver<bool>) -> Self {
        Self {
            live,
            stopping,
            mismatches: Mismatches::new(),
            drawing: None,
            printing: None,
            forgot_at: None,
            pulled_at: None,
        }
    }

    async fn run(mut self) {
        let mut interval = self.live.settings().interval();
        let mut due = Instant::now();
        clean_up(self.live).await;
        loop {
            tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stop| *stop) => break,
                () = sleep_until(due) => due = next_due(due, interval, Instant::now()),
                () = self.live.evaluation_wanted() => {}
            }
            let wanted = self.live.settings().interval();
            if wanted != interval {
                interval = wanted;
                due = Instant::now() + interval;
            }
            self.announce(due);
            if self.round().await.is_none() {
                break;
            }
            if due <= Instant::now() {
                due = next_due(due, interval, Instant::now());
                self.announce(due);
            }
        }
        // What was begun before the round is finished.
        drop(self.live.syncing.lock().await);
    }

    fn announce(&self, due: Instant) {
        let wait =
            SignedDuration::try_from(due.saturating_duration_since(Instant::now())).unwrap_or(SignedDuration::MAX);
        if let Ok(next) = Timestamp::now().checked_add(wait) {
            self.live.set_next_round_at(next);
        }
    }

    /// One round; `None` where the service was told to stop meanwhile.
    async fn round(&mut self) -> Option<()> {
        let settings = Arc::clone(&self.live.settings());
        let started = std::time::Instant::now();
        self.live.busy_for(round::limit(&settings) + OTHER_WORK);
        let finished = {
            let mut stopping = self.stopping.clone();
            let evaluate = AssertUnwindSafe(self.evaluate(&settings)).catch_unwind();
            tokio::select! {
                biased;
                _ = stopping.wait_for(|stop| *stop) => return None,
                finished = evaluate => finished,
            }
        };
        match finished {
            Ok(finished) => self.publish(&settings, finished).await,
            // What concerns one asset has been caught before, and the hook has logged where it was. The figures of the round
            // before must not pass for this one's.
            Err(_) => {
                let failure = Failure::InvalidData("the round broke off, please report it".to_owned());
                self.publish(&settings, Finished::failed(&settings.plan, started, &failure)).await;
            }
        }
        self.live.idle();
        Some(())
    }

    /// Opens the store where that has not succeeded yet, and evaluates.
    async fn evaluate(&mut self, settings: &Arc<Settings>) -> Finished {
        let started = std::time::Instant::now();
        let backend = match self.live.backend() {
            Some(backend) => Ok(backend),
            None => open(Arc::clone(settings)).await,
        };
        match backend {
            Ok(backend) => {
                self.live.opened(Arc::clone(&backend));
                self.pull_transactions(&backend, settings).await;
                round::run(&backend, settings, &settings.plan, &self.mismatches).await
            }
            Err(error) => {
                self.live.not_opened(&error);
                Finished::failed(&settings.plan, started, &Failure::Store(error))
            }
        }
    }

    /// Brings deposits and withdrawals up to date, where that is wanted before every evaluation and not going on already.
    async fn pull_transactions(&mut self, backend: &Arc<Backend>, settings: &Arc<Settings>) {
        if self.pulled_at.is_some_and(|at| at.elapsed() < ASK_LIQWID_EVERY) {
            return;
        }
        let Ok(one_at_a_time) = Arc::clone(&self.live.syncing).try_lock_owned() else { return };
        let (live, backend, settings) = (Arc::clone(self.live), Arc::clone(backend), Arc::clone(settings));
        self.pulled_at = Some(Instant::now());
        // A task of its own: the round is dropped where the service is told to stop, what was begun here is finished.
        let pull = tokio::spawn(async move {
            if let Some(summary) = round::pull_transactions(&backend, &settings, live.write_prefix).await {
                live.note_sync(&summary);
            }
            drop(one_at_a_time);
        });
        process::outcome(pull).await;
    }

    async fn publish(&mut self, settings: &Arc<Settings>, finished: Finished) {
        finished.evaluation.count_mismatches(&mut self.mismatches);
        let published = Arc::new(Published::new(finished, &settings.config.orchestrator.telemetry));
        let Finished { evaluation, took } = &published.finished;
        self.live.counters.evaluated(&evaluation.advice, evaluation.started_at, *took);
        self.live.publish(Arc::clone(&published));
        self.print(&published);
        if let Some(backend) = self.live.backend().filter(|_| published.finished.has_store()) {
            journal::keep(&backend, settings, &published.finished, self.live.write_prefix).await;
            if self.forgot_at.is_none_or(|at| at.elapsed() >= FORGET_EVERY) {
                journal::forget(&backend, settings, self.live.write_prefix).await;
                self.forgot_at = Some(Instant::now());
            }
        }
        self.draw(settings, published);
        clean_up(self.live).await;
    }

    /// Prints the summary beside what follows: whoever reads it may have stopped reading.
    fn print(&mut self, published: &Arc<Published>) {
        if self.printing.as_ref().is_some_and(|printing| !printing.is_finished()) {
            warn!("nobody reads standard output: the summary of this evaluation is left out");
            return;
        }
        let published = Arc::clone(published);
        self.printing = Some(tokio::task::spawn_blocking(move || {
            if let Err(error) = console::write_summary(&mut std::io::stdout().lock(), &published.finished.evaluation) {
                warn!("the summary could not be printed: {error}");
            }
        }));
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
        let settings = Arc::clone(settings);
        self.drawing = Some(tokio::task::spawn_blocking(move || {
            published.set_plots(&chart_files::write_all(&settings, &published.finished.evaluation));
        }));
    }
}

async fn open(settings: Arc<Settings>) -> Result<Arc<Backend>, StoreError> {
    process::outcome(tokio::task::spawn_blocking(move || Backend::open(&settings.config))).await.map(Arc::new)
}

async fn clean_up(live: &Arc<Live>) {
    let settings = Arc::clone(&live.settings());
    let deleted =
        tokio::task::spawn_blocking(move || cleanup::run(&settings.config.orchestrator, Timestamp::now())).await;
    match deleted {
        Ok(files) => live.counters.deleted(files),
        Err(ended) => error!("deleting old charts broke off: {ended}"),
    }
}

/// The first instant after `now` that lies a whole number of intervals after `due`.
fn next_due(due: Instant, interval: Duration, now: Instant) -> Instant {
    let passed = now.saturating_duration_since(due).as_nanos() / interval.as_nanos().max(1);
    let intervals = u32::try_from(passed + 1).unwrap_or(u32::MAX);
    due + interval.saturating_mul(intervals)
}
