//! One open store: its file, and connections for those who ask at once.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

use crate::connection::{FileId, connect, length, moved};
use crate::error::FileStoreError;
use crate::format::Format;
use crate::migration;

/// An open store.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    /// Which file was found there.
    file: FileId,
    /// The most bytes that it was seen to have.
    longest: AtomicU64,
    /// Connections that nobody uses at present; one stays open as long as the store, so that SQLite does not fold the
    /// write-ahead log back and remove it after every single read.
    idle: Mutex<Vec<Connection>>,
}

impl FileStore {
    /// More than the processors a round of reads can keep busy would only hold memory.
    const MAX_IDLE: usize = 8;

    /// Opens the store's file; makes it, and its folder, where it does not exist; brings its tables up to date.
    ///
    /// # Errors
    /// See [`FileStoreError`]; a file that is not of this format is never written to.
    pub fn open(format: &Format, path: impl AsRef<Path>) -> Result<Self, FileStoreError> {
        let path = path.as_ref().to_path_buf();
        let (connection, file) = migration::open(format, &path)?;
        Ok(Self { path, file, longest: AtomicU64::new(0), idle: Mutex::new(vec![connection]) })
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A connection of the caller's own, as for work that makes temporary tables.
    ///
    /// # Errors
    /// The file is not where it was opened, or there can be no further connection.
    pub fn connect(&self) -> rusqlite::Result<Connection> {
        self.check_file()?;
        connect(&self.path)
    }

    /// Runs `work` on a connection that nobody else uses meanwhile.
    ///
    /// # Errors
    /// Those of `work`; that the file is not where it was opened; or that there can be no further connection.
    pub fn with_connection<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.check_file()?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let left = idle().pop();
        let connection = match left {
            Some(connection) => connection,
            None => connect(&self.path)?,
        };
        let result = work(&connection);
        let mut idle = idle();
        if idle.len() < Self::MAX_IDLE {
            idle.push(connection);
        }
        result
    }

    /// Refuses to go on where the file is not the one that was opened: an open connection would go on with the removed one,
    /// whose figures grow old unnoticed and whose changes are lost with it. One that was put in its place is for the next
    /// start: only the end of this process clears away the write-ahead log of the old one, which bears the same name.
    fn check_file(&self) -> rusqlite::Result<()> {
        if FileId::of(&self.path)? != self.file {
            return Err(moved(
                "another file is in its place since it was opened, expected the same one; a restart takes the new one",
            ));
        }
        self.check_length()
    }

    /// Refuses to go on where the file was overwritten, as by `cp` of an older copy: the write-ahead log of the old
    /// content would be taken for the new one's. It is seen where it made the file shorter, which SQLite does only by
    /// `vacuum`, and nobody asks for that here. (What a copy of the same length brings cannot be told.)
    fn check_length(&self) -> rusqlite::Result<()> {
        let before = self.longest.fetch_max(length(&self.path)?, Ordering::AcqRel);
        // Asked for again: since the first time another thread may have seen it grow.
        if length(&self.path)? < before {
            return Err(moved(
                "the file is shorter than it was: another program has overwritten it while it was open, and what it \
                 holds now may be of both; stop the service, then put the copy in its place once more",
            ));
        }
        Ok(())
    }
}
