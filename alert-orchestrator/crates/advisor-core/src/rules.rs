//! The settings of one evaluation of one asset, after every default and override is resolved.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::price_check::{PriceRules, PriceSource};

/// What the advisor was told to do with an asset.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// What marks a withdrawal.
    pub keywords: Keywords,
    /// What happens where no withdrawal is tagged.
    pub reference_fallback: ReferenceFallback,
    /// Start of the configured date range, nanoseconds since the epoch.
    pub range_start: Option<i64>,
    /// Safety factor `c`, `0 < c <= 1`: the share of a gain that may be withdrawn.
    pub safety_factor: f64,
    /// A wallet whose newest sample is older than this at the evaluation time is stale. `None`: never.
    pub max_sample_age_hours: Option<f64>,
    /// Samples that are newer than the machine's time by more than this make the clock doubtful, minutes. `None`: never.
    pub max_clock_skew_minutes: Option<f64>,
    /// At which instant a flow is taken to have reached the position.
    pub alignment: Alignment,
    /// What flow amounts are counted in.
    pub amount_unit: AmountUnit,
    /// The highest supply rate that can be, as a fraction a year: growth beyond it holds. `None`: growth of any size counts.
    pub max_supply_apy: Option<f64>,
    /// How long before or after its effect a flow may be recorded, hours.
    pub flow_lag_hours: f64,
    /// The residual gate and the peg.
    pub gate: GateRules,
    /// How far the wallets' flows must be known; `None`: the tables are all there is to know.
    pub coverage: Option<CoverageRules>,
    /// Where prices of the asset are looked for, beside the positions' own; in the order in which they are listed.
    pub price_sources: Vec<PriceSource>,
    /// Which prices must agree; `None`: they are not compared.
    pub prices: Option<PriceRules>,
    /// The zone in which sentences name times.
    pub zone: TimeZone,
}

/// What in a withdrawal's memo marks it; case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keywords {
    /// It is a reference.
    pub reference: String,
    /// It is principal: no reference, and no gain that was taken.
    pub principal: String,
}

impl Keywords {
    /// What a withdrawal's memo says of it.
    #[must_use]
    pub fn mark(&self, memo: Option<&str>) -> Option<Mark> {
        let memo = memo?;
        if memo.contains(&self.principal) {
            Some(Mark::Principal)
        } else {
            memo.contains(&self.reference).then_some(Mark::Reference)
        }
    }
}

/// How far the wallets' flows must be known, where they are pulled before every evaluation, and what is pulled.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageRules {
    /// The first instant that is asked for, nanoseconds since the epoch; `None`: the beginning of the history.
    pub start: Option<i64>,
    /// The last; `None`: the time of the pull.
    pub end: Option<i64>,
    /// The wallets that are asked about; empty: all that have positions.
    pub wallets: Vec<String>,
    /// Why nothing can be pulled as it is configured, as a sentence that can follow a colon.
    pub unfit: Option<String>,
}

/// What a withdrawal was marked as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// Gains count from here on.
    Reference,
    /// What was put in is taken out again.
    Principal,
}

/// What happens where no withdrawal is tagged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceFallback {
    /// Gains count from the start of the configured date range, or from the asset's first sample.
    DataRange,
    /// The asset is held.
    Hold,
}

/// At which instant a flow is taken to have reached the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Alignment {
    /// The flow's own time.
    None,
    /// The wallet's first sample strictly after it.
    RightOpen,
    /// The wallet's newest sample at or before it.
    SnapToPrevPos,
    /// The wallet's first sample at or after it.
    SnapToNextPos,
    /// The wallet's nearest sample; a tie goes to the later one.
    SnapToNearestPos,
    /// The end of the step in the wallet's values that looks like the flow.
    DetectSpike,
}

/// What flow amounts are counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountUnit {
    /// Units of the asset; valued at the asset's price at the flow's own time.
    Underlying,
    /// USD.
    Usd,
}

/// The residual gate of one asset.
#[derive(Debug, Clone, PartialEq)]
pub struct GateRules {
    /// Whether a verdict of the gate or the peg may hold this asset (switched on, and the asset is on the whitelist).
    pub holds: bool,
    /// Whether it may also hold where gains count from the date range instead of a tagged withdrawal.
    pub apply_in_fallback: bool,
    /// Which series is judged.
    pub basis: Basis,
    /// The baseline that residuals are measured from.
    pub baseline: Baseline,
    /// Length of the window that ends with the evaluation sample, hours.
    pub lookback_hours: f64,
    /// Fewer points than this are no basis for a verdict.
    pub min_points: usize,
    /// Gate multiplier `k`.
    pub k_sigma: f64,
    /// Whether σ and the quantiles leave the newest residual out.
    pub exclude_last_for_sigma: bool,
    /// Residuals up to this size never trigger, in the unit of the basis.
    pub sigma_epsilon: f64,
    /// Residuals up to this share of the newest value never trigger, basis points.
    pub min_residual_bps: f64,
    /// A σ of which k times exceeds this share of the largest value in the window judges nothing, basis points. `None`: any may.
    pub max_band_bps: Option<f64>,
    /// How the newest residual is judged.
    pub threshold: Threshold,
    /// The price the asset should have.
    pub peg: Option<Peg>,
}

/// The series that the gate judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The asset's corrected position, USD.
    CorrectedPosition,
    /// The asset's price, USD per unit.
    ChangeRateUsd,
}

/// The baseline that residuals are measured from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// A polynomial of this order over time, by least squares.
    Polynomial(usize),
    /// The median of the window.
    Median,
}

/// How the newest residual is judged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Threshold {
    /// Against `k` standard deviations.
    Stddev,
    /// Against the interval between two quantiles of the residuals.
    Percentile {
        /// Share of the residuals that the interval covers, between 0 and 1.
        central_confidence: f64,
    },
}

/// The price an asset should have, and how far it may stray.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peg {
    /// USD per unit.
    pub target_usd: f64,
    /// Basis points of the target.
    pub max_deviation_bps: f64,
}
