//! One open store, with what is known of its use in this process.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use advisor_core::refused::LeftOutFile;
use advisor_core::store::StoreError;
use file_store::{FileStore, FileStoreError};
use rusqlite::Connection;

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
    /// Files of the folders that the last automatic import left out for their names or places.
    pub(super) left_out: Mutex<Vec<LeftOutFile>>,
    pub(super) requests: RequestCounter,
    /// By which [`Embedded::version`] tells that others have written: a connection of its own, once somebody asks.
    pub(super) watching: Mutex<Option<Connection>>,
}

impl Embedded {
    /// Opens the store's file; makes it, and its folder, where it does not exist.
    ///
    /// # Errors
    /// See [`FileStoreError`]; a file that is not ours is never written to.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileStoreError> {
        let file = FileStore::open(&FORMAT, path)?;
        let (importing, left_out, watching) = (Mutex::default(), Mutex::default(), Mutex::default());
        let requests = RequestCounter::default();
        Ok(Self { shared: Arc::new(Shared { file, importing, left_out, requests, watching }) })
    }

    /// A number that is another one after every write to the file, whoever made it. Costs no reading of the file; `None` where
    /// it cannot be told now.
    pub async fn version(&self) -> Option<i64> {
        let shared = Arc::clone(&self.shared);
        let version = move || {
            let mut watching = shared.watching.lock().unwrap_or_else(PoisonError::into_inner);
            // Told by one connection only: to another the same file has other numbers.
            let connection = match watching.take() {
                Some(connection) => connection,
                None => shared.file.connect()?,
            };
            let version = connection.query_row("pragma data_version", (), |row| row.get(0))?;
            *watching = Some(connection);
            Ok::<i64, rusqlite::Error>(version)
        };
        tokio::task::spawn_blocking(version).await.ok()?.ok()
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.shared.file.path()
    }

    /// That the store does not answer, for everybody to read: without the folders of the machine.
    pub(super) fn unavailable(&self, cause: &impl fmt::Display) -> StoreError {
        let path = self.path();
        let cause = legible::without_folders(&cause.to_string(), [path]);
        StoreError::Unavailable { store: format!("embedded store {}", legible::path(path)), cause }
    }

    /// How many reads and writes there were since it was opened, imports apart.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.shared.requests.read()
    }
}
