//! How many requests did a store answer, and how many not?

use std::sync::atomic::{AtomicU64, Ordering};

/// Requests to a store since it was opened: for GreptimeDB every HTTP request, those that repeat an earlier one included;
/// for the embedded store every read and write.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Requests that brought what was asked for.
    pub ok: u64,
    /// Requests that did not.
    pub failed: u64,
}

/// Counts requests; shared by all who ask.
#[derive(Debug, Default)]
pub(crate) struct RequestCounter {
    ok: AtomicU64,
    failed: AtomicU64,
}

impl RequestCounter {
    /// Counts the outcome and hands it on.
    pub(crate) fn count<T, E>(&self, outcome: Result<T, E>) -> Result<T, E> {
        let counter = if outcome.is_ok() { &self.ok } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        outcome
    }

    pub(crate) fn read(&self) -> RequestCounts {
        RequestCounts { ok: self.ok.load(Ordering::Relaxed), failed: self.failed.load(Ordering::Relaxed) }
    }
}
