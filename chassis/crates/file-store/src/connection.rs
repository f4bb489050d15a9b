//! How is a connection to a store's file made, and is it a file of the program's own?

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use backon::{BlockingRetryable as _, ConstantBuilder};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::FileStoreError;
use crate::format::Format;

/// How long a connection waits for another that writes. Writing millions of rows holds the lock for seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// Tries again for as long as another process is in the way.
///
/// Where several open a new file at once, SQLite refuses some of them without waiting: two that hold the file for reading and
/// want to switch its journal could wait for each other for ever.
pub(crate) fn patiently<T>(attempt: impl FnMut() -> Result<T, FileStoreError>) -> Result<T, FileStoreError> {
    let started = Instant::now();
    let often = ConstantBuilder::new().with_delay(Duration::from_millis(20)).without_max_times();
    attempt.retry(often).when(|error| error.is_busy() && started.elapsed() < BUSY_TIMEOUT).call()
}

/// Whether the path still leads to the file that was there before the connection was made.
///
/// A connection that waited while the file was replaced has the old one, and beside it what belongs to the new one, whose
/// names are the same. Closed again it leaves both alone: SQLite folds back no log of a file that was moved.
pub(crate) fn check_place(format: &Format, path: &Path, before: FileId) -> Result<(), FileStoreError> {
    if FileId::of(path).is_ok_and(|now| now == before) {
        return Ok(());
    }
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let source = rusqlite::Error::SqliteFailure(busy, Some("another file was put in its place meanwhile".to_owned()));
    Err(FileStoreError::Open { store: format.store, path: path.to_path_buf(), source: source.into() })
}

/// A connection to a file that exists: to a store that [`open`](crate::migration::open) has prepared, or to one that is to stay as it is.
pub(crate) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    connect_with(path, OpenFlags::empty())
}

pub(crate) fn connect_with(path: &Path, create: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = create | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // To SQLite an empty path, `:memory:` and `file:…` are no files; behind `./` they are.
    let connection = Connection::open_with_flags(Path::new(".").join(path), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // What is reported as done, a power cut must not undo: sync the log at every commit.
    connection.pragma_update(None, "synchronous", "full")?;
    // Otherwise this build of SQLite plans a statement again for each new value of a parameter, which for short questions
    // is a tenth of their time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// The schema version of a file that is ours or empty; `file`: what was at `path` before the connection was made.
pub(crate) fn check_owner(
    format: &Format,
    connection: &mut Connection,
    path: &Path,
    file: FileId,
) -> Result<i64, FileStoreError> {
    let owner = read_owner(connection);
    // First of all: of a file that was replaced nothing is to be believed.
    check_place(format, path, file)?;
    let (application, version, tables) = owner.map_err(|source| open_error(format, path, source))?;
    if application != format.application_id && (application, version, tables) != (0, 0, 0) {
        return Err(FileStoreError::Foreign { store: format.store, path: path.to_path_buf(), found: application });
    }
    check_version(format, connection, version, path)
}

/// Application id, schema version and number of tables and indices, all from one snapshot.
fn read_owner(connection: &mut Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let transaction = connection.transaction()?;
    let number = |sql: &str| transaction.query_row(sql, (), |row| row.get(0));
    Ok((
        number("pragma application_id")?,
        number("pragma user_version")?,
        number("select count(*) from sqlite_schema")?,
    ))
}

pub(crate) fn check_version(
    format: &Format,
    connection: &Connection,
    found: i64,
    path: &Path,
) -> Result<i64, FileStoreError> {
    let known = format.version();
    if found > known {
        let (Format { store, program, .. }, path) = (*format, path.to_path_buf());
        return Err(FileStoreError::Newer { store, program, path, found, known, needs: program_for(connection) });
    }
    Ok(found)
}

/// The oldest version of the program that knows the file's schema, where the file says so in a way that can be shown.
fn program_for(connection: &Connection) -> Option<String> {
    const LONGEST: usize = 32;
    let newest = "select version from programs order by schema desc limit 1";
    let version: String = connection.query_row(newest, (), |row| row.get(0)).ok()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    (version.len() <= LONGEST && version.chars().all(is_plain)).then_some(version)
}

/// Readers of a write-ahead log see the state at their start and are never blocked by a writer.
pub(crate) fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
}

pub(crate) fn open_error(format: &Format, path: &Path, source: rusqlite::Error) -> FileStoreError {
    let (store, path) = (format.store, path.to_path_buf());
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            FileStoreError::NotADatabase { store, path, source: source.into() }
        }
        _ => FileStoreError::Open { store, path, source: source.into() },
    }
}

/// What a file is to the system, whatever it is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(crate) fn of(path: &Path) -> rusqlite::Result<Self> {
        let metadata = metadata(path)?;
        Ok(Self { device: metadata.dev(), inode: metadata.ino() })
    }
}

/// How many bytes the file has.
pub(crate) fn length(path: &Path) -> rusqlite::Result<u64> {
    Ok(metadata(path)?.len())
}

fn metadata(path: &Path) -> rusqlite::Result<Metadata> {
    std::fs::metadata(path)
        .map_err(|error| moved(&format!("the file is gone, expected it where it was opened: {error}")))
}

/// SQLite's own error for a file that is not where it was opened.
pub(crate) fn moved(message: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY_DBMOVED);
    rusqlite::Error::SqliteFailure(code, Some(message.to_owned()))
}
