//! Who may do what only one process at a time should?

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use crate::snapshot::companion;
use crate::store::FileStore;

/// The right to be the only one; it ends with the value, or with the process.
#[derive(Debug)]
pub struct Alone {
    _lock: File,
}

/// Why it cannot be found out whether somebody else is at it.
#[derive(Debug, thiserror::Error)]
#[error("{action} {path} failed")]
pub struct AloneError {
    action: &'static str,
    path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

impl FileStore {
    /// The right to be the only one at what `suffix` stands for; none while another has it, in this process or another.
    ///
    /// It is a lock on a file beside the store's, named by `suffix`, which stays: a lock on one that is removed would not
    /// keep out who has it open.
    ///
    /// # Errors
    /// That file cannot be made or locked.
    pub fn try_alone(&self, suffix: &str) -> Result<Option<Alone>, AloneError> {
        let path = companion(self.path(), suffix);
        let opened = File::options().create(true).append(true).mode(0o600).open(&path);
        let failed = |action, source| AloneError { action, path, source };
        let lock = match opened {
            Ok(lock) => lock,
            Err(error) => return Err(failed("opening", error)),
        };
        match lock.try_lock() {
            Ok(()) => Ok(Some(Alone { _lock: lock })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("locking", error)),
        }
    }
}
