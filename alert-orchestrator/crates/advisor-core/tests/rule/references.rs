//! Since when gains count, and how far back an evaluation reads.

use advisor_core::flow::FlowRow;
use advisor_core::reference::{RefMode, Reference};
use advisor_core::rules::{Alignment, ReferenceFallback, Rules};
use advisor_core::test_support::KEYWORD;

use crate::history::{History, at, code, flow, message, rules, ungated};

fn memo(hour: f64, memo: &str) -> FlowRow {
    FlowRow { memo: Some(memo.to_owned()), ..flow("a", hour, 1.0) }
}

/// The reference at hour 10 among these withdrawals, with the date range starting at hour 2.
fn find(withdrawals: &[FlowRow]) -> Reference {
    Reference::find(withdrawals, &Rules { range_start: Some(at(2.0)), ..rules() }, at(10.0))
}

#[track_caller]
fn tagged(withdrawals: &[FlowRow], hour: f64) {
    match find(withdrawals) {
        Reference::Tagged { t0, .. } => assert_eq!(t0, at(hour)),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn untagged(withdrawals: &[FlowRow]) {
    assert_eq!(find(withdrawals), Reference::DataRange { start: Some(at(2.0)) });
}

#[test]
fn the_newest_tagged_withdrawal_up_to_the_evaluation_is_the_reference() {
    tagged(&[memo(5.0, KEYWORD), memo(7.0, KEYWORD), memo(6.0, KEYWORD)], 7.0);
    tagged(&[memo(5.0, KEYWORD), memo(10.0, KEYWORD)], 10.0);
    tagged(&[memo(5.0, KEYWORD), memo(10.1, KEYWORD)], 5.0); // not yet known
    tagged(&[memo(5.0, &format!("took gain ({KEYWORD}!)")), memo(7.0, "rent")], 5.0);
    tagged(&[memo(-500.0, KEYWORD)], -500.0); // whatever the date range starts with
}

#[test]
fn anything_else_is_no_tag() {
    untagged(&[]);
    untagged(&[memo(5.0, &KEYWORD.to_uppercase())]);
    untagged(&[memo(5.0, "alert driven withdrawal"), flow("a", 6.0, 1.0)]);
    untagged(&[FlowRow { ts: None, ..memo(5.0, KEYWORD) }]); // nobody knows when
}

#[test]
fn without_a_tag_the_fallback_says_since_when() {
    let mode = |rules: &Rules| Reference::find(&[], rules, at(10.0));
    assert_eq!(mode(&rules()), Reference::DataRange { start: None });
    let hold = Rules { reference_fallback: ReferenceFallback::Hold, ..rules() };
    assert_eq!(mode(&hold), Reference::Missing);
    assert_eq!(
        [find(&[memo(5.0, KEYWORD)]).mode(), find(&[]).mode(), mode(&hold).mode()],
        [RefMode::Keyword, RefMode::DataRange, RefMode::Null]
    );
}

#[test]
fn two_tags_at_one_instant_give_one_reference_whatever_their_order() {
    let (one, two) = (memo(5.0, KEYWORD), FlowRow { wallet: Some("b".into()), ..memo(5.0, KEYWORD) });
    assert_eq!(find(&[one.clone(), two.clone()]), find(&[two, one]));
}

#[test]
fn reading_starts_one_sample_age_before_what_is_used() {
    let aged = |rules: Rules| Rules { max_sample_age_hours: Some(3.0), ..rules };
    let from = |rules: &Rules, withdrawals: &[FlowRow]| {
        Reference::find(withdrawals, rules, at(100.0)).load_from(rules, at(100.0))
    };
    let tag = [memo(70.0, KEYWORD)];
    assert_eq!(from(&aged(rules()), &tag), Some(at(49.0))); // 100 − 48 − 3
    assert_eq!(from(&aged(rules()), &[memo(40.0, KEYWORD)]), Some(at(37.0))); // 40 − 3
    assert_eq!(from(&aged(Rules { range_start: Some(at(10.0)), ..rules() }), &[]), Some(at(7.0)));
    assert_eq!(from(&aged(Rules { alignment: Alignment::DetectSpike, ..rules() }), &tag), Some(at(52.0 - 96.0)));
    assert_eq!(from(&aged(Rules { reference_fallback: ReferenceFallback::Hold, ..rules() }), &[]), Some(at(49.0)));
    // Nothing bounds how old a sample may be, or where the first one is.
    assert_eq!(from(&Rules { max_sample_age_hours: None, ..rules() }, &tag), None);
    assert_eq!(from(&aged(rules()), &[]), None);
    let endless = Rules { max_sample_age_hours: Some(1e300), ..rules() };
    assert_eq!(from(&endless, &tag), Some(at(52.0) - i64::MAX)); // as long as can be said
}

fn rising() -> History {
    History::default().hourly("a", 0, &[100.0, 101.0, 102.0, 103.0, 104.0])
}

#[test]
fn the_advice_says_which_reference_it_used_and_why() {
    let advice = rising().tag("b", 2.0, -50.0).advise(&ungated(), 4.0);
    assert_eq!((advice.ref_mode, advice.wallets[0].gain_usd), (RefMode::Keyword, 2.0));
    let expected = r#"newest withdrawal whose memo contains "alert_driven_withdrawal": withdrawal of 50 by b"#;
    assert_eq!(advice.reference.as_deref(), Some(expected));

    let from_first = rising().advise(&ungated(), 4.0);
    assert_eq!((from_first.ref_mode, from_first.wallets[0].gain_usd), (RefMode::DataRange, 4.0));
    let expected = r#"no withdrawal is tagged "alert_driven_withdrawal": fallback data_range, gains count from the asset's first sample, 2026-01-01T00:00:00Z"#;
    assert_eq!(from_first.warnings.iter().map(|warning| &**warning).collect::<Vec<_>>(), [expected]);

    let from_start = rising().advise(&Rules { range_start: Some(at(3.0)), ..ungated() }, 4.0);
    assert_eq!(from_start.wallets[0].gain_usd, 1.0);
    let expected = "fallback data_range, gains count from client.date_range.start, 2026-01-01T03:00:00Z";
    assert!(from_start.warnings[0].ends_with(expected), "{:?}", from_start.warnings);
}

#[test]
fn the_fallback_is_named_also_where_nothing_came_of_it() {
    let early = rising().advise(&Rules { range_start: Some(at(3.5)), ..ungated() }, 3.9);
    assert_eq!(code(&early), "no_data");
    assert!(early.warnings.iter().any(|warning| warning.contains("fallback data_range")), "{:?}", early.warnings);
}

#[test]
fn a_reference_newer_than_every_sample_is_no_data_yet() {
    let advice = rising().tag("a", 4.5, 1.0).advise(&ungated(), 5.0);
    assert_eq!(
        message(&advice),
        "No position data available since the reference: reference 2026-01-01T04:30:00Z is newer than the newest sample \
         2026-01-01T04:00:00Z"
    );
    assert_eq!(code(&advice), "no_data");
    assert_eq!(
        code(&rising().tag("a", 4.0, 1.0).advise(&ungated(), 5.0)),
        "no_gain",
        "at the newest sample it is usable"
    );
}

#[test]
fn a_withdrawal_that_is_a_reference_is_inside_its_baseline() {
    // 104 − 50 came out at 4 h; the sample of that hour is the baseline.
    let history = rising().hourly("a", 5, &[55.0, 56.0]).sample("a", 4.0, 54.0, 1.0).tag("a", 4.0, 50.0);
    let advice = history.advise(&ungated(), 6.0);
    assert_eq!((advice.wallets[0].gain_usd, advice.wallets[0].withdrawals_usd), (2.0, 0.0));
}
