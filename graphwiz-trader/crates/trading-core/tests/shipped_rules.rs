//! The rule files that ship say what the built-in strategies of their names say, bar by bar, on two weeks of real
//! prices.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use trading_core::rule_file::{Instance, Parameter, RuleFile, shipped};
use trading_core::rules::ExitsLayer;
use trading_core::strategies::{self, MeanReversion, Momentum, RsiCross, SmaCross};
use trading_core::strategy::checks::{look_ahead, start_up};
use trading_core::strategy::{Signal, Strategy};
use trading_core::test_support::bundled;
use trading_core::time::Timeframe;

fn shipped_file(name: &str) -> RuleFile {
    let (_, text) = shipped::ALL.into_iter().find(|(known, _)| *known == name).expect("a file that ships");
    RuleFile::parse(name, text.as_bytes()).expect("no fault")
}

fn with(name: &str, given: &[(&str, &str)]) -> Instance {
    let given: BTreeMap<_, Decimal> =
        given.iter().map(|(name, value)| ((*name).to_owned(), value.parse().expect("a number"))).collect();
    shipped_file(name).instance(&given, Timeframe::M5).expect("values in range")
}

/// `least`: so many signals there must be, for the comparison to say something.
#[track_caller]
fn same(instance: &Instance, mut built_in: impl Strategy, least: usize) {
    let series = bundled(Timeframe::M5);
    let mut program = instance.program();
    assert_eq!(program.warm_up(), built_in.warm_up());
    let mut signals = 0;
    for index in 0..series.records.len() {
        let bar = series.bar(index);
        let signal = program.on_bar(&bar, None);
        assert_eq!(signal, built_in.on_bar(&bar, None), "bar {index}");
        signals += usize::from(signal != Signal::None);
    }
    assert!(signals >= least, "{signals} signals in {} bars", series.records.len());
}

/// The file's parameters are those of the built-in.
#[track_caller]
fn same_parameters(name: &str, built_in: &[strategies::Parameter]) {
    let number = |decimal: Decimal| decimal.to_string().parse::<f64>().expect("a number");
    let of_file = |parameter: &Parameter| {
        let range = parameter.range.expect("a range");
        (parameter.name.clone(), [parameter.default, range.min, range.max].map(number))
    };
    let of_built_in = |parameter: &strategies::Parameter| {
        (parameter.name.to_owned(), [parameter.default, parameter.min, parameter.max])
    };
    let file: Vec<_> = shipped_file(name).parameters().iter().map(of_file).collect();
    assert_eq!(file, built_in.iter().map(of_built_in).collect::<Vec<_>>());
}

#[test]
fn sma_cross() {
    same(&with("sma_cross", &[]), SmaCross::new(20.0, 50.0).expect("in range"), 80);
    let quick = [("fast", "5"), ("slow", "20")];
    same(&with("sma_cross", &quick), SmaCross::new(5.0, 20.0).expect("in range"), 200);
    same_parameters("sma_cross", &SmaCross::PARAMETERS);
    assert_eq!(with("sma_cross", &[]).exits(), ExitsLayer::stop_only());
}

#[test]
fn rsi() {
    same(&with("rsi", &[]), RsiCross::new(14.0, 30.0, 70.0).expect("in range"), 90);
    let wide = [("n", "5"), ("low", "15"), ("high", "85")];
    same(&with("rsi", &wide), RsiCross::new(5.0, 15.0, 85.0).expect("in range"), 90);
    same_parameters("rsi", &RsiCross::PARAMETERS);
    assert_eq!(with("rsi", &[]).exits(), ExitsLayer::default());
}

#[test]
fn momentum() {
    same(&with("momentum", &[]), Momentum::new(20.0, 0.02).expect("in range"), 70);
    same(&with("momentum", &[("t", "0.005")]), Momentum::new(20.0, 0.005).expect("in range"), 300);
    same_parameters("momentum", &Momentum::PARAMETERS);
    let exits = ExitsLayer { cooldown_bars: Some(5), ..ExitsLayer::stop_only() };
    assert_eq!(with("momentum", &[]).exits(), exits);
}

#[test]
fn mean_reversion() {
    same(&with("mean_reversion", &[]), MeanReversion::new(20.0, 2.0).expect("in range"), 2000);
    let near = [("n", "10"), ("z", "1.25")];
    same(&with("mean_reversion", &near), MeanReversion::new(10.0, 1.25).expect("in range"), 2000);
    same_parameters("mean_reversion", &MeanReversion::PARAMETERS);
    assert_eq!(with("mean_reversion", &[]).exits(), ExitsLayer::default());
}

#[test]
fn they_and_a_new_file_hold_both_checks_on_real_bars() {
    let mut series = bundled(Timeframe::M5);
    let new = RuleFile::parse("own.yaml", shipped::template("own").as_bytes()).expect("no fault");
    let new = new.instance(&BTreeMap::new(), Timeframe::M5).expect("defaults");
    for instance in ["sma_cross", "rsi", "momentum", "mean_reversion"].map(|name| with(name, &[])).iter().chain([&new])
    {
        assert_eq!(start_up(&series, |_| instance.program()), None);
    }
    series.records.truncate(600);
    for instance in ["sma_cross", "rsi", "momentum", "mean_reversion"].map(|name| with(name, &[])).iter().chain([&new])
    {
        assert_eq!(look_ahead(&series, 1, |_| instance.program()), None);
    }
}

#[test]
fn a_new_file_trades_as_it_is() {
    let file = RuleFile::parse("own.yaml", shipped::template("own").as_bytes()).expect("no fault");
    assert_eq!(file.name(), "own");
    let instance = file.instance(&BTreeMap::new(), Timeframe::M5).expect("defaults");
    let series = bundled(Timeframe::M5);
    let mut program = instance.program();
    let signals: Vec<_> = (0..series.records.len()).map(|index| program.on_bar(&series.bar(index), None)).collect();
    assert!(signals.contains(&Signal::Buy { size: 1.0 }) && signals.contains(&Signal::Sell));
}
