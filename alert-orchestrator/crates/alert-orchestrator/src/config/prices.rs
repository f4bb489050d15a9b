//! `orchestrator.price_compare`: must the prices of several sources agree?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether and how the prices of several sources are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct PriceCompare {
    /// Whether prices are compared.
    pub enabled: bool,
    /// The logical sources that must agree.
    #[schemars(length(min = 1), extend("uniqueItems" = true))]
    pub sources: Vec<LogicalSource>,
    /// How long one request for a price may take, in seconds.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 600))]
    pub request_timeout_seconds: f64,
    /// How often a failed request for a price is repeated.
    #[schemars(range(min = 0, max = 20))]
    pub retries: u32,
    /// The currency of the prices.
    pub currency: Currency,
    /// What holds where an asset says nothing else.
    #[serde(flatten)]
    pub comparison: Comparison,
    /// What an asset does differently, by its name. Once loaded: every asset's whole comparison.
    pub per_asset_overrides: BTreeMap<String, Comparison>,
}

impl Default for PriceCompare {
    fn default() -> Self {
        Self {
            enabled: false,
            sources: vec![LogicalSource::Liqwid, LogicalSource::Minswap],
            request_timeout_seconds: 5.0,
            retries: 1,
            currency: Currency::Usd,
            comparison: Comparison::default(),
            per_asset_overrides: BTreeMap::new(),
        }
    }
}

/// When two prices of one asset disagree, and what follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Comparison {
    /// What the tolerance is measured in.
    pub epsilon_mode: EpsilonMode,
    /// The largest difference that is none: a fraction of the higher price (0.01 = 1 %), or USD.
    #[schemars(range(min = 0))]
    pub tolerance_epsilon: f64,
    /// How many evaluations in a row must disagree before anything follows, counted since the start; `--once` is one.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub persistence_threshold: u32,
    /// What follows.
    pub action_on_mismatch: MismatchAction,
}

impl Default for Comparison {
    fn default() -> Self {
        Self {
            epsilon_mode: EpsilonMode::default(),
            tolerance_epsilon: 0.01,
            persistence_threshold: 1,
            action_on_mismatch: MismatchAction::default(),
        }
    }
}

/// What a tolerance is measured in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EpsilonMode {
    /// A fraction of the higher price.
    #[default]
    Relative,
    /// USD.
    Absolute,
}

/// What follows when prices disagree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MismatchAction {
    /// The asset is held.
    #[default]
    Hold,
    /// It is only shown.
    Alert,
}

/// The currency of compared prices; positions are valued in it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    /// US dollars.
    Usd,
}

/// Whose price it is, whichever way it is obtained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogicalSource {
    /// The lending market.
    Liqwid,
    /// The exchange.
    Minswap,
}

/// One way to obtain a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum PriceSource {
    /// Liqwid's API, now.
    #[serde(rename = "liqwid_graphql")]
    LiqwidGraphql,
    /// The newest price beside the positions.
    #[serde(rename = "greptime(liqwid)")]
    StoredLiqwid,
    /// Minswap's API, now.
    #[serde(rename = "minswap_aggregator")]
    MinswapAggregator,
    /// The newest price of the database `minswap`.
    #[serde(rename = "greptime(minswap)")]
    StoredMinswap,
}

/// Ways to obtain each logical source's price, the preferred first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PriceSourcePriority {
    /// Ways to Liqwid's price.
    #[schemars(extend("uniqueItems" = true))]
    pub liqwid: Vec<PriceSource>,
    /// Ways to Minswap's price.
    #[schemars(extend("uniqueItems" = true))]
    pub minswap: Vec<PriceSource>,
}

impl Default for PriceSourcePriority {
    fn default() -> Self {
        Self {
            liqwid: vec![PriceSource::LiqwidGraphql, PriceSource::StoredLiqwid],
            minswap: vec![PriceSource::MinswapAggregator, PriceSource::StoredMinswap],
        }
    }
}
