//! The tables in the store's file, and how a connection to it is made.

use std::path::Path;
use std::time::{Duration, Instant};

use backon::{BlockingRetryable as _, ConstantBuilder};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};
use tracing::info;

use super::{EmbeddedError, FileId, snapshot};

/// "AOrc" in the file's header, where `file(1)` and we look for whose database it is.
const APPLICATION_ID: i64 = 0x414f_7263;

/// How long a connection waits for another that writes. Imports of millions of lines hold the lock for seconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(60);

/// `MIGRATIONS[v]` leads from schema version `v` to `v + 1`.
const MIGRATIONS: [&str; 4] = [V1, V2, V3, V4];
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Times are nanoseconds since the epoch. In `flows` an empty `tx_hash` or `memo` means none: `NULL`s are never equal
/// to one another, so a unique key with them would keep nothing apart. `nth` counts the equal rows of one file.
///
/// `positions` names no foreign keys: they would cost four look-ups a row, and only `merge` writes it.
const V1: &str = "
    create table tables (
        id integer primary key, name text not null unique, kind text not null check (kind in ('positions', 'flows'))
    ) strict;
    create table wallets (id integer primary key, address text not null unique) strict;
    create table markets (
        id integer primary key, market_id text not null, market_name text not null, unique (market_id, market_name)
    ) strict;
    create table files (
        id integer primary key, table_id integer not null references tables, path text not null,
        size integer, mtime_ns integer, sha256 blob, unique (table_id, path)
    ) strict;
    create table refusals (
        table_id integer not null references tables, path text not null, cause text not null,
        primary key (table_id, path)
    ) strict, without rowid;
    create table positions (
        table_id integer not null, wallet_id integer not null, ts integer not null,
        usd_value real, price_usd real, underlying_units real, market_id integer, file_id integer not null,
        primary key (table_id, wallet_id, ts)
    ) strict, without rowid;
    create table flows (
        id integer primary key, table_id integer not null references tables,
        wallet_id integer not null references wallets, ts integer not null, tx_hash text not null,
        amount real not null, memo text not null, nth integer not null,
        unique (table_id, wallet_id, ts, tx_hash, amount, memo, nth)
    ) strict;
    create table flow_files (
        file_id integer not null references files, flow_id integer not null references flows on delete cascade,
        primary key (file_id, flow_id)
    ) strict, without rowid;
    create index flow_files_by_flow on flow_files (flow_id);
";

/// `synced` flows were written by the service and belong to no file. `memos` holds what the service has put in place of a
/// flow's own memo: that stays in `flows`, where it is part of the key by which an import recognises the row, and the
/// row may go and come back with its files. A memo that a file changes makes another row, so the file has the last word.
const V2: &str = "
    alter table flows add column synced integer not null default 0;
    create table memos (
        table_id integer not null references tables, wallet_id integer not null references wallets,
        ts integer not null, tx_hash text not null, amount real not null, memo text not null, nth integer not null,
        shown text not null,
        primary key (table_id, wallet_id, ts, tx_hash, amount, memo, nth)
    ) strict, without rowid;
    create view shown_flows as
    select f.*, coalesce(m.shown, f.memo) as shown_memo
    from flows f left join memos m using (table_id, wallet_id, ts, tx_hash, amount, memo, nth);
    create table decisions (
        journal text not null, asset text not null, ts integer not null, replica text not null,
        decision integer not null, code text, reason text, wmax_usd real, g_usd real, residual real, sigma real,
        t0 integer, t1 integer, duration_seconds real not null, version text not null, config_hash text not null,
        primary key (journal, asset, ts, replica)
    ) strict, without rowid;
    create index decisions_by_age on decisions (journal, ts);
";

/// Of a file of positions it is kept how many of its lines are unusable, and which contradict one another: every
/// evaluation is to warn of them, not only the import. Of files that an earlier version has read that is not known.
const V3: &str = "
    alter table files add column without_ts integer not null default 0;
    alter table files add column without_wallet integer not null default 0;
    alter table files add column without_value integer not null default 0;
    alter table files add column negative integer not null default 0;
    create table contradictions (
        table_id integer not null, file_id integer not null, wallet_id integer not null, ts integer not null,
        times integer not null,
        primary key (table_id, file_id, wallet_id, ts)
    ) strict, without rowid;
";

/// The oldest version of the program that knows a schema, in the file itself: an older program that meets the file can say
/// what to install. Every later step adds its own row.
const V4: &str = "
    create table programs (schema integer primary key, version text not null) strict;
    insert into programs (schema, version) values (4, '0.1.0');
";

/// Opens the file, makes it where there is none, and brings its tables up to date. Also says which file that is.
pub(super) fn open(path: &Path) -> Result<(Connection, FileId), EmbeddedError> {
    let folder = snapshot::folder_of(path);
    std::fs::create_dir_all(folder).map_err(|source| EmbeddedError::Folder { folder: folder.to_path_buf(), source })?;
    patiently(|| prepare(path))
}

/// Tries again for as long as another process is in the way.
///
/// Where several open a new file at once, SQLite refuses some of them without waiting: two that hold the file for reading and
/// want to switch its journal could wait for each other for ever.
pub(super) fn patiently<T>(attempt: impl FnMut() -> Result<T, EmbeddedError>) -> Result<T, EmbeddedError> {
    let started = Instant::now();
    let often = ConstantBuilder::new().with_delay(Duration::from_millis(20)).without_max_times();
    attempt.retry(often).when(|error| error.is_busy() && started.elapsed() < BUSY_TIMEOUT).call()
}

fn prepare(path: &Path) -> Result<(Connection, FileId), EmbeddedError> {
    let open_error = |source| open_error(path, source);
    // Where there is no file, SQLite makes an empty one.
    let make = || connect_with(path, OpenFlags::SQLITE_OPEN_CREATE).and_then(|_made| FileId::of(path));
    let file = FileId::of(path).or_else(|_| make()).map_err(open_error)?;
    let mut connection = connect(path).map_err(open_error)?;
    let version = check_owner(&mut connection, path, file)?;
    // Every process but the first finds the journal switched and up to date, and needs no lock.
    if version < VERSION {
        switch_to_wal(&connection).map_err(open_error)?;
        // From here on the connection holds a lock that keeps the file where it is.
        check_place(path, file)?;
        migrate(&mut connection, path)?;
    }
    Ok((connection, file))
}

/// Whether the path still leads to the file that was there before the connection was made.
///
/// A connection that waited while the file was replaced has the old one, and beside it what belongs to the new one, whose
/// names are the same. Closed again it leaves both alone: SQLite folds back no log of a file that was moved.
fn check_place(path: &Path, before: FileId) -> Result<(), EmbeddedError> {
    if FileId::of(path).is_ok_and(|now| now == before) {
        return Ok(());
    }
    let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
    let source = rusqlite::Error::SqliteFailure(busy, Some("another file was put in its place meanwhile".to_owned()));
    Err(EmbeddedError::Open { path: path.to_path_buf(), source })
}

/// A connection to a file that exists: to a store that [`open`] has prepared, or to one that is to stay as it is.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    connect_with(path, OpenFlags::empty())
}

pub(super) fn connect_with(path: &Path, create: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = create | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // To SQLite an empty path, `:memory:` and `file:…` are no files; behind `./` they are.
    let connection = Connection::open_with_flags(Path::new(".").join(path), flags)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // Once a file is reported as imported, a power cut must not undo it: sync the log at every commit, one per file.
    connection.pragma_update(None, "synchronous", "full")?;
    // Otherwise this build of SQLite plans a statement again for each new value of a parameter, although no plan here
    // depends on one: a tenth of an evaluation's time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

/// The schema version of a file that is ours or empty; `file`: what was at `path` before the connection was made.
pub(super) fn check_owner(connection: &mut Connection, path: &Path, file: FileId) -> Result<i64, EmbeddedError> {
    let owner = read_owner(connection);
    // First of all: of a file that was replaced nothing is to be believed.
    check_place(path, file)?;
    let (application, version, tables) = owner.map_err(|source| open_error(path, source))?;
    if application != APPLICATION_ID && (application, version, tables) != (0, 0, 0) {
        return Err(EmbeddedError::Foreign { path: path.to_path_buf(), found: application });
    }
    check_version(connection, version, path)
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

fn check_version(connection: &Connection, found: i64, path: &Path) -> Result<i64, EmbeddedError> {
    if found > VERSION {
        let needs = program_for(connection);
        return Err(EmbeddedError::Newer { path: path.to_path_buf(), found, known: VERSION, needs });
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
fn switch_to_wal(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), EmbeddedError> {
    let failed = |source| EmbeddedError::Migrate { path: path.to_path_buf(), to: VERSION, source };
    // The version is read under the write lock: another process may be opening the same new file.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let from = transaction.query_row("pragma user_version", (), |row| row.get(0)).map_err(failed)?;
    let from = check_version(&transaction, from, path)?;
    if from == VERSION {
        return Ok(()); // another process was first
    }
    // The lock keeps the others from writing what the copy would lack.
    let copy = if from > 0 { Some(snapshot::keep_before_migration(path, from)?) } else { None };
    if let Err(source) = take_steps(&transaction, from) {
        // Nothing has changed, so the copy says nothing that the store does not; one for each attempt would fill the disk.
        if let Some(copy) = copy {
            let _kept_in_vain = std::fs::remove_file(copy);
        }
        return Err(failed(source));
    }
    match (transaction.commit(), copy) {
        (Ok(()), Some(copy)) => info!(
            "brought the embedded store {} from schema version {from} to {VERSION}; as it was before it is kept in {}",
            path.display(),
            copy.display()
        ),
        (Ok(()), None) => {}
        // What has reached the log may be found there by the next who opens the store, so the copy stays.
        (Err(source), Some(copy)) => {
            return Err(EmbeddedError::Commit { path: path.to_path_buf(), to: VERSION, copy, source });
        }
        (Err(source), None) => return Err(failed(source)),
    }
    Ok(())
}

fn take_steps(transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<()> {
    for (_, step) in (0..).zip(MIGRATIONS).filter(|(version, _)| *version >= from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)
}

pub(super) fn open_error(path: &Path, source: rusqlite::Error) -> EmbeddedError {
    let path = path.to_path_buf();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => EmbeddedError::NotADatabase { path, source },
        _ => EmbeddedError::Open { path, source },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use super::*;

    #[test]
    fn a_migration_whose_last_step_fails_leaves_the_copy_and_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        std::fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/schema-3.db"), &path).unwrap();
        let mut connection = connect(&path).unwrap();
        connection.commit_hook(Some(|| true)).unwrap();
        let error = migrate(&mut connection, &path).unwrap_err();
        let EmbeddedError::Commit { copy, .. } = &error else { panic!("{error:?}") };
        assert!(error.to_string().contains(&format!("is kept in {}", copy.display())), "{error}");
        assert_eq!(snapshot::verify(copy).unwrap(), 3);
    }
}
