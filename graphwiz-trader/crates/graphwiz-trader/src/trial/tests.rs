//! What a report says of a strategy that panics.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::path::{Path, PathBuf};

use trading_core::bars::Bar;
use trading_core::rules::ExitsLayer;
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};

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
    let report = trial.run(&loaded).expect("a run").report;
    (report.warnings, report.emergency.into_iter().map(|emergency| emergency.text).collect())
}

#[test]
fn its_bars_without_a_signal_are_counted_and_the_first_is_named() {
    let (warnings, emergencies) = tried("15m", "");
    let expected = "a: no signal on 1008 bars of bitstamp:BTC/USD, as it panicked; \
                    the first at 2026-08-17T00:00Z: not a whole hour";
    assert_eq!(warnings, [expected]); // three of four of 1344; every fourth answers
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
