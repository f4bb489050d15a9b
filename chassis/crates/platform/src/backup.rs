//! Everything that a lost host takes with it, in one file, and back from there.
//!
//! A service says once what its backups hold ([`Backups`], [`StoreFile`]) and where its configuration wants it
//! ([`Places`]). Start at [`Backups::back_up`]: what goes into a backup is copied into a folder of its own first, the
//! store as it is at one moment, so that `manifest` can say what each file is before `archive` writes them. Old backups
//! are deleted by `keep`. [`Backups::restore`] verifies everything first; what it puts back is put there by `place`.

mod archive;
mod contents;
mod keep;
mod leftovers;
mod make;
mod manifest;
mod member;
mod place;
mod restore;
mod second;

pub use contents::{Backups, Files, OwnFile, Places, StoreAt, StoreFile};
pub use leftovers::leftovers;
pub use make::Options;
