//! Verdicts by hand: thresholds, floors, and how many points a verdict needs.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn rules() -> GateRules {
    GateRules {
        holds: true,
        apply_in_fallback: true,
        basis: Basis::CorrectedPosition,
        baseline: Baseline::Polynomial(0),
        lookback_hours: 48.0,
        min_points: 2,
        k_sigma: 1.5,
        exclude_last_for_sigma: false,
        sigma_epsilon: 0.0,
        min_residual_bps: 0.0,
        max_band_bps: None,
        threshold: Threshold::Stddev,
        peg: None,
    }
}

/// Judges hourly values.
fn hourly(values: &[f64], rules: &GateRules) -> GateFigures {
    let ts: Vec<i64> = (0..).map(|hour| hour * time::NANOS_PER_HOUR).take(values.len()).collect();
    judge_all(&ts, values, rules)
}

fn judge_all(ts: &[i64], values: &[f64], rules: &GateRules) -> GateFigures {
    let newest = values.last().copied().unwrap_or(0.0);
    judge(&Series { ts, values, window_start: 0, newest, measured: &|| values.to_vec() }, rules)
}

/// "quiet r=… σ=…" and the like, to two places.
#[track_caller]
fn says(values: &[f64], rules: &GateRules, expected: &str) {
    let figures = hourly(values, rules);
    let verdict = match figures.verdict {
        Verdict::Quiet => "quiet".to_owned(),
        Verdict::Triggered => "triggered".to_owned(),
        Verdict::Insufficient { needed } => format!("needs {needed}"),
    };
    let scattered =
        figures.scattered.map(|Scattered { largest, furthest: Outlier { at, value, neighbours }, .. }| {
            let hour = time::nanos(at) / time::NANOS_PER_HOUR;
            format!(" scattered over {largest}: {value} beside {neighbours} at {hour} h")
        });
    let number = |number: Option<f64>| number.map_or("none".to_owned(), |number| format!("{number:.2}"));
    let found = format!(
        "{verdict} r={} σ={}{}",
        number(figures.residual),
        number(figures.sigma),
        scattered.unwrap_or_default()
    );
    assert_eq!(found, expected, "{values:?} with {rules:?}");
}

#[test]
fn where_no_number_of_points_would_do_nothing_is_promised() {
    let promised = |k_sigma: f64| outlook(&GateRules { k_sigma, ..rules() }, &[&[0, time::NANOS_PER_HOUR]], 0);
    assert_eq!((promised(1e30), promised(1.5).is_some()), (None, true));
}

#[test]
fn sigma_is_taken_about_the_mean_over_n() {
    // Mean 2: residuals −1, −1, −1, −1, 4; σ² = (4·1 + 16)/5 = 4; 4 > 1.5 · 2.
    says(&[1.0, 1.0, 1.0, 1.0, 6.0], &rules(), "triggered r=4.00 σ=2.00");
    says(&[1.0, 1.0, 1.0, 1.0, 6.0], &GateRules { k_sigma: 1.99, ..rules() }, "triggered r=4.00 σ=2.00");
    // Median 1: residuals 0, 0, 0, 0, 5 with mean 1, σ² = (4·1 + 16)/5.
    let median = GateRules { baseline: Baseline::Median, ..rules() };
    says(&[1.0, 1.0, 1.0, 1.0, 6.0], &median, "triggered r=5.00 σ=2.00");
    // A residual of exactly k·σ does not exceed it: −1, 1, −1, 1, −1, 1 has σ 1.
    let exactly = GateRules { k_sigma: 1.0, ..rules() };
    says(&[1.0, 3.0, 1.0, 3.0, 1.0, 3.0], &exactly, "quiet r=1.00 σ=1.00");
    says(&[1.0, 3.0, 1.0, 3.0, 1.0, 3.0], &GateRules { k_sigma: 0.99, ..rules() }, "triggered r=1.00 σ=1.00");
}

#[test]
fn the_newest_may_be_left_out_of_sigma() {
    // Mean 2, residuals without the newest −2, 0, −2, 0 (mean −1): σ = 1; the newest is 4.
    let without = GateRules { exclude_last_for_sigma: true, k_sigma: 3.9, ..rules() };
    says(&[0.0, 2.0, 0.0, 2.0, 6.0], &without, "triggered r=4.00 σ=1.00");
    says(&[0.0, 2.0, 0.0, 2.0, 6.0], &GateRules { k_sigma: 4.0, ..without }, "quiet r=4.00 σ=1.00");
}

#[test]
fn the_larger_of_sigma_and_both_floors_decides() {
    let values = [1.0, 1.0, 1.0, 1.0, 6.0]; // r = 4, k·σ = 3
    let with = |sigma_epsilon: f64, min_residual_bps: f64| {
        let figures = hourly(&values, &GateRules { sigma_epsilon, min_residual_bps, ..rules() });
        (figures.threshold, figures.verdict)
    };
    assert_eq!(with(0.0, 0.0), (Some(3.0), Verdict::Triggered));
    assert_eq!(with(3.5, 0.0), (Some(3.5), Verdict::Triggered));
    assert_eq!(with(4.0, 0.0), (Some(4.0), Verdict::Quiet)); // must exceed it
    assert_eq!(with(0.0, 7500.0), (Some(4.5), Verdict::Quiet)); // 75 % of 6
}

#[test]
fn a_percentile_gate_compares_with_the_central_interval() {
    // Residuals about the mean 3: −2, −1, 0, 1, 2. The central 60 % run from quantile 0.2 (position 0.8) to 0.8 (3.2):
    // ±1.2.
    let percentile = GateRules { threshold: Threshold::Percentile { central_confidence: 0.6 }, ..rules() };
    let figures = hourly(&[1.0, 2.0, 3.0, 4.0, 5.0], &percentile);
    let [low, high] = figures.interval.expect("there is one");
    assert!((low + 1.2).abs() < 1e-12 && (high - 1.2).abs() < 1e-12, "{low} to {high}");
    assert_eq!((figures.verdict, figures.threshold), (Verdict::Triggered, Some(0.0)));
    says(&[1.0, 2.0, 3.0, 5.0, 4.0], &percentile, "quiet r=1.00 σ=1.41");
    says(&[5.0, 4.0, 3.0, 2.0, 1.0], &percentile, "triggered r=-2.00 σ=1.41");
    says(&[1.0, 2.0, 3.0, 4.0, 5.0], &GateRules { sigma_epsilon: 2.0, ..percentile.clone() }, "quiet r=2.00 σ=1.41");
    // The central half runs from −1 to 1, and its ends are inside.
    let half = GateRules { threshold: Threshold::Percentile { central_confidence: 0.5 }, ..rules() };
    says(&[1.0, 2.0, 3.0, 5.0, 4.0], &half, "quiet r=1.00 σ=1.41");
    says(&[5.0, 4.0, 3.0, 1.0, 2.0], &half, "quiet r=-1.00 σ=1.41");
    // Without the newest: −2, −1, 0, 1; quantiles at positions 0.6 and 2.4: −1.4 and 0.4.
    let without = GateRules { exclude_last_for_sigma: true, ..percentile };
    let [low, high] = hourly(&[1.0, 2.0, 3.0, 4.0, 5.0], &without).interval.expect("there is one");
    assert!((low + 1.4).abs() < 1e-12 && (high - 0.4).abs() < 1e-12, "{low} to {high}");
}

#[test]
fn the_trigger_distance_is_that_of_the_newest_residuals_side() {
    let distance = |values: &[f64], rules: &GateRules| hourly(values, rules).trigger_distance();
    assert_eq!(distance(&[1.0, 1.0, 1.0, 1.0, 6.0], &rules()), Some(3.0)); // k·σ = 1.5 · 2
    assert_eq!(distance(&[1.0, 1.0, 1.0, 1.0, 6.0], &GateRules { min_residual_bps: 7500.0, ..rules() }), Some(4.5));
    assert_eq!(distance(&[1.0], &rules()), None);
    // Residuals without the newest −2, −1, 0, 1: the central 60 % run from −1.4 to 0.4.
    let percentile = GateRules {
        threshold: Threshold::Percentile { central_confidence: 0.6 },
        exclude_last_for_sigma: true,
        ..rules()
    };
    let above = distance(&[1.0, 2.0, 3.0, 4.0, 5.0], &percentile).unwrap();
    let below = distance(&[5.0, 4.0, 3.0, 2.0, 1.0], &percentile).unwrap(); // mirrored: from −0.4 to 1.4
    assert!((above - 0.4).abs() < 1e-12 && (below - 0.4).abs() < 1e-12, "{above}, {below}");
    let floored = GateRules { sigma_epsilon: 3.0, ..percentile };
    assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0, 5.0], &floored), Some(3.0));
}

proptest! {
    #[test]
    fn the_gate_triggers_exactly_where_the_newest_point_lies_beyond_the_trigger_distance(
        values in vec(-100.0..100.0f64, 3..12),
        central_confidence in proptest::option::of(0.05..0.6f64),
        exclude_last_for_sigma: bool,
        sigma_epsilon in 0.0..80.0f64,
    ) {
        let threshold = central_confidence
            .map_or(Threshold::Stddev, |central_confidence| Threshold::Percentile { central_confidence });
        let rules = GateRules { threshold, exclude_last_for_sigma, sigma_epsilon, k_sigma: 1.0, ..rules() };
        let figures = hourly(&values, &rules);
        let beyond = figures.residual.zip(figures.trigger_distance()).map(|(residual, at)| residual.abs() > at);
        let expected = match figures.verdict {
            Verdict::Triggered => Some(true),
            Verdict::Quiet => Some(false),
            Verdict::Insufficient { .. } => None,
        };
        prop_assert_eq!(beyond, expected, "{:?}", figures);
    }
}

/// How many points an evenly sampled series of `n` needs, none where it has enough.
#[track_caller]
fn needs(n: i32, rules: &GateRules, expected: Option<usize>) {
    let values: Vec<f64> = (0..n).map(|i| f64::from(i * i % 7)).collect();
    let found = match hourly(&values, rules).verdict {
        Verdict::Insufficient { needed } => Some(needed),
        Verdict::Quiet | Verdict::Triggered => None,
    };
    assert_eq!(found, expected, "{n} points with {rules:?}");
}

#[test]
fn a_verdict_needs_as_many_points_as_could_trip_it() {
    // Flat: h = 1/n, √(n − 1) > k. Order 1: h = (4n − 2)/(n(n + 1)), √(n·(1 − h)) = √((n − 1)(n − 2)/(n + 1)).
    let flat = |k_sigma: f64| GateRules { k_sigma, ..rules() };
    needs(5, &flat(2.0), Some(6)); // √4 = 2 is not above 2
    needs(6, &flat(2.0), None);
    needs(2, &flat(10.0), Some(102)); // √101
    let line = |k_sigma: f64| GateRules { baseline: Baseline::Polynomial(1), ..flat(k_sigma) };
    needs(7, &line(2.0), Some(8)); // √(30/8) = 1.94; √(42/9) = 2.16
    needs(8, &line(2.0), None);
    let parabola = GateRules { baseline: Baseline::Polynomial(2), min_points: 10, ..flat(2.0) };
    needs(9, &parabola, Some(10)); // what is configured comes first
    needs(10, &parabola, Some(11)); // 1.95
    needs(11, &parabola, None);
}

#[test]
fn an_uneven_series_is_judged_by_the_leverage_of_its_newest_point() {
    // Ten samples within 9 h and one a year later: a line goes through it whatever its value.
    let mut ts: Vec<i64> = (0..10).map(|hour| hour * time::NANOS_PER_HOUR).collect();
    ts.push(8760 * time::NANOS_PER_HOUR);
    let values = [1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 50.0];
    let figures = judge_all(&ts, &values, &GateRules { baseline: Baseline::Polynomial(1), ..rules() });
    assert!(figures.fit.is_some_and(|fit| fit.newest_leverage > 0.999));
    assert_eq!(figures.verdict, Verdict::Insufficient { needed: 12 });
}

#[test]
fn a_median_needs_three_points_to_be_its_own() {
    // n/√(n − 1) > k from 3 on; the median of two is their mean, and both are as far from it as σ.
    let median = |k_sigma: f64| GateRules { baseline: Baseline::Median, k_sigma, ..rules() };
    needs(2, &median(1.5), Some(3)); // 3/√2 = 2.12
    needs(3, &median(1.5), None);
    needs(3, &median(2.2), Some(4)); // 4/√3 = 2.31
    needs(4, &median(2.2), None);
}

#[test]
fn percentiles_need_a_residual_in_each_tail() {
    let percentile =
        |central_confidence: f64| GateRules { threshold: Threshold::Percentile { central_confidence }, ..rules() };
    needs(39, &percentile(0.95), Some(40)); // 2/0.05
    needs(40, &percentile(0.95), None);
    needs(19, &percentile(0.9), Some(20));
    needs(20, &percentile(0.9), None);
    needs(6, &percentile(0.7), Some(7)); // 2/0.3 = 6.67
}

#[test]
fn a_fit_needs_more_points_than_coefficients() {
    let fit = |order: usize, exclude: bool| GateRules {
        baseline: Baseline::Polynomial(order),
        exclude_last_for_sigma: exclude,
        min_points: 1,
        k_sigma: 0.0,
        ..rules()
    };
    needs(0, &fit(3, false), Some(4));
    needs(3, &fit(3, false), Some(4));
    needs(4, &fit(3, false), Some(5)); // goes through all of them
    needs(4, &fit(3, true), Some(5));
    needs(5, &fit(3, true), None);
    let figures = hourly(&[], &rules());
    assert_eq!(
        (figures.fit, figures.residual, figures.sigma, figures.newest_value, figures.bps_floor),
        (None, None, None, None, None)
    );
}

#[test]
fn what_cannot_be_computed_is_none_and_insufficient() {
    for baseline in [Baseline::Polynomial(0), Baseline::Median] {
        let figures = hourly(&[-1e308, -1e308, -1e308, 1e308], &GateRules { baseline, ..rules() });
        assert_eq!((figures.residual, figures.sigma), (None, None));
        assert_eq!(figures.verdict, Verdict::Insufficient { needed: 5 });
    }
    let endless = GateRules { k_sigma: 1e300, ..rules() };
    needs(5, &endless, Some(usize::MAX));
}

#[test]
fn the_fit_is_reported_in_scaled_time() {
    // 1, 2, 4, 7 at hours 0 to 3 is 1 + t/2 + t²/2; with t = 1.5 + 1.5·u: 2.875 + 3·u + 1.125·u².
    let fit = hourly(&[1.0, 2.0, 4.0, 7.0], &GateRules { baseline: Baseline::Polynomial(2), ..rules() })
        .fit
        .expect("4 > 3 points");
    assert_eq!((fit.centre, fit.scale_seconds), (time::timestamp(time::hours(1.5)), 5400.0));
    for (found, expected) in fit.coefficients.iter().zip([2.875, 3.0, 1.125]) {
        assert!((found - expected).abs() < 1e-12, "{:?}", fit.coefficients);
    }
}

#[test]
fn a_sigma_beyond_its_band_is_too_large_to_judge_by_and_names_the_sample_that_made_it() {
    // Mean 101: residuals −1, −1, −1, 4, −1; σ² = (4·1 + 16)/5 = 4, k·σ = 3, which is 285.7 bps of 105.
    let values = [100.0, 100.0, 100.0, 105.0, 100.0];
    let band = |max_band_bps: f64| GateRules { max_band_bps: Some(max_band_bps), ..rules() };
    let scattered = "quiet r=-1.00 σ=2.00 scattered over 105: 105 beside 100 at";
    says(&values, &band(286.0), "quiet r=-1.00 σ=2.00");
    says(&values, &band(285.0), &format!("{scattered} 3 h"));
    // The same for percentiles, which the sample would widen as well.
    let percentile = |max_band_bps: f64| GateRules {
        threshold: Threshold::Percentile { central_confidence: 0.6 },
        ..band(max_band_bps)
    };
    says(&values, &percentile(286.0), "quiet r=-1.00 σ=2.00");
    says(&values, &percentile(285.0), &format!("{scattered} 3 h"));
    // At either end there is one neighbour. The newest may be what it was, and triggers beside.
    says(&[105.0, 100.0, 100.0, 100.0, 100.0], &band(285.0), &format!("{scattered} 0 h"));
    let newest = "triggered r=4.00 σ=2.00 scattered over 105: 105 beside 100 at 4 h";
    says(&[100.0, 100.0, 100.0, 100.0, 105.0], &band(285.0), newest);
    // Left out of σ, it is not what made it: residuals −1.2, 2.8, −1.2, −1.2 with mean −0.2, σ² = (3·1 + 9)/4 = 3.
    let without = GateRules { exclude_last_for_sigma: true, ..band(1.0) };
    let expected = "quiet r=0.80 σ=1.73 scattered over 104: 104 beside 100 at 1 h";
    says(&[100.0, 104.0, 100.0, 100.0, 102.0], &without, expected);
}

#[test]
fn what_the_smallest_residual_lets_pass_is_no_band() {
    let dust = [0.0, 1e-9, 0.0, 1e-9, 0.0, 0.0];
    let band = GateRules { max_band_bps: Some(500.0), ..rules() };
    assert_eq!(hourly(&dust, &GateRules { sigma_epsilon: 1e-6, ..band.clone() }).scattered, None);
    assert!(hourly(&dust, &band).scattered.is_some());
}
