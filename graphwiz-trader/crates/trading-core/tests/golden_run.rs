//! The first run's figures, as an independent reference in decimals computes them, on two weeks of real minutes.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::io::Read as _;
use std::path::Path;

use rust_decimal::Decimal;
use trading_core::bars::{Bar, Record, Series};
use trading_core::engine::{Outcome, Participant, Run, run};
use trading_core::instrument::{FeeIn, Instrument};
use trading_core::market::{Market, Money, count_all};
use trading_core::metrics::{Metrics, Span};
use trading_core::rules::{Costs, EmergencyRules, Exits, Limits, Rules, Sizing, Slippage, Stop, StrategyRules, Target};
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};
use trading_core::time::Timeframe;

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

struct Cross {
    closes: Vec<i64>,
    before: Option<(i64, i64)>,
}

impl Strategy for Cross {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 51, settle: 51 }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        self.closes.push(bar.record().close);
        let n = self.closes.len();
        if n < 50 {
            return Signal::None;
        }
        let sum = |count: usize| self.closes[n - count..].iter().sum::<i64>();
        let now = (sum(20) * 5, sum(50) * 2);
        let before = self.before.replace(now);
        match before {
            Some((fast, slow)) if fast <= slow && now.0 > now.1 => Signal::Buy { size: 1.0 },
            Some((fast, slow)) if fast >= slow && now.0 < now.1 => Signal::Sell,
            _ => Signal::None,
        }
    }
}

/// The bundled minutes, brought to a timeframe.
fn bundled(timeframe: Timeframe) -> Series {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/market/bitstamp_BTC-USD_1m.csv.gz");
    let mut text = String::new();
    let file = std::fs::File::open(path).expect("the bundled bars");
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).expect("a text");
    let count = |text: &str, digits: usize| -> i64 {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        format!("{whole}{part:0<digits$}").parse().expect("a number")
    };
    let mut records: Vec<Record> = Vec::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let [open, high, low, close] = [1, 2, 3, 4].map(|i| count(cells[i], 2));
        let volume = count(cells[5], 8);
        let open_time = timeframe.start_of(cells[0].parse::<i64>().expect("a time") * 1000);
        match records.last_mut().filter(|last| last.open_time == open_time) {
            Some(last) => {
                last.high = last.high.max(high);
                last.low = last.low.min(low);
                last.close = close;
                last.volume += volume;
            }
            None => records.push(Record { open_time, open, high, low, close, volume }),
        }
    }
    Series { timeframe, price_digits: 2, volume_digits: 8, records }
}

fn rules() -> Rules {
    Rules {
        costs: Costs {
            commission: decimal("0.001"),
            commission_maker: decimal("0.001"),
            slippage: Slippage::Fixed(decimal("0.0005")),
            max_volume_share: decimal("0.1"),
            latency: 0,
        },
        sizing: Sizing::FixedFractional { risk_per_trade: decimal("0.01") },
        limits: Some(Limits {
            max_position_share: decimal("0.1"),
            max_position_size: decimal("10000"),
            max_portfolio_exposure: decimal("0.5"),
            max_correlation_exposure: decimal("0.3"),
            max_open_positions: 10,
            max_trades_per_day: 100,
        }),
        emergency: EmergencyRules {
            max_daily_loss: Some(decimal("0.05")),
            max_drawdown: Some(decimal("0.15")),
            ..EmergencyRules::default()
        },
        max_gap_bars: 3,
    }
}

fn stop_only() -> Exits {
    Exits {
        stop: Stop::Percent(decimal("0.02")),
        trailing: None,
        targets: Vec::new(),
        cooldown_bars: 0,
        stop_guard: None,
        size_stop: decimal("0.02"),
    }
}

fn default_exits() -> Exits {
    let target = |percent, target| Target { percent: decimal(percent), target: decimal(target) };
    Exits { trailing: Some(decimal("0.01")), targets: vec![target("0.5", "0.03"), target("1", "0.05")], ..stop_only() }
}

struct Ran {
    outcome: Outcome,
    markets: Vec<Market>,
    money: Money,
    metrics: Metrics,
}

fn ran(timeframe: Timeframe, exits: Exits) -> Ran {
    let instrument = Instrument {
        id: "bitstamp:BTC/USD".parse().expect("an instrument"),
        tick: decimal("0.01"),
        lot: decimal("0.00000001"),
        min_quantity: Decimal::ZERO,
        min_notional: decimal("10"),
        fee_in: FeeIn::Quote,
    };
    let (money, markets) = count_all(vec![(instrument, bundled(timeframe))], decimal("100000")).expect("small numbers");
    let make = |_: usize| -> Box<dyn Strategy> { Box::new(Cross { closes: Vec::new(), before: None }) };
    let strategy = StrategyRules {
        name: "sma_cross".into(),
        capital_share: trading_core::exact::whole(1),
        exits,
        accumulates: None,
    };
    let outcome = run(&Run {
        money,
        markets: &markets,
        timeframe,
        from: 0,
        participants: &[Participant { rules: strategy, markets: vec![0], make: &make, atr: None }],
        rules: &rules(),
        capital: money.count(decimal("100000")).expect("a count"),
    });
    let records = &markets[0].series.records;
    let span = Span { from: records[0].open_time, to: *outcome.sampled_at.last().expect("samples") };
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
