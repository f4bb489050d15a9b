use proptest::prelude::*;

use super::*;

fn known(pulls: &[(i64, i64)], now: i64) -> Vec<(i64, i64)> {
    let mut known = WalletCoverage::default();
    pulls.iter().for_each(|(from, to)| known.note(&Ok(Span { from: *from, to: *to }), now));
    known.spans.iter().map(|span| (span.from, span.to)).collect()
}

#[test]
fn pulls_add_up_and_what_lies_between_them_stays_unknown() {
    assert_eq!(known(&[(10, 20), (20, 30)], 99), [(10, 30)]);
    assert_eq!(known(&[(10, 20), (22, 30)], 99), [(10, 20), (22, 30)]);
    assert_eq!(known(&[(10, 20), (40, 50), (15, 45)], 99), [(10, 50)]);
    assert_eq!(known(&[(10, 50), (20, 30)], 99), [(10, 50)]);
    assert_eq!(known(&[(30, 20)], 99), [], "a range that ends before it begins");
}

#[test]
fn what_a_wrong_clock_noted_goes_with_the_next_pull() {
    assert_eq!(known(&[(10, 90)], 95), [(10, 90)]);
    assert_eq!(known(&[(10, 90), (40, 50)], 50), [(10, 50)]);
    let mut later = WalletCoverage { spans: vec![Span { from: 10, to: 20 }, Span { from: 70, to: 90 }], fault: None };
    later.note(&Err("refused".to_owned()), 50);
    assert_eq!((later.spans, later.fault.as_deref()), (vec![Span { from: 10, to: 20 }], Some("refused")));
}

#[test]
fn a_fault_lasts_until_a_pull_succeeds_and_takes_nothing_away() {
    let mut known = WalletCoverage::default();
    known.note(&Ok(Span { from: 0, to: 10 }), 10);
    known.note(&Err("refused".to_owned()), 20);
    assert_eq!((known.known_up_to(5), known.fault.as_deref()), (10, Some("refused")));
    known.note(&Ok(Span { from: 10, to: 30 }), 30);
    assert_eq!((known.known_up_to(5), known.fault.as_deref()), (30, None));
}

proptest! {
    #[test]
    fn an_instant_is_known_where_a_pull_reached_it(pulls in prop::collection::vec((0..40_i64, 0..40_i64), 0..8), at in 0..40_i64) {
        let spans = known(&pulls, 40);
        let within = |(from, to): &(i64, i64)| *from <= at && at <= *to;
        prop_assert_eq!(spans.iter().any(within), pulls.iter().any(within));
        prop_assert!(spans.windows(2).all(|pair| pair[0].1 < pair[1].0), "{:?}", spans);
    }
}
