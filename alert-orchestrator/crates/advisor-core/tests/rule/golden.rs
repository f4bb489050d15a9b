//! Does a second, plain implementation of the rule answer the same? `testdata/golden.py` is it, and says how to ask again.

use std::fs;
use std::path::Path;

use advisor_core::advice::{Advice, Snapshot, advise};
use advisor_core::flow::FlowRow;
use advisor_core::gate::Verdict;
use advisor_core::rules::{
    Alignment, AmountUnit, Baseline, Basis, GateRules, Keywords, Peg, ReferenceFallback, Rules, Threshold,
};
use advisor_core::test_support::{KEYWORD, PRINCIPAL};
use serde_json::Value;

use crate::history::{History, Sample};

/// Relative difference that rounding may make.
const TOLERANCE: f64 = 1e-9;

fn seconds(value: &Value) -> Option<i64> {
    value.as_i64().map(|seconds| seconds * 1_000_000_000)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}

fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

fn rows<T>(value: &Value, row: impl Fn(&Value) -> T) -> Vec<T> {
    value.as_array().unwrap().iter().map(row).collect()
}

fn history(case: &Value) -> History {
    let sample = |row: &Value| Sample {
        ts: seconds(&row[0]),
        wallet: text(&row[1]),
        units: row[2].as_f64(),
        usd: row[3].as_f64(),
        price: row[4].as_f64(),
    };
    let flow = |row: &Value| FlowRow {
        ts: seconds(&row[0]),
        wallet: row[1].as_str().map(Into::into),
        amount: row[2].as_f64(),
        memo: text(&row[3]),
        tx_hash: text(&row[4]),
    };
    History {
        positions: rows(&case["positions"], sample),
        deposits: rows(&case["deposits"], flow),
        withdrawals: rows(&case["withdrawals"], flow),
    }
}

fn rules(value: &Value) -> Rules {
    let gate = &value["gate"];
    Rules {
        keywords: Keywords { reference: KEYWORD.to_owned(), principal: PRINCIPAL.to_owned() },
        reference_fallback: match value["reference_fallback"].as_str().unwrap() {
            "hold" => ReferenceFallback::Hold,
            _ => ReferenceFallback::DataRange,
        },
        range_start: seconds(&value["range_start"]),
        safety_factor: number(&value["safety_factor"]),
        max_sample_age_hours: value["max_sample_age_hours"].as_f64(),
        max_clock_skew_minutes: None,
        alignment: match value["alignment"].as_str().unwrap() {
            "none" => Alignment::None,
            "right_open" => Alignment::RightOpen,
            "snap_to_prev_pos" => Alignment::SnapToPrevPos,
            "snap_to_next_pos" => Alignment::SnapToNextPos,
            "snap_to_nearest_pos" => Alignment::SnapToNearestPos,
            "detect_spike" => Alignment::DetectSpike,
            other => panic!("no alignment {other}"),
        },
        amount_unit: if value["amount_unit"] == "usd" { AmountUnit::Usd } else { AmountUnit::Underlying },
        max_supply_apy: None, // what it finds has golden figures of its own
        flow_lag_hours: 6.0,
        coverage: None,
        zone: jiff::tz::TimeZone::UTC,
        gate: GateRules {
            holds: gate["holds"].as_bool().unwrap(),
            apply_in_fallback: gate["apply_in_fallback"].as_bool().unwrap(),
            basis: if gate["basis"] == "change_rate_usd" { Basis::ChangeRateUsd } else { Basis::CorrectedPosition },
            baseline: match gate["method"].as_str().unwrap() {
                "median" => Baseline::Median,
                _ => Baseline::Polynomial(count(&gate["polynomial_order"])),
            },
            lookback_hours: number(&gate["lookback_hours"]),
            min_points: count(&gate["min_points"]),
            k_sigma: number(&gate["k_sigma"]),
            exclude_last_for_sigma: gate["exclude_last_for_sigma"].as_bool().unwrap(),
            sigma_epsilon: number(&gate["sigma_epsilon"]),
            min_residual_bps: number(&gate["min_residual_bps"]),
            max_band_bps: gate["max_band_bps"].as_f64(),
            threshold: match gate["threshold_mode"].as_str().unwrap() {
                "percentile" => Threshold::Percentile { central_confidence: number(&gate["central_confidence"]) },
                _ => Threshold::Stddev,
            },
            peg: gate["peg"].as_object().map(|peg| Peg {
                target_usd: number(&peg["target_usd"]),
                max_deviation_bps: number(&peg["max_deviation_bps"]),
            }),
        },
        price_sources: Vec::new(),
        prices: None,
    }
}

/// Collects differences, so that one run shows all of them.
struct Differences(Vec<String>);

impl Differences {
    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.0.push(format!("{what} is {found:?}, expected {expected:?}"));
        }
    }

    /// `size`: of the numbers that `expected` is a difference of.
    fn close(&mut self, what: &str, found: Option<f64>, expected: &Value, size: f64) {
        let agrees = match (found, expected.as_f64()) {
            (Some(found), Some(expected)) => {
                (found - expected).abs() <= TOLERANCE * expected.abs() + 4.0 * f64::EPSILON * size
            }
            (found, expected) => found.is_none() && expected.is_none(),
        };
        if !agrees {
            self.0.push(format!("{what} is {found:?}, expected {expected}"));
        }
    }
}

fn scattered(differences: &mut Differences, advice: &Advice, expected: Option<&Value>) {
    let found = advice.gate.as_ref().and_then(|gate| gate.scattered);
    differences.same("scattered", &found.is_some(), &expected.is_some());
    if let Some((found, expected)) = found.zip(expected) {
        differences.close("largest", Some(found.largest), &expected["largest"], 0.0);
        let before_newest = advice.t1.map(|t1| t1.duration_since(found.furthest.at).as_secs_f64());
        differences.close("furthest", before_newest, &expected["seconds_before_newest"], 0.0);
    }
}

fn compare(advice: &Advice, expected: &Value) -> Vec<String> {
    let mut differences = Differences(Vec::new());
    let code = advice.decision.reason().map(|reason| reason.code.to_owned());
    differences.same("code", &code, &text(&expected["code"]));
    differences.same("decision", &i64::from(advice.decision.code()), &expected["decision"].as_i64().unwrap());
    differences.same("ref_mode", &Some(advice.ref_mode.to_string()), &text(&expected["ref_mode"]));
    let t0 = advice.t0.map(advisor_core::time::nanos);
    differences.same("t0", &t0, &seconds(&expected["t0"]));
    differences.close("limit", Some(advice.decision.limit_usd()), &expected["limit"], 0.0);
    let wallets = expected["wallets"].as_array().map(Vec::as_slice).unwrap_or_default();
    differences.same("wallets", &advice.wallets.len(), &wallets.len());
    let mut size = 0.0;
    for (found, expected) in advice.wallets.iter().zip(wallets) {
        let name = expected["wallet"].as_str().unwrap();
        let moved = found.newest_usd + found.baseline_usd + found.deposits_usd + found.withdrawals_usd;
        size += moved;
        differences.same("wallet", &&*found.address, &name);
        differences.close(&format!("gain of {name}"), Some(found.gain_usd), &expected["gain"], moved);
        differences.close(&format!("deposits of {name}"), Some(found.deposits_usd), &expected["deposits"], 0.0);
        differences.close(
            &format!("withdrawals of {name}"),
            Some(found.withdrawals_usd),
            &expected["withdrawals"],
            0.0,
        );
        differences.close(&format!("untagged of {name}"), Some(found.untagged_usd), &expected["untagged"], 0.0);
        differences.close(&format!("limit of {name}"), Some(found.limit_usd), &expected["limit"], moved);
        differences.same(&format!("stale {name}"), &Some(found.stale), &expected["stale"].as_bool());
    }
    if !wallets.is_empty() {
        differences.close("gain", advice.totals.map(|totals| totals.gain_usd), &expected["gain"], size);
    }
    match (&advice.gate, expected["gate"].as_object()) {
        (None, None) => {}
        (Some(gate), Some(expected)) => {
            let verdict = match gate.verdict {
                Verdict::Quiet => ("quiet", None),
                Verdict::Triggered => ("triggered", None),
                Verdict::Insufficient { needed } => ("insufficient", Some(needed)),
            };
            let needed = expected.get("needed").map(count);
            differences.same("verdict", &verdict, &(expected["verdict"].as_str().unwrap(), needed));
            scattered(&mut differences, advice, expected.get("scattered"));
            differences.same("points", &gate.points, &count(&expected["points"]));
            // Least squares by two different methods: their rounding grows with the values fitted.
            let fitted = 16.0 * gate.newest_value.unwrap_or(0.0);
            differences.close("residual", gate.residual, &expected["residual"], fitted);
            differences.close("sigma", gate.sigma, &expected["sigma"], fitted);
            for (i, side) in ["low", "high"].into_iter().enumerate() {
                let found = gate.interval.map(|interval| interval[i]);
                differences.close(side, found, &expected["interval"][i], fitted);
            }
        }
        (found, _) => differences.same("presence of gate figures", &found.is_some(), &found.is_none()),
    }
    differences.0
}

#[test]
fn every_history_gets_the_answer_of_the_plain_implementation() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/golden.json");
    let cases: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut wrong = Vec::new();
    for (index, case) in cases.as_array().unwrap().iter().enumerate() {
        let (rules, to) = (rules(&case["rules"]), seconds(&case["to"]).unwrap());
        let snapshot: Snapshot = history(case).snapshot(&rules, to);
        let differences = compare(&advise(&rules, &snapshot, to), &case["expected"]);
        wrong.extend(differences.into_iter().map(|difference| format!("history {index}: {difference}")));
    }
    assert!(cases.as_array().unwrap().len() >= 40, "testdata/golden.json holds too few histories");
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
}
