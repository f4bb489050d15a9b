use advisor_core::test_support::rules;

use super::*;

const OWN: &str = "addr-own";

/// A wallet that gained so much, of which so much was withdrawn without a tag.
fn wallet(address: &str, gain_usd: f64, untagged_usd: f64) -> WalletFigures {
    let at = Timestamp::UNIX_EPOCH;
    WalletFigures {
        address: address.into(),
        baseline_at: at,
        baseline_usd: 0.0,
        newest_at: at,
        newest_usd: gain_usd,
        flows: Vec::new(),
        deposits_usd: 0.0,
        withdrawals_usd: untagged_usd,
        untagged_usd,
        gain_usd,
        stale: false,
        growth: None,
        limit_usd: (gain_usd / 2.0).min(gain_usd - untagged_usd).max(0.0),
        taken_usd: 0.0,
    }
}

fn failure() -> Failure {
    Failure::InvalidData("a row".to_owned())
}

/// An answer whose reference lies in this second.
fn advice(decision: Decision, t0: i64, wallets: Vec<WalletFigures>) -> Advice {
    let t0 = Timestamp::from_second(t0).ok();
    Advice { decision, t0, wallets, ..Advice::failed("djed", Timestamp::UNIX_EPOCH, &rules(), failure()) }
}

fn up_to(limit_usd: f64, t0: i64, wallets: &[(&str, f64, f64)]) -> Advice {
    let wallets = wallets.iter().map(|(address, gain, untagged)| wallet(address, *gain, *untagged)).collect();
    advice(Decision::Withdraw { limit_usd }, t0, wallets)
}

#[track_caller]
fn says(before: &Advice, after: &Advice, expected: &str) {
    assert_eq!(message(before, after, |wallet| wallet == OWN), expected);
}

#[test]
fn a_reference_costs_what_the_other_wallets_gained() {
    let before = up_to(40.0, 1, &[("a", 20.0, 0.0), ("b", 60.0, 30.0)]);
    let after = up_to(16.2, 2, &[("b", 2.4, 0.0), (OWN, 30.0, 0.0)]);
    // Half of 20 of a, which has no sample since, and half of 60 less half of 2.40 of b: 10 + 30 − 1.20.
    says(&before, &after, "W_max 40.00 → 16.20; 38.80 USD of gains in two other wallets will no longer be offered");
    let taken = "30.00 USD withdrawn without a tag will count as gain already taken";
    let freed = "38.80 USD of gains in two other wallets will be offered again";
    says(&after, &before, &format!("W_max 16.20 → 40.00; {freed}; {taken}"));
}

#[test]
fn what_nobody_can_miss_is_not_said() {
    let before = up_to(1036.1, 1, &[("taken", 50.0, 50.0), ("dust", 0.009, 0.0), ("lost", -5.0, 0.0)]);
    says(&before, &up_to(1018.34, 2, &[("lost", -1.0, 0.0)]), "W_max 1036.10 → 1018.34");
    says(&before, &before, "W_max stays 1036.10");
}

#[test]
fn a_wallet_that_lost_before_the_reference_has_gains_after_it() {
    let before = up_to(10.0, 1, &[("a", 20.0, 0.0), ("b", -15.0, 0.0)]);
    let after = up_to(2.5, 2, &[("a", 0.0, 0.0), ("b", 5.0, 0.0)]);
    let both = "10.00 USD of gains in one other wallet will no longer be offered; \
                2.50 USD of gains in one other wallet will be offered";
    says(&before, &after, &format!("W_max 10.00 → 2.50; {both}"));
}

#[test]
fn of_an_error_nothing_more_is_said_than_that_it_is_one() {
    let error = || advice(Decision::Error(failure()), 1, Vec::new());
    let fine = up_to(10.0, 2, &[("a", 20.0, 0.0)]);
    says(&error(), &error(), "W_max stays 0.00 (ERROR: invalid data: a row)");
    says(&error(), &fine, "W_max 0.00 (ERROR) → 10.00");
    says(&fine, &error(), "W_max 10.00 → 0.00 (ERROR: invalid data: a row)");
}

#[test]
fn small_numbers_of_wallets_are_words() {
    let expected =
        [(1, "one other wallet"), (2, "two other wallets"), (9, "nine other wallets"), (10, "10 other wallets")];
    for (wallets, words) in expected {
        assert_eq!(other(wallets), words);
    }
}

#[test]
fn ten_wallets_are_listed_and_the_rest_is_counted() {
    let names: Vec<String> = (10..22).map(|i| format!("addr{i}")).collect();
    let all: Vec<(&str, f64, f64)> = names.iter().map(|name| (name.as_str(), 2.0, 0.0)).collect();
    let said = |count: usize| {
        let (before, after) =
            (up_to(count as f64, 1, &all[..count]), advice(Decision::Error(failure()), 2, Vec::new()));
        let (wallets, message) = (wallets(&before, &after), "W_max".to_owned());
        let [before, after] = [&before, &after].map(side);
        Effect { asset: "djed".to_owned(), mark: None, before, after, wallets, message }.to_string()
    };
    assert_eq!(said(1), "W_max", "the sentence has it");
    assert_eq!(said(2), "W_max\n  1.00 → none  addr10\n  1.00 → none  addr11");
    assert_eq!(said(10).lines().count(), 1 + 10);
    assert_eq!(said(11).lines().last(), Some("  and 1 more wallet"));
    assert_eq!(said(12).lines().last(), Some("  and 2 more wallets"));
    assert_eq!(said(12).lines().count(), 1 + 10 + 1);
}
