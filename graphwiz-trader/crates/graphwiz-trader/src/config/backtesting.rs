//! `backtesting`, `data`, `gates`: how a strategy is tried, on what, and what it must show.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::later::Later;
use super::number::Number;

/// How a strategy is tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Backtesting {
    /// What the account starts with, in its currency.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1e15))]
    pub initial_capital: Number,
    /// Fee of a fill, as a share of its value; null: trading.commission_rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 0.05))]
    pub commission: Option<Number>,
    /// How much worse than the bar's price a market order fills, as a share; null: trading.slippage_rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 0.05))]
    pub slippage: Option<Number>,
    /// What money earns without risk, a year, as a share: Sharpe and Sortino ratios are above it.
    #[schemars(range(min = -0.5, max = 0.5))]
    pub risk_free_rate: f64,
    /// What market orders fill on.
    pub fills: Fills,
    /// How stops and targets within one bar are ordered.
    pub intrabar: Intrabar,
    /// The seed of whatever is random; in a plain run nothing is.
    pub seed: u64,
    /// What is written of a run.
    pub reports: Reports,
    /// Where bars are read from.
    pub data: BacktestData,
    /// Accepted; there is one engine.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub engine: Later,
}

impl Default for Backtesting {
    fn default() -> Self {
        Self {
            initial_capital: Number::new(100_000, 0),
            commission: None,
            slippage: None,
            risk_free_rate: 0.02,
            fills: Fills::Bars,
            intrabar: Intrabar::Pessimistic,
            seed: 0,
            reports: Reports::default(),
            data: BacktestData::default(),
            engine: Later,
        }
    }
}

/// Where the bars of a backtest are read from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BacktestData {
    /// The market store; `graph` is read as `store`.
    pub source: DataSource,
    /// Accepted; bars are read when they are needed.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub preload: Later,
    /// Accepted; bars are read once for all strategies that ask for the same.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub cache: Later,
}

/// A place that bars are read from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DataSource {
    /// The market store.
    #[default]
    Store,
    /// Read as `store`.
    Graph,
}

/// What market orders fill on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fills {
    /// The open of the next bar.
    Bars,
    /// Belongs to a later version, and is refused.
    Trades,
}

/// How stops and targets within one bar are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Intrabar {
    /// The stop comes first.
    Pessimistic,
    /// Belongs to a later version, and is refused.
    Detail,
}

/// What is written of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Reports {
    /// The folder of reports; made where it is not there.
    #[schemars(length(min = 1))]
    pub dir: PathBuf,
    /// Whether a run is told as a page, as JSON, or as both.
    pub output_format: OutputFormat,
    /// Whether a page is written at all.
    pub generate_plots: bool,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub save_to_db: Later,
}

impl Default for Reports {
    fn default() -> Self {
        Self { dir: "backtests".into(), output_format: OutputFormat::Both, generate_plots: true, save_to_db: Later }
    }
}

/// In which forms a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// JSON and a page.
    Both,
    /// JSON alone.
    Json,
    /// A page alone.
    Html,
}

impl OutputFormat {
    /// Whether JSON is written.
    pub fn has_json(self) -> bool {
        self != Self::Html
    }

    /// Whether a page is written.
    pub fn has_html(self) -> bool {
        self != Self::Json
    }
}

/// Where market data are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// The folder of everything that is kept; made where it is not there.
    #[schemars(length(min = 1))]
    pub base_path: PathBuf,
    /// Files and folders of bars that are imported before a run where they never were or have changed.
    #[schemars(inner(length(min = 1)))]
    pub import: Vec<PathBuf>,
    /// How many bars in a row may be missing; after more of them indicators begin anew.
    #[schemars(range(max = 100))]
    pub max_gap_bars: u32,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub backup: Later,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub log_path: Later,
    /// Accepted; there is no cache in files.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub cache_path: Later,
}

impl Default for Data {
    fn default() -> Self {
        Self {
            base_path: "var/graphwiz".into(),
            import: vec!["examples/market".into()],
            max_gap_bars: 3,
            backup: Later,
            log_path: Later,
            cache_path: Later,
        }
    }
}

/// What must be shown before anything changes; stricter than shipped at most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Gates {
    /// From paper to live; a backtest prints it over its own span.
    pub live: LiveGate,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub proposal: Later,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub paper: Later,
    /// Belongs to a later version: one that is set is answered and changes nothing.
    #[serde(skip_serializing_if = "Later::is_unshown")]
    pub level: Later,
}

/// The gate from paper to live. A figure left out is the shipped one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LiveGate {
    /// The deepest drawdown; shipped .10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 0.10))]
    pub max_drawdown: Option<Number>,
    /// The least profit factor; shipped 1.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.5, max = 1000.0))]
    pub min_profit_factor: Option<Number>,
    /// The least probability that the edge is positive; shipped .95.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.95, max = 1.0))]
    pub min_psr: Option<Number>,
    /// The fewest finished trips; shipped 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 100, max = 1_000_000))]
    pub min_trips: Option<u32>,
    /// The fewest days; shipped 3.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 3.0, max = 3650.0))]
    pub min_days: Option<Number>,
    /// The least Sharpe ratio; shipped: not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_sharpe: Option<Number>,
    /// The least share of trips that gained; shipped: not judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min_win: Option<Number>,
}
