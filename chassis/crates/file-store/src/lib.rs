//! How does a program keep an SQLite file that is its own, for years and beside others?
//!
//! Start at [`FileStore::open`], which takes the program's [`Format`]: whose the file is, and the steps from each version of
//! its tables to the next. A file of another program, or of a newer version of this one, is refused and never written to; one
//! of an older version is brought up to date, with a copy kept beside it as it was. Readers go on while somebody writes (a
//! write-ahead log), and an open store notices that its file was replaced.
//!
//! [`snapshot`] is for those who copy, check or replace the file as a whole; [`FileStore::try_alone`] lets one process at a
//! time do something. Elsewhere: what the tables hold is the caller's; this crate knows none, except that a step may say in a
//! table `programs (schema, version)` from which version of the program on a schema is known.
#![deny(missing_docs)]

mod alone;
mod connection;
mod error;
mod format;
mod migration;
pub mod snapshot;
mod store;

pub use alone::{Alone, AloneError};
pub use error::{CopyError, FileStoreError, SqliteError};
pub use format::Format;
pub use store::FileStore;
