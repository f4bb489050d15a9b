//! Which reason stands for a hold, what its sentence says, and what is published beside it.

use advisor_core::advice::{Advice, advise};
use advisor_core::gate::Verdict;
use advisor_core::refused::RefusedFile;
use advisor_core::rules::{Baseline, Basis, Peg, ReferenceFallback, Rules, Threshold};
use serde_json::Value;

use crate::history::{History, at, code, message, rules, ungated, wallet, whole_hours};

/// Wallet "a" gains a USD an hour for 20 hours.
fn rising() -> History {
    History::default().hourly("a", 0, &(0..20).map(|hour| 1000.0 + f64::from(hour)).collect::<Vec<f64>>())
}

/// Its first three.
fn young() -> History {
    History::default().hourly("a", 0, &[1000.0, 1001.0, 1002.0])
}

/// The same with a last hour that is 100 USD off.
fn jumping() -> History {
    rising().sample("a", 19.0, 1119.0, 1.0)
}

const PEG: Option<Peg> = Some(Peg { target_usd: 1.0, max_deviation_bps: 100.0 });

fn with_peg(rules: Rules) -> Rules {
    let mut rules = rules;
    rules.gate.peg = PEG;
    rules
}

#[track_caller]
fn holds(advice: &Advice, expected_code: &str, expected_message: &str) {
    assert_eq!((code(advice), message(advice).as_str()), (expected_code, expected_message));
    assert_eq!((advice.decision.code(), advice.decision.limit_usd()), (0, 0.0));
    assert_eq!(advice.wallet_breakdown().is_empty(), expected_code != "no_gain");
}

/// The hold of hourly samples that are fewer than needed, and when they are enough.
fn few_points(few: &str, at: &str) -> String {
    format!("insufficient points for residual gate ({few}); at one an hour there are enough at {at}:00:00Z")
}

#[test]
fn a_calm_gain_may_be_withdrawn() {
    let advice = rising().advise(&rules(), 19.5);
    assert_eq!((advice.decision.code(), advice.decision.limit_usd(), advice.decision.reason()), (1, 9.5, None)); // 19/2
    assert_eq!(advice.wallet_breakdown().len(), 1);
    assert_eq!(advice.gate.map(|gate| gate.verdict), Some(Verdict::Quiet));
}

#[test]
fn without_a_reference_nothing_else_is_asked() {
    let hold = Rules { reference_fallback: ReferenceFallback::Hold, ..with_peg(rules()) };
    let expected =
        r#"no reference: no withdrawal's memo contains "alert_driven_withdrawal", and no fallback is configured"#;
    holds(&rising().advise(&hold, 99.0), "no_reference", expected);
    holds(&History::default().advise(&hold, 99.0), "no_reference", expected);
}

#[test]
fn without_samples_there_is_no_data() {
    let advice = History::default().advise(&rules(), 2.0);
    let expected = "No position data available for usdx up to 2026-01-01T02:00:00Z";
    let outlook = "the gate takes 11 points in 48 h: a sample every 4.8 h or more often"; // 48 / 10
    holds(&advice, "no_data", &format!("{expected}; {outlook}"));
    holds(&History::default().advise(&ungated(), 2.0), "no_data", expected);
    assert_eq!((advice.t0, advice.t1, advice.gate), (None, None, None));
}

#[test]
fn a_file_without_a_usable_line_is_named_by_a_hold_for_want_of_samples_and_by_a_warning() {
    let refused = |lines| RefusedFile::Unusable { file: "a.csv".into(), lines, first: "line 2: ts is empty".into() };
    let advise_at = |history: History, hour: f64| {
        let mut snapshot = history.snapshot(&rules(), at(hour));
        snapshot.positions.refused = vec![refused(242)];
        snapshot.positions.skipped.without_ts = 242;
        advise(&rules(), &snapshot, at(hour))
    };
    let said = "; all 242 lines of a.csv were refused (line 2: ts is empty)";
    for (history, hour, code_expected) in
        [(History::default(), 2.0, "no_data"), (rising(), 99.0, "stale_data"), (young(), 2.0, "insufficient_points")]
    {
        let advice = advise_at(history, hour);
        assert_eq!(code(&advice), code_expected);
        assert!(message(&advice).ends_with(said), "{}", message(&advice));
    }
    let advice = advise_at(rising(), 19.5);
    assert_eq!(code(&advice), "withdraw", "another file had what was needed");
    assert!(advice.warnings.iter().any(|warning| warning.ends_with(said)), "{:?}", advice.warnings);
    assert_eq!(refused(1).to_string(), "the only line of a.csv was refused (line 2: ts is empty)");
}

#[test]
fn only_when_every_wallet_is_stale_the_asset_is() {
    let history = rising().hourly("b", 0, &[10.0, 50.0]);
    let advice = history.advise(&rules(), 25.5); // b's newest sample is 24.5 h old
    assert_eq!((code(&advice), wallet(&advice, "b").limit_usd, wallet(&advice, "b").stale), ("withdraw", 0.0, true));
    assert_eq!(advice.decision.limit_usd(), 9.5);
    let warning = "wallet b is stale (newest sample 24.5 h old): nothing may be withdrawn from it";
    assert!(advice.warnings.iter().any(|found| found == warning), "{:?}", advice.warnings);

    let exactly = history.advise(&rules(), 25.0);
    assert_eq!(wallet(&exactly, "b").limit_usd, 20.0, "24 h are not older than 24 h");

    // It gained, so the sentence does not say that it did not.
    holds(&rising().advise(&rules(), 49.5), "stale_data", "stale data (newest sample 30.5 h old)");
    let never = Rules { max_sample_age_hours: None, ..rules() };
    assert_eq!(code(&rising().advise(&never, 9999.0)), "withdraw");
}

#[test]
fn a_price_off_its_peg_holds() {
    let history = rising().sample("a", 20.0, 1020.0, 0.9672);
    let advice = history.advise(&with_peg(rules()), 20.0);
    assert!(message(&advice).starts_with("off peg (0.9672 USD, 328 bps from 1.0, positions)"), "{}", message(&advice));
    assert_eq!(code(&advice), "off_peg");
    assert!(advice.wallet_breakdown().is_empty());

    let at_price = |price: f64| code(&rising().sample("a", 19.0, 1019.0, price).advise(&with_peg(rules()), 19.0));
    assert_eq!([at_price(0.99), at_price(1.01)], ["withdraw"; 2], "100 bps are not further than 100 bps");
    assert_eq!([at_price(0.9899), at_price(1.0101)], ["off_peg"; 2]);
}

#[test]
fn too_few_points_hold_and_name_what_would_do() {
    let few = History::default().hourly("a", 0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]);
    holds(&few.advise(&rules(), 7.0), "insufficient_points", &few_points("8 < 10", "2026-01-01T10"));
    // Wallets that are written one after the other have a point each, and go on at their own pace.
    let two = History::default().hourly("a", 0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let two = two.sample("b", 4.1, 1.0, 1.0).sample("b", 5.1, 1.0, 1.0);
    // At 6.0, 6.1 and 7.0 h the ninth to eleventh.
    holds(&two.advise(&rules(), 5.2), "insufficient_points", &few_points("8 < 10", "2026-01-01T07"));
    let ten = History::default().hourly("a", 0, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0]);
    // Order 2: √(10·(1 − 0.618)) = 1.95 ≤ 2, and √(11·(1 − 0.580)) = 2.15.
    holds(&ten.advise(&rules(), 9.0), "insufficient_points", &few_points("10 < 11", "2026-01-01T10"));
    assert_eq!(code(&ten.hourly("a", 10, &[11.0]).advise(&rules(), 10.0)), "withdraw");
}

#[test]
fn a_jump_of_the_newest_sample_triggers_the_gate() {
    // A spike of 100 on a straight line of n = 20, order 2: r = 100·(1 − h), σ = 100·√((1 − h)/n), r/σ = √(n·(1 − h)).
    // h = 1/20 + 3·19/(20·21) + 5·19·18/(20·21·22) = 0.05 + 0.135714 + 0.185065 = 0.370779; r = 62.92; r/σ = 3.547.
    let advice = jumping().advise(&rules(), 19.0);
    holds(&advice, "gate_triggered", "residual gate triggered (residual 62.92 USD, 3.5 σ)");
    let gate = advice.gate.expect("figures are published anyway");
    assert_eq!(gate.points, 20);
    assert!((gate.sigma.unwrap_or(0.0) - 100.0 * (0.629_221_f64 / 20.0).sqrt()).abs() < 1e-3, "{gate:?}");
    assert_eq!(advice.totals.map(|totals| totals.limit_usd), Some(59.5), "119/2, which the hold withholds");
}

#[test]
fn floors_keep_small_residuals_from_triggering() {
    let verdict = |change: fn(&mut Rules)| {
        let mut rules = rules();
        rules.gate.max_band_bps = None; // 3.5 σ are 62 USD, and 500 bps of 1119 are 56
        change(&mut rules);
        code(&jumping().advise(&rules, 19.0))
    };
    assert_eq!(verdict(|rules| rules.gate.sigma_epsilon = 62.9), "gate_triggered");
    assert_eq!(verdict(|rules| rules.gate.sigma_epsilon = 63.0), "withdraw");
    assert_eq!(verdict(|rules| rules.gate.min_residual_bps = 562.0), "gate_triggered"); // 562 bps of 1119 are 62.89
    assert_eq!(verdict(|rules| rules.gate.min_residual_bps = 563.0), "withdraw"); // 63.00
    assert_eq!(verdict(|rules| rules.gate.k_sigma = 3.5), "gate_triggered");
    assert_eq!(verdict(|rules| rules.gate.k_sigma = 3.6), "insufficient_points"); // √(20·(1 − h)) = 3.547 < 3.6
}

#[test]
fn a_gate_that_may_not_hold_still_publishes_its_figures() {
    let quiet = |rules: &Rules, history: &History| {
        let advice = history.advise(rules, 19.0);
        let gate = advice.gate.as_ref().expect("the gate is computed");
        assert_eq!((code(&advice), gate.verdict, advice.gate_applied), ("withdraw", Verdict::Triggered, false));
        assert!(advice.peg.expect("so is the peg").off_peg);
    };
    let depegged = jumping().sample("a", 19.0, 1119.0, 0.9);
    quiet(&with_peg(ungated()), &depegged);
    let mut only_tagged = with_peg(rules());
    only_tagged.gate.apply_in_fallback = false;
    quiet(&only_tagged, &depegged);
    let tagged = depegged.tag("x", 1.0, 1.0).advise(&only_tagged, 19.0);
    assert_eq!((code(&tagged), tagged.gate_applied), ("off_peg", true));
}

#[test]
fn the_first_reason_stands_and_the_sentence_names_the_others() {
    let history = rising().sample("a", 20.0, 920.0, 0.9672);
    let tagged = history.tag("x", 1.0, 1.0);
    let advice = tagged.advise(&with_peg(rules()), 50.0);
    let expected = "stale data (newest sample 30.0 h old); off peg (0.9672 USD, 328 bps from 1.0, positions); \
                    residual gate triggered (residual ";
    assert!(message(&advice).starts_with(expected), "{}", message(&advice));
    assert!(message(&advice).ends_with("σ)"), "{}", message(&advice));
    assert_eq!(code(&advice), "stale_data");
    let fresh = tagged.advise(&with_peg(rules()), 20.0);
    assert_eq!(code(&fresh), "off_peg");
    assert_eq!(code(&tagged.advise(&rules(), 20.0)), "gate_triggered");
    assert_eq!(code(&tagged.advise(&ungated(), 20.0)), "no_gain");
}

#[test]
fn no_gain_shows_its_wallets() {
    let falling = History::default().hourly("a", 0, &[10.0, 9.0]).hourly("b", 0, &[10.0, 10.01]);
    let advice = falling.advise(&ungated(), 1.0);
    holds(&advice, "no_gain", "non-positive gains since t0 (clamped)"); // 0.5 · 0.01 = half a cent
    let limits: Vec<f64> = advice.wallet_breakdown().iter().map(|wallet| wallet.limit_usd).collect();
    assert_eq!(limits, [0.0, 0.0], "each is rounded down by itself");
}

/// A wallet that gains so much, with a safety factor of 1: the asset's limit.
fn limit(gains: &[f64]) -> f64 {
    let history = ["a", "b", "c", "d"]
        .into_iter()
        .zip(gains)
        .fold(History::default(), |history, (name, gain)| history.hourly(name, 0, &[0.0, *gain]));
    history.advise(&Rules { safety_factor: 1.0, ..ungated() }, 1.0).decision.limit_usd()
}

#[test]
fn limits_are_rounded_down_to_the_cent() {
    assert_eq!(limit(&[0.01]), 0.01);
    assert_eq!(limit(&[0.0099]), 0.0);
    assert_eq!(limit(&[0.1, 0.2]), 0.30);
    assert_eq!(limit(&[0.1, 0.1, 0.1]), 0.30); // 0.30000000000000004
    assert_eq!(limit(&[0.7, 0.1, 0.1, 0.1]), 1.00); // 0.9999999999999999
    assert_eq!(limit(&[1234.569]), 1234.56);
    assert_eq!(limit(&[0.299_999_98]), 0.29); // two millionths of a cent short
    assert_eq!(limit(&[1e12 + 0.25]), 1e12 + 0.25);
}

#[test]
fn untagged_withdrawals_are_warned_about_where_they_may_have_been_gain() {
    let warning = |withdrawn: f64, newest: f64| {
        let history = History::default().hourly("a", 0, &[1000.0, newest]).withdraw("a", 0.5, withdrawn);
        let advice = history.tag("x", 0.0, 1.0).advise(&ungated(), 1.0);
        advice.warnings.iter().find(|warning| warning.starts_with("withdrawn ")).cloned()
    };
    // G = newest − 1000 + 50, limit G/2.
    assert_eq!(warning(50.0, 1050.0), None); // G = 100: 100 − 50 = 50 is not below 50
    let expected = "withdrawn 50.00 USD since the reference without a tag: counted as gain already taken; \
                    tag it as the reference, or as principal (alert-orchestrator tag)";
    assert_eq!(warning(50.0, 1049.0).as_deref(), Some(expected)); // G = 99: 49 < 49.5
    assert_eq!(warning(50.0, 940.0), None); // G = −10: there was nothing to take
    assert_eq!(warning(0.0, 900.0), None); // nothing was withdrawn
}

#[test]
fn the_warning_of_untagged_withdrawals_names_all_of_them_as_the_published_figure_does() {
    let history = History::default().hourly("a", 0, &[1000.0, 1049.0]).withdraw("a", 0.5, 50.0);
    // b gained 900 + 100: its limit is half of that, and the 100 leave more.
    let history = history.hourly("b", 0, &[1000.0, 1900.0]).withdraw("b", 0.5, 100.0);
    let advice = history.tag("x", 0.0, 1.0).advise(&ungated(), 1.0);
    let taken: Vec<f64> = advice.wallets.iter().map(|wallet| wallet.taken_usd).collect();
    assert!(taken[0] > 0.0 && taken[1] == 0.0, "{taken:?}");
    assert_eq!(advice.totals.unwrap().untagged_usd, 150.0);
    assert!(advice.warnings.iter().any(|warning| warning.starts_with("withdrawn 150.00 USD since")), "{advice:?}");
}

#[test]
fn the_newest_price_need_not_be_the_newest_samples() {
    let mut history = rising();
    history.positions.iter_mut().skip(10).for_each(|row| (row.units, row.price) = (None, None));
    let advice = history.advise(&with_peg(rules()), 19.0);
    assert_eq!((advice.price_t1_usd, code(&advice)), (Some(1.0), "withdraw"));
    let mut by_price = rules();
    by_price.gate.basis = Basis::ChangeRateUsd;
    let advice = history.advise(&by_price, 19.0);
    // Prices have stopped at hour 9, so that the next is not due before now.
    holds(&advice, "insufficient_points", &few_points("10 < 11", "2026-01-01T20"));
}

#[test]
fn a_jump_of_the_price_is_judged_in_usd_per_unit() {
    let mut history = rising();
    history.positions[19].price = Some(1.1);
    history.positions[19].units = Some(1019.0 / 1.1);
    let mut by_price = rules();
    by_price.gate.basis = Basis::ChangeRateUsd;
    // r = 0.1·(1 − 0.370779), as above.
    holds(
        &history.advise(&by_price, 19.0),
        "gate_triggered",
        "residual gate triggered (residual 0.06 USD per unit, 3.5 σ)",
    );
    by_price.gate.min_residual_bps = 572.1; // of 1.1: 0.062931 > 0.062922
    assert_eq!(code(&history.advise(&by_price, 19.0)), "withdraw");
    by_price.gate.min_residual_bps = 571.9;
    assert_eq!(code(&history.advise(&by_price, 19.0)), "gate_triggered");
}

#[test]
fn a_percentile_gate_needs_enough_residuals_for_its_tails() {
    let mut percentile = rules();
    percentile.gate.threshold = Threshold::Percentile { central_confidence: 0.95 };
    let values = |count: i32| (0..count).map(|hour| 1000.0 + f64::from(hour)).collect::<Vec<f64>>();
    let few = History::default().hourly("a", 0, &values(39));
    holds(&few.advise(&percentile, 38.0), "insufficient_points", &few_points("39 < 40", "2026-01-02T15"));
    let enough = History::default().hourly("a", 0, &values(40));
    assert_eq!(code(&enough.advise(&percentile, 39.0)), "withdraw");
    assert_eq!(code(&enough.sample("a", 39.0, 1100.0, 1.0).advise(&percentile, 39.0)), "gate_triggered");
}

#[test]
fn a_constant_series_is_quiet_whatever_is_judged() {
    let constant =
        History::default().hourly("a", 0, &[1000.1; 41]).sample("b", 0.3, 0.7, 1.0).sample("b", 40.0, 100.0, 1.0);
    let constant = constant.deposit("b", 20.0, 90.0).tag("x", 0.1, 1.0);
    let flat = History::default().hourly("a", 0, &[1000.1; 41]).hourly("b", 7, &[0.7; 30]);
    for baseline in [Baseline::Median, Baseline::Polynomial(0), Baseline::Polynomial(2), Baseline::Polynomial(8)] {
        for threshold in [Threshold::Stddev, Threshold::Percentile { central_confidence: 0.9 }] {
            let mut rules = rules();
            (rules.gate.baseline, rules.gate.threshold) = (baseline, threshold);
            rules.gate.sigma_epsilon = 0.0;
            let gate = flat.advise(&rules, 40.0).gate.expect("the gate is computed");
            assert_eq!(
                (gate.residual, gate.sigma, gate.verdict),
                (Some(0.0), Some(0.0), Verdict::Quiet),
                "{baseline:?}"
            );
        }
    }
    assert_eq!(code(&constant.advise(&ungated(), 40.0)), "withdraw");
}

#[test]
fn what_was_not_loaded_is_not_judged_and_not_withdrawn() {
    let mut snapshot = rising().snapshot(&rules(), at(19.0));
    snapshot.loaded_from = Some(at(19.0) - whole_hours(48)); // all of the window
    assert_eq!(code(&advise(&rules(), &snapshot, at(19.0))), "withdraw");
    snapshot.loaded_from = Some(at(19.0) - whole_hours(48) + 1);
    let advice = advise(&rules(), &snapshot, at(19.0));
    holds(&advice, "insufficient_points", "insufficient points for residual gate (0 < 10)");
    assert_eq!(code(&advise(&ungated(), &snapshot, at(19.0))), "withdraw", "a gate that is off asks for no window");
}

#[test]
fn an_error_shows_no_stale_figures() {
    let advice = rising().deposit("a", 3.0, f64::NAN).advise(&with_peg(rules()), 19.0);
    assert_eq!((advice.decision.code(), code(&advice)), (-1, "invalid_data"));
    assert_eq!((advice.t0, advice.t1, advice.price_t1_usd, advice.totals), (None, None, None, None));
    assert!(advice.gate.is_none() && advice.peg.is_none() && advice.wallets.is_empty() && !advice.gate_applied);
    assert_eq!((advice.ref_mode.to_string().as_str(), &json(&advice)["ref_mode"]), ("null", &Value::Null));
}

fn json(advice: &Advice) -> Value {
    serde_json::to_value(advice).expect("advice is plain data")
}

#[test]
fn the_answer_serializes_flat_with_code_limit_and_reason() {
    let json = json(&jumping().advise(&rules(), 19.0));
    assert_eq!((&json["decision"], &json["wmax_usd"]), (&0.into(), &0.0.into()));
    assert_eq!(json["reason"]["code"], "gate_triggered");
    assert_eq!(json["ref_mode"], "data_range");
    let json = self::json(&rising().advise(&rules(), 19.0));
    assert_eq!((&json["decision"], &json["wmax_usd"], &json["reason"]), (&1.into(), &9.5.into(), &Value::Null));
}

#[test]
fn a_wallet_is_named_under_both_of_its_names() {
    let json = json(&rising().advise(&rules(), 19.0));
    let wallet = &json["wallets"][0];
    assert_eq!((&wallet["address"], &wallet["wallet_address"]), (&"a".into(), &"a".into()));
    assert_eq!(wallet["gain_usd"], 19.0, "the other figures are beside it: {wallet}");
}
