//! The language by its rules: what expressions are worth, bar by bar.

mod faults;
mod language;
mod limits;
mod page;
mod random;
mod reference;
mod warm_up;

use std::collections::BTreeMap;

use super::{Instance, Program, RuleFile};
use crate::bars::{Record, Series};
use crate::strategy::{Position, Signal, Strategy as _};
use crate::time::{Micros, SECOND, Timeframe};

/// Monday, 2026-08-17T00:00Z.
const MONDAY: Micros = 1_786_924_800 * SECOND;

/// Bars of 5m from Monday on with these closes. High and low lie 2 and 1 beyond open and close; the volume is the bar's
/// number.
fn series(closes: &[i64]) -> Series {
    let mut open = closes.first().copied().unwrap_or_default();
    let mut records = Vec::new();
    for (index, &close) in (0_i64..).zip(closes) {
        let open_time = MONDAY + index * Timeframe::M5.micros();
        let (high, low) = (open.max(close) + 2, open.min(close) - 1);
        records.push(Record { open_time, open, high, low, close, volume: index + 1 });
        open = close;
    }
    Series { timeframe: Timeframe::M5, price_digits: 0, volume_digits: 0, records }
}

#[track_caller]
fn file(text: &str) -> RuleFile {
    RuleFile::parse("test.yaml", text.as_bytes()).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

#[track_caller]
fn instance(text: &str) -> Instance {
    file(text).instance(&BTreeMap::new(), Timeframe::M5).unwrap_or_else(|errors| panic!("{text}\n{errors:?}"))
}

/// What a number is at each bar.
#[track_caller]
fn numbers(expr: &str, series: &Series) -> Vec<Option<f64>> {
    let mut program = instance(&format!("name: t\nenter: false\nsize: >-\n  {expr}\n")).program();
    each_bar(&mut program, series, |program| program.slots.numbers[program.size.unwrap_or(program.enter).index()])
}

/// What a bool is at each bar.
#[track_caller]
fn bools(expr: &str, series: &Series) -> Vec<Option<bool>> {
    let mut program = instance(&format!("name: t\nenter: >-\n  {expr}\n")).program();
    each_bar(&mut program, series, |program| program.slots.bool(program.enter))
}

fn each_bar<T>(program: &mut Program, series: &Series, see: impl Fn(&Program) -> T) -> Vec<T> {
    let see_one = |index| {
        program.on_bar(&series.bar(index), None);
        see(program)
    };
    (0..series.records.len()).map(see_one).collect()
}

/// The values of a number at each bar, `-` where it is undefined.
#[track_caller]
fn number(expr: &str, closes: &[i64], expected: &str) {
    let shown =
        numbers(expr, &series(closes)).into_iter().map(|value| value.map_or("-".into(), |value| value.to_string()));
    assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{expr} of {closes:?}");
}

/// The values of a bool at each bar, `-` where it is undefined.
#[track_caller]
fn bool(expr: &str, closes: &[i64], expected: &str) {
    let shown = bools(expr, &series(closes)).into_iter().map(|value| match value {
        Some(true) => "t",
        Some(false) => "f",
        None => "-",
    });
    assert_eq!(shown.collect::<Vec<_>>().join(" "), expected, "{expr} of {closes:?}");
}

/// What a file says to these closes, while flat: B, S, or nothing.
#[track_caller]
fn signals(text: &str, closes: &[i64], position: Option<&Position>) -> Vec<Signal> {
    let mut program = instance(text).program();
    let series = series(closes);
    (0..closes.len()).map(|index| program.on_bar(&series.bar(index), position)).collect()
}

/// The faults of a file, one a line, without its name.
fn faults(text: &str) -> String {
    match RuleFile::parse("f", text.as_bytes()) {
        Ok(_) => "none".into(),
        Err(faults) => {
            faults.to_string().lines().map(|line| line.trim_start_matches("f:")).collect::<Vec<_>>().join("\n")
        }
    }
}
