//! What charts show, by hand.

use advisor_core::advice::advise;
use advisor_core::drawing::view::View;
use advisor_core::drawing::{Drawing, DrawingOptions, MAX_POINTS, Smoothing, Unit, draw};
use advisor_core::flow::FlowRow;
use advisor_core::rules::{AmountUnit, Baseline, Basis, ReferenceFallback, Rules, Threshold};
use serde_json::{Value, json};

use crate::history::{History, Sample, at, sample, ungated};

pub(crate) fn plain() -> DrawingOptions {
    DrawingOptions {
        lookback_hours: None,
        smoothing: Smoothing::None,
        is_dated: false,
        sigma_band: true,
        k_sigma_band: true,
        samples_per_bin: 1,
    }
}

/// A median as the baseline, amounts in USD, and a gate that only looks.
fn simple() -> Rules {
    let mut rules = Rules { amount_unit: AmountUnit::Usd, ..ungated() };
    rules.gate.baseline = Baseline::Median;
    rules.gate.min_points = 1;
    rules
}

fn drawn(history: &History, rules: &Rules, options: &DrawingOptions, hour: f64) -> Drawing {
    let snapshot = history.snapshot(rules, at(hour));
    draw(rules, options, &snapshot, &advise(rules, &snapshot, at(hour)))
}

pub(crate) fn served(drawing: &Drawing, view: View) -> Value {
    serde_json::to_value(drawing.view(view)).unwrap()
}

/// Milliseconds since the epoch at an hour of the history.
fn ms(hour: f64) -> i64 {
    at(hour) / 1_000_000
}

/// The position's course in (hour, USD).
fn positions(drawing: &Drawing) -> Vec<(f64, f64)> {
    let course = &drawing.position.course;
    course.ts.iter().zip(&course.value).map(|(ts, usd)| ((ts - ms(0.0)) as f64 / 3.6e6, *usd)).collect()
}

/// The same numbers, up to the rounding of sums of a few hundreds.
#[track_caller]
fn close(found: &[f64], expected: &[f64]) {
    let same = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12);
    assert!(same && found.len() == expected.len(), "{found:?} instead of {expected:?}");
}

#[test]
fn a_flow_is_a_step_where_it_counts_and_no_ramp() {
    // a gets 40 at 1:06, which its next sample, at 2:00, shows. When b is sampled at 1:03 it still has 100, at 1:30 it has 140.
    let history = History::default()
        .sample("a", 1.0, 100.0, 1.0)
        .sample("a", 2.0, 140.0, 1.0)
        .sample("b", 1.05, 50.0, 1.0)
        .sample("b", 1.5, 50.0, 1.0)
        .deposit("a", 1.1, 40.0);
    let drawing = drawn(&history, &simple(), &plain(), 2.0);
    assert_eq!(positions(&drawing), [(1.0, 150.0), (1.05, 150.0), (1.5, 190.0), (2.0, 190.0)]);
    assert_eq!(drawing.position.deposits.len(), 1);
    let deposit = drawing.position.deposits[0];
    assert_eq!((deposit.ts, deposit.usd, deposit.amount), (ms(1.1), 40.0, 40.0));
}

#[test]
fn a_wallet_is_flat_outside_its_samples_except_for_flows_before_them() {
    // b's first sample, 70 at 3:00, contains a deposit of 60 at 2:00: before it b held 10. What b takes out after its last
    // sample is in no sample yet.
    let history = History::default()
        .hourly("a", 0, &[100.0; 6])
        .sample("b", 3.0, 70.0, 1.0)
        .sample("b", 4.0, 71.0, 1.0)
        .deposit("b", 2.0, 60.0)
        .withdraw("b", 4.5, 71.0);
    let drawing = drawn(&history, &simple(), &plain(), 5.0);
    let expected = [(0.0, 110.0), (1.0, 110.0), (2.0, 170.0), (3.0, 170.0), (4.0, 171.0), (5.0, 171.0)];
    assert_eq!(positions(&drawing), expected);
}

#[test]
fn the_baseline_stands_at_the_level_of_the_position() {
    // Corrected: 100, 104, 102, 103, 108; their median 103, residuals −3, 1, −1, 0, 5. With 50 in at 2:30 the shown values
    // are 50 higher from 3:00 on, and so is the baseline.
    let history = History::default().hourly("a", 0, &[100.0, 104.0, 102.0, 153.0, 158.0]).deposit("a", 2.5, 50.0);
    let drawing = drawn(&history, &simple(), &plain(), 4.0);
    let course = &drawing.position.course;
    assert_eq!(course.value, [100.0, 104.0, 102.0, 153.0, 158.0]);
    assert_eq!(course.baseline, Some([103.0, 103.0, 103.0, 153.0, 153.0].map(Some).to_vec()));
    let residuals = drawing.position.residuals.unwrap();
    assert_eq!(residuals.value, [-3.0, 1.0, -1.0, 0.0, 5.0]);
    assert_eq!(residuals.unit, Unit::Usd);
}

#[test]
fn a_smoothed_line_steps_with_a_flow() {
    // Without the deposit of 50 the values are 100 throughout, and so is any mean of them.
    let history = History::default().hourly("a", 0, &[100.0, 100.0, 150.0, 150.0]).deposit("a", 1.5, 50.0);
    for smoothing in [
        Smoothing::Boxcar { window_hours: 3.0 },
        Smoothing::Gaussian { window_hours: 3.0 },
        Smoothing::Polynomial { window_hours: 3.0, order: 1 },
    ] {
        let drawing = drawn(&history, &simple(), &DrawingOptions { smoothing, ..plain() }, 3.0);
        close(&drawing.position.course.smoothed.unwrap(), &[100.0, 100.0, 150.0, 150.0]);
    }
    assert_eq!(drawn(&history, &simple(), &plain(), 3.0).position.course.smoothed, None);
}

#[test]
fn smoothing_means_what_its_name_says() {
    let history = History::default().hourly("a", 0, &[1.0, 3.0, 8.0, 4.0]);
    let line = |smoothing| {
        let drawing = drawn(&history, &simple(), &DrawingOptions { smoothing, ..plain() }, 3.0);
        drawing.position.course.smoothed.unwrap()
    };
    // Means of the sample and its neighbours: (1 + 3)/2, (1 + 3 + 8)/3, (3 + 8 + 4)/3, (8 + 4)/2.
    assert_eq!(line(Smoothing::Boxcar { window_hours: 2.0 }), [2.0, 4.0, 5.0, 6.0]);
    // A line through two points meets both; through three, the middle one's value is their mean.
    close(&line(Smoothing::Polynomial { window_hours: 2.0, order: 1 }), &[1.0, 4.0, 5.0, 4.0]);
}

#[test]
fn the_charts_window_may_be_shorter_or_longer_than_the_gates() {
    let values: Vec<f64> = (0..30).map(|hour| 100.0 + f64::from(hour % 7)).collect();
    let history = History::default().hourly("a", 0, &values).deposit("a", 2.0, 1e-3).deposit("a", 25.0, 1e-3);
    let mut rules = simple();
    rules.gate.lookback_hours = 12.0;
    let window = |hours| drawn(&history, &rules, &DrawingOptions { lookback_hours: Some(hours), ..plain() }, 29.0);
    let same = drawn(&history, &rules, &plain(), 29.0);
    assert_eq!(same.position.course.ts.first(), Some(&ms(17.0)));

    let short = window(3.0);
    assert_eq!(short.position.course.ts, [26.0, 27.0, 28.0, 29.0].map(ms));
    assert_eq!(short.position.residuals.as_ref().unwrap().ts, short.position.course.ts);
    let figures = |drawing: &Drawing| {
        let residuals = drawing.position.residuals.clone().unwrap();
        (residuals.sigma, residuals.thresholds, residuals.latest, residuals.density)
    };
    assert_eq!(figures(&short), figures(&same), "the gate's figures do not depend on what is shown");
    assert!(short.position.deposits.is_empty());

    let long = window(20.0);
    assert_eq!(long.position.course.ts.first(), Some(&ms(9.0)));
    let baseline = long.position.course.baseline.as_ref().unwrap();
    assert_eq!(baseline.iter().position(Option::is_some), Some(8), "the fit begins with the gate's window, at 17:00");
    assert_eq!(long.position.residuals.as_ref().unwrap().ts, same.position.residuals.as_ref().unwrap().ts);
    assert_eq!(figures(&long), figures(&same));
    assert_eq!(long.position.deposits.iter().map(|marker| marker.ts).collect::<Vec<_>>(), [ms(25.0)]);
}

#[test]
fn prices_have_a_fit_of_their_own_and_the_gates_where_it_judges_them() {
    // Prices 1.00, 1.02, 1.01, 1.05 around their median 1.015.
    let prices = [1.0, 1.02, 1.01, 1.05];
    let history =
        (0..4).fold(History::default(), |history, i| history.sample("a", f64::from(i), 100.0, prices[i as usize]));
    let rules = simple();
    let drawing = drawn(&history, &rules, &plain(), 3.0);
    let rate = &drawing.rate;
    assert_eq!((rate.unit, &rate.course.value[..]), (Unit::UsdPerUnit, &prices[..]));
    let residuals = rate.residuals.as_ref().unwrap();
    let expected = [-0.015, 0.005, -0.005, 0.035];
    assert!(residuals.value.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12));
    // Mean 0.005; squares (4 + 0 + 1 + 9)·1e-4; √(14e-4 / 4), and k = 2 of it.
    let sigma = (14e-4_f64 / 4.0).sqrt();
    assert!((residuals.sigma.unwrap() - sigma).abs() < 1e-12);
    assert!((residuals.thresholds.unwrap()[1] - 2.0 * sigma).abs() < 1e-12);
    // The gate itself judged the position, which never moved.
    assert_eq!(drawing.position.residuals.as_ref().unwrap().value, [0.0; 4]);

    let mut judged = rules.clone();
    judged.gate.basis = Basis::ChangeRateUsd;
    let drawing = drawn(&history, &judged, &plain(), 3.0);
    assert_eq!(drawing.rate, *rate, "the same fit, by the gate this time");
    assert_eq!(drawing.position.residuals, drawing.rate.residuals, "the gate's residuals go with the position");
    assert_eq!(drawing.position.course.baseline, None, "the position itself has no fit");
}

#[test]
fn thresholds_are_where_the_gate_would_trigger() {
    let history = History::default().hourly("a", 0, &[100.0, 104.0, 102.0, 103.0, 108.0]);
    let thresholds = |rules: &Rules| drawn(&history, rules, &plain(), 4.0).position.residuals.unwrap().thresholds;
    let mut rules = simple();
    // Residuals −3, 1, −1, 0, 5: mean 0.4, σ² = (36 − 5·0.16)/5 = 7.04.
    let k_sigma = 2.0 * 7.04_f64.sqrt();
    let found = thresholds(&rules).unwrap();
    assert!((found[0] + k_sigma).abs() < 1e-12 && (found[1] - k_sigma).abs() < 1e-12);
    rules.gate.min_residual_bps = 1000.0; // 10 % of 108 is more
    assert_eq!(thresholds(&rules), Some([-10.8, 10.8]));
    // Between the quantiles 0.1 and 0.9, at 0.4 and 3.6 of −3, −1, 0, 1, 5: −2.2 and 3.4.
    rules.gate.threshold = Threshold::Percentile { central_confidence: 0.8 };
    rules.gate.min_residual_bps = 250.0; // 2.7
    let found = thresholds(&rules).unwrap();
    assert!((found[0] + 2.7).abs() < 1e-12 && (found[1] - 3.4).abs() < 1e-12, "{found:?}");
}

#[test]
fn the_density_counts_and_estimates_the_same_residuals() {
    // Residuals −3, 1, −1, 0, 5, two to a bin: 2 bins of 4, [−3, 1) with three and [1, 5] with two of the five.
    let history = History::default().hourly("a", 0, &[100.0, 104.0, 102.0, 103.0, 108.0]);
    let drawing = drawn(&history, &simple(), &DrawingOptions { samples_per_bin: 2, ..plain() }, 4.0);
    let density = drawing.position.residuals.unwrap().density.unwrap();
    assert_eq!(density.histogram.edges, [-3.0, 1.0, 5.0]);
    assert_eq!(density.histogram.density, [3.0 / 20.0, 2.0 / 20.0]);
    assert_eq!((density.x.len(), density.y.len(), density.latest), (200, 200, Some(5.0)));
    // Scott: 5^(−1/5) · √(35.2/4), three of them beyond either end.
    let bandwidth = 5.0_f64.powf(-0.2) * 8.8_f64.sqrt();
    assert!((density.x[0] - (-3.0 - 3.0 * bandwidth)).abs() < 1e-12);
    assert!((density.x[199] - (5.0 + 3.0 * bandwidth)).abs() < 1e-12);
    let step = density.x[1] - density.x[0];
    let area: f64 = density.y.iter().map(|y| y * step).sum();
    assert!((area - 1.0).abs() < 2e-3, "{area}"); // each bell ends at 3 bandwidths: 0.3 % at most are cut off
    let bell = |x: f64, value: f64| (-0.5 * ((x - value) / bandwidth).powi(2)).exp();
    let x = density.x[100];
    let expected = [-3.0, 1.0, -1.0, 0.0, 5.0].map(|value| bell(x, value)).iter().sum::<f64>()
        / (5.0 * bandwidth * (2.0 * std::f64::consts::PI).sqrt());
    assert!((density.y[100] - expected).abs() < 1e-12);
}

#[test]
fn more_bins_than_can_be_seen_are_not_made() {
    let values: Vec<f64> = (0..600).map(|i| 100.0 + f64::from(i * i % 601)).collect();
    let mut rules = simple();
    rules.gate.lookback_hours = 1000.0;
    let bins = |samples_per_bin| {
        let history = History::default().hourly("a", 0, &values);
        let drawing = drawn(&history, &rules, &DrawingOptions { samples_per_bin, ..plain() }, 599.0);
        drawing.position.residuals.unwrap().density.unwrap().histogram.density.len()
    };
    assert_eq!([bins(10), bins(1), bins(10_000)], [60, 100, 1]);
}

#[test]
fn flows_of_one_instant_are_one_marker_and_thousands_are_added_up() {
    let mut history = History::default().hourly("a", 0, &[100.0; 40]);
    for (hour, usd) in [(3.0, 1.0), (3.0, 2.0), (7.0, 4.0)] {
        history = history.withdraw("a", hour, -usd);
    }
    let markers = |history: &History| {
        let drawing = drawn(history, &simple(), &plain(), 39.0);
        drawing.position.withdrawals.iter().map(|marker| (marker.ts, marker.usd)).collect::<Vec<_>>()
    };
    assert_eq!(markers(&history), [(ms(3.0), 3.0), (ms(7.0), 4.0)]);
    for i in 0..3000 {
        history = history.withdraw("a", 0.5 + f64::from(i) / 100.0, 1.0);
    }
    let merged = markers(&history);
    assert!((500..=1001).contains(&merged.len()), "{}", merged.len());
    assert!(merged.is_sorted_by(|a, b| a.0 < b.0));
    assert_eq!(merged.iter().map(|(_, usd)| usd).sum::<f64>(), 3007.0);
}

#[test]
fn an_error_draws_nothing() {
    let mut history = History::default().hourly("a", 0, &[100.0; 20]);
    history.deposits.push(FlowRow { ts: Some(at(3.0)), wallet: Some("a".into()), ..FlowRow::default() });
    let drawing = drawn(&history, &simple(), &plain(), 19.0);
    assert_eq!(drawing.decision.code(), -1);
    let expected = json!({
        "asset": "usdx", "view": "position", "unit": "USD",
        "as_of": "2026-01-01T19:00:00Z", "t0": null, "t1": null,
        "series": { "ts": [], "value": [], "smoothed": null, "baseline": null },
        "sigma": null, "k_times_sigma": null, "show_sigma_band": true, "show_k_sigma_band": true,
        "deposits": [], "withdrawals": [], "residual": null, "density": null,
    });
    assert_eq!(served(&drawing, View::Position), expected);
}

#[test]
fn without_a_reference_positions_and_prices_are_shown_and_nothing_is_judged() {
    let rules = Rules { reference_fallback: ReferenceFallback::Hold, ..simple() };
    let mut history = History::default().hourly("a", 0, &[100.0, 140.0, 141.0]).deposit("a", 0.5, 40.0);
    let drawing = drawn(&history, &rules, &plain(), 2.0);
    assert_eq!(drawing.decision.reason().unwrap().code, "no_reference");
    assert_eq!(positions(&drawing), [(0.0, 100.0), (1.0, 140.0), (2.0, 141.0)]);
    assert_eq!((drawing.position.residuals, drawing.position.deposits.len()), (None, 1));
    assert!(drawing.rate.residuals.is_some());
    // A deposit that no gain depends on may be broken.
    history.deposits.push(FlowRow { wallet: Some("a".into()), ..FlowRow::default() });
    let drawing = drawn(&history, &rules, &plain(), 2.0);
    assert_eq!((positions(&drawing).len(), drawing.position.deposits.len()), (3, 0));
}

#[test]
fn too_few_points_for_a_fit_leave_out_what_rests_on_it() {
    let mut rules = simple();
    rules.gate.baseline = Baseline::Polynomial(2);
    let history = History::default().hourly("a", 0, &[100.0, 101.0]);
    let drawing = drawn(&history, &rules, &plain(), 1.0);
    assert_eq!((positions(&drawing).len(), &drawing.position.residuals, &drawing.rate.residuals), (2, &None, &None));
    assert_eq!(served(&drawing, View::Residual)["density"], Value::Null);
}

#[test]
fn residuals_that_are_all_zero_have_no_density() {
    let history = History::default().hourly("a", 0, &[100.0; 20]);
    let drawing = drawn(&history, &simple(), &plain(), 19.0);
    let view = served(&drawing, View::Position);
    assert_eq!((&view["sigma"], &view["density"]), (&json!(0.0), &Value::Null));
    assert_eq!(view["residual"]["value"], json!(vec![0.0; 20]));
}

#[test]
fn a_view_is_what_the_page_reads() {
    let history = History::default()
        .hourly("a", 0, &[100.0, 104.0, 102.0, 153.0, 158.0])
        .deposit("a", 2.5, 50.0)
        .withdraw("a", 3.5, 0.5);
    let options = DrawingOptions { smoothing: Smoothing::Boxcar { window_hours: 0.5 }, sigma_band: false, ..plain() };
    let drawing = drawn(&history, &simple(), &options, 4.0);
    let mut view = served(&drawing, View::Position);
    let density = view["density"].take();
    let names: Vec<&String> = density.as_object().unwrap().keys().collect();
    assert_eq!(names, ["histogram", "latest", "sigma", "thresholds", "x", "y"]);
    let ts: Vec<i64> = [0.0, 1.0, 2.0, 3.0, 4.0].map(ms).to_vec();
    // Corrected: 100, 104, 102, 103, 108.5. Residuals about 103: −3, 1, −1, 0, 5.5; mean 0.5, σ² = (41.25 − 5·0.25)/5 = 8.
    let sigma = 8.0_f64.sqrt();
    let expected = json!({
        "asset": "usdx", "view": "position", "unit": "USD",
        "as_of": "2026-01-01T04:00:00Z", "t0": "2026-01-01T00:00:00Z", "t1": "2026-01-01T04:00:00Z",
        "series": {
            "ts": ts, "value": [100.0, 104.0, 102.0, 153.0, 158.0], "smoothed": [100.0, 104.0, 102.0, 153.0, 158.0],
            "baseline": [103.0, 103.0, 103.0, 153.0, 152.5],
        },
        "sigma": sigma, "k_times_sigma": 2.0 * sigma, "show_sigma_band": false, "show_k_sigma_band": true,
        "deposits": [{ "ts": ms(2.5), "usd": 50.0, "amount": 50.0 }],
        "withdrawals": [{ "ts": ms(3.5), "usd": 0.5, "amount": 0.5 }],
        "residual": {
            "ts": ts, "value": [-3.0, 1.0, -1.0, 0.0, 5.5], "latest": { "ts": ms(4.0), "value": 5.5 },
            "thresholds": [-2.0 * sigma, 2.0 * sigma], "unit": "USD",
        },
        "density": null,
    });
    assert_eq!(view, expected);
    let residual = served(&drawing, View::Residual);
    assert_eq!((residual.get("series"), &residual["deposits"]), (None, &json!([])));
    assert_eq!((&residual["residual"], &residual["sigma"]), (&expected["residual"], &expected["sigma"]));
    let rate = served(&drawing, View::Rate);
    assert_eq!((&rate["unit"], &rate["series"]["value"]), (&json!("USD per unit"), &json!(vec![1.0; 5])));
}

#[test]
fn the_corrected_view_reaches_back_to_the_reference_and_ends_above_it_by_the_gain() {
    // Tagged at 0:30, so b is the sample of 1:00, 104. 50 in at 2:30: corrected 104, 102, 103, 108.5, and 4.5 gained.
    // Gate and charts look back two hours, to 102, 103, 108.5: their median is 103.
    let history = History::default()
        .hourly("a", 0, &[100.0, 104.0, 102.0, 153.0, 158.5])
        .tag("a", 0.5, 1.0)
        .deposit("a", 2.5, 50.0);
    let mut rules = simple();
    rules.gate.lookback_hours = 2.0;
    let drawing = drawn(&history, &rules, &plain(), 4.0);
    let view = served(&drawing, View::Corrected);
    let ts = [1.0, 2.0, 3.0, 4.0].map(ms);
    let expected = json!({
        "ts": ts, "value": [104.0, 102.0, 103.0, 108.5], "smoothed": null,
        "baseline": [null, 103.0, 103.0, 103.0],
    });
    assert_eq!(view["series"], expected);
    assert_eq!((&view["view"], &view["gain"]), (&json!("corrected"), &json!({ "from_usd": 104.0, "usd": 4.5 })));
    let position = served(&drawing, View::Position);
    for same in ["t0", "t1", "sigma", "k_times_sigma", "residual", "density", "deposits"] {
        assert_eq!(view[same], position[same], "{same}");
    }
    assert_eq!((position["series"]["ts"].as_array().unwrap().len(), position.get("gain")), (3, None));
}

#[test]
fn the_corrected_view_has_the_gain_that_explain_has() {
    // b holds 70 of which 60 came before its own baseline, at 3:00; a gains 4 and moves 20 out.
    let history = History::default()
        .hourly("a", 0, &[100.0, 101.0, 102.0, 83.0, 84.0, 85.0])
        .tag("a", 0.5, 1.0)
        .withdraw("a", 2.5, 20.0)
        .sample("b", 3.0, 70.0, 1.0)
        .sample("b", 4.0, 71.0, 1.0)
        .deposit("b", 2.0, 60.0);
    let rules = simple();
    let snapshot = history.snapshot(&rules, at(5.0));
    let advice = advise(&rules, &snapshot, at(5.0));
    let explained = serde_json::to_value(&advice).unwrap();
    let view = served(&draw(&rules, &plain(), &snapshot, &advice), View::Corrected);
    assert_eq!(view["gain"]["usd"], explained["totals"]["gain_usd"]);
    let newest = view["series"]["value"].as_array().unwrap().last().unwrap().as_f64().unwrap();
    let gain = newest - view["gain"]["from_usd"].as_f64().unwrap();
    assert_eq!(gain, 4.0 + 1.0); // a: 85 − 101 + 20; b: 71 − 70
}

#[test]
fn a_long_time_since_the_reference_takes_no_detail_from_the_charts_window() {
    let values: Vec<f64> = (0..20_000).map(|i| 100.0 + f64::from(i % 13)).collect();
    let mut rules = simple();
    rules.gate.lookback_hours = 1_000.0;
    let drawing = drawn(&History::default().hourly("a", 0, &values), &rules, &plain(), 19_999.0);
    let ts = &drawing.corrected.course.ts;
    assert!((2_000..=MAX_POINTS).contains(&ts.len()), "{}", ts.len());
    assert_eq!(ts.iter().filter(|ts| **ts >= ms(18_999.0)).count(), 1_001, "one an hour, as in the position's chart");
    assert_eq!(ts[0], ms(0.0));
}

#[test]
fn a_long_history_is_thinned_and_keeps_its_peaks() {
    let mut values: Vec<f64> = (0..20_000).map(|i| 100.0 + f64::from(i % 13)).collect();
    (values[777], values[15_321]) = (400.0, 1.0);
    let mut rules = simple();
    rules.gate.lookback_hours = 30_000.0;
    let drawing = drawn(&History::default().hourly("a", 0, &values), &rules, &plain(), 19_999.0);
    let course = &drawing.position.course;
    assert!((2_500..=MAX_POINTS).contains(&course.ts.len()), "{}", course.ts.len());
    assert!(course.value.contains(&400.0) && course.value.contains(&1.0));
    assert_eq!((course.ts[0], course.ts.last()), (ms(0.0), Some(&ms(19_999.0))));
    assert!(drawing.position.residuals.unwrap().ts.len() <= MAX_POINTS);
}

#[test]
fn a_reference_too_large_for_a_number_takes_no_sample_from_the_line() {
    // The reference took out 20 units when one was worth 1e308 USD: they are in no gain, and their USD are in no f64.
    let mut history = History::default()
        .sample("b", 1.0, 100.0, 1e308)
        .tag("a", 2.0, 20.0)
        .sample("a", 3.0, 100.25, 1.0)
        .sample("a", 4.0, 100.0, 1.0);
    history.positions.push(Sample { units: None, price: None, ..sample("b", 2.0, 100.0, 1.0) });
    let mut rules = simple();
    rules.amount_unit = AmountUnit::Underlying;
    let drawing = drawn(&history, &rules, &plain(), 4.0);
    assert_eq!(positions(&drawing), [(1.0, 200.25), (2.0, 200.25), (3.0, 200.25), (4.0, 200.0)]);
    let residuals = drawing.position.residuals.unwrap();
    assert_eq!((residuals.value, residuals.latest.unwrap().value), (vec![0.0, 0.0, 0.0, -0.25], -0.25));
}

#[test]
fn a_sum_too_large_for_a_number_takes_no_sample_from_the_line() {
    // a took out a unit worth 1e308 USD, as much as b holds: what they hold is a number, with what was taken out it is none.
    let history = History::default()
        .sample("a", 0.0, 100.0, 1.0)
        .sample("a", 1.0, 100.0, 1e308)
        .withdraw("a", 0.9, 1.0)
        .sample("b", 2.0, 1e308, 1.0);
    let mut rules = simple();
    rules.amount_unit = AmountUnit::Underlying;
    let drawing = drawn(&history, &rules, &plain(), 2.0);
    assert_eq!(positions(&drawing), [(0.0, 1e308), (1.0, 1e308), (2.0, 1e308)]);
    assert_eq!(drawing.position.residuals, None);
}
