//! The embedded store: one SQLite file that CSV files are imported into.
//!
//! Start at [`Embedded::open`]. [`Embedded::import`] and [`Embedded::import_changed`] bring files in (the rules are in
//! [`import`](Embedded::import)'s text); reading goes through [`Store`](advisor_core::store::Store), changing flows
//! through [`Ledger`](advisor_core::ledger::Ledger) and the journal of decisions through
//! [`Journal`](advisor_core::journal::Journal). Of a store that may be in use, [`snapshot`] makes a copy.
//!
//! The logical tables have the names they would have in GreptimeDB (`liqwid_deposits_djed`); all of them live in one
//! `positions` and one `flows` table, positions clustered by table, wallet and time, so that a window of a wallet is
//! one run of pages. No name, address or memo ever becomes part of a statement.

mod access;
mod alone;
mod csv_rows;
mod files;
mod import;
mod instant;
mod journal;
mod ledger;
mod merge;
mod names;
mod read;
mod report;
mod schema;
pub mod snapshot;
mod source;
mod stage;

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ErrorCode};

use crate::requests::{RequestCounter, RequestCounts};
pub use advisor_core::resolve::TablePrefixes;
pub use alone::Alone;
pub use import::ImportOptions;
pub use report::{FileReport, ImportError, ImportReport, Progress, Refusal, Refused, RejectedLine, RejectedLines};

/// Why the file of the embedded store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The folder the file is to live in cannot be made.
    #[error("creating the folder {folder} of the embedded store failed")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be opened, or not for writing.
    #[error("opening the embedded store {path} for reading and writing failed")]
    Open {
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file exists and is something else, or damaged.
    #[error("{path} is not an SQLite database or is damaged; expected the embedded store, or no file at that path")]
    NotADatabase {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file is the SQLite database of another program.
    #[error("{path} is an SQLite database of another program (application id {found}); expected the embedded store")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Its application id.
        found: i64,
    },
    /// A newer version of this program has written the file.
    #[error(
        "the embedded store {path} has schema version {found}, alert-orchestrator {PROGRAM} knows versions up to {known}; \
         install {}, or put back a copy of the store from before",
        program_needed(needs.as_deref())
    )]
    Newer {
        /// The store's file.
        path: PathBuf,
        /// The file's schema version.
        found: i64,
        /// The newest version this program can use.
        known: i64,
        /// The oldest version of the program that can use the file, as the file says.
        needs: Option<String>,
    },
    /// There is no such file, and it was not to be made.
    #[error("there is no embedded store at {path}")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// SQLite finds that the file's content contradicts itself.
    #[error("the embedded store {path} is damaged: {found}")]
    Damaged {
        /// The store's file.
        path: PathBuf,
        /// The first thing that SQLite found.
        found: String,
    },
    /// The store cannot be copied.
    #[error("copying the embedded store {path} to {copy} failed")]
    Copy {
        /// The store's file.
        path: PathBuf,
        /// Where the copy was to be.
        copy: PathBuf,
        /// Why not.
        #[source]
        source: CopyError,
    },
    /// Another process has the store open.
    #[error("the embedded store {path} is in use; stop the service, and wait for other commands that use the store")]
    InUse {
        /// The store's file.
        path: PathBuf,
    },
    /// Whether another process has the store open cannot be found out.
    #[error("locking the embedded store {path} failed")]
    Lock {
        /// The store's file, or the one beside it that its users share.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The tables cannot be made or brought up to date.
    #[error("bringing the embedded store {path} to schema version {to} failed")]
    Migrate {
        /// The store's file.
        path: PathBuf,
        /// The version that could not be reached.
        to: i64,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// Everything was done but to say so on the disk; whoever opens the store next may find it done, or undone.
    #[error(
        "the last step of bringing the embedded store {path} to schema version {to} failed, and may take effect later; \
         as it was before it is kept in {copy}"
    )]
    Commit {
        /// The store's file.
        path: PathBuf,
        /// The version that may not have been reached.
        to: i64,
        /// The store as it was.
        copy: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
}

/// Why a copy of the store's file could not be made.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum CopyError {
    /// The store could not be read, or the copy not be written.
    Sqlite(#[from] rusqlite::Error),
    /// The copy could not be made, kept or given its name.
    File(#[from] std::io::Error),
}

/// The version of the program, of which this crate is a part.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");

/// What to install for a store whose file says that it needs this version of the program.
fn program_needed(version: Option<&str>) -> String {
    version.map_or_else(|| "the version that wrote it".to_owned(), |version| format!("{version} or newer"))
}

impl EmbeddedError {
    /// Whether another process was in the way, so that trying again may help.
    fn is_busy(&self) -> bool {
        let (Self::Open { source, .. }
        | Self::Migrate { source, .. }
        | Self::Copy { source: CopyError::Sqlite(source), .. }) = self
        else {
            return false;
        };
        matches!(source.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }
}

/// The embedded store. Clones share the file and its connections.
#[derive(Debug, Clone)]
pub struct Embedded {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    /// Which file was found there.
    file: FileId,
    /// Connections that no read uses at present; one stays open as long as the store, so that SQLite does not fold the
    /// write-ahead log back and remove it after every single read.
    idle: Mutex<Vec<Connection>>,
    /// Held while changed files are read: a second import would read the same ones beside the first.
    importing: Mutex<()>,
    requests: RequestCounter,
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
    fn with_connection<T, E: From<rusqlite::Error>>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        self.check_file()?;
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let left = idle().pop();
        let connection = match left {
            Some(connection) => connection,
            None => schema::connect(&self.path)?,
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
    fn check_file(&self) -> rusqlite::Result<()> {
        if FileId::of(&self.path)? == self.file {
            return Ok(());
        }
        Err(moved(
            "another file is in its place since it was opened, expected the same one; a restart takes the new one",
        ))
    }
}

/// What a file is to the system, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> rusqlite::Result<Self> {
        let metadata = std::fs::metadata(path)
            .map_err(|error| moved(&format!("the file is gone, expected it where it was opened: {error}")))?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}

/// SQLite's own error for a file that is not where it was opened.
fn moved(message: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY_DBMOVED);
    rusqlite::Error::SqliteFailure(code, Some(message.to_owned()))
}
