//! `client`: which assets, from which store, over which time.

use std::collections::BTreeMap;
use std::path::PathBuf;

use advisor_io::greptime::SettingsError;
use jiff::Timestamp;
use platform::Secret;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use url::Url;

use super::text::Host;

/// Which assets are evaluated, and where their data come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["assets"]))]
pub struct Client {
    /// GreptimeDB as the store; without it the embedded one is used.
    pub greptime: Option<Greptime>,
    /// The embedded store; not together with `greptime`.
    pub embedded: Option<Embedded>,
    /// The assets to evaluate, by the suffix of their tables; upper and lower case are the same.
    #[schemars(length(min = 1), extend("items" = { "type": "string", "format": "asset-name" }), extend("uniqueItems" = true))]
    pub assets: Vec<String>,
    /// What stands before the asset in the name of its position table.
    #[schemars(extend("format" = "table-prefix"))]
    pub table_asset_prefix: String,
    /// What stands before the asset in the name of its deposit table.
    #[schemars(extend("format" = "table-prefix"))]
    pub deposits_prefix: String,
    /// What stands before the asset in the name of its withdrawal table.
    #[schemars(extend("format" = "table-prefix"))]
    pub withdrawals_prefix: String,
    /// The time that is looked at.
    pub date_range: DateRange,
    /// A wallet whose newest sample is older than this many hours may withdraw nothing; null: any age will do.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 876_000))]
    pub max_sample_age_hours: Option<f64>,
    /// Samples newer than the machine's time by more than this many minutes hold their asset, as its clock or time zone may be
    /// wrong; null: never, for collectors that stamp the end of their hour or day. Not where `date_range.end` is set.
    #[schemars(extend("minimum" = 0, "maximum" = 5_256_000))]
    pub max_clock_skew_minutes: Option<f64>,
    /// How deposits and withdrawals are read.
    pub transactions: Transactions,
    /// What charts and pages show.
    pub output: Output,
}

/// Where GreptimeDB is, over HTTP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Greptime {
    /// Host name or address, with or without scheme, port and path; a port named here wins.
    pub host: Host,
    /// Port of the HTTP API.
    #[serde(default = "Greptime::default_port")]
    #[schemars(range(min = 1, max = 65535))]
    pub port: u16,
    /// The database that holds positions, deposits and withdrawals.
    #[serde(default = "Greptime::default_database")]
    #[schemars(extend("format" = "database-name"))]
    pub database: String,
    /// How long one request may take, in seconds.
    #[serde(default = "Greptime::default_timeout")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 3600))]
    pub timeout: f64,
    /// How often a request is repeated after a failure that may pass.
    #[serde(default = "Greptime::default_retries")]
    #[schemars(range(min = 0, max = 20))]
    pub retries: u32,
    /// User for HTTP Basic authentication, without a colon.
    #[serde(default)]
    pub username: Option<String>,
    /// Password of that user; best taken from the environment, `${GREPTIME_PASSWORD}`.
    #[serde(default)]
    pub password: Option<Secret>,
}

impl Greptime {
    /// The URL of the server.
    ///
    /// # Errors
    /// None once the configuration is loaded: the host was checked by the same rules.
    pub fn base_url(&self) -> Result<Url, SettingsError> {
        self.host.base_url(self.port)
    }

    fn default_port() -> u16 {
        Host::DEFAULT_PORT
    }

    fn default_database() -> String {
        "public".into()
    }

    fn default_timeout() -> f64 {
        10.0
    }

    fn default_retries() -> u32 {
        3
    }
}

/// The store in a file of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Embedded {
    /// The database file; made on first use, readable by its owner alone.
    #[schemars(length(min = 1))]
    pub path: PathBuf,
    /// Folders of CSV files that are imported on first use, and again when a file changed; folders in them are not looked
    /// into.
    #[schemars(inner(length(min = 1)))]
    pub import: Vec<PathBuf>,
}

impl Default for Embedded {
    fn default() -> Self {
        Self { path: "var/orchestrator.db".into(), import: Vec::new() }
    }
}

/// The one store the configuration chose.
#[derive(Debug, Clone, PartialEq)]
pub enum Store<'a> {
    /// GreptimeDB over HTTP.
    Greptime(&'a Greptime),
    /// The embedded store.
    Embedded(Embedded),
}

/// A span of time; dates are times in RFC 3339, or days, which begin at 00:00 in `orchestrator.timezone`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DateRange {
    /// Where the fallback reference lies; null: at the asset's first sample.
    #[schemars(with = "Option<String>", extend("format" = "instant"))]
    pub start: Option<Timestamp>,
    /// The time of evaluation; null: now. Nothing later is looked at.
    #[schemars(with = "Option<String>", extend("format" = "instant"))]
    pub end: Option<Timestamp>,
}

/// How deposits and withdrawals are read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Transactions {
    /// Which sample of the wallet a flow belongs to.
    pub alignment_method: AlignmentMethod,
    /// The unit of the stored amounts.
    pub amount_unit: AmountUnit,
    /// The highest supply rate that can be, as a fraction a year: a wallet that grows faster holds its asset until the deposit is
    /// recorded; null: growth of any size counts as gain.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1_000))]
    pub max_supply_apy: Option<f64>,
    /// How many hours before or after it shows in the position a deposit or withdrawal may be recorded.
    #[schemars(extend("minimum" = 0, "maximum" = 876_000))]
    pub flow_lag_hours: f64,
}

impl Default for Transactions {
    fn default() -> Self {
        Self {
            alignment_method: AlignmentMethod::default(),
            amount_unit: AmountUnit::default(),
            max_supply_apy: Some(1.5),
            flow_lag_hours: 6.0,
        }
    }
}

/// Which instant stands for a flow's own time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlignmentMethod {
    /// The flow's own time.
    #[default]
    None,
    /// The wallet's first sample strictly after the flow.
    RightOpen,
    /// The newest sample at or before the flow.
    SnapToPrevPos,
    /// The first sample at or after the flow.
    SnapToNextPos,
    /// The nearest sample; of two equally near the later.
    SnapToNearestPos,
    /// The step of the position that looks like the flow.
    DetectSpike,
}

/// The unit of stored deposits and withdrawals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AmountUnit {
    /// Units of the asset, valued at its price at the time of the flow.
    #[default]
    Underlying,
    /// USD.
    Usd,
}

/// What charts and pages show.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    /// The smoothed line of the position chart.
    pub smoothing: Smoothing,
}

/// The smoothed line, for all assets and for single ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Smoothing {
    /// What holds where an asset says nothing else.
    pub default: SmoothingWindow,
    /// What an asset does differently, by its name.
    #[serde(flatten)]
    pub per_asset: BTreeMap<String, SmoothingWindow>,
}

/// How one line is smoothed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SmoothingWindow {
    /// The shape of the window.
    pub window_type: WindowType,
    /// The width of the window, in hours.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 876_000))]
    pub window_size_hours: f64,
    /// The order of the polynomial, where the window is one.
    #[schemars(range(min = 0, max = 8))]
    pub polynomial_order: usize,
}

impl Default for SmoothingWindow {
    fn default() -> Self {
        Self { window_type: WindowType::Polynomial, window_size_hours: 24.0, polynomial_order: 2 }
    }
}

/// The shape of a smoothing window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowType {
    /// A polynomial of `polynomial_order`, fitted within the window.
    Polynomial,
    /// Weights that fall off like a bell.
    Gaussian,
    /// Equal weights.
    Boxcar,
    /// No smoothing.
    None,
}

impl Client {
    /// The asset of that name as it is configured, however its letters are written.
    pub fn asset(&self, name: &str) -> Option<&str> {
        self.assets.iter().find(|asset| asset.eq_ignore_ascii_case(name)).map(String::as_str)
    }

    /// The store that is used.
    pub fn store(&self) -> Store<'_> {
        match &self.greptime {
            Some(greptime) => Store::Greptime(greptime),
            None => Store::Embedded(self.embedded.clone().unwrap_or_default()),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        Self {
            greptime: None,
            embedded: None,
            assets: Vec::new(),
            table_asset_prefix: "liqwid_supply_positions_".into(),
            deposits_prefix: "liqwid_deposits_".into(),
            withdrawals_prefix: "liqwid_withdrawals_".into(),
            date_range: DateRange::default(),
            max_sample_age_hours: Some(24.0),
            max_clock_skew_minutes: Some(5.0),
            transactions: Transactions::default(),
            output: Output::default(),
        }
    }
}
