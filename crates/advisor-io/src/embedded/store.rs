//! One open store: its file, and connections for those who ask at once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::error::EmbeddedError;
use super::file::{self, FileId, moved};
use super::schema;
use crate::requests::{RequestCounter, RequestCounts};

/// The embedded store. Clones share the file and its connections.
#[derive(Debug, Clone)]
pub struct Embedded {
    pub(super) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    path: PathBuf,
    /// Which file was found there.
    file: FileId,
    /// Connections that no read uses at present; one stays open as long as the store, so that SQLite does not fold the
    /// write-ahead log back and remove it after every single read.
    idle: Mutex<Vec<Connection>>,
    /// Held while changed files are read: a second import would read the same ones beside the first.
    pub(super) importing: Mutex<()>,
    pub(super) requests: RequestCounter,
}

impl Embedded {
    /// More than the processors a round of reads can keep busy would only hold memory.
    const MAX_IDLE: usize = 8;

    /// Opens the store's file; makes it, and its folder, where it does not exist.
    ///
    /// # Errors
    /// See [`EmbeddedError`]; a file that is not ours is never written to.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, EmbeddedError> {
        let path = path.as_ref().to_path_buf();
        let (connection, file) = schema::open(&path)?;
        let idle = Mutex::new(vec![connection]);
        let (importing, requests) = (Mutex::default(), RequestCounter::default());
        Ok(Self { shared: Arc::new(Shared { path, file, idle, importing, requests }) })
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.shared.path
    }

    /// How many reads and writes there were since it was opened, imports apart.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.shared.requests.read()
    }
}

impl Shared {
    /// Runs `work` on a connection that nobody else uses meanwhile.
    pub(super) fn with_connection<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.check_file()?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let left = idle().pop();
        let connection = match left {
            Some(connection) => connection,
            None => file::connect(&self.path)?,
        };
        let result = work(&connection);
        let mut idle = idle();
        if idle.len() < Embedded::MAX_IDLE {
            idle.push(connection);
        }
        result
    }

    /// Refuses to go on where the file is not the one that was opened: an open connection would go on with the removed one,
    /// whose figures grow old unnoticed and whose changes are lost with it. One that was put in its place is for the next
    /// start: only the end of this process clears away the write-ahead log of the old one, which bears the same name.
    pub(super) fn check_file(&self) -> rusqlite::Result<()> {
        if FileId::of(&self.path)? == self.file {
            return Ok(());
        }
        Err(moved(
            "another file is in its place since it was opened, expected the same one; a restart takes the new one",
        ))
    }
}
