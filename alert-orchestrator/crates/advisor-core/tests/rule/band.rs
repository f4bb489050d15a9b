//! A σ that cannot judge: what one wrong sample in the window hides, and what may not pass for one.

use advisor_core::advice::Advice;
use advisor_core::rules::{Basis, Rules, Threshold};

use crate::history::{History, code, message, rules};

/// By the standard deviation and by percentiles.
fn either_mode() -> [Rules; 2] {
    let mut percentile = rules();
    percentile.gate.threshold = Threshold::Percentile { central_confidence: 0.9 };
    [rules(), percentile]
}

fn without_band(mut rules: Rules) -> Rules {
    rules.gate.max_band_bps = None;
    rules
}

#[track_caller]
fn cannot_judge(advice: &Advice, expected: &str) {
    assert_eq!(code(advice), "insufficient_points");
    assert!(message(advice).starts_with(expected), "{}", message(advice)); // it may go on with a gate that tripped
    assert_eq!(advice.decision.limit_usd(), 0.0);
}

#[test]
fn a_wrong_sample_no_longer_hides_a_rise_of_the_newest() {
    // A USD an hour for 40 hours, 4.2 times as much at hour 10, and 100 USD that nothing explains at the end.
    let mut values: Vec<f64> = (0..40).map(|hour| 1000.0 + f64::from(hour)).collect();
    (values[10], values[39]) = (4242.0, 1139.0);
    let history = History::default().hourly("a", 0, &values);
    for rules in either_mode() {
        cannot_judge(
            &history.advise(&rules, 39.0),
            "cannot judge: σ is 12 % of the position; look at 2026-01-01T10:00:00Z, 4.2 × its neighbours",
        );
    }
    assert_eq!(code(&history.advise(&without_band(rules()), 39.0)), "withdraw", "which is what it hid");
    values[10] = 1010.0;
    let mended = History::default().hourly("a", 0, &values);
    assert_eq!(code(&mended.advise(&rules(), 39.0)), "gate_triggered");
}

#[test]
fn a_wrong_price_no_longer_hides_a_slide_of_the_newest() {
    let price = |hour: i32| match hour {
        10 => 3.0,
        39 => 0.9,
        _ => 1.0,
    };
    let history = (0..40).fold(History::default(), |history, hour| {
        history.sample("a", f64::from(hour), (1000.0 + f64::from(hour)) * price(hour), price(hour))
    });
    let mut rules = rules();
    rules.gate.basis = Basis::ChangeRateUsd;
    let sentence = "cannot judge: σ is 34 % of the price; look at 2026-01-01T10:00:00Z, 3.0 × its neighbours";
    cannot_judge(&history.advise(&rules, 39.0), sentence);
}

/// An hour each of `1000 + hour` USD, all of it withdrawn before hour 30, and empty until hour 39.
fn emptied() -> History {
    let values: Vec<f64> = (0..40).map(|hour| if hour < 30 { 1000.0 + f64::from(hour) } else { 0.0 }).collect();
    History::default().hourly("a", 0, &values)
}

#[test]
fn an_asset_rightly_emptied_is_not_held_for_it() {
    for rules in either_mode() {
        for history in [emptied().withdraw("a", 29.5, 1029.0), emptied().tag("a", 29.5, 1029.0)] {
            let advice = history.advise(&rules, 39.0);
            assert!(["no_gain", "gate_triggered"].contains(&code(&advice)), "{}", message(&advice));
            assert_eq!(advice.gate.map(|gate| gate.scattered), Some(None));
        }
    }
}

#[test]
fn an_asset_that_empties_without_a_withdrawal_is() {
    for rules in either_mode() {
        let advice = emptied().advise(&rules, 39.0);
        assert!(message(&advice).starts_with("cannot judge: σ is "), "{}", message(&advice));
        // The newest value is 0: the share is of the largest.
        assert_eq!(advice.gate.and_then(|gate| gate.scattered).map(|scattered| scattered.largest), Some(1029.0));
    }
}

#[test]
fn the_sample_is_shown_as_its_table_has_it() {
    // 9 000 are paid in before hour 20, and hour 30 says 42 000 instead of 10 000: 4.2 times its neighbours.
    let values: Vec<f64> = (0..40).map(|hour| if hour < 20 { 1000.0 } else { 10_000.0 }).collect();
    let history = History::default().hourly("a", 0, &values).deposit("a", 19.5, 9000.0);
    let advice = history.sample("a", 30.0, 42_000.0, 1.0).advise(&rules(), 39.0);
    cannot_judge(
        &advice,
        "cannot judge: σ is 12 % of the position; look at 2026-01-02T06:00:00Z, 4.2 × its neighbours",
    );
}

#[test]
fn a_position_that_was_empty_all_the_time_is_not_held_for_a_deposit_that_is_still_to_show() {
    let history = History::default().hourly("a", 0, &[0.0; 40]).deposit("a", 38.9, 500.0);
    let advice = history.advise(&rules(), 39.0);
    assert_eq!(advice.gate.as_ref().map(|gate| gate.scattered), Some(None));
    assert!(!message(&advice).contains("cannot judge"), "{}", message(&advice));
}
