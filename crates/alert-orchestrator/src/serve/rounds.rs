//! One evaluation after the other: at once, then on schedule, until told to stop.
//!
//! Start at [`spawn`]. Rounds have a thread and a runtime of their own, so that an evaluation never keeps a request waiting.
//! A round that takes longer than the interval makes the next ones be skipped, not pile up, and the schedule does not drift:
//! instants are counted from the first round. Between rounds the configuration is read again where that is asked for.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use advisor_core::decision::Failure;
use advisor_core::store::StoreError;
use anyhow::Context as _;
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use platform::shutdown;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tracing::{error, warn};

use super::live::Live;
use super::published::Published;
use super::reload::{self, Watched};
use crate::backend::Backend;
use crate::evaluate::Mismatches;
use crate::round::{self, Finished};
use crate::settings::Settings;
use crate::{chart_files, cleanup, console, journal};

/// How often a configuration file is looked at where `reload_on_change` is set.
const LOOK_EVERY: Duration = Duration::from_secs(2);

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

/// Starts making rounds.
///
/// # Errors
/// The system gives no thread or runtime.
pub(super) fn spawn(live: Arc<Live>, stopping: watch::Receiver<bool>) -> anyhow::Result<Handle> {
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
        runtime.shutdown_timeout(super::DRAIN);
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
}

/// What comes next.
enum Next {
    /// The round that was due at this instant.
    Due(Instant),
    /// One before its time.
    Extra,
    Reload,
    Stop,
}

impl<'l> Rounds<'l> {
    fn new(live: &'l Arc<Live>, stopping: watch::Receiver<bool>) -> Self {
        Self { live, stopping, mismatches: Mismatches::new(), drawing: None, printing: None, forgot_at: None }
    }

    async fn run(mut self) {
        let mut hangups = match shutdown::hangups() {
            Ok(hangups) => Some(hangups),
            Err(error) => {
                warn!("SIGHUP will not reload the configuration: {error}");
                None
            }
        };
        let mut watched = Watched::new(&self.live.config_path, &self.live.settings().config);
        let mut looks = schedule(Instant::now(), LOOK_EVERY);
        let first = Instant::now();
        let mut interval = self.live.settings().interval();
        let mut schedule = schedule(first, interval);
        clean_up(self.live).await;
        loop {
            let next = tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stop| *stop) => Next::Stop,
                Some(()) = hangup(hangups.as_mut()) => Next::Reload,
                due = schedule.tick() => Next::Due(due),
                () = self.live.evaluation_wanted() => Next::Extra,
                _ = looks.tick(), if self.live.settings().config.orchestrator.reload_on_change => {
                    if watched.has_changed() { Next::Reload } else { continue }
                }
            };
            match next {
                Next::Stop => return,
                Next::Reload => {
                    // Looked at before it is read: what is written while it is read is a change of its own.
                    let before = Watched::new(&self.live.config_path, &self.live.settings().config);
                    let accepted = reload::reload(self.live);
                    watched = before;
                    let asked = self.live.settings().interval();
                    if asked != interval {
                        interval = asked;
                        schedule = self::schedule(Instant::now() + interval, interval);
                        self.announce_next(interval);
                    }
                    if !accepted {
                        continue;
                    }
                    // What was decided by the rules before must not stand until the next round is due.
                }
                // Where a round came late, the next one is still due when it would have been.
                Next::Due(due) => self.announce_next((due + interval).saturating_duration_since(Instant::now())),
                Next::Extra => {}
            }
            if self.round().await.is_none() {
                return;
            }
        }
    }

    fn announce_next(&self, wait: Duration) {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
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
            let evaluate = AssertUnwindSafe(self.evaluate(&settings)).catch_unwind();
            let mut stopping = self.stopping.clone();
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
    async fn evaluate(&self, settings: &Arc<Settings>) -> Finished {
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
            Err(error) => Finished::failed(&settings.plan, started, &Failure::Store(error)),
        }
    }

    /// Brings deposits and withdrawals up to date, where that is wanted before every evaluation and not going on already.
    async fn pull_transactions(&self, backend: &Arc<Backend>, settings: &Arc<Settings>) {
        let Ok(_one_at_a_time) = self.live.syncing.try_lock() else { return };
        if let Some(summary) = round::pull_transactions(backend, settings, self.live.write_prefix).await {
            self.live.note_sync(&summary);
        }
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
    match tokio::task::spawn_blocking(move || Backend::open(&settings.config)).await {
        Ok(opened) => opened.map(Arc::new),
        Err(ended) => std::panic::resume_unwind(ended.into_panic()),
    }
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

fn schedule(first: Instant, interval: Duration) -> Interval {
    let mut schedule = interval_at(first, interval);
    schedule.set_missed_tick_behavior(MissedTickBehavior::Skip);
    schedule
}

/// The next SIGHUP; never, where they cannot be listened for.
async fn hangup(hangups: Option<&mut shutdown::Hangups>) -> Option<()> {
    match hangups {
        Some(hangups) => hangups.recv().await,
        None => std::future::pending().await,
    }
}
