//! What came of a pull: what was done, or why it could not be begun.

use serde::Serialize;

/// What was done.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub(super) status: &'static str,
    pub(super) deposits_inserted: usize,
    pub(super) withdrawals_inserted: usize,
    pub(crate) errors: Vec<String>,
    pub(crate) message: String,
    #[serde(skip)]
    pub(super) is_dry_run: bool,
}

impl Summary {
    /// Whether any row was written.
    pub(crate) fn wrote(&self) -> bool {
        self.deposits_inserted + self.withdrawals_inserted > 0
    }

    /// Whether nothing had to be left out.
    pub(crate) fn is_complete(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether the store has now what Liqwid was asked for.
    pub(crate) fn is_stored(&self) -> bool {
        self.is_complete() && !self.is_dry_run
    }
}

/// Why nothing could be pulled at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SyncError {
    /// The configuration or the wish is not fit for it.
    #[error("{0}")]
    Unfit(String),
    /// The store does not answer.
    #[error("{0}")]
    Store(String),
    /// Somebody else is at it.
    #[error("another process is pulling transactions into the {0}; try again when that is done")]
    Busy(String),
}
