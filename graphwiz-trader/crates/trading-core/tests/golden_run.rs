//! The first run's figures, as an independent reference in decimals computes them, on two weeks of real minutes.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use trading_core::engine::{Outcome, Participant, Run, run};
use trading_core::market::{Market, Money, count_all};
use trading_core::metrics::{Metrics, Span};
use trading_core::rules::Exits;
use trading_core::test_support::{alone, bundled, decimal, default_exits, instrument, rules, sma_cross, stop_only};
use trading_core::time::Timeframe;

struct Ran {
    outcome: Outcome,
    markets: Vec<Market>,
    money: Money,
    metrics: Metrics,
}

fn ran(timeframe: Timeframe, exits: Exits) -> Ran {
    let listed = vec![(instrument("bitstamp:BTC/USD"), bundled(timeframe))];
    let (money, markets) = count_all(listed, decimal("100000")).expect("small numbers");
    let rules_of = alone("sma_cross", exits);
    let outcome = run(&Run {
        money,
        markets: &markets,
        timeframe,
        from: 0,
        participants: &[Participant { rules: rules_of, markets: vec![0], make: &|_| sma_cross(), atr: None }],
        rules: &rules(),
        capital: money.count(decimal("100000")).expect("a count"),
    });
    let records = &markets[0].series.records;
    let span = Span { from: records[0].open_time, to: outcome.sampled_at.last().expect("samples") };
    let metrics = Metrics::of(&outcome, &markets, money, timeframe, span, 0.02);
    Ran { outcome, markets, money, metrics }
}

/// `final fees trips exits psr`, the last figure to six digits.
#[track_caller]
fn golden(timeframe: Timeframe, exits: Exits, expected: &str) {
    let Ran { outcome, markets, money, metrics } = ran(timeframe, exits);
    let mut kinds = std::collections::BTreeMap::<_, usize>::new();
    for trip in &outcome.trips {
        *kinds.entry(trip.cause.kind()).or_default() += 1;
    }
    let equity = money.written(outcome.ledger.equity(&markets));
    let fees = money.written(outcome.fees);
    let psr = metrics.psr.unwrap_or(f64::NAN);
    assert_eq!(format!("{equity} {fees} {} {kinds:?} {psr:.6} {:.6}", metrics.trades, metrics.max_drawdown), expected);
}

#[test]
fn stop_only_on_five_minutes() {
    golden(
        Timeframe::M5,
        stop_only(),
        r#"100176.9255373505 795.27032361 45 {"signal": 44, "stop": 1} 0.517027 0.014616"#,
    );
}

#[test]
fn default_exits_on_five_minutes() {
    let exits = r#"{"signal": 34, "stop": 1, "target": 1, "trailing": 9}"#;
    golden(Timeframe::M5, default_exits(), &format!("99727.4846710468 794.71504666 45 {exits} 0.310504 0.011528"));
}

#[test]
fn stop_only_on_a_quarter_of_an_hour() {
    let ran = ran(Timeframe::M15, stop_only());
    assert_eq!(ran.metrics.trades, 14);
    assert_eq!(ran.money.written(ran.outcome.ledger.equity(&ran.markets)), "100449.9294230167");
}

#[test]
fn stop_only_on_minutes_leaves_dust() {
    let ran = ran(Timeframe::M1, stop_only());
    assert_eq!(ran.money.written(ran.outcome.ledger.equity(&ran.markets)), "97882.7464929446");
    assert_eq!(ran.money.written(ran.outcome.fees), "2146.92626507");
    assert_eq!(ran.metrics.trades, 207);
    assert_eq!(format!("{:.6} {:.6}", ran.metrics.psr.unwrap_or(0.0), ran.metrics.max_drawdown), "0.008039 0.026190");
}
