//! The rule against `testdata/growth.json`, which a reference implementation in Python wrote from the words of the rule alone.

use serde_json::Value;

use super::*;

#[test]
fn every_golden_history_rises_falls_and_comes_back_as_the_reference_says() {
    let golden: Value = serde_json::from_str(include_str!("../../testdata/growth.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    let wrong: Vec<String> = cases.iter().filter_map(difference).collect();
    assert!(cases.len() > 100 && wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is not as in the case.
fn difference(case: &Value) -> Option<String> {
    let rows = |key: &str| case[key].as_array().unwrap().clone();
    let (ts, units): (Vec<i64>, Vec<f64>) =
        rows("samples").iter().map(|row| (integer(&row[0]), number(&row[1]))).unzip();
    let moves: Vec<Move> = rows("flows")
        .iter()
        .map(|row| {
            let sign = if row[1] == "deposit" { 1.0 } else { -1.0 };
            Move { ts: integer(&row[0]), units: sign * number(&row[2]) }
        })
        .collect();
    let level = Level { ts: &ts, units: &units, moves: &moves, in_usd: case["amounts_in_usd"] == true };
    let max_supply_apy = number(&case["max_supply_apy"]);
    let found = walk(level, GrowthRules { max_supply_apy, flow_lag_hours: number(&case["flow_lag_hours"]) }).unwrap();

    // Whoever keeps ten stops there.
    let rises: Vec<Rise> = rows("rises").iter().take(KEPT).map(rise).collect();
    let is_whole = rows("rises").len() < KEPT;
    let mut same =
        found.unexplained.len() == rises.len() && found.unexplained.iter().zip(&rises).all(|(a, b)| is_same(a, b));
    same &= is_close(found.grown, number(&case["explained_growth"]));
    if is_whole {
        let back: Vec<TakenBack> =
            rows("taken_back").iter().map(|row| TakenBack { at: index(&row[0]), by: index(&row[1]) }).collect();
        same &= found.taken_back == back;
        same &= match (found.fallen, case["fall"].as_f64()) {
            (Some(found), Some(expected)) => is_close(found, expected),
            (found, expected) => found.is_none() && expected.is_none(),
        };
    }
    (!same).then(|| {
        format!("{}: expected {} {} {}, found {found:?}", case["name"], case["rises"], case["taken_back"], case["fall"])
    })
}

fn rise(row: &Value) -> Rise {
    Rise {
        from: index(&row["from"]),
        at: index(&row["at"]),
        rise: number(&row["rise"]),
        amount: number(&row["amount"]),
        limit: number(&row["limit"]),
    }
}

fn is_same(a: &Rise, b: &Rise) -> bool {
    let figures = [(a.rise, b.rise), (a.amount, b.amount), (a.limit, b.limit)];
    (a.from, a.at) == (b.from, b.at) && figures.into_iter().all(|(a, b)| is_close(a, b))
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}

fn index(value: &Value) -> usize {
    usize::try_from(integer(value)).unwrap()
}

fn integer(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap()
}
