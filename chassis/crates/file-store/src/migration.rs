//! How is a store's file made, or brought to the newest schema?
//!
//! Start at [`open`]. Before a migration the store is kept as it was. Elsewhere: the steps are the caller's [`Format`].

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tracing::{info, warn};

use crate::connection::{
    FileId, check_owner, check_place, check_version, connect, open_error, patiently, switch_to_wal,
};
use crate::error::{CopyError, FileStoreError};
use crate::format::Format;
use crate::snapshot::{PARTIAL, companion, copy_all, folder_of};

/// Opens the file, makes it where there is none, and brings its tables up to date. Also says which file that is.
pub(crate) fn open(format: &Format, path: &Path) -> Result<(Connection, FileId), FileStoreError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(|source| FileStoreError::Folder {
        store: format.store,
        folder: folder.to_path_buf(),
        source,
    })?;
    patiently(|| prepare(format, path))
}

fn prepare(format: &Format, path: &Path) -> Result<(Connection, FileId), FileStoreError> {
    let open_error = |source| open_error(format, path, source);
    let make = || make_empty(path).and_then(|()| FileId::of(path));
    let file = FileId::of(path).or_else(|_| make()).map_err(open_error)?;
    let mut connection = connect(path).map_err(open_error)?;
    let version = check_owner(format, &mut connection, path, file)?;
    // Every process but the first finds the journal switched and up to date, and needs no lock.
    if version < format.version() {
        switch_to_wal(&connection).map_err(open_error)?;
        // From here on the connection holds a lock that keeps the file where it is.
        check_place(format, path, file)?;
        migrate(format, &mut connection, path)?;
    }
    Ok((connection, file))
}

/// Makes an empty file, to SQLite a store without tables. SQLite itself would let others read it, and gives what it makes
/// beside the file its mode.
fn make_empty(path: &Path) -> rusqlite::Result<()> {
    let made = File::options().create(true).append(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN);
        rusqlite::Error::SqliteFailure(code, Some(format!("making the file failed: {error}")))
    })
}

fn migrate(format: &Format, connection: &mut Connection, path: &Path) -> Result<(), FileStoreError> {
    let (store, to) = (format.store, format.version());
    let failed = |source: rusqlite::Error| FileStoreError::Migrate {
        store,
        path: path.to_path_buf(),
        to,
        source: source.into(),
    };
    // The version is read under the write lock: another process may be opening the same new file.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let from = transaction.query_row("pragma user_version", (), |row| row.get(0)).map_err(failed)?;
    let from = check_version(format, &transaction, from, path)?;
    if from == to {
        return Ok(()); // another process was first
    }
    // The lock keeps the others from writing what the copy would lack.
    let copy = if from > 0 { Some(keep_before_migration(format, path, from)?) } else { None };
    if let Err(source) = take_steps(format, &transaction, from) {
        // Nothing has changed, so the copy says nothing that the store does not; one for each attempt would fill the disk.
        if let Some(copy) = copy {
            let _kept_in_vain = std::fs::remove_file(copy);
        }
        return Err(failed(source));
    }
    match (transaction.commit(), copy) {
        (Ok(()), Some(copy)) => info!(
            "brought the {store} {} from schema version {from} to {to}; as it was before it is kept in {}",
            path.display(),
            copy.display()
        ),
        (Ok(()), None) => warn!(
            "made a new {store} at {}, which is empty; if there should have been one, look for it elsewhere: \
             a relative path begins at the working directory",
            std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf()).display()
        ),
        // What has reached the log may be found there by the next who opens the store, so the copy stays.
        (Err(source), Some(copy)) => {
            return Err(FileStoreError::Commit {
                store,
                path: path.to_path_buf(),
                to,
                copy,
                source: Box::new(source.into()),
            });
        }
        (Err(source), None) => return Err(failed(source)),
    }
    Ok(())
}

/// Keeps a store of schema `version` beside itself, under a name that says so; the path of the copy.
fn keep_before_migration(format: &Format, path: &Path, version: i64) -> Result<PathBuf, FileStoreError> {
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let copy = companion(path, &format!(".schema-{version}.{now}.backup"));
    let keep = || -> Result<(), CopyError> {
        let folder = folder_of(path);
        let partial = tempfile::Builder::new().prefix(PARTIAL).tempfile_in(folder)?;
        copy_all(&connect(path)?, partial.path())?;
        partial.persist_noclobber(&copy).map_err(|error| error.error)?;
        Ok(File::open(folder)?.sync_all()?)
    };
    match keep() {
        Ok(()) => Ok(copy),
        Err(source) => {
            Err(FileStoreError::Copy { store: format.store, path: path.to_path_buf(), copy, source: source.into() })
        }
    }
}

fn take_steps(format: &Format, transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<()> {
    for (_, step) in (0..).zip(format.steps).filter(|(version, _)| *version >= from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", format.application_id)?;
    transaction.pragma_update(None, "user_version", format.version())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use super::*;
    use crate::snapshot;

    const NEW: Format = Format {
        application_id: 0x4d69_6c6c,
        steps: &["create table sacks (id integer primary key) strict", "alter table sacks add column kilos real"],
        store: "ledger of the mill",
        program: "mill 2.0",
    };
    const OLD: Format = Format { steps: NEW.steps.split_at(1).0, program: "mill 1.0", ..NEW };

    #[test]
    fn a_migration_whose_last_step_fails_leaves_the_copy_and_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(open(&OLD, &path).unwrap());
        let mut connection = connect(&path).unwrap();
        connection.commit_hook(Some(|| true)).unwrap();
        let error = migrate(&NEW, &mut connection, &path).unwrap_err();
        let FileStoreError::Commit { copy, .. } = &error else { panic!("{error:?}") };
        assert!(error.to_string().contains(&format!("is kept in {}", copy.display())), "{error}");
        assert_eq!(snapshot::verify(&NEW, copy).unwrap(), 1);
    }

    #[test]
    fn an_older_program_refuses_the_file_of_a_newer_one_by_the_names_it_was_given() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(open(&NEW, &path).unwrap());
        assert_eq!(snapshot::verify(&NEW, &path).unwrap(), 2);
        let expected = format!(
            "the ledger of the mill {} has schema version 2, mill 1.0 knows versions up to 1; \
             install the version that wrote it, or put back a copy of the store from before",
            path.display()
        );
        assert_eq!(open(&OLD, &path).unwrap_err().to_string(), expected);
    }

    #[test]
    fn the_file_of_another_program_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(open(&NEW, &path).unwrap());
        let other = Format { application_id: 0x4272_6577, store: "ledger of the brewery", ..NEW };
        let expected = format!(
            "{} is an SQLite database of another program (application id {}); expected the ledger of the brewery",
            path.display(),
            0x4d69_6c6c
        );
        assert_eq!(open(&other, &path).unwrap_err().to_string(), expected);
    }
}
