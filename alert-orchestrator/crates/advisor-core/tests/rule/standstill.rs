//! Which feeds stand still, and which only earn little.

use advisor_core::advice::advise;
use advisor_core::rules::Rules;

use crate::history::{History, at, rules};

/// Samples of wallet "a" at these hours, which all say the same.
fn still(hours: &[f64], usd: f64) -> History {
    hours
        .iter()
        .fold(History::default().sample("a", 0.0, 0.9 * usd, 1.0), |history, hour| history.sample("a", *hour, usd, 1.0))
}

fn warned(history: &History, hour: f64) -> Option<String> {
    let warnings = history.advise(&rules(), hour).warnings;
    warnings.iter().find(|warning| warning.contains("stood still")).map(ToString::to_string)
}

#[test]
fn a_feed_that_says_the_same_for_two_days_is_named_with_since_when() {
    let expected = "value and price of wallet a have stood still since 2026-01-02T00:00:00Z, though interest should accrue: \
                    does what writes the samples still get new figures?";
    assert_eq!(warned(&still(&[24.0, 48.0, 72.0], 1000.0), 72.0).as_deref(), Some(expected));
    assert_eq!(warned(&still(&[24.0, 72.0], 1000.0), 72.0).as_deref(), Some(expected), "two samples that far apart");
    assert_eq!(warned(&still(&[24.0, 48.0, 71.9], 1000.0), 72.0), None, "not yet two days");
    assert_eq!(warned(&still(&[24.0], 1000.0), 24.0), None);
}

#[test]
fn what_moves_is_no_standstill() {
    let daily = [24.0, 48.0, 72.0];
    assert_eq!(warned(&still(&daily, 1000.0).sample("a", 73.0, 1000.01, 1.0), 73.0), None, "a cent");
    assert_eq!(warned(&still(&daily, 1000.0).sample("a", 73.0, 1000.0, 1.0001), 73.0), None, "the price");
    assert_eq!(warned(&still(&[24.0, 72.0], 1000.0).sample("a", 48.0, 1000.01, 1.0), 72.0), None, "there and back");
    // 48 h at 1 % a year of 182 USD are 0.00997 USD, which a table of cents does not show; of 183 they are 0.01003.
    assert_eq!(warned(&still(&daily, 182.0), 72.0), None);
    assert!(warned(&still(&daily, 183.0), 72.0).is_some());
    assert_eq!(warned(&still(&daily, 0.0), 72.0), None, "an empty position earns nothing");
}

#[test]
fn of_many_wallets_the_one_that_stood_still_longest_is_named() {
    let mut history = still(&[24.0, 48.0, 72.0], 1000.0);
    for (wallet, since) in [("b", 12.0), ("c", 20.0), ("d", 60.0)] {
        for hour in [since, since + 1.0, 72.0] {
            history = history.sample(wallet, hour, 500.0, 1.0);
        }
    }
    let expected =
        "value and price of wallet b have stood still since 2026-01-01T12:00:00Z, those of 2 more for 48 h or longer,";
    assert!(
        warned(&history, 72.0).is_some_and(|warning| warning.starts_with(expected)),
        "{:?}",
        warned(&history, 72.0)
    );
}

#[test]
fn a_stale_wallet_has_its_own_warning_and_what_was_not_loaded_none() {
    let history = still(&[24.0, 48.0, 72.0], 1000.0);
    assert!(warned(&history, 96.0).is_some());
    assert_eq!(warned(&history, 96.1), None, "stale");
    let short = |lookback_hours: f64| {
        let mut rules = Rules { max_sample_age_hours: Some(1.0), ..rules() };
        rules.gate.lookback_hours = lookback_hours;
        let tagged = history.clone().tag("a", 71.0, 0.0);
        let advice = advise(&rules, &tagged.restricted_snapshot(&rules, at(72.0)), at(72.0));
        advice.warnings.iter().any(|warning| warning.contains("stood still"))
    };
    assert_eq!((short(40.0), short(48.0)), (false, true), "nothing more is read for it");
}
