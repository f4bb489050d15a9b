//! What explanations read like, whole.
//!
//! The committed texts are in `tests/testdata/explain/`. After a change that is meant to show,
//! `UPDATE_TEXTS=1 cargo test -p alert-orchestrator --lib explain` writes them again: read them before you commit.
#![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use advisor_core::advice::RiseFigures;
use advisor_core::decision::{
    Failure, FlowsIncomplete, Hold, HoldReason, NotPulled, Taken, UnexplainedGrowth, UnknownWallet,
};
use advisor_core::gate::{Outlier, Scattered};
use advisor_core::price_check::PriceSource;
use advisor_core::rules::Basis;
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
fn a_gate_that_holds() {
    reads("gate_triggered.txt", &told(&scenarios::held_by_the_gate()));
}

#[test]
fn too_few_points() {
    reads("insufficient_points.txt", &told(&scenarios::daily(8)));
}

#[test]
fn no_reference() {
    reads("no_reference.txt", &told(&scenarios::no_reference()));
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

/// One of each reason to hold that no story above has.
fn holds(wallet: &str) -> Vec<HoldReason> {
    let growth = |rise| UnexplainedGrowth { wallet: wallet.into(), rise, others: 0, in_fallback: true };
    let rise = RiseFigures {
        high_at: hour(9),
        before_at: hour(10),
        at: hour(11),
        units: 500.0,
        limit_units: 0.67,
        amount: 500.0,
    };
    let furthest = Outlier { at: hour(460), value: 4200.0, neighbours: 1000.0 };
    let scattered = Scattered { largest: 4200.0, max_band_bps: 500.0, furthest };
    let cause = "Liqwid at https://v2.api.liqwid.finance/graphql: answered 403 Forbidden".to_owned();
    vec![
        HoldReason::ClockDoubt { max_skew_minutes: 5.0, newest: hour(746), now: hour(720) },
        HoldReason::NoData { detail: "for djed up to 2026-01-31T00:05:00Z".to_owned() },
        HoldReason::StaleData { age_hours: 30.5 },
        HoldReason::FlowsIncomplete(FlowsIncomplete::NotPulled(NotPulled {
            wallet: wallet.into(),
            known_to: hour(10),
            cause,
            others: 2,
        })),
        HoldReason::FlowsIncomplete(FlowsIncomplete::UnknownWallet(UnknownWallet {
            wallet: wallet.to_owned(),
            at: hour(12),
            amount: 500.0,
            others: 0,
        })),
        HoldReason::UnexplainedGrowth(growth(None)),
        HoldReason::UnexplainedGrowth(growth(Some(rise))),
        HoldReason::OffPeg {
            price_usd: 0.9672,
            deviation_bps: 328.0,
            target_usd: 1.0,
            source: PriceSource::StoredLiqwid,
        },
        HoldReason::CannotJudge { basis: Basis::CorrectedPosition, sigma: 504.0, k_sigma: 2.0, scattered },
        HoldReason::PriceMismatch { detail: "liqwid 1.0000 USD, minswap 0.9672 USD: 3.280 % apart".to_owned() },
        HoldReason::NoGain { taken: None },
        HoldReason::NoGain { taken: Some(Taken { gain_usd: 172.33, untagged_usd: 350.0 }) },
    ]
}

#[test]
fn every_other_hold_says_why_and_what_would_change_it() {
    let story = scenarios::withdraw();
    let advice = story.advice();
    let of = |reason: HoldReason, also: Vec<HoldReason>| {
        let decision = Decision::Hold(Hold { reason, also, refused: Vec::new(), zone: TimeZone::UTC });
        sentences(&story, &Advice { decision, ..advice.clone() })
    };
    let address = &*advice.wallets[1].address;
    let mut texts: Vec<String> = holds(address).into_iter().map(|reason| of(reason, Vec::new())).collect();
    texts.push(of(HoldReason::StaleData { age_hours: 30.5 }, vec![HoldReason::NoGain { taken: None }]));
    reads("holds.txt", &texts.join("\n"));
}

#[test]
fn just_after_tagging_the_next_sample_is_waited_for() {
    let story = scenarios::withdraw();
    let (reason, zone) = (HoldReason::NoData { detail: String::new() }, TimeZone::UTC);
    let decision = Decision::Hold(Hold { reason, also: Vec::new(), refused: Vec::new(), zone });
    let advice = Advice { decision, t0: Some(hour(721)), totals: None, ..story.advice() };
    let text = sentences(&story, &advice);
    assert!(
        text.contains("The reference, 2026-01-31 01:00, is newer than") && text.contains("Wait for the next"),
        "{text}"
    );
}

#[test]
fn every_error_says_what_to_do() {
    let story = scenarios::withdraw();
    let failures = [
        Failure::AssetNotFound { asset: "usdx".to_owned(), tables: vec!["djed".to_owned()] },
        Failure::InvalidData("table liqwid_deposits_djed: deposit of amount 0; correct or remove the row".to_owned()),
    ];
    let text = |failure| sentences(&story, &Advice::failed("usdx", hour(720), &story.rules, failure));
    reads("errors.txt", &failures.map(text).join("\n"));
}

#[test]
fn the_wallet_that_holds_comes_first() {
    let story = scenarios::twelve_wallets();
    let advice = story.advice();
    let least = Arc::clone(&advice.wallets[1].address);
    let growth = UnexplainedGrowth { wallet: Arc::clone(&least), rise: None, others: 0, in_fallback: false };
    let reason = HoldReason::UnexplainedGrowth(growth);
    let decision = Decision::Hold(Hold { reason, also: Vec::new(), refused: Vec::new(), zone: TimeZone::UTC });
    let text = text(&story, &Advice { decision, ..advice.clone() }, Wallets::Most);
    let first = text.split("\nwallet ").nth(1).unwrap().trim_start();
    assert!(first.starts_with(&abbreviate(&least)), "{first}");
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
