//! What explanations read like, whole.
//!
//! The committed texts are in `tests/testdata/explain/`. After a change that is meant to show,
//! `UPDATE_TEXTS=1 cargo test -p alert-orchestrator --lib explain` writes them again: read them before you commit.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use advisor_core::advice::{GrowthFigures, RiseFigures, WalletFigures};
use advisor_core::decision::{Failure, Hold, HoldReason, UnexplainedGrowth};
use advisor_core::store::StoreError;
use advisor_core::test_support::EPOCH;
use advisor_core::time::{self, NANOS_PER_HOUR};
use advisor_testkit::scenarios::{self, Story};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::layout::COLUMNS;
use super::*;
use crate::decisions::abbreviate;

/// Compares a text with the committed one.
#[track_caller]
fn reads(name: &str, text: &str) {
    let long: Vec<&str> = text.lines().filter(|line| line.chars().count() > COLUMNS).collect();
    assert!(long.is_empty(), "longer than {COLUMNS} columns: {long:#?}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata/explain").join(name);
    if std::env::var_os("UPDATE_TEXTS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == committed, "{} is no longer what is written:\n{text}", path.display());
}

fn text(story: &Story, advice: &Advice, wallets: Wallets<'_>) -> String {
    Explanation { advice, rules: &story.rules, is_past: false, wallets }.text()
}

/// The whole text of a story.
fn told(story: &Story) -> String {
    text(story, &story.advice(), Wallets::Most)
}

/// Headline and sentences, without the arithmetic.
fn sentences(story: &Story, advice: &Advice) -> String {
    let text = text(story, advice, Wallets::Most);
    text[..text.find("\nas of ").unwrap()].to_owned()
}

fn hour(hour: i64) -> Timestamp {
    time::timestamp(EPOCH + hour * NANOS_PER_HOUR)
}

#[test]
fn a_withdrawal_since_a_tag() {
    reads("withdraw.txt", &told(&scenarios::withdraw()));
}

#[test]
fn a_withdrawal_since_the_first_sample() {
    reads("withdraw_by_date_range.txt", &told(&scenarios::fallback()));
}

#[test]
fn a_gate_that_holds_two_wallets() {
    reads("gate_triggered.txt", &told(&scenarios::held_by_the_gate()));
}

#[test]
fn an_error() {
    let story = scenarios::withdraw();
    let cause = "refused by 127.0.0.1:4000 after 4 attempts".to_owned();
    let failure = Failure::Store(StoreError::Connect { store: "GreptimeDB at http://db:4000".to_owned(), cause });
    reads("error.txt", &text(&story, &Advice::failed("djed", hour(720), &story.rules, failure), Wallets::Most));
}

#[test]
fn ten_of_twelve_wallets_are_shown_and_the_others_summed_up() {
    let story = scenarios::twelve_wallets();
    let advice = story.advice();
    let shown = |wallets| text(&story, &advice, wallets);
    reads("twelve_wallets.txt", &shown(Wallets::Most));
    let count = |text: &str| text.matches("\nwallet ").count();
    let one = &*advice.wallets[3].address;
    assert_eq!(
        [shown(Wallets::Most), shown(Wallets::All), shown(Wallets::One(one))].map(|text| count(&text)),
        [10, 12, 1]
    );
    assert!(!shown(Wallets::All).contains("--all"), "nothing is left to show");

    // What is folded and what is shown make up the whole.
    let mut by_limit: Vec<f64> = advice.wallets.iter().map(|wallet| wallet.limit_usd).collect();
    by_limit.sort_by(f64::total_cmp);
    let folded = format!("limits of {:.2} USD; --all shows them", by_limit[0] + by_limit[1]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&shown(Wallets::Most)).contains(&folded), "{folded}");
}

#[test]
fn across_a_change_of_clocks_each_time_has_its_offset() {
    let mut story = scenarios::across_a_change_of_clocks();
    story.rules.zone = TimeZone::get("Europe/Berlin").unwrap();
    reads("change_of_clocks.txt", &told(&story));
}

#[test]
fn within_one_offset_it_is_said_once() {
    let mut story = scenarios::held_by_the_gate();
    story.rules.zone = TimeZone::get("Europe/Berlin").unwrap();
    let text = told(&story);
    assert!(text.contains("\nas of      2026-01-31 01:05; times in Europe/Berlin, +01:00; figures"), "{text}");
    assert_eq!(text.matches("+01:00").count(), 1, "{text}");
}

#[test]
fn as_of_a_past_date_nothing_is_said_of_now() {
    let story = scenarios::withdraw();
    let (advice, rules, wallets) = (story.advice(), &story.rules, Wallets::Most);
    let text = Explanation { advice: &advice, rules, is_past: true, wallets }.text();
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("could be withdrawn as of 2026-01-31 00:05 (client.date_range.end), from"), "{text}");
    assert!(!text.contains(" now"), "{text}");
}

#[test]
fn every_hold_says_why_and_what_would_change_it() {
    let mut codes = BTreeSet::new();
    for (name, story) in scenarios::holds::all() {
        let advice = story.advice();
        let code = advice.decision.reason().map(|reason| reason.code).unwrap_or_default();
        assert!(!code.is_empty() && name.starts_with(code), "{name} is held for {code}");
        codes.insert(code);
        reads(&format!("holds/{name}.txt"), &text(&story, &advice, Wallets::Most));
    }
    assert_eq!(codes.len(), 11, "the reasons to hold: {codes:?}");
}

#[test]
fn of_the_past_nothing_is_waited_for() {
    let texts = scenarios::holds::all().into_iter().map(|(name, story)| {
        let (advice, rules, wallets) = (story.advice(), &story.rules, Wallets::Most);
        let paragraphs = Explanation { advice: &advice, rules, is_past: true, wallets }.explained().summary;
        let text = paragraphs.join("\n");
        for word in ["by itself", "Wait for", "wait until", " now"] {
            assert!(!text.contains(word), "{name}: {word:?} in {text}");
        }
        format!("{name}\n{text}\n")
    });
    // A clock is compared with the samples only where it is now.
    let texts = texts.filter(|text| !text.starts_with("clock_doubt"));
    assert_eq!(texts.count(), scenarios::holds::all().len() - 1);
}

#[test]
fn every_error_says_what_to_do() {
    let story = scenarios::withdraw();
    let not_found =
        Failure::AssetNotFound { asset: "usdx".to_owned(), tables: vec!["djed".to_owned()], left_out: None };
    let not_found = Advice::failed("usdx", hour(720), &story.rules, not_found);
    let invalid =
        Failure::InvalidData("table liqwid_deposits_djed: deposit of amount 0; correct or remove the row".into());
    let invalid = Advice::failed("djed", hour(720), &story.rules, invalid);
    reads("errors.txt", &[not_found, invalid].map(|advice| sentences(&story, &advice)).join("\n"));
}

/// The short forms of the wallets whose steps are shown, in their order.
fn shown(story: &Story, advice: &Advice) -> Vec<String> {
    let text = text(story, advice, Wallets::Most);
    let address = |steps: &str| steps.trim_start().split_once('\n').unwrap().0.to_owned();
    text.split("\nwallet ").skip(1).map(address).collect()
}

#[test]
fn wallets_that_hold_come_first_then_those_with_a_limit_and_the_stale_last() {
    let story = scenarios::twelve_wallets();
    let mut advice = story.advice();
    let rise = RiseFigures {
        high_at: hour(9),
        before_at: hour(10),
        at: hour(11),
        units: 500.0,
        limit_units: 0.67,
        amount: 500.0,
    };
    let risen = |wallet: &mut WalletFigures| {
        let growth = GrowthFigures { unexplained: vec![rise.clone()], ..wallet.growth.clone().unwrap() };
        wallet.growth = Some(growth);
    };
    let short = |i: usize, advice: &Advice| abbreviate(&advice.wallets[i].address);
    // The largest has risen, but is stale: it holds nothing, and gives nothing.
    risen(&mut advice.wallets[11]);
    (advice.wallets[11].stale, advice.wallets[11].limit_usd) = (true, 0.0);
    let largest = short(11, &advice);
    let order = shown(&story, &advice);
    assert_eq!((order.len(), &order[0]), (10, &short(10, &advice)));
    assert!(!order.contains(&largest), "{order:?}");

    // Two others have risen as well; the reason names one of them.
    for i in [0, 1] {
        risen(&mut advice.wallets[i]);
    }
    let wallet = Arc::clone(&advice.wallets[1].address);
    let growth = UnexplainedGrowth { wallet, rise: Some(rise), others: 1, in_fallback: false };
    let reason = HoldReason::UnexplainedGrowth(growth);
    advice.decision = Decision::Hold(Hold { reason, also: Vec::new(), refused: Vec::new(), zone: TimeZone::UTC });
    let order = shown(&story, &advice);
    assert_eq!(order[..3], [1, 0, 10].map(|i| short(i, &advice)));
    assert!(!order.contains(&largest), "{order:?}");
}

#[test]
fn a_wallet_is_found_by_its_beginning_and_one_that_is_not_there_is_named() {
    let advice = scenarios::twelve_wallets().advice();
    let address = &*advice.wallets[11].address; // ends in 11, as that of no other wallet
    let short = format!("{}…{}", &address[..8], &address[address.len() - 4..]);
    assert_eq!(find_wallet(&advice, &short).as_deref(), Ok(address));
    let unknown = find_wallet(&advice, "addr1x").unwrap_err();
    assert!(
        unknown.starts_with("wallet \"addr1x\" has no figures for djed; wallets that have: addr1q00…0000, "),
        "{unknown}"
    );
    assert!(unknown.ends_with(" and 7 more"), "{unknown}");
    let several = find_wallet(&advice, "addr1q").unwrap_err();
    assert!(several.starts_with("wallet \"addr1q\" may be any of "), "{several}");
}
