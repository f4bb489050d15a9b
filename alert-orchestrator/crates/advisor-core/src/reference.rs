//! Since when do gains count? The reference time `t0` of an asset.
//!
//! Start at [`Reference::find`]; [`Reference::load_from`] says how far back an evaluation must read.

use serde::Serialize;

use crate::flow::FlowRow;
use crate::rules::{Alignment, Mark, ReferenceFallback, Rules};
use crate::time;

/// How an asset's reference was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefMode {
    /// A withdrawal carries the keyword.
    Keyword,
    /// No withdrawal does; the configured date range starts it.
    DataRange,
    /// There is no reference, or none is known: `null` as JSON, and as a text where there must be one.
    #[serde(untagged)]
    Null,
}

impl std::fmt::Display for RefMode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Keyword => "keyword",
            Self::DataRange => "data_range",
            Self::Null => "null",
        })
    }
}

/// The reference of an asset, as far as the withdrawals and the configuration decide it.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference {
    /// The newest withdrawal that carries the keyword.
    Tagged {
        /// Time of that withdrawal.
        t0: i64,
        /// The withdrawal.
        withdrawal: FlowRow,
    },
    /// No withdrawal carries it.
    DataRange {
        /// Start of the configured range; `None`: the asset's first sample.
        start: Option<i64>,
    },
    /// No withdrawal carries it, and the configuration says to hold then.
    Missing,
}

impl Reference {
    /// The newest withdrawal at or before `to` whose memo contains the keyword, or the configured fallback.
    #[must_use]
    pub fn find(withdrawals: &[FlowRow], rules: &Rules, to: i64) -> Self {
        let tagged = withdrawals
            .iter()
            .filter(|row| rules.keywords.mark(row.memo.as_deref()) == Some(Mark::Reference))
            .filter_map(|row| row.ts.filter(|ts| *ts <= to).map(|ts| (ts, row)))
            // Any order will do for equal times, as long as it is not the store's.
            .max_by(|(a, row), (b, other)| a.cmp(b).then_with(|| identity(row).cmp(&identity(other))));
        match (tagged, rules.reference_fallback) {
            (Some((t0, row)), _) => Self::Tagged { t0, withdrawal: row.clone() },
            (None, ReferenceFallback::DataRange) => Self::DataRange { start: rules.range_start },
            (None, ReferenceFallback::Hold) => Self::Missing,
        }
    }

    /// How it was found.
    #[must_use]
    pub fn mode(&self) -> RefMode {
        match self {
            Self::Tagged { .. } => RefMode::Keyword,
            Self::DataRange { .. } => RefMode::DataRange,
            Self::Missing => RefMode::Null,
        }
    }

    /// The earliest instant whose samples and flows an evaluation up to `to` can need; `None`: all there are.
    ///
    /// Gains need everything from `t0` on and the gate its window before the evaluation sample. That sample may be as
    /// old as `max_sample_age_hours`, and a wallet's last sample before the window, which interpolation into the window
    /// needs, may be as much older than the window; one such length before the window covers either.
    /// Looking for a flow's step reaches 8 samples before a flow and 24 after it, each at most that length apart.
    /// Where no age is configured nothing bounds either, so everything is read.
    #[must_use]
    pub fn load_from(&self, rules: &Rules, to: i64) -> Option<i64> {
        let t0 = match self {
            Self::Tagged { t0, .. } => *t0,
            Self::DataRange { start } => (*start)?,
            Self::Missing => to,
        };
        let margin = rules.max_sample_age_hours?;
        let samples = if rules.alignment == Alignment::DetectSpike { 32.0 } else { 1.0 };
        let window = to.saturating_sub(time::hours(rules.gate.lookback_hours));
        Some(t0.min(window).saturating_sub(time::hours(margin * samples)))
    }
}

fn identity(row: &FlowRow) -> impl Ord + '_ {
    (row.wallet.as_deref(), row.amount.map(f64::to_bits), row.tx_hash.as_deref(), row.memo.as_deref())
}
