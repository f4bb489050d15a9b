//! What the command line can ask for, a file per command.
//!
//! Each has one function `run`, which takes the flags of every command where it needs them, then its own, and returns
//! how it ended. It is the list of the command's steps, in the order in which they can fail; what the steps do is
//! elsewhere.

pub(crate) mod backup;
pub(crate) mod check;
pub(crate) mod completions;
mod confirm;
pub(crate) mod explain;
pub(crate) mod files;
pub(crate) mod forget;
pub(crate) mod health;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod once;
pub(crate) mod print_config;
pub(crate) mod restore;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod sync;
pub(crate) mod tag;
