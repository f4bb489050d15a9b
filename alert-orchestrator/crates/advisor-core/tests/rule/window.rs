//! Whether enough was loaded for the gate's window, and what to load again.

use std::sync::Arc;

use advisor_core::position::{PositionRow, Positions, PositionsBuilder};
use advisor_core::rules::Rules;
use advisor_core::time::NANOS_PER_HOUR;
use advisor_core::window::{is_doubtful, load_again_from};

use crate::history::rules;

/// 48 h of window, 24 h of age; loading to hour 100 began at hour 100 − 48 − 24 = 28.
const FROM: i64 = 28 * NANOS_PER_HOUR;

fn forty_eight_hours() -> Rules {
    let mut rules = rules();
    rules.gate.lookback_hours = 48.0;
    rules.max_sample_age_hours = Some(24.0);
    rules
}

fn positions(wallets: &[(&str, &[i64])]) -> Positions {
    let mut builder = PositionsBuilder::new();
    for (wallet, hours) in wallets {
        for hour in *hours {
            let ts = Some(hour * NANOS_PER_HOUR);
            let row = PositionRow {
                ts,
                wallet: Some(wallet),
                underlying_units: None,
                usd_value: Some(1.0),
                price_usd: Some(1.0),
            };
            builder.push(&row);
        }
    }
    builder.finish()
}

/// From which hour is loaded again, given each wallet's newest sample before hour 28?
#[track_caller]
fn again(wallets: &[(&str, &[i64])], before: &[(&str, i64)], expected: Option<i64>) {
    let (rules, positions) = (forty_eight_hours(), positions(wallets));
    let before: Vec<(Arc<str>, i64)> =
        before.iter().map(|(wallet, hour)| (Arc::from(*wallet), hour * NANOS_PER_HOUR)).collect();
    let found = load_again_from(&rules, &positions, FROM, &before);
    assert_eq!(found.map(|ts| ts / NANOS_PER_HOUR), expected);
    assert!(found.is_none() || is_doubtful(&rules, &positions, FROM), "nobody would have asked");
}

#[test]
fn healthy_wallets_are_not_doubted() {
    let healthy = positions(&[("a", &[28, 52, 76, 100]), ("b", &[40, 64, 88])]);
    assert!(!is_doubtful(&forty_eight_hours(), &healthy, FROM)); // both have a sample at or before 100 − 48 = 52
}

#[test]
fn a_wallet_that_is_back_after_a_gap_is_loaded_across_it_and_a_new_one_is_not() {
    again(&[("a", &[28, 52, 76, 100]), ("b", &[99, 100])], &[("a", 4), ("b", 20)], Some(20));
    again(&[("a", &[28, 52, 76, 100]), ("b", &[99, 100])], &[("a", 4)], None); // b is new
}

#[test]
fn where_the_newest_sample_is_old_its_own_window_is_loaded() {
    again(&[("a", &[28, 60])], &[("a", 4)], Some(-12)); // 60 − 48 = 12, and 24 h of margin
    again(&[], &[("a", 4), ("b", 10)], Some(-62)); // 10 − 48 − 24
    again(&[], &[], None); // there is nothing at all
}
