//! What shall be traded, and how? The configuration: one definition of every key, checked as a whole before anything runs.
//!
//! Start at [`load`]. The structs below are the definition: their fields are the keys, their documentation and ranges become
//! the JSON Schema ([`schema`]), by which the file is checked. What concerns several keys is checked in `cross`; what the
//! engine needs of it is made in `effective`.

pub mod backtesting;
mod cross;
mod effective;
pub mod later;
pub mod number;
pub mod strategies;
pub mod trading;

use std::collections::BTreeMap;
use std::path::Path;

use platform::config::{Document, Fault, Faults, Format, typed};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trading_core::instrument::InstrumentId;

pub(crate) use cross::file_name;

use backtesting::{Backtesting, Data, Gates, Logging};
use later::Later;
use strategies::{Filters, Strategy};
use trading::{Risk, Trading};

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What decides.
    #[schemars(length(min = 1))]
    pub strategies: Vec<Strategy>,
    /// What fills cost, how much may be lost.
    #[serde(default)]
    pub trading: Trading,
    /// How large positions are, and how they end.
    #[serde(default)]
    pub risk: Risk,
    /// Steps and minima of instruments, by venue:BASE/QUOTE.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Filters>")]
    pub instruments: BTreeMap<InstrumentId, Filters>,
    /// How strategies are tried.
    #[serde(default)]
    pub backtesting: Backtesting,
    /// Where market data are kept.
    #[serde(default)]
    pub data: Data,
    /// What must be shown before money is at stake.
    #[serde(default)]
    pub gates: Gates,
    /// What is logged.
    #[serde(default)]
    pub logging: Logging,
    /// Accepted.
    #[serde(default)]
    pub version: Later,
    /// Accepted.
    #[serde(default)]
    pub environment: Later,
    /// Accepted.
    #[serde(default)]
    pub debug: Later,
    /// Accepted.
    #[serde(default)]
    pub development: Later,
    /// What the program has to say to its user about keys of later versions; no key.
    #[serde(skip)]
    pub answers: Vec<String>,
}

/// The formats of this configuration beside those of every service.
const FORMATS: &[Format] = &[Format {
    name: "instrument",
    expected: "an instrument as venue:BASE/QUOTE, for example binance:BTC/USDT",
    accepts: |text| text.parse::<InstrumentId>().is_ok(),
}];

/// Reads and checks the configuration at `path`; `env` answers the variables in its strings, `GRAPHWIZ_ENV` among them.
///
/// # Errors
/// Everything that is wrong with it, one line per fault: `file:line: key.path: what was found, expected what`.
pub fn load(path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Faults> {
    complete(Document::read(path, env)?, path, env)
}

/// As [`load`], of a text.
///
/// # Errors
/// As [`load`].
pub fn load_text(path: &Path, text: &str, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Faults> {
    complete(Document::parse(path, text, env)?, path, env)
}

fn complete(mut document: Document, path: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Config, Faults> {
    let is_advisors = ["client", "orchestrator"].iter().all(|section| document.root().at(section).is_some());
    if is_advisors {
        let text = "this is a configuration of the Alert Orchestrator, expected one of GraphWiz Trader";
        document.report([Fault::new(1, "", text)]);
        return typed(path, document.finish()?);
    }
    document.lay_over("environments", env("GRAPHWIZ_ENV").filter(|name| !name.is_empty()).as_deref());
    let answers = later::answers(document.root());
    document.take_out(later::SECTIONS);
    document.check(&schema(), FORMATS);
    let misfits = cross::faults(document.root());
    document.report(misfits);
    let config: Config = typed(path, document.finish()?)?;
    Ok(Config { answers, ..config })
}

/// The JSON Schema of the configuration file.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Config).to_value()
}
