//! The configured store, whichever it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use advisor_core::decision::Failure;
use advisor_core::flow::FlowRow;
use advisor_core::journal::{Entry, Journal as _};
use advisor_core::ledger::{FlowKey, Ledger as _, NewFlow};
use advisor_core::store::{Store as _, StoreError};
use advisor_io::embedded::Embedded;
use advisor_io::greptime::{self, Greptime, SettingsError};
use jiff::Timestamp;

pub(crate) use advisor_io::RequestCounts;

use crate::config::client;
use crate::config::{Config, Store};
use crate::csv_folders;
use crate::evaluate::{self, AssetTables, Circumstances, Evaluation, Mismatches, Plan};
use crate::settings::Settings;

/// The store that evaluations read.
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub(crate) enum Backend {
    Embedded(Embedded),
    Greptime(Greptime),
}

impl Backend {
    /// Opens the embedded store's file, or prepares requests to GreptimeDB; the first of those shows whether it is there.
    ///
    /// # Errors
    /// A store that cannot be opened answers for no asset.
    pub(crate) fn open(config: &Config) -> Result<Self, StoreError> {
        match config.client.store() {
            Store::Embedded(settings) => {
                let unavailable = |error: anyhow::Error| StoreError::Unavailable {
                    store: name_of_embedded(&settings.path),
                    cause: format!("{error:#}"),
                };
                Ok(Self::Embedded(Embedded::open(&settings.path).map_err(|error| unavailable(error.into()))?))
            }
            Store::Greptime(settings) => {
                let unavailable = |error: SettingsError| StoreError::Unavailable {
                    store: name_of_greptime(settings),
                    cause: format!("{:#}", anyhow::Error::from(error)),
                };
                Ok(Self::Greptime(client_of(settings).map_err(unavailable)?))
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

    /// What it is, in the labels of metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Greptime(_) => "greptime",
        }
    }

    /// How many requests it has answered and refused since the start.
    pub(crate) fn requests(&self) -> RequestCounts {
        match self {
            Self::Embedded(store) => store.requests(),
            Self::Greptime(store) => store.requests(),
        }
    }

    /// Brings the embedded store up to date with the files it is filled from.
    ///
    /// # Errors
    /// A store that cannot be brought up to date answers for no asset: old data must not look new.
    pub(crate) fn refresh(&self, config: &Config) -> Result<(), StoreError> {
        match (self, config.client.store()) {
            (Self::Embedded(store), Store::Embedded(settings)) => {
                csv_folders::automatic(store, &settings.import, config).map_err(|error| StoreError::Unavailable {
                    store: name_of_embedded(&settings.path),
                    cause: format!("{error:#}"),
                })
            }
            _ => Ok(()),
        }
    }

    /// One round; `mismatches` says how often in a row the prices of an asset had disagreed before.
    pub(crate) async fn evaluate(
        &self,
        settings: &Settings,
        plan: &Plan,
        now: Timestamp,
        mismatches: &Mismatches,
    ) -> Evaluation {
        match self {
            Self::Embedded(store) => {
                let prices = settings.prices.ask(plan, None);
                evaluate::evaluate(store, plan, Circumstances { now, prices, mismatches }).await
            }
            Self::Greptime(store) => {
                // A round of its own: where the database of prices denies or fails, positions are asked for all the same.
                let of_prices = store.round();
                let prices = settings.prices.ask(plan, Some((&of_prices, plan.end.unwrap_or(now))));
                evaluate::evaluate(&store.round(), plan, Circumstances { now, prices, mismatches }).await
            }
        }
    }

    /// Finds and checks the tables of every asset.
    pub(crate) async fn check(&self, plan: &Plan, now: Timestamp) -> Vec<Result<String, Failure>> {
        match self {
            Self::Embedded(store) => evaluate::check(store, plan, now).await,
            Self::Greptime(store) => evaluate::check(&store.round(), plan, now).await,
        }
    }

    /// The tables of every asset of the plan, or why it has none.
    pub(crate) async fn all_tables(&self, plan: &Plan) -> Vec<Result<AssetTables, Failure>> {
        match self {
            Self::Embedded(store) => evaluate::all_tables(store, plan).await,
            Self::Greptime(store) => evaluate::all_tables(&store.round(), plan).await,
        }
    }

    /// The names of all tables there are.
    pub(crate) async fn table_names(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Embedded(store) => store.tables().await,
            Self::Greptime(store) => store.round().tables().await,
        }
    }

    /// All rows of a table of deposits or withdrawals.
    pub(crate) async fn flows(&self, table: &str) -> Result<Vec<FlowRow>, StoreError> {
        match self {
            Self::Embedded(store) => store.flows(table, None, i64::MAX).await,
            Self::Greptime(store) => store.round().flows(table, None, i64::MAX).await,
        }
    }

    /// Shows that the store answers.
    ///
    /// # Errors
    /// Why it does not.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        match self {
            // The embedded store has no clock of its own to ask for.
            Self::Embedded(store) => store.tables().await.map(drop),
            Self::Greptime(store) => store.round().clock().await.map(drop),
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

/// The ports that write, whichever store it is.
impl Backend {
    pub(crate) async fn append(&self, table: &str, entries: &[Entry]) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.append(table, entries).await,
            Self::Greptime(store) => store.round().append(table, entries).await,
        }
    }

    pub(crate) async fn forget(&self, table: &str, before: i64) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.forget(table, before).await,
            Self::Greptime(store) => store.round().forget(table, before).await,
        }
    }

    pub(crate) async fn past(
        &self,
        table: &str,
        asset: &str,
        from: i64,
        to: i64,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        match self {
            Self::Embedded(store) => store.read(table, asset, from, to, limit).await,
            Self::Greptime(store) => store.round().read(table, asset, from, to, limit).await,
        }
    }

    pub(crate) async fn wallets(&self, position_tables: &[String]) -> Result<Vec<Arc<str>>, StoreError> {
        match self {
            Self::Embedded(store) => store.wallets(position_tables).await,
            Self::Greptime(store) => store.round().wallets(position_tables).await,
        }
    }

    pub(crate) async fn key(&self, table: &str) -> Result<FlowKey, StoreError> {
        match self {
            Self::Embedded(store) => store.key(table).await,
            Self::Greptime(store) => store.round().key(table).await,
        }
    }

    pub(crate) async fn add_flows(&self, table: &str, flows: &[NewFlow]) -> Result<usize, StoreError> {
        match self {
            Self::Embedded(store) => store.add_flows(table, flows).await,
            Self::Greptime(store) => store.round().add_flows(table, flows).await,
        }
    }

    pub(crate) async fn set_memo(
        &self,
        table_read: &str,
        table_written: &str,
        flow: &FlowRow,
        memo: Option<&str>,
    ) -> Result<(), StoreError> {
        match self {
            Self::Embedded(store) => store.set_memo(table_read, table_written, flow, memo).await,
            Self::Greptime(store) => store.round().set_memo(table_read, table_written, flow, memo).await,
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

fn client_of(settings: &client::Greptime) -> Result<Greptime, SettingsError> {
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
