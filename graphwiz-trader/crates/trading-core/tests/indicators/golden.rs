//! Do the indicators agree with TA-Lib in every row? `testdata/indicators/golden.py` asked it and says how to ask
//! again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use trading_core::bars::{Bar, Record, Series};
use trading_core::time::Timeframe;

use crate::columns::{Column, Over};

fn lines(file: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/indicators").join(file);
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// The series of `bars.csv`, by name.
pub(crate) fn series() -> BTreeMap<String, Series> {
    let mut all: BTreeMap<String, Series> = BTreeMap::new();
    for line in &lines("bars.csv")[1..] {
        let numbers: Vec<i64> = line[1..].iter().map(|number| number.parse().unwrap()).collect();
        let [digits, open, high, low, close, volume] = numbers[..] else { panic!("{line:?}") };
        let series = all.entry(line[0].clone()).or_insert_with(|| Series {
            timeframe: Timeframe::M1,
            price_digits: u32::try_from(digits).unwrap(),
            volume_digits: 8,
            records: Vec::new(),
        });
        let open_time = Timeframe::M1.micros() * i64::try_from(series.records.len()).unwrap();
        series.records.push(Record { open_time, open, high, low, close, volume });
    }
    all
}

pub(crate) fn bars(series: &Series) -> Vec<Bar> {
    (0..series.records.len()).map(|index| series.bar(index)).collect()
}

/// A cell's value by series, indicator and bar.
type Table = BTreeMap<(String, String), Vec<Option<f64>>>;

fn table(file: &str) -> Table {
    let lines = lines(file);
    let mut table = Table::new();
    for line in &lines[1..] {
        for (name, cell) in lines[0].iter().zip(line).skip(1) {
            table.entry((line[0].clone(), name.clone())).or_default().push(cell.parse().ok());
        }
    }
    table
}

/// Compares every cell of a table but the excepted ones, with inputs of both kinds; returns how many cells had a value.
fn compare(table: &Table, excepted: &BTreeSet<(String, String, usize)>) -> usize {
    let series = series();
    let mut compared = 0;
    for ((of, name), expected) in table {
        let bars = bars(&series[of]);
        assert_eq!(bars.len(), expected.len(), "{of}");
        for over in [Over::Counts, Over::Reals] {
            let mut column = Column::new(name, over);
            for (index, (&bar, &expected)) in bars.iter().zip(expected).enumerate() {
                let found = column.next(Some(bar));
                if excepted.contains(&(of.clone(), name.clone(), index + 1)) {
                    continue;
                }
                let place = || format!("{name} of {of} over {over:?} at bar {}", index + 1);
                compared += usize::from(expected.is_some());
                match (found, expected) {
                    (None, None) => {}
                    (Some(found), Some(expected)) => {
                        let error = (found - expected).abs() / expected.abs().max(1.0);
                        assert!(error <= 1e-9, "{}: {found} where {expected} was expected", place());
                    }
                    _ => panic!("{}: {found:?} where {expected:?} was expected", place()),
                }
            }
        }
    }
    compared
}

fn differences() -> Vec<(String, String, usize, f64)> {
    let line = |line: &Vec<String>| {
        (line[0].clone(), line[2].clone(), line[1].parse::<usize>().unwrap(), line[4].parse::<f64>().unwrap())
    };
    lines("differences.csv")[1..].iter().map(line).collect()
}

#[test]
fn every_row_is_talibs_but_those_that_are_meant_to_differ() {
    let excepted = differences().into_iter().map(|(of, name, bar, _)| (of, name, bar)).collect();
    assert!(compare(&table("talib.csv"), &excepted) > 50_000);
}

#[test]
fn rows_that_are_meant_to_differ_are_as_defined() {
    let mut meant = table("talib.csv");
    let all: BTreeSet<_> = meant.iter().flat_map(|(key, rows)| (1..=rows.len()).map(move |bar| (key, bar))).collect();
    let all: BTreeSet<_> = all.into_iter().map(|((of, name), bar)| (of.clone(), name.clone(), bar)).collect();
    let mut excepted = all;
    for (of, name, bar, value) in differences() {
        let talib = &mut meant.get_mut(&(of.clone(), name.clone())).unwrap()[bar - 1];
        assert!((talib.unwrap() - value).abs() > 1e-9, "{name} of {of} at bar {bar} is no difference: {value}");
        *talib = Some(value);
        excepted.remove(&(of, name, bar));
    }
    assert_eq!(compare(&meant, &excepted), 2 * differences().len());
}

#[test]
fn what_talib_has_not_is_as_defined() {
    assert!(compare(&table("definition.csv"), &BTreeSet::new()) > 10_000);
}
