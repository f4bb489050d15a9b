//! What a backup of the advisor holds, and where it belongs: the configuration, the token registry and the embedded
//! store.
//!
//! Start at [`BACKUPS`]; how a backup is made and put back is `platform::backup`.

use std::any::Any;
use std::path::{Path, PathBuf};

use advisor_io::embedded::EmbeddedError;
use advisor_io::embedded::snapshot;
use anyhow::anyhow;
use platform::backup::{self, Backups, Files, OwnFile, Places, StoreAt, StoreFile};
use platform::files::folder_of;
use platform::process::environment;
use tracing::warn;

use crate::config::{self, Config, ConfigError};
use crate::store;
use crate::version::PROGRAM;

const REGISTRY: &str = "token_registry.csv";

pub(crate) const BACKUPS: Backups =
    Backups { program: PROGRAM, folder: "/var/backups/orchestrator", store: Some(&EmbeddedStore), own: &[REGISTRY] };

/// Where a configuration has what a backup holds.
pub(crate) fn places(config: &Config) -> Places {
    let registry = OwnFile {
        name: REGISTRY,
        path: config.orchestrator.token_registry.clone(),
        is_needed: config.tokens.is_some(),
    };
    let store = match config.client.store() {
        config::Store::Embedded(settings) => StoreAt::File(settings.path),
        config::Store::Greptime(_) => StoreAt::Elsewhere {
            kind: "greptimedb",
            address: store::address(config),
            remedy: "back that up with GreptimeDB's own tools",
        },
    };
    Places { own: vec![registry], store: Some(store) }
}

/// What backups, restores and migrations have left that were killed, or have that are running.
pub(crate) fn leftovers(config: &Config, path: &Path) -> Vec<PathBuf> {
    let mut folders = vec![Path::new(BACKUPS.folder), folder_of(path), folder_of(&config.orchestrator.token_registry)];
    let embedded = match config.client.store() {
        config::Store::Embedded(settings) => Some(settings.path),
        config::Store::Greptime(_) => None,
    };
    folders.extend(embedded.as_deref().map(folder_of));
    backup::leftovers(&folders, snapshot::PARTIAL)
}

/// The configuration that a backup holds, once it is the one at `path`.
///
/// # Errors
/// Everything that is wrong with it, or with the registry.
pub(crate) fn configuration(path: &Path, files: &Files<'_>) -> Result<Config, ConfigError> {
    config::load_text(path, files.config(), files.own(REGISTRY), &environment)
}

/// A configuration is only of use as it is; what it says itself, and not through a variable, is in the backup, too.
pub(crate) fn warn_of_secrets(config: &Config, path: &Path, text: &str) {
    let client = &config.client.greptime;
    let password = client.as_ref().and_then(|greptime| greptime.password.as_ref());
    let hashes = config.orchestrator.auth.password_hashes();
    let keys = password.map(|secret| ("client.greptime.password", secret)).into_iter();
    for (key, secret) in keys.chain(hashes.map(|hash| ("password_hash of orchestrator.auth", hash))) {
        if !secret.expose().is_empty() && text.contains(secret.expose()) {
            warn!("{} holds {key} itself, and so does the backup; ${{VARIABLE}} would keep it out", path.display());
        }
    }
}

/// The embedded store, of which others may be users.
struct EmbeddedStore;

impl StoreFile for EmbeddedStore {
    fn member(&self) -> &'static str {
        "store.db"
    }

    fn kind(&self) -> &'static str {
        "embedded"
    }

    fn newest_schema(&self) -> i64 {
        snapshot::SCHEMA_VERSION
    }

    fn companions(&self) -> &'static [&'static str] {
        &snapshot::COMPANIONS
    }

    fn copy(&self, from: &Path, to: &Path) -> anyhow::Result<i64> {
        // A backup without the store would look like one with it until it is needed.
        snapshot::copy(from, to).map_err(|error| match error {
            EmbeddedError::Missing { .. } => anyhow!(
                "there is no embedded store at {} (client.embedded.path); \
                 has the service run with this configuration, and in this working directory?",
                std::path::absolute(from).unwrap_or_else(|_| from.to_path_buf()).display()
            ),
            other => other.into(),
        })?;
        self.verify(to)
    }

    fn verify(&self, path: &Path) -> anyhow::Result<i64> {
        Ok(snapshot::verify(path)?)
    }

    fn claim(&self, path: &Path) -> anyhow::Result<Box<dyn Any>> {
        Ok(Box::new(snapshot::claim(path)?))
    }
}
