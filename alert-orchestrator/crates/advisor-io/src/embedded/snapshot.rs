//! The store as it is at one moment, as a file of its own: for a backup, and before a migration.
//!
//! Start at [`copy`], which needs nobody to stop. [`verify`] says whether such a file is one that can be used, and [`claim`]
//! keeps everybody else away while the store's file is replaced. A store that is copied stays as it is, also one of an older
//! schema; that is what [`Embedded::open`](super::Embedded::open) alone changes.
//! Elsewhere: how that is done is [`file_store::snapshot`].

use std::path::Path;

pub use file_store::snapshot::{COMPANIONS, Claim, PARTIAL, companion};
use file_store::{FileStoreError, snapshot};

use super::tables::FORMAT;

/// The newest schema version that this program can use.
pub const SCHEMA_VERSION: i64 = FORMAT.version();

/// Copies the store at `from` into the file `to`, as [`snapshot::copy`] does; returns its schema version.
///
/// # Errors
/// [`FileStoreError::Missing`] where there is no file: none is made. Else what is wrong with the store or the copy.
pub fn copy(from: &Path, to: &Path) -> Result<i64, FileStoreError> {
    snapshot::copy(&FORMAT, from, to)
}

/// Whether the file is a store that this program can use, undamaged; returns its schema version. Reads all of it.
///
/// # Errors
/// What is wrong with it.
pub fn verify(path: &Path) -> Result<i64, FileStoreError> {
    snapshot::verify(&FORMAT, path)
}

/// As [`verify`], but for whether indices agree with their tables: in a fraction of the time.
///
/// # Errors
/// What is wrong with it.
pub fn quick_check(path: &Path) -> Result<i64, FileStoreError> {
    snapshot::quick_check(&FORMAT, path)
}

/// Keeps every other process from the store at `path` for as long as the value lives; there need be none.
///
/// # Errors
/// [`FileStoreError::InUse`] where somebody has it open.
pub fn claim(path: &Path) -> Result<Claim, FileStoreError> {
    snapshot::claim(&FORMAT, path)
}
