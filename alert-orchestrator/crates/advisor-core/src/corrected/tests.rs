//! The asset's series by hand, and that it smears nothing.

use super::*;
use crate::flow::{EARLIEST, FlowRow};
use crate::gain::{FlowTables, wallet_gains};
use crate::position::{PositionRow, PositionsBuilder};
use crate::rules::{AmountUnit, Rules};
use crate::test_support;

fn rules() -> Rules {
    Rules { amount_unit: AmountUnit::Usd, ..test_support::rules() }
}

/// Samples (wallet, time, USD) and flows (wallet, time, USD, negative: a withdrawal), gains since `t0`: the series in a window.
#[track_caller]
fn series(
    samples: &[(&str, i64, f64)],
    flows: &[(&str, i64, f64)],
    t0: i64,
    (from, to): (i64, i64),
    expected: &[(i64, f64)],
) {
    let mut builder = PositionsBuilder::new();
    for &(wallet, ts, usd) in samples {
        let (wallet, usd_value) = (Some(wallet), Some(usd));
        builder.push(&PositionRow {
            ts: Some(EARLIEST + ts),
            wallet,
            underlying_units: None,
            usd_value,
            price_usd: None,
        });
    }
    let row = |&(wallet, ts, usd): &(&str, i64, f64)| FlowRow {
        ts: Some(EARLIEST + ts),
        wallet: Some(wallet.into()),
        amount: Some(usd.abs()),
        ..FlowRow::default()
    };
    let deposits: Vec<FlowRow> = flows.iter().filter(|(.., usd)| *usd > 0.0).map(row).collect();
    let withdrawals: Vec<FlowRow> = flows.iter().filter(|(.., usd)| *usd < 0.0).map(row).collect();
    let tables =
        FlowTables { deposits: ("d", &deposits), withdrawals: ("w", &withdrawals), since: None, now: i64::MAX };
    let positions = builder.finish();
    let gains = wallet_gains(&positions.wallets, tables, EARLIEST + t0, &rules()).expect("all flows are usable");
    let [from, to] = [from, to].map(|ts: i64| EARLIEST.saturating_add(ts));
    let found = asset_series(&gains.wallets, from, to);
    let found: Vec<(i64, f64)> = found.ts.into_iter().map(|ts| ts - EARLIEST).zip(found.usd).collect();
    assert_eq!(found, expected, "samples {samples:?}, flows {flows:?}");
}

const ALL: (i64, i64) = (-EARLIEST, i64::MAX);

#[test]
fn after_the_baseline_flows_are_taken_out() {
    // 100 → 150 with 40 in and 5 out: 150 − 40 + 5.
    let samples = [("a", 10, 100.0), ("a", 20, 141.0), ("a", 30, 150.0)];
    let flows = [("a", 15, 40.0), ("a", 25, -5.0)];
    series(&samples, &flows, 10, ALL, &[(10, 100.0), (20, 101.0), (30, 115.0)]);
}

#[test]
fn before_the_baseline_it_runs_backwards() {
    // Baseline at 30. Over (t, 30]: +40 at 15, −5 at 25 and +7 at 30 itself.
    let samples = [("a", 10, 100.0), ("a", 20, 141.0), ("a", 30, 150.0), ("a", 40, 151.0)];
    let flows = [("a", 15, 40.0), ("a", 25, -5.0), ("a", 30, 7.0), ("a", 10, 999.0)];
    series(&samples, &flows, 21, ALL, &[(10, 142.0), (20, 143.0), (30, 150.0), (40, 151.0)]);
}

#[test]
fn flows_outside_the_samples_change_nothing() {
    let samples = [("a", 10, 100.0), ("a", 20, 101.0)];
    series(&samples, &[("a", 9, 40.0), ("a", 21, 40.0)], 10, ALL, &[(10, 100.0), (20, 101.0)]);
}

#[test]
fn a_flow_does_not_smear_between_unaligned_wallets() {
    // a gets 40 at 11, which its next sample, at 20, shows. At 15, when only b is sampled, V of a would be 120 by a straight
    // line, and 20 USD of principal would look like a gain: the corrected position is 100 throughout.
    let samples = [("a", 10, 100.0), ("a", 20, 140.0), ("b", 10, 50.0), ("b", 15, 50.0), ("b", 20, 50.0)];
    series(&samples, &[("a", 11, 40.0)], 10, ALL, &[(10, 150.0), (15, 150.0), (20, 150.0)]);
}

#[test]
fn between_samples_it_is_linear_and_outside_them_constant() {
    // b: 50 up to 20, then (60 − 50)/20 per unit of time, 60 from 40 on.
    let samples = [("a", 10, 100.0), ("a", 25, 103.0), ("a", 50, 108.0), ("b", 20, 50.0), ("b", 40, 60.0)];
    let expected = [(10, 150.0), (20, 152.0), (25, 155.5), (40, 166.0), (50, 168.0)];
    series(&samples, &[], 0, ALL, &expected);
}

#[test]
fn a_window_shows_the_same_values() {
    let samples = [("a", 10, 100.0), ("a", 25, 143.0), ("a", 50, 148.0), ("b", 20, 50.0), ("b", 40, 60.0)];
    let flows = [("a", 12, 40.0)];
    series(&samples, &flows, 0, (21, 45), &[(25, 155.5), (40, 166.0)]); // b's line starts before the window
    series(&samples, &flows, 0, (20, 40), &[(20, 152.0), (25, 155.5), (40, 166.0)]);
    series(&samples, &flows, 30, (21, 45), &[(25, 195.5), (40, 206.0)]); // a's baseline at 50: the 40 are inside
    series(&samples, &flows, 0, (60, 70), &[]);
}

#[test]
fn wallets_without_a_baseline_are_no_part_of_it() {
    let samples = [("a", 10, 100.0), ("a", 20, 101.0), ("b", 10, 50.0)];
    series(&samples, &[], 15, ALL, &[(10, 100.0), (20, 101.0)]);
    series(&[], &[], 15, ALL, &[]);
}
