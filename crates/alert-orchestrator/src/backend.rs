//! The configured store, whichever it is.

use std::path::Path;
use std::time::Duration;

use advisor_core::decision::Failure;
use advisor_core::store::{Store as _, StoreError};
use advisor_io::embedded::Embedded;
use advisor_io::greptime::{Greptime, Settings, SettingsError};
use jiff::Timestamp;

use crate::config::client;
use crate::config::{Config, Store};
use crate::evaluate::{self, Evaluation, Plan};
use crate::import;

/// The store that evaluations read.
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub(crate) enum Backend {
    Embedded(Embedded),
    Greptime(Greptime),
}

impl Backend {
    /// Opens the embedded store's file and imports what changed, or prepares requests to GreptimeDB; the first of those
    /// shows whether it is there.
    ///
    /// # Errors
    /// A store that cannot be opened or brought up to date answers for no asset: old data must not look new.
    pub(crate) fn open(config: &Config) -> Result<Self, StoreError> {
        match config.client.store() {
            Store::Embedded(settings) => {
                let unavailable = |error: anyhow::Error| StoreError::Unavailable {
                    store: name_of_embedded(&settings.path),
                    cause: format!("{error:#}"),
                };
                let store = Embedded::open(&settings.path).map_err(|error| unavailable(error.into()))?;
                import::automatic(&store, &settings.import, config).map_err(unavailable)?;
                Ok(Self::Embedded(store))
            }
            Store::Greptime(settings) => {
                let unavailable = |error: SettingsError| StoreError::Unavailable {
                    store: name_of_greptime(settings),
                    cause: format!("{:#}", anyhow::Error::from(error)),
                };
                Ok(Self::Greptime(greptime(settings).map_err(unavailable)?))
            }
        }
    }

    /// What the configured store is, and where.
    pub(crate) fn address(config: &Config) -> String {
        match config.client.store() {
            Store::Embedded(settings) => name_of_embedded(&settings.path),
            Store::Greptime(settings) => name_of_greptime(settings),
        }
    }

    /// One round.
    pub(crate) async fn evaluate(&self, plan: &Plan, now: Timestamp) -> Evaluation {
        match self {
            Self::Embedded(store) => evaluate::evaluate(store, plan, now).await,
            Self::Greptime(store) => evaluate::evaluate(&store.round(), plan, now).await,
        }
    }

    /// Finds and checks the tables of every asset.
    pub(crate) async fn check(&self, plan: &Plan, now: Timestamp) -> Vec<Result<String, Failure>> {
        match self {
            Self::Embedded(store) => evaluate::check(store, plan, now).await,
            Self::Greptime(store) => evaluate::check(&store.round(), plan, now).await,
        }
    }

    /// The store's clock, where it has one of its own; asking shows that the store answers.
    pub(crate) async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        match self {
            Self::Embedded(store) => store.clock().await,
            Self::Greptime(store) => store.round().clock().await,
        }
    }
}

fn name_of_embedded(file: &Path) -> String {
    format!("embedded store {}", file.display())
}

fn name_of_greptime(settings: &client::Greptime) -> String {
    let url = settings.base_url().map_or_else(|_| settings.host.to_string(), String::from);
    format!("GreptimeDB at {}", url.trim_end_matches('/'))
}

fn greptime(settings: &client::Greptime) -> Result<Greptime, SettingsError> {
    Greptime::new(Settings {
        base_url: settings.base_url()?,
        database: settings.database.clone(),
        timeout: Duration::from_secs_f64(settings.timeout),
        retries: settings.retries,
        retry_delay: Settings::RETRY_DELAY,
        username: settings.username.clone(),
        password: settings.password.as_ref().map(|password| password.expose().to_owned()),
    })
}
