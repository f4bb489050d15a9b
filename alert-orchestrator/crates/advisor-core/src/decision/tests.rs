//! Codes and sentences.

use super::*;

#[track_caller]
fn holds(reason: HoldReason, code: &str, sentence: &str) {
    let decision = Decision::Hold(Hold { reason, also: Vec::new(), refused: Vec::new(), zone: TimeZone::UTC });
    assert_eq!(decision.reason(), Some(Reason { code: code_of(code), message: sentence.to_owned() }));
    assert_eq!((decision.code(), decision.limit_usd()), (0, 0.0));
}

#[track_caller]
fn fails(failure: Failure, code: &str, sentence: &str) {
    let decision = Decision::Error(failure);
    assert_eq!(decision.reason(), Some(Reason { code: code_of(code), message: sentence.to_owned() }));
    assert_eq!((decision.code(), decision.limit_usd()), (-1, 0.0));
}

/// The documented codes.
#[track_caller]
fn code_of(code: &str) -> &'static str {
    let codes = [
        "store_unavailable",
        "asset_not_found",
        "invalid_data",
        "clock_doubt",
        "no_reference",
        "no_data",
        "stale_data",
        "flows_incomplete",
        "off_peg",
        "insufficient_points",
        "gate_triggered",
        "price_mismatch",
        "no_gain",
    ];
    codes.into_iter().find(|known| *known == code).expect("a documented code")
}

#[test]
fn every_hold_has_its_code_and_sentence() {
    let keyword = "tag\"me".to_owned();
    let sentence = r#"no reference: no withdrawal's memo contains "tag\"me", and no fallback is configured"#;
    holds(HoldReason::NoReference { keyword }, "no_reference", sentence);
    holds(HoldReason::NoData { detail: "for x".to_owned() }, "no_data", "No position data available for x");
    holds(HoldReason::StaleData { age_hours: 30.46 }, "stale_data", "stale data (newest sample 30.5 h old)");
    let pulled = |others: usize| {
        let (wallet, known_to, cause) = ("addr1a".into(), Timestamp::UNIX_EPOCH, "Liqwid answered 403".to_owned());
        HoldReason::FlowsIncomplete(FlowsIncomplete::NotPulled(NotPulled { wallet, known_to, cause, others }))
    };
    let sentence = "transactions of addr1a are known only up to 1970-01-01T00:00:00Z: Liqwid answered 403";
    holds(pulled(0), "flows_incomplete", sentence);
    holds(pulled(1), "flows_incomplete", &format!("{sentence}; 1 more wallet is like it"));
    holds(pulled(2), "flows_incomplete", &format!("{sentence}; 2 more wallets are like it"));
    let off = |target_usd: f64, source: PriceSource| HoldReason::OffPeg {
        price_usd: 0.9672,
        deviation_bps: 328.0,
        target_usd,
        source,
    };
    holds(off(1.0, PriceSource::StoredLiqwid), "off_peg", "off peg (0.9672 USD, 328 bps from 1.0, positions)");
    holds(off(1.25, PriceSource::LiqwidGraphql), "off_peg", "off peg (0.9672 USD, 328 bps from 1.25, liqwid_graphql)");
    let few = HoldReason::InsufficientPoints { points: 8, needed: 10, outlook: None };
    holds(few, "insufficient_points", "insufficient points for residual gate (8 < 10)");
    let apart = HoldReason::PriceMismatch { detail: "liqwid 1.0 USD".to_owned() };
    holds(apart, "price_mismatch", "price mismatch (liqwid 1.0 USD)");
    holds(HoldReason::NoGain { taken: None }, "no_gain", "non-positive gains since t0 (clamped)");
}

#[test]
fn a_sigma_that_cannot_judge_names_the_sample_to_look_at() {
    let scattered = |basis: Basis, sigma: f64, value: f64, neighbours: f64, expected: &str| {
        let furthest = Outlier { at: time::timestamp(0), value, neighbours };
        let scattered = Scattered { largest: 1000.0, max_band_bps: 500.0, furthest };
        let sentence = format!("cannot judge: σ is {expected} %, and max_band_bps lets 5.00 % pass");
        holds(HoldReason::CannotJudge { basis, sigma, k_sigma: 2.0, scattered }, "insufficient_points", &sentence);
    };
    let position = Basis::CorrectedPosition;
    let at = "look at 1970-01-01T00:00:00Z";
    scattered(position, 120.0, 4200.0, 1000.0, &format!("12 % of the position; {at}, 4.2 × its neighbours; k·σ is 24"));
    scattered(
        position,
        26.04,
        960.0,
        1000.0,
        &format!("2.60 % of the position; {at}, 0.960 × its neighbours; k·σ is 5.21"),
    );
    scattered(
        position,
        300.0,
        1000.0,
        0.0,
        &format!("30 % of the position; {at}, 1000.00 USD beside 0.00 USD; k·σ is 60"),
    );
    scattered(
        Basis::ChangeRateUsd,
        120.0,
        0.0,
        1.0,
        &format!("12 % of the price; {at}, 0.000 × its neighbours; k·σ is 24"),
    );
}

#[test]
fn a_triggered_gate_names_its_residual_with_digits_that_tell() {
    let gate =
        |residual: f64, unit: &'static str, sigmas: Option<f64>| HoldReason::GateTriggered { residual, unit, sigmas };
    let begin = "residual gate triggered (residual ";
    holds(gate(-12.345, "USD", Some(3.55)), "gate_triggered", &format!("{begin}-12.35 USD, 3.5 σ)"));
    holds(gate(0.01, "USD", Some(2.04)), "gate_triggered", &format!("{begin}0.01 USD, 2.0 σ)"));
    holds(gate(-0.000_123_4, "USD per unit", None), "gate_triggered", &format!("{begin}-1.23e-4 USD per unit)"));
}

#[test]
fn every_failure_has_its_code_and_sentence() {
    let (store, cause) = ("GreptimeDB at http://db:4000".to_owned(), "refused".to_owned());
    let connect = StoreError::Connect { store: store.clone(), cause: cause.clone() };
    fails(Failure::Store(connect), "store_unavailable", "Failed to connect to GreptimeDB at http://db:4000: refused");
    let unavailable = StoreError::Unavailable { store, cause };
    fails(Failure::Store(unavailable), "store_unavailable", "store unavailable: GreptimeDB at http://db:4000: refused");
    let column = StoreError::InvalidData { table: "t".to_owned(), cause: "no column ts".to_owned() };
    fails(Failure::Store(column), "invalid_data", "invalid data: table t: no column ts");
    fails(Failure::InvalidData("no price".to_owned()), "invalid_data", "invalid data: no price");
    let missing = |tables: &[&str]| Failure::AssetNotFound {
        asset: "usdx".to_owned(),
        tables: tables.iter().map(|table| (*table).to_owned()).collect(),
        left_out: (!tables.is_empty()).then(|| RefusedFile::LeftOut {
            file: "usdx.xlsx".to_owned(),
            why: "it is a sheet".to_owned(),
            others: 2,
        }),
    };
    fails(
        missing(&["djed", "usdm"]),
        "asset_not_found",
        "asset not found: usdx; tables: djed, usdm; usdx.xlsx was left out: it is a sheet; 2 more files were left out",
    );
    fails(missing(&[]), "asset_not_found", "asset not found: usdx; the store has no position tables");
}

#[test]
fn the_first_reason_gives_the_code_and_the_others_follow() {
    let also = vec![
        HoldReason::InsufficientPoints { points: 1, needed: 10, outlook: None },
        HoldReason::NoGain { taken: None },
    ];
    let reason = HoldReason::StaleData { age_hours: 25.0 };
    let expected = "stale data (newest sample 25.0 h old); insufficient points for residual gate (1 < 10); \
                    non-positive gains since t0 (clamped)";
    assert_eq!(
        Decision::Hold(Hold { reason, also, refused: Vec::new(), zone: TimeZone::UTC }).reason(),
        Some(Reason { code: "stale_data", message: expected.to_owned() })
    );
    let withdraw = Decision::Withdraw { limit_usd: 12.34 };
    assert_eq!((withdraw.code(), withdraw.limit_usd(), withdraw.reason()), (1, 12.34, None));
}

#[test]
fn a_sentence_names_times_in_the_zone_of_its_hold() {
    let at = time::timestamp(0);
    let missing = UnknownWallet { wallet: "addr1a".to_owned(), at, amount: 500.0, others: 0 };
    let reason = HoldReason::FlowsIncomplete(FlowsIncomplete::UnknownWallet(missing));
    let also = vec![HoldReason::ClockDoubt { max_skew_minutes: 5.0, newest: at, now: at }];
    let zone = TimeZone::fixed(jiff::tz::offset(-8));
    let message =
        Decision::Hold(Hold { reason, also, refused: Vec::new(), zone }).reason().expect("a hold has a reason").message;
    assert_eq!(message.matches("1969-12-31T16:00:00-08:00").count(), 3, "{message}");
    assert!(!message.contains('Z'), "{message}");
}
