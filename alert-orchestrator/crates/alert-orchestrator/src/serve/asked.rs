//! What do requests tell of marks: that somebody looks, and what was marked?
//!
//! Elsewhere: what follows is `marks`.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::Notify;

/// What the HTTP server has been asked.
#[derive(Default)]
pub(crate) struct Asked {
    looked_at: Mutex<Option<Instant>>,
    marked: Mutex<BTreeSet<String>>,
    is_marked: Notify,
}

impl Asked {
    /// Somebody looks at the decisions.
    pub(crate) fn look(&self) {
        *locked(&self.looked_at) = Some(Instant::now());
    }

    /// When somebody looked at them the last time.
    pub(crate) fn looked_at(&self) -> Option<Instant> {
        *locked(&self.looked_at)
    }

    /// A withdrawal of the asset was marked, or is no longer.
    pub(crate) fn marked(&self, asset: String) {
        locked(&self.marked).insert(asset);
        self.is_marked.notify_one();
    }

    /// Ready once something was marked since it was ready the last time.
    pub(crate) async fn is_marked(&self) {
        self.is_marked.notified().await;
    }

    /// The assets of which something was marked, each once.
    pub(crate) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut *locked(&self.marked))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
