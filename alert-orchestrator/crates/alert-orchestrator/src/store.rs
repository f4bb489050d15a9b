//! The configured store: opened by the configuration, and kept up to date with the files it is filled from.

use std::path::PathBuf;
use std::time::Duration;

use advisor_core::store::StoreError;
use advisor_io::AnyStore;
use advisor_io::embedded::Embedded;
use advisor_io::greptime::{self, Greptime, SettingsError};
use anyhow::bail;

use crate::config::client;
use crate::config::{Config, Store};
use crate::csv_folders;

/// Opens the embedded store's file, or prepares requests to GreptimeDB; the first of those shows whether it is there.
///
/// # Errors
/// A store that cannot be opened answers for no asset.
pub(crate) fn open(config: &Config) -> Result<AnyStore, StoreError> {
    let unavailable = |error: anyhow::Error| unavailable(config, &error);
    match config.client.store() {
        Store::Embedded(settings) => {
            Embedded::open(&settings.path).map(AnyStore::Embedded).map_err(|error| unavailable(error.into()))
        }
        Store::Greptime(settings) => {
            greptime(settings).map(AnyStore::Greptime).map_err(|error| unavailable(error.into()))
        }
    }
}

/// The embedded store, for `what` only it can do.
///
/// # Errors
/// Another store is configured, or it cannot be opened.
pub(crate) fn embedded(config: &Config, what: &str) -> anyhow::Result<Embedded> {
    match config.client.store() {
        Store::Embedded(settings) => Ok(Embedded::open(&settings.path)?),
        Store::Greptime(_) => bail!("{what} needs the embedded store, but client.greptime is configured"),
    }
}

/// What the configured store is, and where; for whoever runs the service.
pub(crate) fn address(config: &Config) -> String {
    match config.client.store() {
        Store::Embedded(settings) => format!("embedded store {}", settings.path.display()),
        Store::Greptime(_) => name(config),
    }
}

/// The same for everybody: without the folders of this machine.
pub(crate) fn name(config: &Config) -> String {
    match config.client.store() {
        Store::Embedded(settings) => format!("embedded store {}", legible::path(&settings.path)),
        Store::Greptime(settings) => {
            let url = settings.base_url().map_or_else(|_| settings.host.to_string(), String::from);
            format!("GreptimeDB at {}", url.trim_end_matches('/'))
        }
    }
}

/// Brings the embedded store up to date with the files it is filled from.
///
/// # Errors
/// A store that cannot be brought up to date answers for no asset: old data must not look new.
pub(crate) fn refresh(store: &AnyStore, config: &Config) -> Result<(), StoreError> {
    match (store, config.client.store()) {
        (AnyStore::Embedded(store), Store::Embedded(settings)) => {
            csv_folders::automatic(store, &settings.import, config).map_err(|error| unavailable(config, &error))
        }
        _ => Ok(()),
    }
}

/// That the store answers for no asset, for everybody to read.
fn unavailable(config: &Config, error: &anyhow::Error) -> StoreError {
    if let Some(error) = error.downcast_ref::<StoreError>() {
        return error.clone();
    }
    let cause = format!("{error:#}");
    let cause = match config.client.store() {
        Store::Embedded(settings) => {
            let paths = settings.import.iter().chain([&settings.path]);
            legible::without_folders(&cause, paths.map(PathBuf::as_path))
        }
        Store::Greptime(_) => cause,
    };
    // Causes name the store themselves, for whoever meets them elsewhere.
    let store = name(config);
    let cause = cause.replace(&format!("the {store}"), "it");
    StoreError::Unavailable { store, cause }
}

fn greptime(settings: &client::Greptime) -> Result<Greptime, SettingsError> {
    Greptime::new(greptime::Settings {
        base_url: settings.base_url()?,
        database: settings.database.clone(),
        timeout: Duration::from_secs_f64(settings.timeout),
        retries: settings.retries,
        retry_delay: greptime::Settings::RETRY_DELAY,
        username: settings.username.clone(),
        password: settings.password.as_ref().map(|password| password.expose().to_owned()),
    })
}
