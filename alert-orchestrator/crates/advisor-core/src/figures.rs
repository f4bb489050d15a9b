//! What goes into an advice, and what comes out?
//!
//! [`Snapshot`] is all that is known of an asset, [`Advice`] the answer with every figure it rests on. Types only: the
//! rule is [`crate::advice`], which also makes them public.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::coverage::Coverage;
use crate::decision::{Decision, Failure, Hold, HoldReason};
use crate::flow::{Direction, FlowRow};
use crate::gate::GateFigures;
pub use crate::growth::{GrowthFigures, RiseFigures};
use crate::peg::PegFigures;
use crate::position::Positions;
use crate::price_check::{PriceFigures, PriceSource, SourcePrice};
use crate::reference::{RefMode, Reference};
use crate::rules::{Mark, Rules};
use crate::warning::Warning;

/// Everything that is known about an asset at the evaluation time.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The asset's name as configured.
    pub asset: String,
    /// The table of deposits, for messages.
    pub deposits_table: String,
    /// The table of withdrawals; `None`: the store has none, so nothing was withdrawn.
    pub withdrawals_table: Option<String>,
    /// The wallets' samples from `loaded_from` to the evaluation time; where that is now, cut there.
    pub positions: Positions,
    /// Deposits in that range.
    pub deposits: Vec<FlowRow>,
    /// Withdrawals up to the evaluation time.
    pub withdrawals: Vec<FlowRow>,
    /// Since when gains count.
    pub reference: Reference,
    /// Start of what was loaded, nanoseconds since the epoch; `None`: everything.
    pub loaded_from: Option<i64>,
    /// What the other sources of the asset's price answered. The positions' own price is added to it, under
    /// [`PriceSource::StoredLiqwid`](crate::price_check::PriceSource::StoredLiqwid); an answer of that name in here does
    /// not count.
    pub prices: Vec<SourcePrice>,
    /// The sources that were asked for the asset's price, should have one and gave none.
    pub failed_prices: Vec<PriceSource>,
    /// The machine's time, nanoseconds since the epoch; also where the evaluation is as of another.
    pub now: i64,
    /// How many comparisons of prices in a row disagreed before this evaluation: the newest
    /// [`PriceFigures::mismatches_in_a_row`] that an advice of this asset had, 0 before the first.
    pub mismatches_before: u32,
    /// How far the wallets' flows are known; counts where [`Rules::coverage`] wants it.
    pub coverage: Coverage,
}

/// The answer for one asset, with every figure it rests on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// The asset's name as configured.
    pub asset: String,
    /// The evaluation time T.
    pub as_of: Timestamp,
    /// The answer.
    #[serde(flatten)]
    pub decision: Decision,
    /// How the reference was found.
    pub ref_mode: RefMode,
    /// The reference time t0.
    pub t0: Option<Timestamp>,
    /// Why it is that one.
    pub reference: Option<String>,
    /// The evaluation sample t1.
    pub t1: Option<Timestamp>,
    /// The asset's newest price, USD per unit.
    pub price_t1_usd: Option<f64>,
    /// The wallets that have a baseline, in order of their addresses.
    pub wallets: Vec<WalletFigures>,
    /// Their sums.
    pub totals: Option<Totals>,
    /// How the wallets' units grew, as a simple yield a year on what they held; `None` where that is not judged.
    pub growth_per_year: Option<f64>,
    /// Safety factor c that turned gains into limits.
    pub safety_factor: f64,
    /// The residual gate.
    pub gate: Option<GateFigures>,
    /// The peg, where one is configured.
    pub peg: Option<PegFigures>,
    /// The comparison of prices, where one is configured; an error has none.
    pub prices: Option<PriceFigures>,
    /// Whether gate and peg may hold this asset.
    pub gate_applied: bool,
    /// What an operator should look at.
    pub warnings: Vec<Warning>,
}

/// One wallet's part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WalletFigures {
    /// Wallet address; written as `address` and, as everywhere else, as `wallet_address`.
    #[serde(flatten, serialize_with = "under_both_names")]
    pub address: Arc<str>,
    /// Time of the baseline sample b.
    pub baseline_at: Timestamp,
    /// V(b), USD.
    pub baseline_usd: f64,
    /// Time of the newest sample e.
    pub newest_at: Timestamp,
    /// V(e), USD.
    pub newest_usd: f64,
    /// The flows in (b, e], in order.
    pub flows: Vec<FlowFigures>,
    /// ΣD over them, USD.
    pub deposits_usd: f64,
    /// ΣW over them, USD.
    pub withdrawals_usd: f64,
    /// U: of the withdrawals those that are marked neither as reference nor as principal, USD. They may have been gain.
    pub untagged_usd: f64,
    /// V(e) − V(b) − ΣD + ΣW, USD.
    pub gain_usd: f64,
    /// Whether the newest sample is too old.
    pub stale: bool,
    /// How its units grew; `None` where that is not judged, or cannot be.
    pub growth: Option<GrowthFigures>,
    /// min(c·max(0, G), max(0, G − U), V(e)), USD, rounded down to the cent; 0 for a stale wallet. What holds the asset is not
    /// in it.
    pub limit_usd: f64,
    /// By how much U lowered the limit, USD.
    pub taken_usd: f64,
}

fn under_both_names<S: Serializer>(address: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(["address", "wallet_address"].map(|name| (name, address)))
}

/// A flow that counts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlowFigures {
    /// Its own time.
    pub at: Timestamp,
    /// The instant at which it counts.
    pub effective_at: Timestamp,
    /// In or out.
    pub direction: Direction,
    /// Amount, in units or USD as configured.
    pub amount: f64,
    /// USD per unit at its own time; `None` where amounts are USD.
    pub price_usd: Option<f64>,
    /// Value, USD.
    pub usd: f64,
    /// Transaction hash.
    pub tx_hash: Option<String>,
    /// What a withdrawal was marked as.
    pub mark: Option<Mark>,
}

/// Sums over the wallets with a baseline, USD.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Totals {
    /// ΣV(b).
    pub baseline_usd: f64,
    /// ΣV(e).
    pub newest_usd: f64,
    /// ΣD.
    pub deposits_usd: f64,
    /// ΣW since the reference.
    pub withdrawals_usd: f64,
    /// ΣU.
    pub untagged_usd: f64,
    /// G.
    pub gain_usd: f64,
    /// Sum of the wallets' limits; what holds the asset is not in it.
    pub limit_usd: f64,
}

impl Advice {
    /// An advice that says only that, and why, nothing can be said.
    #[must_use]
    pub fn failed(asset: &str, as_of: Timestamp, rules: &Rules, failure: Failure) -> Self {
        Self {
            asset: asset.to_owned(),
            as_of,
            decision: Decision::Error(failure),
            ref_mode: RefMode::Null,
            t0: None,
            reference: None,
            t1: None,
            price_t1_usd: None,
            wallets: Vec::new(),
            totals: None,
            growth_per_year: None,
            safety_factor: rules.safety_factor,
            gate: None,
            peg: None,
            prices: None,
            gate_applied: false,
            warnings: Vec::new(),
        }
    }

    /// The wallets as published: all of them where the asset may be withdrawn from or has gained nothing, none
    /// otherwise.
    #[must_use]
    pub fn wallet_breakdown(&self) -> &[WalletFigures] {
        match &self.decision {
            Decision::Withdraw { .. } | Decision::Hold(Hold { reason: HoldReason::NoGain { .. }, .. }) => &self.wallets,
            Decision::Hold(_) | Decision::Error(_) => &[],
        }
    }
}
