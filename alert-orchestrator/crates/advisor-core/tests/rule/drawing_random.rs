//! Whatever the history, what charts show is finite and never disagrees with the advice.

use advisor_core::advice::{Advice, advise};
use advisor_core::drawing::view::View;
use advisor_core::drawing::{Corrected, Drawing, DrawingOptions, MAX_POINTS, Smoothing, draw};
use advisor_core::rules::Basis;
use advisor_core::time;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Value;

use crate::drawing::{plain, served};
use crate::history::{History, code};
use crate::random::{ANY, Bounds, scenario};

/// Every number of a served view: JSON has no others than finite ones, and nothing else may be null than what may be missing.
fn nulls(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Null => found.push(path.to_owned()),
        Value::Array(items) => items.iter().for_each(|item| nulls(item, &format!("{path}[]"), found)),
        Value::Object(fields) => fields.iter().for_each(|(name, field)| nulls(field, &format!("{path}.{name}"), found)),
        _ => {}
    }
}

const MAY_BE_NULL: [&str; 13] = [
    ".t0",
    ".t1",
    ".series.smoothed",
    ".series.baseline",
    ".series.baseline[]",
    ".sigma",
    ".k_times_sigma",
    ".residual",
    ".residual.latest",
    ".residual.thresholds",
    ".density",
    ".density.thresholds",
    ".density.sigma",
];

fn options() -> impl Strategy<Value = DrawingOptions> {
    let smoothing = select(vec![
        Smoothing::None,
        Smoothing::Boxcar { window_hours: 2.0 },
        Smoothing::Gaussian { window_hours: 5.0 },
        Smoothing::Polynomial { window_hours: 4.0, order: 3 },
    ]);
    (smoothing, select(vec![None, Some(2.0), Some(90.0)]), select(vec![1, 3, 100])).prop_map(
        |(smoothing, lookback_hours, samples_per_bin)| DrawingOptions {
            lookback_hours,
            smoothing,
            samples_per_bin,
            ..plain()
        },
    )
}

fn agrees(drawing: &Drawing, advice: &Advice) -> Result<(), TestCaseError> {
    let Some(gate) = advice.gate.as_ref().filter(|gate| gate.residual.is_some()) else { return Ok(()) };
    let residuals = drawing.position.residuals.as_ref();
    prop_assert!(residuals.is_some());
    let residuals = residuals.unwrap();
    prop_assert_eq!((residuals.sigma, residuals.k_times_sigma), (gate.sigma, gate.k_times_sigma));
    prop_assert_eq!(residuals.latest.map(|latest| latest.value), gate.residual);
    // The newest priced sample may lie before a short chart.
    let last = residuals.value.last().copied();
    prop_assert!(last.is_none() || last == gate.residual, "the line ends in {:?}, which was not judged", last);
    if gate.basis == Basis::CorrectedPosition {
        let baseline = drawing.position.course.baseline.as_ref().unwrap();
        let (value, residual) = (drawing.position.course.value.last().unwrap(), gate.residual.unwrap());
        prop_assert_eq!(*baseline.last().unwrap(), Some(value - residual));
    }
    Ok(())
}

/// The corrected position ends above its value at the reference by the gain of the advice, and where the gate looked.
fn shows_the_gain(drawing: &Drawing, advice: &Advice) -> Result<(), TestCaseError> {
    let Corrected { course, gain, .. } = &drawing.corrected;
    prop_assert!(course.ts.is_sorted_by(|a, b| a < b) && course.ts.len() <= MAX_POINTS);
    prop_assert!([course.value.len()] == [course.ts.len()]);
    prop_assert!(course.baseline.as_ref().is_none_or(|line| line.len() == course.ts.len()));
    let Some(totals) = advice.totals.filter(|_| code(advice) != "invalid_data") else {
        prop_assert_eq!(gain, &None);
        return Ok(());
    };
    let gain = gain.unwrap();
    prop_assert_eq!((gain.from_usd, gain.usd), (totals.baseline_usd, totals.gain_usd));
    let newest = course.value.last().unwrap();
    let moved = totals.deposits_usd + totals.withdrawals_usd;
    let rounding = 1e-9 * (1.0 + totals.newest_usd + totals.baseline_usd + moved);
    prop_assert!((newest - gain.from_usd - gain.usd).abs() <= rounding, "{} − {}: {}", newest, gain.from_usd, gain.usd);
    if let Some(gate) = advice.gate.as_ref().filter(|gate| gate.basis == Basis::CorrectedPosition) {
        // Without a fit, as of figures at the end of what a double holds, there is none.
        prop_assert!(gate.newest_value.is_none_or(|value| value == *newest), "{:?}, not {}", gate.newest_value, newest);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn a_drawing_agrees_with_its_advice_and_is_finite(
        case in scenario(Bounds { unusable: true, ..ANY }),
        options in options(),
        restricted in any::<bool>(),
    ) {
        let read = if restricted { History::restricted_snapshot } else { History::snapshot };
        let snapshot = read(&case.history, &case.rules, case.to);
        let advice = advise(&case.rules, &snapshot, case.to);
        let drawing = draw(&case.rules, &options, &snapshot, &advice);
        for view in [View::Corrected, View::Position, View::Rate, View::Residual] {
            let mut missing = Vec::new();
            nulls(&served(&drawing, view), "", &mut missing);
            missing.retain(|path| !MAY_BE_NULL.contains(&path.as_str()));
            prop_assert!(missing.is_empty(), "{:?}", missing);
        }
        for panel in [&drawing.position, &drawing.rate] {
            let course = &panel.course;
            prop_assert!(course.ts.is_sorted_by(|a, b| a < b) && course.ts.len() <= MAX_POINTS);
            prop_assert!([course.value.len()] == [course.ts.len()]);
            prop_assert!(course.smoothed.as_ref().is_none_or(|line| line.len() == course.ts.len()));
            prop_assert!(course.baseline.as_ref().is_none_or(|line| line.len() == course.ts.len()));
            if let Some(t1) = drawing.t1.map(time::nanos) {
                let hours = options.lookback_hours.unwrap_or(case.rules.gate.lookback_hours);
                let (start, end) = ((t1 - time::hours(hours)) / 1_000_000, t1 / 1_000_000);
                let inside = |ts: &i64| start <= *ts && *ts <= end;
                prop_assert!(course.ts.iter().all(inside));
                prop_assert!(panel.residuals.iter().flat_map(|residuals| &residuals.ts).all(inside));
                let markers = panel.deposits.iter().chain(&panel.withdrawals);
                prop_assert!(markers.map(|marker| &marker.ts).all(inside));
            }
        }
        if let Some(totals) = advice.totals.filter(|_| code(&advice) != "invalid_data") {
            let newest = drawing.position.course.value.last().copied().unwrap_or_default();
            prop_assert!((newest - totals.newest_usd).abs() <= 1e-9 * (1.0 + totals.newest_usd), "{}", newest);
        }
        shows_the_gain(&drawing, &advice)?;
        agrees(&drawing, &advice)?;
    }
}
