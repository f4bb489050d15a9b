//! How is a store's file made, or brought to the newest schema?
//!
//! Start at [`open`]. Before a migration the store is kept as it was. Elsewhere: the schemas are `tables`.

use std::fs::File;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tracing::info;

use super::error::{CopyError, EmbeddedError};
use super::file::{
    APPLICATION_ID, FileId, check_owner, check_place, check_version, connect, connect_with, open_error, patiently,
    switch_to_wal,
};
use super::snapshot::{companion, copy_all, folder_of};
use super::tables::{MIGRATIONS, VERSION};

/// Opens the file, makes it where there is none, and brings its tables up to date. Also says which file that is.
pub(super) fn open(path: &Path) -> Result<(Connection, FileId), EmbeddedError> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).map_err(|source| EmbeddedError::Folder { folder: folder.to_path_buf(), source })?;
    patiently(|| prepare(path))
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
    let copy = if from > 0 { Some(keep_before_migration(path, from)?) } else { None };
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

/// Keeps a store of schema `version` beside itself, under a name that says so; the path of the copy.
fn keep_before_migration(path: &Path, version: i64) -> Result<PathBuf, EmbeddedError> {
    let now = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let copy = companion(path, &format!(".schema-{version}.{now}.backup"));
    let keep = || -> Result<(), CopyError> {
        let folder = folder_of(path);
        let partial = tempfile::Builder::new().prefix(".migration-").tempfile_in(folder)?;
        copy_all(&connect(path)?, partial.path())?;
        partial.persist_noclobber(&copy).map_err(|error| error.error)?;
        Ok(File::open(folder)?.sync_all()?)
    };
    match keep() {
        Ok(()) => Ok(copy),
        Err(source) => Err(EmbeddedError::Copy { path: path.to_path_buf(), copy, source }),
    }
}

fn take_steps(transaction: &Transaction<'_>, from: i64) -> rusqlite::Result<()> {
    for (_, step) in (0..).zip(MIGRATIONS).filter(|(version, _)| *version >= from) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)
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
        assert_eq!(super::super::snapshot::verify(copy).unwrap(), 3);
    }
}
