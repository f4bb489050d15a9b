//! Where transactions are pulled before every evaluation: an asset is held unless they are known as far as its samples go.

use advisor_core::advice::advise;
use advisor_core::coverage::{Coverage, Reached, Span};
use advisor_core::rules::{CoverageRules, Rules};
use advisor_core::time;

use crate::history::{History, at, code, message, ungated};

/// Two wallets with samples from hour 0 to 40; gains count from hour 10, and flows may be 6 h late: they must be known from
/// hour 10 to 34.
fn history() -> History {
    let rising = |from: f64| (0..=40).map(|hour| from + f64::from(hour)).collect::<Vec<f64>>();
    let history = History::default().hourly("a", 0, &rising(1000.0)).hourly("b", 0, &rising(2000.0));
    history.tag("elsewhere", 10.0, 1.0)
}

fn known_by(pulls: CoverageRules) -> Rules {
    Rules { coverage: Some(pulls), ..ungated() }
}

fn everything() -> CoverageRules {
    CoverageRules { start: None, end: None, wallets: Vec::new(), unfit: None }
}

fn span(from: f64, to: f64) -> Result<Span, String> {
    Ok(Span { from: at(from), to: at(to) })
}

/// The code and sentence of what is decided at hour 40 after these pulls.
fn decided(rules: &Rules, pulls: &[(&str, Result<Span, String>)]) -> (String, String) {
    let mut snapshot = history().snapshot(rules, at(40.0));
    let mut coverage = Coverage::default();
    for (wallet, outcome) in pulls {
        coverage.note(&Reached { wallet: (*wallet).into(), outcome: outcome.clone() }, at(40.0));
    }
    snapshot.coverage = coverage;
    let advice = advise(rules, &snapshot, at(40.0));
    (code(&advice).to_owned(), message(&advice))
}

#[track_caller]
fn holds(rules: &CoverageRules, pulls: &[(&str, Result<Span, String>)], sentence: &str) {
    let found = decided(&known_by(rules.clone()), pulls);
    assert_eq!(found, ("flows_incomplete".to_owned(), sentence.to_owned()));
}

#[track_caller]
fn passes(rules: &Rules, pulls: &[(&str, Result<Span, String>)]) {
    assert_eq!(decided(rules, pulls), ("withdraw".to_owned(), String::new()));
}

fn hour(hour: f64) -> String {
    time::timestamp(at(hour)).to_string()
}

#[test]
fn flows_must_be_known_from_the_baseline_to_the_newest_sample_but_for_what_may_come_late() {
    let rules = known_by(everything());
    let b = ("b", span(0.0, 40.0));
    passes(&rules, &[("a", span(10.0, 34.0)), b.clone()]);
    passes(&rules, &[("A", span(10.0, 34.0)), b.clone()]);
    passes(&rules, &[("a", span(20.0, 40.0)), ("a", span(5.0, 20.0)), b.clone()]);
    passes(&rules, &[("a", span(5.0, 36.0)), ("a", Err("refused".to_owned())), b.clone()]);
    let unknown = |up_to: f64| format!("transactions of a are known only up to {}: ", hour(up_to));
    let missing = "no pull has got that far; the log says why";
    holds(&everything(), &[("a", span(10.0, 33.9)), b.clone()], &(unknown(33.9) + missing));
    holds(&everything(), &[("a", span(10.1, 40.0)), b.clone()], &(unknown(10.0) + missing));
    holds(&everything(), &[("a", span(5.0, 19.0)), ("a", span(20.0, 40.0)), b], &(unknown(19.0) + missing));
}

#[test]
fn the_sentence_says_why_and_how_many_others_are_alike() {
    let refused = || Err("Liqwid at http://x answered 403".to_owned());
    let sentence = format!("transactions of b are known only up to {}: Liqwid at http://x answered 403", hour(20.0));
    holds(&everything(), &[("a", span(0.0, 40.0)), ("b", span(0.0, 20.0)), ("b", refused())], &sentence);
    let sentence = format!(
        "transactions of a are known only up to {}: Liqwid at http://x answered 403; 1 more wallet is like it",
        hour(10.0)
    );
    holds(&everything(), &[("a", refused()), ("b", refused())], &sentence);
}

#[test]
fn what_is_configured_to_be_left_out_names_its_key() {
    let both = [("a", span(20.0, 40.0)), ("b", span(0.0, 40.0))];
    let late = CoverageRules { start: Some(at(20.0)), ..everything() };
    let sentence = |up_to: f64, cause: &str| format!("transactions of a are known only up to {}: {cause}", hour(up_to));
    let start = format!("transaction_sync.start_date is {}, and its gain counts from {} on", hour(20.0), hour(10.0));
    holds(&late, &both, &sentence(10.0, &start));
    // What was pulled before the key was set still counts.
    passes(&known_by(late.clone()), &[&both[..], &[("a", span(0.0, 25.0))]].concat());

    let early = CoverageRules { end: Some(at(30.0)), ..everything() };
    let end = format!("transaction_sync.end_date is {}", hour(30.0));
    holds(&early, &[("a", span(0.0, 30.0)), ("b", span(0.0, 40.0))], &sentence(30.0, &end));

    let chosen = CoverageRules { wallets: vec!["B".to_owned()], ..everything() };
    holds(&chosen, &both[1..], &sentence(10.0, "transaction_sync.wallets leaves it out"));

    let unfit = CoverageRules { unfit: Some("amounts are USD".to_owned()), ..everything() };
    holds(&unfit, &both[1..], &sentence(10.0, "amounts are USD"));
}

#[test]
fn a_wallet_that_is_newer_than_flows_may_be_late_needs_no_pull_yet() {
    let rules = Rules { flow_lag_hours: 30.0, ..known_by(everything()) };
    passes(&rules, &[]);
    let rules = Rules { flow_lag_hours: 29.9, ..known_by(everything()) };
    assert_eq!(decided(&rules, &[]).0, "flows_incomplete");
}

#[test]
fn where_nothing_is_pulled_nothing_of_it_is_judged() {
    passes(&ungated(), &[]);
    passes(&ungated(), &[("a", Err("refused".to_owned()))]);
}
