//! What a report says of a strategy that panics.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::path::{Path, PathBuf};

use trading_core::rules::ExitsLayer;

use super::*;
use crate::config::{self, Origin, RuleFiles};
use crate::kinds::Registry;

/// Panics on every bar of 15 minutes but those that end an hour.
struct Hourly;

impl Strategy for Hourly {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 1, settle: 1 }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        assert!(bar.close_time().rem_euclid(Timeframe::H1.micros()) == 0, "not a whole hour");
        Signal::None
    }
}

/// Tries it on the bundled bars of this timeframe: what the report warns of, and its emergencies.
fn tried(timeframe: &str, more: &str) -> (Vec<String>, Vec<String>) {
    with_trial(timeframe, more, |trial, loaded| {
        let report = trial.run(loaded).expect("a run").report;
        (report.warnings, report.emergency.into_iter().map(|emergency| emergency.text).collect())
    })
}

fn with_trial<T>(timeframe: &str, more: &str, tell: impl FnOnce(&Trial<'_>, &Loaded) -> T) -> T {
    let mut registry = Registry::built_in();
    registry.register("hourly", &[], ExitsLayer::none(), |_| Ok(Box::new(Hourly)));
    let text = format!(
        "strategies: [{{name: a, kind: hourly, instruments: [\"bitstamp:BTC/USD\"], timeframe: {timeframe}}}]\n{more}"
    );
    let origin = Origin { path: Path::new("graphwiz.yaml"), profile: None, set: &[] };
    let config = config::load_text(&origin, &text, (&registry, RuleFiles::All), &|_| None).expect("no fault");
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../examples/market"));
    let now = 1_800_000_000_000_000; // after the bars
    let mut source = Source::files(&[folder], now).expect("the bundled bars");
    let strategies = Ready::all(&registry, &config.strategies, Path::new("")).expect("a kind that is there");
    let trial = Trial {
        name: "a",
        config: &config,
        strategies: &strategies,
        range: Micros::MIN..Micros::MAX,
        is_portfolio: false,
        configured: 1,
        goes_on: false,
        seed: 0,
        now,
    };
    let loaded = trial.load(&mut source, None, &[]).expect("bars");
    tell(&trial, &loaded)
}

#[test]
fn the_log_tells_each_of_the_first_and_how_many_more_there_are() {
    let told = |count: u64| {
        let panic = |hour: i64| Panic { open_time: hour * Timeframe::H1.micros(), text: format!("no {hour}") };
        let first = (0..i64::try_from(count).expect("few")).take(Panics::KEPT).map(panic).collect();
        let panics = Panics { strategy: 0, market: 0, count, first };
        with_trial("15m", "", |trial, loaded| trial.log_lines(&panics, &loaded.markets))
    };
    let first = |hour: &str, text: &str| {
        format!("strategy a panicked on the bar of bitstamp:BTC/USD 1970-01-01T{hour}:00Z: {text}")
    };
    assert_eq!(told(2), [first("00", "no 0"), first("01", "no 1")]);
    assert_eq!(told(20).len(), 20);
    let many = told(500);
    assert_eq!((many.len(), &many[19]), (21, &first("19", "no 19")));
    assert_eq!(many[20], "strategy a panicked on 480 more bars of bitstamp:BTC/USD");
}

#[test]
fn its_bars_without_a_signal_are_counted_and_the_first_is_named() {
    let (warnings, emergencies) = tried("15m", "");
    let expected = "a: no signal on 1008 bars of bitstamp:BTC/USD, as it panicked; \
                    the first at 2026-08-17T00:00Z: not a whole hour";
    let no_trip = "a: no trip: no BUY signal with a size above 0 on 1344 bars";
    assert_eq!(warnings, [expected, no_trip]); // three of four of 1344; every fourth answers
    assert_eq!(emergencies, [""; 0]);
}

#[test]
fn five_in_a_row_end_trading_unless_configured_otherwise() {
    let emergency =
        |at: &str, errors: u32| format!("emergency at 2026-08-17T{at}Z: {errors} errors in a row; no entries after");
    assert_eq!(tried("5m", "").1, [emergency("00:25", 5)]);
    let trigger = |errors: &str| {
        let trigger = format!("{{type: system_error{errors}}}");
        tried("5m", &format!("trading: {{emergency_shutdown: {{triggers: [{trigger}]}}}}\n")).1
    };
    assert_eq!(trigger(""), [emergency("00:25", 5)]);
    assert_eq!(trigger(", consecutive_errors: 11"), [emergency("00:55", 11)]);
    assert_eq!(trigger(", consecutive_errors: 12"), [""; 0]); // every twelfth bar answers
    assert_eq!(tried("5m", "trading: {emergency_shutdown: {triggers: [{type: max_drawdown}]}}\n").1, [""; 0]);
    assert_eq!(tried("5m", "trading: {emergency_shutdown: {enabled: false}}\n").1, [""; 0]);
}
