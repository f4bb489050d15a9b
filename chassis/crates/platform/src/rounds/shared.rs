//! What others see and ask of the rounds.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::liveness::Liveness;

/// What the thread that makes the rounds shares with the rest of the service.
#[derive(Debug)]
pub struct Rounds {
    /// Milliseconds since 1970; 0 where none is known.
    next_at: AtomicI64,
    wanted: Notify,
    pub(super) liveness: Liveness,
}

impl Default for Rounds {
    fn default() -> Self {
        Self { next_at: AtomicI64::new(0), wanted: Notify::new(), liveness: Liveness::new() }
    }
}

impl Rounds {
    /// When the next round is due; `None` until the first has begun.
    pub fn next_at(&self) -> Option<Timestamp> {
        match self.next_at.load(Ordering::Relaxed) {
            0 => None,
            millisecond => Timestamp::from_millisecond(millisecond).ok(),
        }
    }

    /// Makes a round follow at once, because something that counts has changed: after the one that is being made, where
    /// there is one. However often this is said until then, it is one round.
    pub fn soon(&self) {
        self.wanted.notify_one();
    }

    /// Whether rounds are still being made, none of them for longer than it may take. This is what `/livez` says and
    /// systemd's watchdog is told.
    pub fn is_alive(&self) -> bool {
        self.liveness.is_alive()
    }

    /// Ready when a round is wanted before its time.
    pub(super) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Says in the time of day when the next round is due.
    pub(super) fn announce(&self, due: Instant) {
        let wait =
            SignedDuration::try_from(due.saturating_duration_since(Instant::now())).unwrap_or(SignedDuration::MAX);
        if let Ok(next) = Timestamp::now().checked_add(wait) {
            self.next_at.store(next.as_millisecond(), Ordering::Relaxed);
        }
    }
}
