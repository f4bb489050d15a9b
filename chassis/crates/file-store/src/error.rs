//! Why can a store's file not be used, and what helps?

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// What SQLite said, as the last of a chain of causes: an error of rusqlite itself has a cause that says the same
/// again.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SqliteError(rusqlite::Error);

impl From<rusqlite::Error> for SqliteError {
    fn from(error: rusqlite::Error) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.into())
    }
}

/// Why a store's file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileStoreError {
    /// The folder the file is to live in cannot be made.
    #[error("creating the folder {folder} of the {store} failed")]
    Folder {
        /// What such a file is called.
        store: &'static str,
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file cannot be opened, or not for writing.
    #[error("opening the {store} {path} for reading and writing failed")]
    Open {
        /// What such a file is called.
        store: &'static str,
        /// The store's file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: SqliteError,
    },
    /// The file exists and is something else, or damaged.
    #[error("{path} is not an SQLite database or is damaged; expected the {store}, or no file at that path")]
    NotADatabase {
        /// What such a file is called.
        store: &'static str,
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: SqliteError,
    },
    /// The file is the SQLite database of another program.
    #[error("{path} is an SQLite database of another program (application id {found}); expected the {store}")]
    Foreign {
        /// What such a file is called.
        store: &'static str,
        /// The file.
        path: PathBuf,
        /// Its application id.
        found: i64,
    },
    /// A newer version of this program has written the file.
    #[error(
        "the {store} {path} has schema version {found}, {program} knows versions up to {known}; \
         install {}, or put back a copy of the store from before",
        program_needed(needs.as_deref())
    )]
    Newer {
        /// What such a file is called.
        store: &'static str,
        /// This program and its version.
        program: &'static str,
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
    #[error("there is no {store} at {path}")]
    Missing {
        /// What such a file is called.
        store: &'static str,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// SQLite finds that the file's content contradicts itself.
    #[error("the {store} {path} is damaged: {found}")]
    Damaged {
        /// What such a file is called.
        store: &'static str,
        /// The store's file.
        path: PathBuf,
        /// The first thing that SQLite found.
        found: String,
    },
    /// The store cannot be copied.
    #[error("copying the {store} {path} to {copy} failed")]
    Copy {
        /// What such a file is called.
        store: &'static str,
        /// The store's file.
        path: PathBuf,
        /// Where the copy was to be.
        copy: PathBuf,
        /// Why not.
        #[source]
        source: Box<CopyError>,
    },
    /// Another process has the store open.
    #[error("the {store} {path} is in use; stop the service, and wait for other commands that use the store")]
    InUse {
        /// What such a file is called.
        store: &'static str,
        /// The store's file.
        path: PathBuf,
    },
    /// Whether another process has the store open cannot be found out.
    #[error("locking the {store} {path} failed")]
    Lock {
        /// What such a file is called.
        store: &'static str,
        /// The store's file, or the one beside it that its users share.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The tables cannot be made or brought up to date.
    #[error("bringing the {store} {path} to schema version {to} failed")]
    Migrate {
        /// What such a file is called.
        store: &'static str,
        /// The store's file.
        path: PathBuf,
        /// The version that could not be reached.
        to: i64,
        /// What SQLite said.
        #[source]
        source: SqliteError,
    },
    /// Everything was done but to say so on the disk; whoever opens the store next may find it done, or undone.
    #[error(
        "the last step of bringing the {store} {path} to schema version {to} failed, and may take effect later; \
         as it was before it is kept in {copy}"
    )]
    Commit {
        /// What such a file is called.
        store: &'static str,
        /// The store's file.
        path: PathBuf,
        /// The version that may not have been reached.
        to: i64,
        /// The store as it was.
        copy: PathBuf,
        /// What SQLite said.
        #[source]
        source: Box<SqliteError>,
    },
}

/// Why a copy of the store's file could not be made.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum CopyError {
    /// The store could not be read, or the copy not be written.
    Sqlite(#[from] SqliteError),
    /// The copy could not be made, kept or given its name.
    File(#[from] std::io::Error),
}

/// What to install for a store whose file says that it needs this version of the program.
fn program_needed(version: Option<&str>) -> String {
    version.map_or_else(|| "the version that wrote it".to_owned(), |version| format!("{version} or newer"))
}

impl FileStoreError {
    /// Whether another process was in the way, so that trying again may help.
    pub(crate) fn is_busy(&self) -> bool {
        let source = match self {
            Self::Open { source, .. } | Self::Migrate { source, .. } => source,
            Self::Copy { source, .. } => match &**source {
                CopyError::Sqlite(source) => source,
                _ => return false,
            },
            _ => return false,
        };
        matches!(source.0.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }
}
