//! One open store, with what is known of its use in this process.

use std::path::Path;
use std::sync::{Arc, Mutex};

use file_store::{FileStore, FileStoreError};

use super::tables::FORMAT;
use crate::requests::{RequestCounter, RequestCounts};

/// The embedded store. Clones share the file and its connections.
#[derive(Debug, Clone)]
pub struct Embedded {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) file: FileStore,
    /// Held while changed files are read: a second import would read the same ones beside the first.
    pub(super) importing: Mutex<()>,
    pub(super) requests: RequestCounter,
}

impl Embedded {
    /// Opens the store's file; makes it, and its folder, where it does not exist.
    ///
    /// # Errors
    /// See [`FileStoreError`]; a file that is not ours is never written to.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileStoreError> {
        let file = FileStore::open(&FORMAT, path)?;
        let (importing, requests) = (Mutex::default(), RequestCounter::default());
        Ok(Self { shared: Arc::new(Shared { file, importing, requests }) })
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shared.file.path()
    }

    /// How many reads and writes there were since it was opened, imports apart.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.shared.requests.read()
    }
}
