//! `orchestrator`: how decisions are made, when, and what else the service does.

use advisor_core::rules::Keywords;
use std::borrow::Cow;
use std::path::PathBuf;

use jiff::Timestamp;
use platform::auth::config::Auth;
use platform::config::text::{Age, Endpoint, Zone};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

use super::gate::DecisionGate;
use super::prices::PriceCompare;
use super::telemetry::Telemetry;

/// How decisions are made, when, and what else the service does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Orchestrator {
    /// A withdrawal whose memo contains this text is a reference: gains are counted from there.
    #[schemars(length(min = 1))]
    pub reference_keyword: String,
    /// A withdrawal whose memo contains this text takes out principal: it is no reference, and no gain that was taken already.
    #[schemars(length(min = 1))]
    pub principal_keyword: String,
    /// What counts as the reference where no withdrawal is tagged.
    pub reference_keyword_fallback: ReferenceFallback,
    /// How much of a gain may be withdrawn.
    pub safety_factor: SafetyFactor,
    /// The time zone of charts, page, file names, days without a time, and the times that sentences name.
    pub timezone: Zone,
    /// When evaluations happen.
    pub schedule: Schedule,
    /// The HTTP server: metrics, page and API.
    pub telemetry: Telemetry,
    /// When the market is too unusual to withdraw.
    pub decision_gate: DecisionGate,
    /// Whether prices of several sources must agree.
    pub price_compare: PriceCompare,
    /// CSV file (asset, policy_id, token_name_hex), needed with `apis.minswap_aggregator` only; absent:
    /// token_registry.csv beside the configuration file.
    #[schemars(length(min = 1))]
    pub token_registry: PathBuf,
    /// Charts as files.
    pub diagnostics: Diagnostics,
    /// Which old charts are deleted.
    pub output_cleanup: OutputCleanup,
    /// Deposits and withdrawals pulled from Liqwid.
    pub transaction_sync: TransactionSync,
    /// Past decisions.
    pub journal: Journal,
    /// Other people's services that may be asked.
    pub apis: Apis,
    /// Who may see and do what.
    pub auth: Auth,
    /// Whether a changed file is read again without being asked.
    pub reload_on_change: bool,
}

impl Orchestrator {
    /// What marks a withdrawal.
    pub(crate) fn keywords(&self) -> Keywords {
        Keywords { reference: self.reference_keyword.clone(), principal: self.principal_keyword.clone() }
    }
}

impl Default for Orchestrator {
    fn default() -> Self {
        Self {
            reference_keyword: "alert_driven_withdrawal".into(),
            principal_keyword: "principal_withdrawal".into(),
            reference_keyword_fallback: ReferenceFallback::default(),
            safety_factor: SafetyFactor::default(),
            timezone: Zone::default(),
            schedule: Schedule::default(),
            telemetry: Telemetry::default(),
            decision_gate: DecisionGate::default(),
            price_compare: PriceCompare::default(),
            token_registry: "token_registry.csv".into(),
            diagnostics: Diagnostics::default(),
            output_cleanup: OutputCleanup::default(),
            transaction_sync: TransactionSync::default(),
            journal: Journal::default(),
            apis: Apis::default(),
            auth: Auth::default(),
            reload_on_change: false,
        }
    }
}

/// What counts as the reference where no withdrawal is tagged; `null` may be written with or without quotes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceFallback {
    /// The start of `client.date_range`, or the asset's first sample.
    #[default]
    DataRange,
    /// Nothing: the asset is held.
    Null,
}

impl<'de> Deserialize<'de> for ReferenceFallback {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Option::<String>::deserialize(deserializer)?.as_deref() {
            Some("data_range") => Ok(Self::DataRange),
            None | Some("null") => Ok(Self::Null),
            Some(_) => Err(serde::de::Error::custom("expected data_range or null")),
        }
    }
}

impl JsonSchema for ReferenceFallback {
    fn schema_name() -> Cow<'static, str> {
        "ReferenceFallback".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["string", "null"], "enum": ["data_range", "null", null] })
    }
}

/// How much of a gain may be withdrawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SafetyFactor {
    /// The share of the gain, 1 for all of it.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub c: f64,
}

impl Default for SafetyFactor {
    fn default() -> Self {
        Self { c: 0.5 }
    }
}

/// When evaluations happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// Minutes from the start of one evaluation to the start of the next; fractions are allowed. At least 1 s (0.0167),
    /// and 60 s where one of `orchestrator.apis` is configured.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 525_600))]
    pub interval_minutes: f64,
}

impl Default for Schedule {
    fn default() -> Self {
        Self { interval_minutes: 60.0 }
    }
}

/// Charts as files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Diagnostics {
    /// Whether each evaluation draws a chart per asset.
    pub enabled: bool,
    /// The folder of the charts.
    #[schemars(length(min = 1))]
    pub dir: PathBuf,
    /// Whether the band of one standard deviation is drawn.
    pub include_sigma_band: bool,
    /// Whether the band of `k_sigma` standard deviations is drawn.
    pub include_k_sigma_band: bool,
    /// How far the chart reaches back, in hours; null: as far as the gate. The gate's own window stays as it is.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 876_000))]
    pub lookback_hours_override: Option<f64>,
    /// How many residuals a bar of the histogram stands for on average.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub hist_samples_per_bin: usize,
}

impl Default for Diagnostics {
    fn default() -> Self {
        Self {
            enabled: false,
            dir: "output".into(),
            include_sigma_band: true,
            include_k_sigma_band: true,
            lookback_hours_override: None,
            hist_samples_per_bin: 10,
        }
    }
}

/// Which old charts are deleted: at the start and after each round, files older than the cut-off.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutputCleanup {
    /// Whether anything is deleted.
    pub enabled: bool,
    /// The cut-off as a length of time before now (m, h, d, w); it wins over `expire_before`. Absent together with
    /// `expire_before`: 7d.
    pub expire_before_relative: Option<Age>,
    /// The cut-off as an instant.
    #[schemars(with = "Option<String>", extend("format" = "instant"))]
    pub expire_before: Option<Timestamp>,
    /// The folders that are looked through; absent: `diagnostics.dir`.
    #[schemars(inner(length(min = 1)))]
    pub paths: Vec<PathBuf>,
    /// The only file extensions that are deleted, upper and lower case alike.
    #[schemars(length(min = 1), extend("items" = { "type": "string", "format": "file-extension" }))]
    pub extensions: Vec<String>,
}

impl Default for OutputCleanup {
    fn default() -> Self {
        Self {
            enabled: false,
            expire_before_relative: None,
            expire_before: None,
            paths: Vec::new(),
            extensions: vec![".png".into()],
        }
    }
}

/// Deposits and withdrawals pulled from Liqwid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TransactionSync {
    /// Whether this happens before every evaluation, and assets are held whose transactions could not be had; it can always
    /// be asked for.
    pub enabled: bool,
    /// The first instant that is asked for; null: the beginning of the history.
    #[schemars(with = "Option<String>", extend("format" = "instant"))]
    pub start_date: Option<Timestamp>,
    /// The last instant that is asked for; null: now.
    #[schemars(with = "Option<String>", extend("format" = "instant"))]
    pub end_date: Option<Timestamp>,
    /// How long one request may take, in seconds.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600))]
    pub timeout_seconds: f64,
    /// The wallets that are asked about; empty: all that have positions.
    #[schemars(inner(length(min = 1)), extend("uniqueItems" = true))]
    pub wallets: Vec<String>,
}

impl Default for TransactionSync {
    fn default() -> Self {
        Self { enabled: false, start_date: None, end_date: None, timeout_seconds: 10.0, wallets: Vec::new() }
    }
}

/// Past decisions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Whether decisions are kept.
    pub enabled: bool,
    /// How many days they are kept.
    #[schemars(range(min = 1, max = 36_500))]
    pub keep_days: u32,
}

impl Default for Journal {
    fn default() -> Self {
        Self { enabled: true, keep_days: 365 }
    }
}

/// Other people's services that may be asked; one that is absent never is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Apis {
    /// Liqwid's GraphQL API: prices and transactions.
    pub liqwid_graphql: Option<Endpoint>,
    /// Minswap's aggregator: prices.
    pub minswap_aggregator: Option<Endpoint>,
    /// Koios: what wallets hold on the chain. Read so that files with it stay valid; this version never asks it.
    pub koios: Option<Endpoint>,
}
