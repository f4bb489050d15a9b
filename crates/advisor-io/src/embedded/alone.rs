//! Who may bring pulled transactions into the file? One process at a time.
//!
//! Each write is whole and may be repeated, so two at once would do no harm; but what is new is judged by rows read
//! before, and the second would ask the market for everything that the first is about to store.

use std::fs::{File, TryLockError};

use advisor_core::store::StoreError;

use super::snapshot;
use super::store::Embedded;

/// The right to bring pulled transactions in; it ends with the value, or with the process.
#[derive(Debug)]
pub struct Alone {
    _lock: File,
}

impl Embedded {
    /// The right to bring pulled transactions in; none while another has it, in this process or another.
    ///
    /// It is a lock on a file beside the store's, which stays: a lock on one that is removed would not keep out who has it
    /// open.
    ///
    /// # Errors
    /// The file cannot be made or locked.
    pub fn try_alone(&self) -> Result<Option<Alone>, StoreError> {
        let path = snapshot::companion(self.path(), "-sync-lock");
        let failed = |what: &str, error: std::io::Error| StoreError::Unavailable {
            store: format!("embedded store {}", self.path().display()),
            cause: format!("{what} {} failed: {error}", path.display()),
        };
        let lock = File::options().create(true).append(true).open(&path).map_err(|error| failed("opening", error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Some(Alone { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("locking", error)),
        }
    }
}
