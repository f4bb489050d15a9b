//! Are rounds still being made, none of them for longer than it may take?

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// What is known of the round that is being made.
#[derive(Debug)]
pub(super) struct Liveness {
    started_at: Instant,
    /// Milliseconds since `started_at`; 0 between rounds. Not the time of day, which somebody may set.
    busy_until: AtomicU64,
    has_ended: AtomicBool,
}

impl Liveness {
    pub(super) fn new() -> Self {
        Self { started_at: Instant::now(), busy_until: AtomicU64::new(0), has_ended: AtomicBool::new(false) }
    }

    pub(super) fn is_alive(&self) -> bool {
        let busy_until = self.busy_until.load(Ordering::Relaxed);
        let hangs = busy_until != 0 && self.started_at.elapsed().as_millis() > u128::from(busy_until);
        !hangs && !self.has_ended.load(Ordering::Relaxed)
    }

    /// A round begins, which may take so long.
    pub(super) fn busy_for(&self, limit: Duration) {
        let until = self.started_at.elapsed().saturating_add(limit).as_millis();
        self.busy_until.store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// The round has ended.
    pub(super) fn idle(&self) {
        self.busy_until.store(0, Ordering::Relaxed);
    }

    /// There will be no more rounds.
    pub(super) fn end(&self) {
        self.has_ended.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_round_passes_for_hung_once_it_takes_longer_than_it_may() {
        let liveness = Liveness::new();
        assert!(liveness.is_alive(), "before the first round");
        liveness.busy_for(Duration::from_secs(5));
        tokio::time::advance(Duration::from_secs(5)).await;
        assert!(liveness.is_alive());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!liveness.is_alive());
        liveness.idle();
        assert!(liveness.is_alive(), "it has come to its end after all");
        liveness.busy_for(Duration::MAX);
        tokio::time::advance(Duration::from_secs(1 << 32)).await;
        assert!(liveness.is_alive());
        liveness.end();
        assert!(!liveness.is_alive());
    }
}
