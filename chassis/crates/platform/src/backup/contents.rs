//! What is in a service's backups, and where does it belong? What the service says of itself.
//!
//! Start at [`Backups`]. A configuration file, and with `--with-secrets` what lies beside it, every service has; what
//! else there is, it lists.

use std::any::Any;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::process::Program;

/// The backups of one service.
#[derive(Clone, Copy)]
pub struct Backups {
    /// Who makes them. Their default names begin with its name.
    pub program: Program,
    /// The folder of those that are given no path.
    pub folder: &'static str,
    /// The store that can be in them; `None`: the service has none in a file.
    pub store: Option<&'static dyn StoreFile>,
    /// The names, in a backup, of the service's other files: in the order in which they are put in place, between the
    /// store and the secrets. The configuration is the last, so that a service that watches it finds everything else
    /// there.
    pub own: &'static [&'static str],
}

/// A store that is one file, which others may use meanwhile; the service knows how that goes.
pub trait StoreFile: Sync {
    /// Its name in a backup.
    fn member(&self) -> &'static str;

    /// What the manifest calls such a store.
    fn kind(&self) -> &'static str;

    /// The newest schema version that this program can use.
    fn newest_schema(&self) -> i64;

    /// What stands behind the file's name in the names of the files beside it, which go wherever it goes.
    fn companions(&self) -> &'static [&'static str];

    /// Copies the store at `from`, as it is at one moment, into the file `to`, and verifies the copy; its schema
    /// version.
    ///
    /// # Errors
    /// There is none, or what is wrong with it or its copy.
    fn copy(&self, from: &Path, to: &Path) -> anyhow::Result<i64>;

    /// Whether the file is a store that this program can use, undamaged; its schema version.
    ///
    /// # Errors
    /// What is wrong with it.
    fn verify(&self, path: &Path) -> anyhow::Result<i64>;

    /// Keeps everybody else from the store at `path` for as long as the value lives; there need be none.
    ///
    /// # Errors
    /// Somebody uses it.
    fn claim(&self, path: &Path) -> anyhow::Result<Box<dyn Any>>;
}

/// Where everything besides the configuration and the secrets belongs, by what a configuration says.
#[derive(Debug, Default)]
pub struct Places {
    /// Each of the service's own files.
    pub own: Vec<OwnFile>,
    /// The store, where the service has one.
    pub store: Option<StoreAt>,
}

/// The place of one of the service's own files.
#[derive(Debug)]
pub struct OwnFile {
    /// One of [`Backups::own`].
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether the service cannot do without it; what it can do without is in a backup where it is there.
    pub is_needed: bool,
}

/// Where a store is.
#[derive(Debug)]
pub enum StoreAt {
    /// In this file, which is in every backup.
    File(PathBuf),
    /// Elsewhere, and so in none.
    Elsewhere {
        /// What the manifest calls such a store.
        kind: &'static str,
        /// Which one it is.
        address: String,
        /// What people are told to do about that.
        remedy: &'static str,
    },
}

/// What a configuration and what belongs to it hold, in a backup.
pub struct Files<'a> {
    pub(super) config: &'a str,
    pub(super) own: BTreeMap<&'a str, &'a [u8]>,
}

impl Files<'_> {
    /// The text of the configuration.
    pub fn config(&self) -> &str {
        self.config
    }

    /// The content of one of the service's own files, where it is in the backup.
    pub fn own(&self, name: &str) -> Option<&[u8]> {
        self.own.get(name).copied()
    }
}
