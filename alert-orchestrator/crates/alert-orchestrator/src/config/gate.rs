//! `orchestrator.decision_gate`: when is the market too unusual to withdraw?

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The gate of all assets, and what single ones do differently.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct DecisionGate {
    /// What holds where an asset says nothing else.
    #[serde(flatten)]
    pub gate: Gate,
    /// What an asset does differently, by its name. Once loaded: every asset's whole gate.
    pub per_asset: BTreeMap<String, Gate>,
}

/// One asset's gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
#[schemars(extend("additionalProperties" = false))]
pub struct Gate {
    /// Whether the gate, peg included, may hold; residuals are computed anyway.
    pub enabled: bool,
    /// The only assets it may hold; null: all.
    #[schemars(extend("items" = { "type": "string", "format": "asset-name" }))]
    pub whitelist: Option<Vec<String>>,
    /// The series that is judged.
    pub basis: Basis,
    /// What it is compared with.
    pub method: Method,
    /// The order of the fitted polynomial.
    #[schemars(range(min = 0, max = 8))]
    pub polynomial_order: usize,
    /// How many standard deviations of the residuals are still usual.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub k_sigma: f64,
    /// Residuals of at most this many basis points of the position never hold.
    #[schemars(range(min = 0, max = 10_000))]
    pub min_residual_bps: f64,
    /// Where `k_sigma` standard deviations are more than this many basis points of the largest position in the window (of the
    /// newest price), nothing can be judged, so the asset is held; null: they may be of any size.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub max_band_bps: Option<f64>,
    /// Fewer samples than this in the window: nothing can be judged, so the asset is held.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub min_points: usize,
    /// How far the window reaches back from the newest sample, in hours.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 876_000))]
    pub lookback_hours: f64,
    /// Whether it may hold where no tagged withdrawal was found and the reference is a fallback.
    pub apply_in_fallback: bool,
    /// Whether the newest residual is left out of what is usual.
    pub exclude_last_for_sigma: bool,
    /// Residuals of at most this size never hold; in the unit of the series, USD or USD per unit.
    #[schemars(range(min = 0))]
    pub sigma_epsilon: f64,
    /// How usual is told from unusual.
    pub threshold_mode: ThresholdMode,
    /// The share of the residuals that is usual, with `threshold_mode: percentile`.
    #[schemars(extend("exclusiveMinimum" = 0, "exclusiveMaximum" = 1))]
    pub central_confidence: f64,
    /// Holds while the price is off its peg; null: the peg is not looked at.
    pub peg: Option<Peg>,
}

/// The price a stablecoin should have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Peg {
    /// The price it should have, in USD.
    #[schemars(extend("exclusiveMinimum" = 0))]
    pub target_usd: f64,
    /// How far from it the price may be, in basis points of the target.
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 10_000))]
    pub max_deviation_bps: f64,
}

/// The series that is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The position as it would be had nothing been moved, in USD.
    #[default]
    CorrectedPosition,
    /// The asset's price, in USD per unit.
    ChangeRateUsd,
}

/// What the series is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A polynomial fitted to it.
    #[default]
    PolynomialFit,
    /// Its median.
    Median,
}

/// How usual is told from unusual.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThresholdMode {
    /// By `k_sigma` standard deviations.
    #[default]
    Stddev,
    /// By the central interval of `central_confidence`.
    Percentile,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            enabled: true,
            whitelist: None,
            basis: Basis::default(),
            method: Method::default(),
            polynomial_order: 2,
            k_sigma: 2.0,
            min_residual_bps: 0.0,
            max_band_bps: Some(500.0),
            min_points: 10,
            lookback_hours: 48.0,
            apply_in_fallback: true,
            exclude_last_for_sigma: false,
            sigma_epsilon: 1e-6,
            threshold_mode: ThresholdMode::default(),
            central_confidence: 0.95,
            peg: None,
        }
    }
}

impl Gate {
    /// Whether this gate may hold `asset` at all.
    pub fn holds(&self, asset: &str) -> bool {
        self.enabled && self.whitelist.as_ref().is_none_or(|names| names.iter().any(|name| name == asset))
    }
}
