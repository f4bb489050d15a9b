//! One of each message by which the program holds or fails, so that none lacks its entry in the guide.
//!
//! The chains below name every case, and the compiler sees to it: a new one does not compile until it has its place.

use advisor_core::advice::RiseFigures;
use advisor_core::decision::{
    Decision, Failure, FlowsIncomplete, Hold, HoldReason, NotPulled, Taken, UnexplainedGrowth, UnknownWallet,
};
use advisor_core::gate::{self, Outlier, Scattered};
use advisor_core::price_check::PriceSource;
use advisor_core::refused::RefusedFile;
use advisor_core::rules::Basis;
use advisor_core::store::StoreError;
use advisor_core::test_support::{self, EPOCH};
use advisor_core::time::{self, NANOS_PER_HOUR};
use jiff::tz::TimeZone;

/// Code and sentence of every way to hold or to fail.
pub(super) fn all() -> Vec<(&'static str, String)> {
    let holds = std::iter::successors(Some(first_hold()), next_hold)
        .map(|reason| Decision::Hold(Hold { reason, also: Vec::new(), refused: Vec::new(), zone: TimeZone::UTC }));
    let failures = std::iter::successors(Some(first_failure()), next_failure).map(Decision::Error);
    failures.chain(holds).filter_map(|decision| decision.reason()).map(|reason| (reason.code, reason.message)).collect()
}

fn first_failure() -> Failure {
    let (store, cause) = ("GreptimeDB at http://localhost:4000".into(), "connection refused after 4 attempts".into());
    Failure::Store(StoreError::Connect { store, cause })
}

fn next_failure(failure: &Failure) -> Option<Failure> {
    match failure {
        Failure::Store(StoreError::Connect { store, .. }) => {
            let cause = "answered 503 Service Unavailable after 4 attempts".into();
            Some(Failure::Store(StoreError::Unavailable { store: store.clone(), cause }))
        }
        Failure::Store(StoreError::Unavailable { .. }) => Some(not_found(&["djed", "usdm"], None)),
        Failure::AssetNotFound { tables, left_out: None, .. } if !tables.is_empty() => {
            let file = "liqwid_supply_positions_usdx (1).csv".into();
            let why = "its name is that of a copy; if it is the newer one, put it in place of \
                       liqwid_supply_positions_usdx.csv";
            Some(not_found(&["djed", "usdm"], Some(RefusedFile::LeftOut { file, why: why.into(), others: 0 })))
        }
        Failure::AssetNotFound { left_out: Some(_), .. } => Some(not_found(&[], None)),
        Failure::AssetNotFound { .. } => {
            let (table, cause) = ("liqwid_supply_positions_usdc".into(), "no column price_usd".into());
            Some(Failure::Store(StoreError::InvalidData { table, cause }))
        }
        Failure::Store(StoreError::InvalidData { .. } | StoreError::Changed { .. }) => {
            let detail = "no table liqwid_deposits_usdc: without it deposits would count as gains";
            Some(Failure::InvalidData(detail.into()))
        }
        Failure::InvalidData(_) => None,
    }
}

fn not_found(tables: &[&str], left_out: Option<RefusedFile>) -> Failure {
    let tables = tables.iter().map(|table| (*table).to_owned()).collect();
    Failure::AssetNotFound { asset: "usdx".into(), tables, left_out }
}

fn unknown_wallet() -> FlowsIncomplete {
    let at = time::timestamp(EPOCH);
    FlowsIncomplete::UnknownWallet(UnknownWallet { wallet: "addr1…".into(), at, amount: 500.0, others: 0 })
}

fn first_hold() -> HoldReason {
    let now = time::timestamp(EPOCH);
    HoldReason::ClockDoubt { max_skew_minutes: 5.0, newest: time::timestamp(EPOCH + 26 * NANOS_PER_HOUR), now }
}

fn next_hold(hold: &HoldReason) -> Option<HoldReason> {
    match hold {
        HoldReason::ClockDoubt { .. } => Some(HoldReason::NoReference { keyword: "alert_driven_withdrawal".into() }),
        HoldReason::NoReference { .. } => {
            let detail = "since the reference: reference 2026-01-29T10:20:00Z is newer than the newest sample \
                          2026-01-29T10:00:00Z";
            Some(HoldReason::NoData { detail: detail.into() })
        }
        HoldReason::NoData { detail } if detail.starts_with("since") => {
            let outlook = gate::outlook(&test_support::rules().gate, &[], EPOCH)?;
            let outlook = outlook.in_words(&TimeZone::UTC);
            let detail = format!("for usdc up to {}; {outlook}", time::timestamp(EPOCH));
            Some(HoldReason::NoData { detail })
        }
        HoldReason::NoData { .. } => Some(HoldReason::StaleData { age_hours: 30.5 }),
        HoldReason::StaleData { .. } => Some(HoldReason::FlowsIncomplete(not_pulled())),
        HoldReason::FlowsIncomplete(FlowsIncomplete::NotPulled(_)) => {
            Some(HoldReason::FlowsIncomplete(unknown_wallet()))
        }
        HoldReason::FlowsIncomplete(_) => Some(HoldReason::UnexplainedGrowth(unjudged())),
        HoldReason::UnexplainedGrowth(UnexplainedGrowth { rise: None, .. }) => {
            Some(HoldReason::UnexplainedGrowth(UnexplainedGrowth { rise: Some(rise()), ..unjudged() }))
        }
        HoldReason::UnexplainedGrowth(UnexplainedGrowth { in_fallback: false, .. }) => {
            let growth = UnexplainedGrowth { rise: Some(rise()), in_fallback: true, others: 2, ..unjudged() };
            Some(HoldReason::UnexplainedGrowth(growth))
        }
        HoldReason::UnexplainedGrowth(_) => Some(off_peg(0.9672, 328.0, PriceSource::StoredLiqwid)),
        HoldReason::OffPeg { source: PriceSource::StoredLiqwid, .. } => {
            Some(off_peg(0.9, 1000.0, PriceSource::LiqwidGraphql))
        }
        HoldReason::OffPeg { .. } => Some(few_points(7, 1)),
        HoldReason::InsufficientPoints { points: 7, .. } => Some(few_points(3, 24)),
        HoldReason::InsufficientPoints { points: 3, needed, .. } => {
            Some(HoldReason::InsufficientPoints { points: 0, needed: *needed, outlook: None })
        }
        HoldReason::InsufficientPoints { .. } => Some(cannot_judge()),
        HoldReason::CannotJudge { .. } => {
            Some(HoldReason::GateTriggered { residual: -222.19, unit: "USD", sigmas: Some(3.6) })
        }
        HoldReason::GateTriggered { .. } => {
            let detail = "positions 1.0000 USD, liqwid 1.0000 USD, minswap 0.9672 USD: 3.280 % apart, tolerance 1 %";
            Some(HoldReason::PriceMismatch { detail: detail.into() })
        }
        HoldReason::PriceMismatch { .. } => Some(HoldReason::NoGain { taken: None }),
        HoldReason::NoGain { taken: None } => {
            Some(HoldReason::NoGain { taken: Some(Taken { gain_usd: 172.33, untagged_usd: 350.0 }) })
        }
        HoldReason::NoGain { .. } => None,
    }
}

/// Samples so many hours apart, fewer than the gate takes by default.
fn few_points(points: usize, step_hours: i64) -> HoldReason {
    let ts: Vec<i64> = (0..).map(|i| EPOCH + i * step_hours * NANOS_PER_HOUR).take(points).collect();
    let rules = test_support::rules().gate;
    let outlook = ts.last().and_then(|newest| gate::outlook(&rules, &[&ts], *newest));
    HoldReason::InsufficientPoints { points, needed: rules.min_points, outlook }
}

fn off_peg(price_usd: f64, deviation_bps: f64, source: PriceSource) -> HoldReason {
    HoldReason::OffPeg { price_usd, deviation_bps, target_usd: 1.0, source }
}

fn cannot_judge() -> HoldReason {
    let at = time::timestamp(EPOCH + (19 * 24 + 4) * NANOS_PER_HOUR);
    let furthest = Outlier { at, value: 4200.0, neighbours: 1000.0 };
    let scattered = Scattered { largest: 4200.0, max_band_bps: 500.0, furthest };
    HoldReason::CannotJudge { basis: Basis::CorrectedPosition, sigma: 504.0, k_sigma: 2.0, scattered }
}

fn not_pulled() -> FlowsIncomplete {
    let known_to = time::timestamp(EPOCH + 10 * NANOS_PER_HOUR);
    let cause = "Liqwid at https://v2.api.liqwid.finance/graphql: answered 403 Forbidden".into();
    FlowsIncomplete::NotPulled(NotPulled { wallet: "addr1…".into(), known_to, cause, others: 0 })
}

fn unjudged() -> UnexplainedGrowth {
    UnexplainedGrowth { wallet: "addr1…".into(), rise: None, others: 0, in_fallback: false }
}

fn rise() -> RiseFigures {
    let hour = |hour| time::timestamp(EPOCH + hour * NANOS_PER_HOUR);
    RiseFigures { high_at: hour(9), before_at: hour(10), at: hour(11), units: 500.0, limit_units: 0.67, amount: 500.0 }
}
