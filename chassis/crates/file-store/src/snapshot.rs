//! The store as it is at one moment, as a file of its own: for a backup, and before a migration.
//!
//! Start at [`copy`], which needs nobody to stop. [`verify`] says whether such a file is one that can be used, and [`claim`]
//! keeps everybody else away while the store's file is replaced. A store that is copied stays as it is, also one of an older
//! schema; that is what [`FileStore::open`](crate::FileStore::open) alone changes.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;

use crate::connection::{self, FileId};
use crate::error::{CopyError, FileStoreError};
use crate::format::Format;

/// What SQLite puts behind the name of a store for the files beside it: the write-ahead log, and what its users share.
pub const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// The path of a companion.
#[must_use]
pub fn companion(store: &Path, suffix: &str) -> PathBuf {
    let mut path = store.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

/// The folder that a file is in.
pub(crate) fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// How the name of a copy begins that is made before a migration, until it is whole; what is killed leaves it.
pub const PARTIAL: &str = ".migration-";

/// Copies the store at `from` into the file `to`, which is replaced; returns its schema version.
///
/// What is committed when the copying begins is in the copy, and nothing else; readers and writers go on meanwhile. The copy
/// is on the disk when this returns.
///
/// # Errors
/// [`FileStoreError::Missing`] where there is no file: none is made. Else what is wrong with the store or the copy.
pub fn copy(format: &Format, from: &Path, to: &Path) -> Result<i64, FileStoreError> {
    let (connection, version) = open_as_it_is(format, from)?;
    copy_all(&connection, to).map_err(|source| FileStoreError::Copy {
        store: format.store,
        path: from.to_path_buf(),
        copy: to.to_path_buf(),
        source: source.into(),
    })?;
    Ok(version)
}

/// Whether the file is a store that this program can use, undamaged; returns its schema version. Reads all of it.
///
/// # Errors
/// What is wrong with it.
pub fn verify(format: &Format, path: &Path) -> Result<i64, FileStoreError> {
    examine(format, path, "pragma integrity_check(1)")
}

/// As [`verify`], but for whether indices agree with their tables: in a fraction of the time.
///
/// # Errors
/// What is wrong with it.
pub fn quick_check(format: &Format, path: &Path) -> Result<i64, FileStoreError> {
    examine(format, path, "pragma quick_check(1)")
}

fn examine(format: &Format, path: &Path, pragma: &str) -> Result<i64, FileStoreError> {
    let (connection, version) = open_as_it_is(format, path)?;
    let found: String = connection
        .query_row(pragma, (), |row| row.get(0))
        .map_err(|source| connection::open_error(format, path, source))?;
    if found == "ok" {
        Ok(version)
    } else {
        Err(FileStoreError::Damaged { store: format.store, path: path.to_path_buf(), found })
    }
}

/// Keeps every other process from the store at `path` for as long as the value lives; there need be none.
///
/// Whoever has a store open holds locks of SQLite's on its file and on the one that its users share, whatever they contain;
/// this takes both for itself. In this process nobody may have the store open.
///
/// # Errors
/// [`FileStoreError::InUse`] where somebody has it open.
pub fn claim(format: &Format, path: &Path) -> Result<Claim, FileStoreError> {
    let (store, mut locked) = (format.store, Vec::new());
    for file in [path.to_path_buf(), companion(path, "-shm")] {
        let lock = |source| FileStoreError::Lock { store, path: file.clone(), source };
        let opened = match OpenOptions::new().read(true).write(true).open(&file) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(lock(error)),
        };
        match fcntl_lock(&opened, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => locked.push(opened),
            Err(Errno::AGAIN | Errno::ACCESS) => return Err(FileStoreError::InUse { store, path: path.to_path_buf() }),
            Err(errno) => return Err(lock(errno.into())),
        }
    }
    Ok(Claim { _locked: locked })
}

/// Nobody else uses the store. Closing the files gives it free.
#[derive(Debug)]
pub struct Claim {
    _locked: Vec<File>,
}

/// A connection to a store that exists, and its schema version.
fn open_as_it_is(format: &Format, path: &Path) -> Result<(Connection, i64), FileStoreError> {
    let missing = || FileStoreError::Missing { store: format.store, path: path.to_path_buf() };
    if matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
        return Err(missing());
    }
    connection::patiently(|| {
        let open_error = |source| connection::open_error(format, path, source);
        let id = FileId::of(path).map_err(open_error)?;
        let mut connection = connection::connect(path).map_err(open_error)?;
        match connection::check_owner(format, &mut connection, path, id)? {
            0 => Err(missing()), // an empty file, which only the opening of a store makes one
            version => Ok((connection, version)),
        }
    })
}

pub(crate) fn copy_all(from: &Connection, to: &Path) -> Result<(), CopyError> {
    let mut copy = connection::connect_with(to, rusqlite::OpenFlags::SQLITE_OPEN_CREATE)?;
    // Nobody reads the copy before it is complete, so it needs neither a journal nor to be brought to the disk page by page.
    copy.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
    copy.pragma_update(None, "synchronous", "off")?;
    // In one step: whatever is written between two would have it begin again, for ever where much is written.
    let outcome = Backup::new(from, &mut copy)?.step(-1)?;
    if outcome != StepResult::Done {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None).into());
    }
    copy.close().map_err(|(_, error)| error)?;
    Ok(File::open(to)?.sync_all()?)
}
