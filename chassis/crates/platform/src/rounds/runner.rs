//! The thread, and the loop on it.

use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, sleep_until};
use tracing::error;

use super::shared::Rounds;
use super::timetable::Timetable;
use super::work::Work;

/// Why no rounds are made.
#[derive(Debug, thiserror::Error)]
#[error("starting the {part} of the {rounds}")]
pub struct SpawnError {
    /// `thread` or `runtime`.
    part: &'static str,
    rounds: &'static str,
    source: io::Error,
}

/// The thread that makes the rounds.
#[derive(Debug)]
pub(crate) struct Handle(oneshot::Receiver<()>);

impl Handle {
    /// Ready once the last round has been left in order.
    pub(crate) async fn finished(self) {
        // An error means that the thread ended without a word, which is an end, too.
        drop(self.0.await);
    }
}

/// Makes rounds from now on, until `stopping` is true. What they have begun by then has `drain` to come to its end.
///
/// # Errors
/// The system gives no thread or runtime.
pub(crate) fn spawn<W: Work>(
    rounds: Arc<Rounds>,
    work: W,
    drain: Duration,
    stopping: watch::Receiver<bool>,
) -> Result<Handle, SpawnError> {
    let failed = |part| move |source| SpawnError { part, rounds: W::NAME, source };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed("runtime"))?;
    let (ended, handle) = oneshot::channel();
    let body = move || {
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(Runner::new(&rounds, work, stopping).run());
        }));
        if outcome.is_err() {
            error!("{}", W::BROKE_OFF);
        }
        // What was begun is finished, but not waited for for ever.
        runtime.shutdown_timeout(drain);
        rounds.liveness.end();
        // Nobody waits any more where the service has been cut off.
        let _ = ended.send(());
    };
    std::thread::Builder::new().name("rounds".into()).spawn(body).map_err(failed("thread"))?;
    Ok(Handle(handle))
}

/// One round after the other.
pub(super) struct Runner<'r, W> {
    rounds: &'r Rounds,
    work: W,
    stopping: watch::Receiver<bool>,
    timetable: Timetable,
    due: Instant,
}

impl<'r, W: Work> Runner<'r, W> {
    /// The first round is due now.
    pub(super) fn new(rounds: &'r Rounds, work: W, stopping: watch::Receiver<bool>) -> Self {
        let now = Instant::now();
        let timetable = Timetable::new(now, work.interval());
        Self { rounds, work, stopping, timetable, due: now }
    }

    pub(super) async fn run(mut self) {
        self.work.before_first().await;
        loop {
            tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stop| *stop) => break,
                () = sleep_until(self.due) => {}
                () = self.rounds.wanted() => {}
            }
            self.timetable.keep_to(self.work.interval(), Instant::now());
            self.plan_next();
            if self.round().await.is_none() {
                break;
            }
            // Those that fell due meanwhile are left out.
            self.plan_next();
        }
        self.work.after_last().await;
    }

    fn plan_next(&mut self) {
        let due = self.timetable.after(Instant::now());
        if due != self.due {
            self.due = due;
            self.rounds.announce(due);
        }
    }

    /// One round; `None` where the service was told to stop meanwhile.
    async fn round(&mut self) -> Option<()> {
        self.rounds.liveness.busy_for(self.work.limit());
        let outcome = tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stop| *stop) => return None,
            outcome = AssertUnwindSafe(self.work.work()).catch_unwind() => outcome,
        };
        self.work.finish(outcome.ok()).await;
        self.rounds.liveness.idle();
        Some(())
    }
}
