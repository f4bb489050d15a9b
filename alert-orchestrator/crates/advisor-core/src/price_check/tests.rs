//! The comparison by hand, and what holds for any answers.

use proptest::prelude::*;

use super::*;

const LIQWID: [PriceSource; 2] = [PriceSource::LiqwidGraphql, PriceSource::StoredLiqwid];
const MINSWAP: [PriceSource; 2] = [PriceSource::MinswapAggregator, PriceSource::StoredMinswap];

fn rules() -> PriceRules {
    PriceRules {
        sources: vec![(LogicalSource::Liqwid, LIQWID.to_vec()), (LogicalSource::Minswap, MINSWAP.to_vec())],
        tolerance: Tolerance::Relative(0.01),
        persistence_threshold: 1,
        action: MismatchAction::Hold,
    }
}

/// Answers by the sources in the order of the configuration; NaN: none.
fn answers(prices: [f64; 4]) -> Vec<SourcePrice> {
    let sources = LIQWID.into_iter().chain(MINSWAP);
    sources.zip(prices).map(|(source, price_usd)| SourcePrice { source, price_usd, price_ada: None }).collect()
}

const NO: f64 = f64::NAN;

const ALL: [PriceSource; 4] = [LIQWID[0], LIQWID[1], MINSWAP[0], MINSWAP[1]];

/// What comes of these answers; one that is no price is that of a source that failed.
fn answered(rules: &PriceRules, answers: &[SourcePrice], mismatches_before: u32) -> PriceFigures {
    compare(rules, Known { listed: &ALL, answers, failed: &[] }, mismatches_before)
}

/// The sentence and whether the difference is a mismatch.
#[track_caller]
fn compares(rules: &PriceRules, prices: [f64; 4], expected: &str) {
    let figures = answered(rules, &answers(prices), 0);
    let verdict = match figures.mismatch {
        Some(true) => "mismatch",
        Some(false) => "agree",
        None => "unavailable",
    };
    assert_eq!(format!("{verdict}: {}", figures.describe()), expected);
    assert_eq!(figures.unavailable, figures.mismatch.is_none());
}

#[test]
fn prices_apart_by_more_than_the_tolerance_are_a_mismatch() {
    let sentence = |verdict: &str, minswap: &str, percent: &str| {
        format!("{verdict}: positions 1.0000 USD, minswap {minswap} USD: {percent} % apart, tolerance 1 %")
    };
    compares(&rules(), [NO, 1.0, 0.9672, NO], &sentence("mismatch", "0.9672", "3.280")); // 0.0328 / 1
    compares(&rules(), [NO, 1.0, 1.02, NO], &sentence("mismatch", "1.0200", "1.961")); // 0.02 / 1.02
    compares(&rules(), [NO, 1.0, 0.99, NO], &sentence("agree", "0.9900", "1.000")); // exactly one percent is not above it
    compares(&rules(), [NO, 1.0, 0.9899, NO], &sentence("mismatch", "0.9899", "1.010"));
    compares(&rules(), [NO, 1.0, 1.0, NO], &sentence("agree", "1.0000", "0.000"));
}

#[test]
fn the_positions_own_price_is_held_against_the_market() {
    let three = |verdict: &str, positions: &str, percent: &str| {
        format!(
            "{verdict}: positions {positions} USD, liqwid 0.9000 USD, minswap 0.9050 USD: {percent} % apart, tolerance 1 %"
        )
    };
    // What the table says is a tenth above what the market and the exchange agree on.
    compares(&rules(), [0.9, 1.0, 0.905, NO], &three("mismatch", "1.0000", "10.000"));
    compares(&rules(), [0.9, 0.9, 0.905, NO], &three("agree", "0.9000", "0.552")); // 0.005 / 0.905
    compares(
        &rules(),
        [0.9, 1.0, NO, NO],
        "mismatch: positions 1.0000 USD, liqwid 0.9000 USD: 10.000 % apart, tolerance 1 %",
    );
    let liqwid_alone = PriceRules { sources: vec![(LogicalSource::Liqwid, LIQWID.to_vec())], ..rules() };
    compares(
        &liqwid_alone,
        [0.9, 1.0, 0.5, NO],
        "mismatch: positions 1.0000 USD, liqwid 0.9000 USD: 10.000 % apart, tolerance 1 %",
    );
}

#[test]
fn an_absolute_tolerance_is_in_usd() {
    let absolute = |tolerance: f64| PriceRules { tolerance: Tolerance::Absolute(tolerance), ..rules() };
    let sentence = |verdict: &str, tolerance: &str| {
        format!("{verdict}: positions 3.0000 USD, minswap 2.9700 USD: 0.0300 USD apart, tolerance {tolerance} USD")
    };
    compares(&absolute(0.03), [NO, 3.0, 2.97, NO], &sentence("agree", "0.03"));
    compares(&absolute(0.0299), [NO, 3.0, 2.97, NO], &sentence("mismatch", "0.0299"));
    let none = PriceRules { tolerance: Tolerance::Relative(0.0), ..rules() };
    let sentence = "positions 4.000e-5 USD, minswap 3.999e-5 USD: 0.025 % apart, tolerance 0 %";
    compares(&none, [NO, 4e-5, 3.999e-5, NO], &format!("mismatch: {sentence}"));
}

#[test]
fn the_first_way_that_has_a_price_stands_for_its_source_and_the_positions_take_part_once() {
    let taken = |prices: [f64; 4]| -> Vec<(&str, &str)> {
        let logical = answered(&rules(), &answers(prices), 0).logical;
        logical.iter().map(|price| (price.source.name(), price.from.name())).collect()
    };
    let positions = ("positions", "greptime(liqwid)");
    let all = [positions, ("liqwid", "liqwid_graphql"), ("minswap", "minswap_aggregator")];
    assert_eq!(taken([1.0, 1.1, 1.2, 1.3]), all);
    assert_eq!(taken([NO, 1.1, 0.0, 1.3]), [positions, ("minswap", "greptime(minswap)")]);
    assert_eq!(taken([-1.0, f64::INFINITY, 1.2, 1.3]), [("minswap", "minswap_aggregator")]);
    assert_eq!(taken([NO; 4]), []);
    let stored_first = PriceRules {
        sources: vec![(LogicalSource::Minswap, vec![PriceSource::StoredMinswap, PriceSource::MinswapAggregator])],
        ..rules()
    };
    let figures = answered(&stored_first, &answers([1.0, 1.1, 1.2, 1.3]), 0);
    let taken: Vec<f64> = figures.logical.iter().map(|price| price.price_usd).collect();
    assert_eq!(taken, [1.1, 1.3], "liqwid is not compared");
}

#[test]
fn every_source_is_listed_and_those_that_were_compared_beside_the_first() {
    let mut all = answers([NO, 1.25, 1.0, 1.5]);
    all[2].price_ada = Some(2.5);
    all[3].price_ada = Some(f64::NAN);
    let figures = answered(&rules(), &all, 0);
    let listed: Vec<_> = figures
        .by_source
        .iter()
        .map(|figure| (figure.price.source.name(), figure.delta_abs.zip(figure.delta_rel), figure.price.price_ada))
        .collect();
    let expected = [
        ("greptime(liqwid)", Some((0.0, 0.0)), None),
        ("minswap_aggregator", Some((-0.25, -0.2)), Some(2.5)), // 1 − 1.25, and that over 1.25
        ("greptime(minswap)", None, None),                      // the aggregator stands for the exchange
    ];
    assert_eq!(listed, expected);
    assert_eq!(figures.missing, [PriceSource::LiqwidGraphql]);
    let all: Vec<_> = figures.all().map(|(source, price)| (source.name(), price)).collect();
    let expected = [
        ("liqwid_graphql", None),
        ("greptime(liqwid)", Some(1.25)),
        ("minswap_aggregator", Some(1.0)),
        ("greptime(minswap)", Some(1.5)),
    ];
    assert_eq!(all, expected);
    assert_eq!((figures.delta_abs, figures.delta_rel), (Some(0.25), Some(0.2)));
}

#[test]
fn fewer_than_two_prices_are_no_comparison_and_never_a_mismatch() {
    compares(&rules(), [NO, 2.0, NO, NO], "unavailable: positions 2.0000 USD: 0.000 % apart, tolerance 1 %");
    let figures = answered(&rules(), &answers([NO, 2.0, NO, NO]), 7);
    assert_eq!((figures.delta_abs, figures.delta_rel, figures.holds()), (None, None, false));
}

/// The counts and holds of a run of evaluations in which positions and liqwid say 1 and minswap what is given.
fn run(rules: &PriceRules, minswap: &[f64]) -> Vec<(u32, bool)> {
    let mut before = 0;
    let mut evaluate = |price: &f64| {
        let figures = answered(rules, &answers([1.0, 1.0, *price, NO]), before);
        before = figures.mismatches_in_a_row;
        (before, figures.holds())
    };
    minswap.iter().map(&mut evaluate).collect()
}

#[test]
fn a_mismatch_holds_once_it_has_lasted() {
    let three = PriceRules { persistence_threshold: 3, ..rules() };
    assert_eq!(run(&three, &[2.0, 2.0, 2.0, 2.0]), [(1, false), (2, false), (3, true), (4, true)]);
    assert_eq!(run(&three, &[2.0, 2.0, 1.0, 2.0]), [(1, false), (2, false), (0, false), (1, false)]);
    let alert = PriceRules { action: MismatchAction::Alert, ..rules() };
    assert_eq!(run(&alert, &[2.0, 2.0]), [(1, false), (2, false)]);
    let never_given = PriceRules { persistence_threshold: 0, ..rules() };
    assert_eq!(run(&never_given, &[1.0, 2.0]), [(0, false), (1, true)]);
    let full = answered(&rules(), &answers([NO, 1.0, 2.0, NO]), u32::MAX);
    assert_eq!(full.mismatches_in_a_row, u32::MAX);
}

#[test]
fn a_source_that_fails_now_and_then_does_not_end_a_row_of_mismatches() {
    // Positions and liqwid agree meanwhile, which says nothing of the exchange.
    let three = PriceRules { persistence_threshold: 3, ..rules() };
    let expected = [(1, false), (1, false), (2, false), (2, false), (3, true), (3, false), (4, true), (0, false)];
    assert_eq!(run(&three, &[2.0, NO, 2.0, NO, 2.0, NO, 2.0, 1.0]), expected);
}

#[test]
fn a_source_whose_stored_price_stands_for_it_has_failed_all_the_same() {
    let three = PriceRules { persistence_threshold: 3, ..rules() };
    let mut before = 0;
    let mut evaluate = |liqwid: f64| {
        let figures = answered(&three, &answers([liqwid, 1.0, 1.0, NO]), before);
        before = figures.mismatches_in_a_row;
        (before, figures.holds(), figures.silent)
    };
    let found: Vec<_> = [0.9, NO, 0.9, NO, 0.9, 1.0].into_iter().map(&mut evaluate).collect();
    let silent = || vec![LogicalSource::Liqwid];
    let expected = [
        (1, false, vec![]),
        (1, false, silent()),
        (2, false, vec![]),
        (2, false, silent()),
        (3, true, vec![]),
        (0, false, vec![]),
    ];
    assert_eq!(found, expected);
    // Where the store is asked first, nobody else is missed.
    let stored_first = PriceRules {
        sources: vec![(LogicalSource::Liqwid, vec![PriceSource::StoredLiqwid, PriceSource::LiqwidGraphql])],
        ..rules()
    };
    assert_eq!(answered(&stored_first, &answers([NO, 1.0, 1.0, 1.0]), 2).silent, []);
}

#[test]
fn a_source_that_nobody_asked_or_that_has_nothing_stored_is_not_missed() {
    let two = |sources: Vec<(LogicalSource, Vec<PriceSource>)>| PriceRules { sources, ..rules() };
    let without_minswap = two(vec![(LogicalSource::Liqwid, LIQWID.to_vec()), (LogicalSource::Minswap, Vec::new())]);
    let nothing_stored =
        two(vec![(LogicalSource::Liqwid, LIQWID.to_vec()), (LogicalSource::Minswap, vec![PriceSource::StoredMinswap])]);
    let prices = &answers([1.0, 1.0, NO, NO])[..2];
    for rules in [without_minswap, nothing_stored.clone()] {
        let figures = answered(&rules, prices, 2);
        assert_eq!((figures.mismatches_in_a_row, figures.silent), (0, vec![]), "{rules:?}");
    }
    let failed = [PriceSource::StoredMinswap];
    let figures = compare(&nothing_stored, Known { listed: &ALL, answers: prices, failed: &failed }, 2);
    assert_eq!((figures.mismatches_in_a_row, figures.silent), (2, vec![LogicalSource::Minswap]));
}

#[test]
fn the_sentence_tells_how_long_it_has_lasted() {
    let lasting = answered(&rules(), &answers([NO, 1.0, 0.5, NO]), 3);
    let detail = "positions 1.0000 USD, minswap 0.5000 USD: 50.000 % apart, tolerance 1 %, 4 comparisons in a row";
    assert_eq!((lasting.holds(), lasting.describe().as_str()), (true, detail));
}

fn any_price() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.5..2.0_f64, 1 => proptest::num::f64::ANY, 1 => Just(0.0)]
}

fn any_tolerance() -> impl Strategy<Value = Tolerance> {
    prop_oneof![(0.0..0.5_f64).prop_map(Tolerance::Relative), (0.0..0.5_f64).prop_map(Tolerance::Absolute)]
}

proptest! {
    #[test]
    fn figures_are_finite_and_the_verdict_follows_from_them(
        prices: [f64; 4], near in [any_price(), any_price(), any_price(), any_price()], tolerance in any_tolerance(),
        anything: bool, before: u32,
    ) {
        let prices = if anything { prices } else { near };
        let figures = answered(&PriceRules { tolerance, ..rules() }, &answers(prices), before);
        let usable = |price: f64| price.is_finite() && price > 0.0;
        let exchange = usable(prices[2]) || usable(prices[3]);
        let is_complete = exchange && usable(prices[0]); // its stored price is the positions' own
        let comparable = u8::from(usable(prices[0])) + u8::from(usable(prices[1])) + u8::from(exchange) >= 2;
        prop_assert_eq!(figures.unavailable, !comparable);
        prop_assert_eq!(figures.by_source.len() + figures.missing.len(), 4);
        let Some((abs, rel)) = figures.delta_abs.zip(figures.delta_rel) else {
            prop_assert!(!comparable && figures.mismatches_in_a_row == before);
            return Ok(());
        };
        prop_assert!(abs.is_finite() && abs >= 0.0 && (0.0..=1.0).contains(&rel), "{:?}", figures);
        let apart = match tolerance { Tolerance::Relative(most) => rel - most, Tolerance::Absolute(most) => abs - most };
        let highest = figures.logical.iter().map(|price| price.price_usd).fold(0.0, f64::max);
        if apart.abs() > 1e-9 * highest.max(1.0) {
            prop_assert_eq!(figures.mismatch, Some(apart > 0.0));
        }
        let expected = match figures.mismatch {
            Some(true) => before.saturating_add(1),
            _ if is_complete => 0,
            _ => before,
        };
        prop_assert_eq!(figures.mismatches_in_a_row, expected);
    }

    #[test]
    fn scaling_all_prices_keeps_a_relative_verdict(prices in [any_price(), any_price(), any_price(), any_price()], exponent in -8..8_i32) {
        // Near the ends of the numbers a power of two no longer keeps every digit.
        let is_scalable = |price: f64| !price.is_finite() || price == 0.0 || (1e-290..1e290).contains(&price.abs());
        let prices = prices.map(|price| if is_scalable(price) { price } else { 1.0 });
        let scaled = prices.map(|price| price * 2.0_f64.powi(exponent));
        let (figures, scaled) = (answered(&rules(), &answers(prices), 0), answered(&rules(), &answers(scaled), 0));
        prop_assert_eq!((scaled.mismatch, scaled.delta_rel), (figures.mismatch, figures.delta_rel));
    }

    #[test]
    fn the_order_of_answers_changes_nothing(prices in [any_price(), any_price(), any_price(), any_price()], by in 0..4_usize) {
        let mut turned = answers(prices);
        turned.rotate_left(by);
        prop_assert_eq!(answered(&rules(), &turned, 2), answered(&rules(), &answers(prices), 2));
    }
}
