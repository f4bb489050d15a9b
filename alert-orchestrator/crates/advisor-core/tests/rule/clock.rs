//! What a machine's clock is believed: samples that are newer than now hold, before all that a wrong clock would cause.

use advisor_core::advice::{Advice, advise};
use advisor_core::rules::{ReferenceFallback, Rules};

use crate::history::{History, at, code, message, rules};

/// Wallet "a" gains a USD an hour up to hour 19; the reference is of hour 2.
fn rising() -> History {
    let values: Vec<f64> = (0..20).map(|hour| 1000.0 + f64::from(hour)).collect();
    History::default().hourly("a", 0, &values).tag("a", 2.0, 0.0)
}

/// The advice where the machine's clock says `hour`, and everything in the tables is read.
fn advise_by_clock(history: &History, rules: &Rules, hour: f64) -> Advice {
    let mut snapshot = history.snapshot(rules, at(hour));
    snapshot.positions = history.positions(|_| true).cut_after(at(hour));
    advise(rules, &snapshot, at(hour))
}

#[track_caller]
fn by_clock(rules: &Rules, hour: f64, expected: &str) {
    assert_eq!(code(&advise_by_clock(&rising(), rules, hour)), expected, "by a clock that says hour {hour}");
}

#[test]
fn samples_more_than_the_skew_after_now_hold_and_the_sentence_shows_the_way_out() {
    let minute = 1.0 / 60.0;
    by_clock(&rules(), 19.0, "withdraw");
    by_clock(&rules(), 19.0 - 5.0 * minute, "withdraw"); // exactly the skew
    by_clock(&rules(), 19.0 - 5.1 * minute, "clock_doubt");
    let advice = advise_by_clock(&rising(), &rules(), 18.5);
    let expected = "samples newer than now (by more than 5 min): clock or time zone? The newest is of \
                    2026-01-01T19:00:00Z, 0.5 h after this machine's time 2026-01-01T18:30:00Z; where samples are \
                    stamped with the end of their hour or day, raise client.max_clock_skew_minutes";
    assert_eq!(message(&advice), expected);
    assert_eq!((advice.decision.code(), advice.decision.limit_usd()), (0, 0.0));
    assert!(advice.wallet_breakdown().is_empty());
    // V(18) − V(2) at the newest sample that is not after now.
    assert_eq!(advice.totals.map(|totals| totals.gain_usd), Some(16.0), "figures are published anyway");
}

#[test]
fn a_collector_that_stamps_the_end_of_its_hour_is_let_through_by_a_larger_skew() {
    let of_hours = Rules { max_clock_skew_minutes: Some(60.0), ..rules() };
    by_clock(&of_hours, 18.01, "withdraw");
    by_clock(&of_hours, 17.99, "clock_doubt");
    by_clock(&Rules { max_clock_skew_minutes: None, ..rules() }, 17.0, "withdraw");
    by_clock(&Rules { max_clock_skew_minutes: Some(0.0), ..rules() }, 18.99, "clock_doubt");
}

#[test]
fn the_doubt_comes_before_everything_that_a_wrong_clock_would_cause() {
    let hold = Rules { reference_fallback: ReferenceFallback::Hold, ..rules() };
    // The tag of hour 2 lies after now: without the doubt there would be no reference.
    by_clock(&hold, 1.0, "clock_doubt");
    // Not a sample up to now: without it no data, and for an asset without a price an error.
    by_clock(&rules(), -26.0, "clock_doubt");
    by_clock(&rules(), -24.0 * 800.0, "clock_doubt");
    // A clock ahead makes no sample newer than now: they are old.
    by_clock(&rules(), 24.0 * 800.0, "stale_data");
    // The other reasons rest on the same clock: the sentence names one remedy.
    assert!(!message(&advise_by_clock(&rising(), &hold, 1.0)).contains("; no reference"));
    // Nor is there anything to warn of: by the right clock there is no tag, by this one all the more.
    let warnings = advise_by_clock(&rising(), &rules(), 18.0).warnings;
    assert!(warnings.is_empty(), "{warnings:?}");
}

#[test]
fn an_error_that_may_be_the_clocks_is_a_warning_beside_the_doubt() {
    let mut history = rising();
    history.deposits.push(advisor_core::flow::FlowRow {
        ts: Some(at(3.0)),
        wallet: Some("a".into()),
        amount: None,
        memo: None,
        tx_hash: None,
    });
    let advice = advise_by_clock(&history, &rules(), 19.0);
    assert_eq!(code(&advice), "invalid_data");
    let doubtful = advise_by_clock(&history, &rules(), 18.0);
    assert_eq!((code(&doubtful), doubtful.totals), ("clock_doubt", None));
    let warning =
        doubtful.warnings.iter().find(|warning| warning.starts_with("by this machine's clock also: invalid data"));
    assert!(warning.is_some(), "{:?}", doubtful.warnings);
}

#[test]
fn an_evaluation_as_of_the_past_knows_of_nothing_after_it() {
    // Read up to there, as with date_range.end.
    assert_eq!(code(&rising().advise(&rules(), 12.0)), "withdraw");
}

#[test]
fn what_is_cut_off_changes_no_figure() {
    let ungated = crate::history::ungated();
    for hour in [3.0, 10.5, 19.0] {
        let (read, cut) = (rising().advise(&ungated, hour), advise_by_clock(&rising(), &ungated, hour));
        assert_eq!(cut.totals, read.totals, "at hour {hour}");
        assert_eq!((cut.t0, cut.t1, cut.gate, cut.wallets), (read.t0, read.t1, read.gate, read.wallets));
    }
}
