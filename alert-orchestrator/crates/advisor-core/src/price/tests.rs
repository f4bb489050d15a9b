//! One point an instant, straight lines between, the nearest point outside.

use super::*;
use crate::position::{PositionRow, PositionsBuilder};

/// Samples (wallet, time, price), a price of 0 meaning that there is none.
fn wallets(samples: &[(&str, i64, f64)]) -> Vec<WalletSeries> {
    let mut builder = PositionsBuilder::new();
    for &(wallet, ts, price) in samples {
        let price_usd = Some(price);
        builder.push(&PositionRow {
            ts: Some(ts),
            wallet: Some(wallet),
            underlying_units: None,
            usd_value: Some(9.0),
            price_usd,
        });
    }
    builder.finish().wallets
}

#[track_caller]
fn check(samples: &[(&str, i64, f64)], t: i64, expected: Option<f64>) {
    assert_eq!(AssetPrices::new(&wallets(samples)).at(t), expected, "at {t} of {samples:?}");
}

#[track_caller]
fn check_points(samples: &[(&str, i64, f64)], from: i64, to: i64, expected: &[(i64, f64)]) {
    let wallets = wallets(samples);
    let points = AssetPrices::new(&wallets).points(from, to);
    let points: Vec<(i64, f64)> = points.into_iter().map(|point| (point.ts, point.price_usd)).collect();
    assert_eq!(points, expected, "from {from} to {to} of {samples:?}");
}

#[test]
fn an_instant_has_the_median_of_its_samples() {
    check(&[("a", 10, 3.0), ("b", 10, 1.0), ("c", 10, 2.0)], 10, Some(2.0));
    check(&[("a", 10, 1.0), ("b", 10, 2.0)], 10, Some(1.5)); // even: the mean of the two in the middle
    check(&[("a", 10, 1.0), ("b", 10, 0.0), ("c", 10, 5.0)], 10, Some(3.0)); // of those that have one
    check(&[("a", 10, 1e308), ("b", 10, 1.7e308)], 10, Some(1.35e308)); // no overflow on the way
}

#[test]
fn between_points_the_price_is_linear_and_outside_it_is_the_nearest() {
    let samples = [("a", 10, 1.0), ("b", 20, 2.0), ("a", 40, 4.0)];
    check(&samples, 15, Some(1.5));
    check(&samples, 35, Some(3.5)); // 2 + (4 − 2)·15/20
    check(&samples, 20, Some(2.0));
    check(&samples, 9, Some(1.0));
    check(&samples, i64::MIN, Some(1.0));
    check(&samples, i64::MAX, Some(4.0));
    check(&[("a", i64::MIN, 1.0), ("a", i64::MAX, 3.0)], 0, Some(2.0)); // the distance does not fit an i64
}

#[test]
fn instants_without_a_price_are_no_points() {
    let samples = [("a", 10, 1.0), ("a", 15, 0.0), ("b", 18, 0.0), ("a", 20, 2.0), ("a", 30, 0.0)];
    check(&samples, 15, Some(1.5)); // from 10 to 20, as if 15 and 18 were not there
    check(&samples, 30, Some(2.0));
    check(&[("a", 5, 0.0), ("a", 10, 1.0)], 5, Some(1.0));
    check(&[("a", 5, 0.0)], 5, None);
    check(&[], 5, None);
}

#[test]
fn the_series_has_one_point_an_instant_within_both_ends() {
    let samples = [("a", 10, 1.0), ("b", 10, 2.0), ("b", 20, 0.0), ("a", 30, 3.0), ("b", 40, 4.0)];
    check_points(&samples, 10, 40, &[(10, 1.5), (30, 3.0), (40, 4.0)]);
    check_points(&samples, 11, 39, &[(30, 3.0)]);
    check_points(&samples, 41, 99, &[]);
    check_points(&[], 0, 99, &[]);
}

#[test]
fn the_newest_point_skips_newer_samples_without_a_price() {
    let wallets = wallets(&[("a", 10, 1.0), ("b", 12, 2.0), ("a", 20, 0.0), ("b", 30, 0.0)]);
    let newest = |t: i64| AssetPrices::new(&wallets).at_or_before(t).map(|point| (point.ts, point.price_usd));
    assert_eq!(newest(99), Some((12, 2.0)));
    assert_eq!(newest(11), Some((10, 1.0)));
    assert_eq!(newest(9), None);
}
