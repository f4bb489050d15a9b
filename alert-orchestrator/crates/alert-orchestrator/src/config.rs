//! What shall the service do? The configuration: one definition of every key, checked as a whole before anything starts.
//!
//! Start at [`load`]. The structs below are the definition: their fields are the keys, their documentation and ranges become
//! the JSON Schema ([`schema`]), by which the file is checked. What concerns several keys is checked in `cross`, and what
//! keys take from each other is filled in by `effective`, so that a [`Config`] says everything outright.

pub mod client;
mod cross;
mod effective;
pub mod gate;
pub mod orchestrator;
pub mod prices;
mod registry;
pub mod telemetry;
pub mod text;

use std::path::Path;

use platform::config::text::Endpoint;
use platform::config::{Document, typed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::client::{Client, Store};
pub use self::gate::Gate;
pub use self::orchestrator::Orchestrator;
pub use self::registry::TokenRegistry;
pub use platform::config::Faults as ConfigError;

/// The whole configuration, as it takes effect: defaults applied, every asset's own settings complete, days as instants.
///
/// Serialized, it is the normalized form: secrets are `[redacted]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Which assets are evaluated, and where their data come from.
    pub client: Client,
    /// How decisions are made, when, and what else the service does.
    #[serde(default)]
    pub orchestrator: Orchestrator,
    /// The tokens of the assets, where `apis.minswap_aggregator` is set.
    #[serde(skip)]
    pub tokens: Option<TokenRegistry>,
}

impl Config {
    /// The gate of a configured asset, overrides applied.
    pub fn gate_for(&self, asset: &str) -> &Gate {
        let gate = &self.orchestrator.decision_gate;
        gate.per_asset.get(asset).unwrap_or(&gate.gate)
    }

    /// Where transactions are pulled from.
    ///
    /// # Errors
    /// A sentence that says why they cannot be.
    pub fn pulled_from(&self) -> Result<&Endpoint, &'static str> {
        if self.client.transactions.amount_unit == client::AmountUnit::Usd {
            return Err(
                "client.transactions.amount_unit is usd: Liqwid's amounts are units of the asset and cannot stand beside them",
            );
        }
        let address = self.orchestrator.apis.liqwid_graphql.as_ref();
        address.ok_or("orchestrator.apis.liqwid_graphql is not set: it says where transactions are pulled from")
    }
}

/// Reads, checks and completes the configuration at `path`; `env` answers the variables in its strings.
///
/// # Errors
/// Everything that is wrong with it, one line per fault: `file:line: key.path: what was found, expected what`.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, ConfigError> {
    complete(Document::read(path, env)?, path, None)
}

/// As [`load`], of a file that is yet to be written to `path`, with the token registry that will be there then, if any.
///
/// # Errors
/// As [`load`].
pub fn load_text(
    path: &Path,
    text: &str,
    registry: Option<&[u8]>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Config, ConfigError> {
    complete(Document::parse(path, text, env)?, path, registry)
}

fn complete(mut document: Document, path: &Path, registry: Option<&[u8]>) -> Result<Config, ConfigError> {
    document.check(&schema(), text::FORMATS);
    let misfits = cross::faults(document.root());
    document.report(misfits);
    let tokens = registry::load(document.root(), path, registry).unwrap_or_else(|faults| {
        document.report(faults);
        None
    });
    let config: Config = typed(path, effective::resolve(document.finish()?, path))?;
    Ok(Config { tokens, ..config })
}

/// The JSON Schema of the configuration file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}
