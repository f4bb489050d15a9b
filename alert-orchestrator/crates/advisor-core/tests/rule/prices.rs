//! Prices of several sources inside the rule: what they hold, what they show, and what they leave alone.

use advisor_core::advice::{Advice, advise};
use advisor_core::price_check::{LogicalSource, MismatchAction, PriceRules, PriceSource, SourcePrice, Tolerance};
use advisor_core::rules::{Peg, ReferenceFallback, Rules};
use proptest::prelude::*;

use crate::history::{History, at, code, message, rules, ungated};
use crate::random::{ANY, Bounds, scenario};

fn prices() -> PriceRules {
    PriceRules {
        sources: vec![
            (LogicalSource::Liqwid, vec![PriceSource::LiqwidGraphql, PriceSource::StoredLiqwid]),
            (LogicalSource::Minswap, vec![PriceSource::MinswapAggregator, PriceSource::StoredMinswap]),
        ],
        tolerance: Tolerance::Relative(0.01),
        persistence_threshold: 1,
        action: MismatchAction::Hold,
    }
}

fn comparing(rules: Rules, prices: PriceRules) -> Rules {
    let price_sources = prices.sources.iter().flat_map(|(_, ways)| ways.clone()).collect();
    Rules { prices: Some(prices), price_sources, ..rules }
}

fn minswap(price_usd: f64) -> Vec<SourcePrice> {
    vec![SourcePrice { source: PriceSource::MinswapAggregator, price_usd, price_ada: Some(2.0) }]
}

/// A wallet whose position grows by a USD an hour for 20 hours, at a price of 1 USD.
fn rising() -> History {
    History::default().hourly("a", 0, &(0..20).map(|hour| 1000.0 + f64::from(hour)).collect::<Vec<f64>>())
}

fn ask(history: &History, rules: &Rules, prices: Vec<SourcePrice>, mismatches_before: u32) -> Advice {
    let mut snapshot = history.snapshot(rules, at(19.0));
    (snapshot.prices, snapshot.mismatches_before) = (prices, mismatches_before);
    advise(rules, &snapshot, at(19.0))
}

#[track_caller]
fn warns(advice: &Advice, expected: &str) {
    assert!(advice.warnings.iter().any(|warning| warning == expected), "{:?}", advice.warnings);
}

#[test]
fn the_positions_own_price_is_one_of_the_sources() {
    let advice = ask(&rising(), &comparing(rules(), prices()), minswap(0.9), 0);
    let sentence = "price mismatch (positions 1.0000 USD, minswap 0.9000 USD: 10.000 % apart, tolerance 1 %)";
    assert_eq!((code(&advice), message(&advice).as_str()), ("price_mismatch", sentence));
    assert_eq!((advice.decision.limit_usd(), advice.wallet_breakdown().len()), (0.0, 0));
    assert_eq!(advice.totals.map(|totals| totals.limit_usd), Some(9.5), "19/2, which the hold withholds");

    let close = ask(&rising(), &comparing(rules(), prices()), minswap(0.995), 0);
    assert_eq!((code(&close), close.decision.limit_usd()), ("withdraw", 9.5));

    let forged = SourcePrice { source: PriceSource::StoredLiqwid, price_usd: 0.9, price_ada: None };
    let answers = minswap(0.9).into_iter().chain([forged]).collect();
    assert_eq!(code(&ask(&rising(), &comparing(rules(), prices()), answers, 0)), "price_mismatch");
}

#[test]
fn a_mismatch_stands_after_the_gate_and_before_missing_gains() {
    let compared = comparing(rules(), prices());
    let jumped = ask(&rising().sample("a", 19.0, 1119.0, 1.0), &compared, minswap(0.5), 0);
    assert_eq!(code(&jumped), "gate_triggered");
    assert!(message(&jumped).contains("σ); price mismatch (positions"), "{}", message(&jumped));
    let falling = History::default().hourly("a", 18, &[10.0, 9.0]);
    let lost = ask(&falling, &comparing(ungated(), prices()), minswap(0.5), 0);
    assert_eq!(code(&lost), "price_mismatch");
    assert!(
        message(&lost).ends_with("apart, tolerance 1 %); non-positive gains since t0 (clamped)"),
        "{}",
        message(&lost)
    );
}

#[test]
fn what_does_not_hold_is_warned_about() {
    let detail = "price mismatch (positions 1.0000 USD, minswap 0.9000 USD: 10.000 % apart, tolerance 1 %";
    let alert = comparing(rules(), PriceRules { action: MismatchAction::Alert, ..prices() });
    let advice = ask(&rising(), &alert, minswap(0.9), 0);
    assert_eq!(code(&advice), "withdraw");
    warns(&advice, &format!("{detail}): shown only"));

    let patient = comparing(rules(), PriceRules { persistence_threshold: 3, ..prices() });
    let advice = ask(&rising(), &patient, minswap(0.9), 1);
    assert_eq!(code(&advice), "withdraw");
    warns(&advice, &format!("{detail}, 2 comparisons in a row): holds after 3 in a row"));
    let advice = ask(&rising(), &patient, minswap(0.9), 2);
    assert_eq!(code(&advice), "price_mismatch");
    assert!(!advice.warnings.iter().any(|warning| warning.contains("price")), "{:?}", advice.warnings);

    let advice = ask(&rising(), &comparing(rules(), prices()), minswap(f64::NAN), 2);
    assert_eq!(code(&advice), "withdraw", "what cannot be compared is no mismatch");
    let missing = "liqwid_graphql, minswap_aggregator, greptime(minswap)"; // not the positions, which have one
    warns(&advice, &format!("prices cannot be compared: fewer than two sources have one (without a price: {missing})"));
    assert_eq!(advice.prices.map(|prices| prices.mismatches_in_a_row), Some(2));
}

#[test]
fn figures_are_shown_whatever_else_holds_but_not_beside_an_error() {
    let compared = comparing(rules(), prices());
    let hold = Rules { reference_fallback: ReferenceFallback::Hold, ..compared.clone() };
    let advice = ask(&rising(), &hold, minswap(0.9), 4);
    assert_eq!((code(&advice), advice.prices.map(|prices| prices.mismatches_in_a_row)), ("no_reference", Some(5)));
    let advice = ask(&History::default(), &compared, minswap(0.9), 4);
    assert_eq!((code(&advice), advice.prices.map(|prices| prices.unavailable)), ("no_data", Some(true)));
    let advice = ask(&rising().deposit("a", 3.0, f64::NAN), &compared, minswap(0.9), 4);
    assert_eq!((code(&advice), advice.prices), ("invalid_data", None));
}

#[test]
fn the_figures_serialize_under_the_sources_names() {
    let advice = ask(&rising(), &comparing(rules(), prices()), minswap(0.75), 0);
    let json = serde_json::to_value(advice).unwrap();
    let expected = serde_json::json!({
        "by_source": [
            {"source": "greptime(liqwid)", "price_usd": 1.0, "price_ada": null, "delta_abs": 0.0, "delta_rel": 0.0},
            {"source": "minswap_aggregator", "price_usd": 0.75, "price_ada": 2.0, "delta_abs": -0.25, "delta_rel": -0.25},
        ],
        "missing": ["liqwid_graphql", "greptime(minswap)"],
        "logical": [
            {"source": "positions", "from": "greptime(liqwid)", "price_usd": 1.0},
            {"source": "minswap", "from": "minswap_aggregator", "price_usd": 0.75},
        ],
        "delta_abs": 0.25, "delta_rel": 0.25, "tolerance": {"mode": "relative", "epsilon": 0.01},
        "mismatch": true, "unavailable": false, "mismatches_in_a_row": 1, "persistence_threshold": 1, "action": "hold",
    });
    assert_eq!(json["prices"], expected);
    let advice = ask(&rising(), &rules(), minswap(0.75), 0);
    assert_eq!(serde_json::to_value(advice).unwrap()["prices"], serde_json::Value::Null);
}

fn liqwid(price_usd: f64) -> SourcePrice {
    SourcePrice { source: PriceSource::LiqwidGraphql, price_usd, price_ada: None }
}

#[test]
fn a_live_price_far_from_the_peg_holds_whatever_the_table_says() {
    let mut pegged = rules();
    pegged.gate.peg = Some(Peg { target_usd: 1.0, max_deviation_bps: 100.0 });
    // Minswap slid and Liqwid slid further; the table still says 1.0000.
    let slid = || [minswap(0.98)[0], liqwid(0.9672)].to_vec();
    let advice = ask(&rising(), &pegged, slid(), 0);
    let sentence = "off peg (0.9672 USD, 328 bps from 1.0, liqwid_graphql)";
    assert_eq!((code(&advice), message(&advice).as_str()), ("off_peg", sentence));
    let compared = comparing(pegged.clone(), prices());
    let advice = ask(&rising(), &compared, slid(), 0);
    let mismatch =
        "price mismatch (positions 1.0000 USD, liqwid 0.9672 USD, minswap 0.9800 USD: 3.280 % apart, tolerance 1 %)";
    assert_eq!(message(&advice), format!("{sentence}; {mismatch}"));

    let near = ask(&rising(), &pegged, [minswap(0.991)[0], liqwid(1.001)].to_vec(), 0);
    assert_eq!(code(&near), "withdraw");
    assert_eq!(near.peg.map(|peg| (peg.source, peg.off_peg)), Some((PriceSource::MinswapAggregator, false)));
    let alone = ask(&rising().sample("a", 19.0, 1019.0, 0.97), &pegged, Vec::new(), 0);
    assert!(message(&alone).starts_with("off peg (0.9700 USD, 300 bps from 1.0, positions)"), "{}", message(&alone));
    // Where the gate is off for an asset, so is its peg.
    pegged.gate.holds = false;
    let shown = ask(&rising(), &pegged, slid(), 0);
    assert_eq!((code(&shown), shown.peg.map(|peg| peg.off_peg)), ("withdraw", Some(true)));
}

#[test]
fn a_price_that_is_not_had_is_named_beside_those_that_were_compared() {
    let mut snapshot = rising().snapshot(&comparing(rules(), prices()), at(19.0));
    snapshot.prices = vec![liqwid(1.001)];
    snapshot.failed_prices = vec![PriceSource::MinswapAggregator];
    let advice = advise(&comparing(rules(), prices()), &snapshot, at(19.0));
    assert_eq!(code(&advice), "withdraw");
    warns(&advice, "prices are compared without minswap, which gave none");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn prices_can_only_withhold(
        case in scenario(Bounds { unusable: true, ..ANY }), answers: [f64; 2], near in 0.5..4.0_f64, before in 0..4_u32,
        threshold in 0..4_u32,
    ) {
        let sources = [PriceSource::LiqwidGraphql, PriceSource::MinswapAggregator, PriceSource::StoredMinswap];
        let prices_usd = [answers[0], answers[1], near];
        let mut snapshot = case.history.snapshot(&case.rules, case.to);
        let without = advise(&case.rules, &snapshot, case.to);
        let rules = comparing(case.rules.clone(), PriceRules { persistence_threshold: threshold, ..prices() });
        snapshot.prices = sources.into_iter().zip(prices_usd)
            .map(|(source, price_usd)| SourcePrice { source, price_usd, price_ada: None }).collect();
        snapshot.mismatches_before = before;
        let with = advise(&rules, &snapshot, case.to);
        prop_assert_eq!(serde_json::to_string(&with).unwrap(), serde_json::to_string(&advise(&rules, &snapshot, case.to)).unwrap());
        if with.decision.code() == 1 {
            prop_assert_eq!(&with.decision, &without.decision);
        } else if without.decision.code() == 1 {
            prop_assert!(["price_mismatch", "off_peg"].contains(&code(&with)), "{:?}", with.decision);
        } else {
            prop_assert_eq!(with.decision.code(), without.decision.code());
        }
        let untouched = Advice {
            decision: without.decision.clone(), prices: None, peg: without.peg, warnings: without.warnings.clone(), ..with
        };
        prop_assert_eq!(untouched, without);
    }
}
