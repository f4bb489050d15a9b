//! Random histories: unaligned wallets, gaps, wallets of one sample, many flows at one instant, some outside the samples.

use advisor_core::flow::FlowRow;
use advisor_core::rules::{
    Alignment, AmountUnit, Baseline, Basis, GateRules, Peg, ReferenceFallback, Rules, Threshold,
};
use advisor_core::test_support::{EPOCH, KEYWORD};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;

use crate::history::{History, Sample, rules, whole_hours};

/// Distance of the instants on which most samples and flows lie: coarse, so that they often coincide.
pub(crate) const SLOT: i64 = 15 * 60 * 1_000_000_000;
/// How long the histories are.
const SLOTS: i64 = 120;

/// A history, how to judge it, and when.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) history: History,
    pub(crate) rules: Rules,
    pub(crate) to: i64,
}

/// What histories a property holds for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Longest distance between a wallet's samples, slots; beyond it there are only a few gaps.
    pub(crate) gap: i64,
    /// Whether some distances are far longer, and some wallets end early.
    pub(crate) gaps: bool,
    /// Whether some samples have no price.
    pub(crate) unpriced: bool,
    /// Whether some rows are unusable.
    pub(crate) unusable: bool,
    /// Whether prices move.
    pub(crate) prices_move: bool,
}

pub(crate) const ANY: Bounds = Bounds { gap: 4, gaps: true, unpriced: true, unusable: false, prices_move: true };

pub(crate) fn scenario(bounds: Bounds) -> impl Strategy<Value = Scenario> {
    let wallets = (1..=4_usize).prop_flat_map(move |count| {
        "abcd"[..count].chars().map(|name| wallet(name.to_string(), bounds)).collect::<Vec<_>>()
    });
    (wallets, any_rules(), select(vec![0, 0, 1, 3, 90]), unusable_rows(bounds.unusable)).prop_map(
        |(wallets, mut rules, late, unusable)| {
            let mut history = History::default();
            for part in wallets.into_iter().chain([unusable]) {
                history.positions.extend(part.positions);
                history.deposits.extend(part.deposits);
                history.withdrawals.extend(part.withdrawals);
            }
            let newest = history.positions.iter().filter_map(|row| row.ts).max().unwrap_or(EPOCH);
            let to = newest + late * SLOT;
            if late == 90 {
                rules.max_sample_age_hours = Some(20.0); // 90 slots are 22.5 h
            }
            Scenario { history, rules, to }
        },
    )
}

/// One wallet's rows, in order of time.
fn wallet(name: String, bounds: Bounds) -> impl Strategy<Value = History> {
    let gap = (1..=bounds.gap).boxed();
    let gap = if bounds.gaps { Union::new_weighted(vec![(8, gap), (1, (20..60_i64).boxed())]).boxed() } else { gap };
    let samples = vec((gap, -40..40_i32, -9..10_i32, 0..16_u8), 1..16);
    let flows = vec((-10..SLOTS, 0..4_u8, 1..4000_i32, 0..16_u8), 0..7);
    let start = if bounds.gaps { 0..40_i64 } else { 0..4_i64 };
    (start, select(vec![0, 0, 0, 7]), 400..80_000_i32, -20..60_i32, samples, flows).prop_map(
        move |(start, minutes, base, drift, samples, flows)| {
            let offset = EPOCH + minutes * SLOT / 15;
            let mut history = History::default();
            let mut slot = start;
            for (i, (gap, wobble, price, kind)) in (0..).zip(samples) {
                let usd = f64::from((base + i * drift + wobble).max(0)) / 4.0;
                let price = if bounds.prices_move { 1.0 + f64::from(price) / 1000.0 } else { 2.0 };
                let units = usd / price;
                let (units, usd, price) = match kind {
                    0 => (Some(units), None, Some(price)),
                    1 if bounds.prices_move => (Some(units), Some(usd), None),
                    2 if bounds.unpriced => (None, Some(usd), None),
                    _ => (Some(units), Some(usd), Some(price)),
                };
                let ts = Some(offset + slot * SLOT);
                history.positions.push(Sample { ts, wallet: Some(name.clone()), units, usd, price });
                slot += gap;
            }
            for (slot, minutes, amount, kind) in flows {
                // Most lie on the grid, where several meet, some between.
                let ts = Some(EPOCH + slot * SLOT + i64::from(minutes / 3) * SLOT / 3);
                let amount = Some(f64::from(amount) / 8.0);
                let tx_hash = Some(format!("{name}{slot}{kind}"));
                let row = FlowRow { ts, wallet: Some(name.as_str().into()), amount, memo: None, tx_hash };
                match kind {
                    0..8 => history.deposits.push(row),
                    8..12 => history.withdrawals.push(row),
                    12..15 => history.withdrawals.push(FlowRow { amount: amount.map(|amount| -amount), ..row }),
                    _ => history.withdrawals.push(FlowRow { memo: Some(format!("{KEYWORD}: gain")), ..row }),
                }
            }
            history
        },
    )
}

/// Rows that a store should not hold.
fn unusable_rows(wanted: bool) -> BoxedStrategy<History> {
    if !wanted {
        return Just(History::default()).boxed();
    }
    let number =
        || select(vec![None, Some(f64::NAN), Some(f64::INFINITY), Some(-1.0), Some(0.0), Some(1e308), Some(100.0)]);
    let ts = || prop_oneof![1 => Just(None), 4 => (0..SLOTS).prop_map(|slot| Some(EPOCH + slot * SLOT))];
    let name = || select(vec![None, Some(""), Some("a"), Some("b"), Some("elsewhere")]);
    let positions = (ts(), name(), number(), number(), number()).prop_map(|(ts, wallet, units, usd, price)| Sample {
        ts,
        wallet: wallet.map(str::to_owned),
        units,
        usd,
        price,
    });
    let flow = || {
        (ts(), name(), number(), select(vec![None, Some(KEYWORD.to_owned())])).prop_map(|(ts, wallet, amount, memo)| {
            FlowRow { ts, wallet: wallet.map(Into::into), amount, memo, tx_hash: None }
        })
    };
    (vec(positions, 0..4), vec(flow(), 0..2), vec(flow(), 0..2))
        .prop_map(|(positions, deposits, withdrawals)| History { positions, deposits, withdrawals })
        .boxed()
}

pub(crate) fn any_alignment() -> impl Strategy<Value = Alignment> {
    select(vec![
        Alignment::None,
        Alignment::RightOpen,
        Alignment::SnapToPrevPos,
        Alignment::SnapToNextPos,
        Alignment::SnapToNearestPos,
        Alignment::DetectSpike,
    ])
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let scalars = (select(vec![0.25, 0.5, 1.0]), select(vec![None, Some(0), Some(3), Some(20)]), any::<bool>());
    (any_alignment(), scalars, any_gate()).prop_map(|(alignment, (safety_factor, start, in_usd), gate)| Rules {
        alignment,
        safety_factor,
        range_start: start.map(|hours| EPOCH + whole_hours(hours)),
        reference_fallback: ReferenceFallback::DataRange,
        amount_unit: if in_usd { AmountUnit::Usd } else { AmountUnit::Underlying },
        gate,
        ..rules()
    })
}

fn any_gate() -> impl Strategy<Value = GateRules> {
    let baseline =
        select(vec![Baseline::Polynomial(0), Baseline::Polynomial(1), Baseline::Polynomial(2), Baseline::Median]);
    let threshold =
        select(vec![Threshold::Stddev, Threshold::Stddev, Threshold::Percentile { central_confidence: 0.6 }]);
    let basis = select(vec![Basis::CorrectedPosition, Basis::CorrectedPosition, Basis::ChangeRateUsd]);
    let peg = select(vec![None, Some(Peg { target_usd: 1.0, max_deviation_bps: 60.0 })]);
    let numbers = (select(vec![3.0, 12.0, 48.0]), 1..12_usize, select(vec![1.0, 2.0]), select(vec![0.0, 10.0]));
    let bands = select(vec![None, Some(500.0), Some(20.0)]);
    (baseline, threshold, basis, peg, numbers, bands, any::<[bool; 2]>()).prop_map(
        |(
            baseline,
            threshold,
            basis,
            peg,
            (lookback_hours, min_points, k_sigma, min_residual_bps),
            max_band_bps,
            [holds, exclude],
        )| {
            GateRules {
                holds,
                apply_in_fallback: true,
                basis,
                baseline,
                lookback_hours,
                min_points,
                k_sigma,
                exclude_last_for_sigma: exclude,
                sigma_epsilon: 1e-6,
                min_residual_bps,
                max_band_bps,
                threshold,
                peg,
            }
        },
    )
}
