use std::collections::VecDeque;

use rust_decimal::Decimal;

use super::*;
use crate::bars::Bar;
use crate::bars::Series;
use crate::instrument::{FeeIn, Instrument};
use crate::market::count_all;
use crate::rules::StrategyRules;
use crate::rules::{Costs, EmergencyRules, Exits, Limits, Sizing, Slippage, Stop, Target};
use crate::strategy::{Position, Strategy, WarmUp};
use crate::time::SECOND;

/// Answers with the signals of a list, one a bar.
struct Scripted(VecDeque<Signal>);

impl Strategy for Scripted {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 0, settle: 0 }
    }

    fn on_bar(&mut self, _: &Bar, _: Option<&Position>) -> Signal {
        self.0.pop_front().unwrap_or(Signal::None)
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// Seven bars of the example in the contract, open, high, low and close in cents, 1000 units of volume each.
fn example_bars() -> Series {
    let bars = [
        [10000, 10100, 9900, 10000],
        [10010, 10150, 10000, 10120],
        [10120, 10340, 10100, 10300],
        [10300, 10320, 10190, 10200],
        [10200, 10250, 10150, 10220],
        [10220, 10240, 9900, 9950],
        [9700, 9750, 9500, 9600],
    ];
    let record = |(i, [open, high, low, close]): (usize, [i64; 4])| Record {
        open_time: i as i64 * 300 * SECOND,
        open,
        high,
        low,
        close,
        volume: 1000,
    };
    let records = bars.into_iter().enumerate().map(record).collect();
    Series { timeframe: Timeframe::M5, price_digits: 2, volume_digits: 0, records }
}

fn default_rules() -> Rules {
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

fn default_exits() -> Exits {
    let target = |percent, target| Target { percent: decimal(percent), target: decimal(target) };
    Exits {
        stop: Stop::Percent(decimal("0.02")),
        trailing: Some(decimal("0.01")),
        targets: vec![target("0.5", "0.03"), target("1", "0.05")],
        cooldown_bars: 0,
        stop_guard: None,
        size_stop: decimal("0.02"),
    }
}

/// Runs a script with these exits over the example: fills as `time price quantity fee`, trips as `cause pnl`, and cash.
fn ran(signals: &[Signal], exits: Exits) -> (Vec<String>, Vec<String>, String) {
    let instrument = Instrument {
        id: "test:AAA/USD".parse().expect("an instrument"),
        tick: decimal("0.01"),
        lot: decimal("0.00001"),
        min_quantity: Decimal::ZERO,
        min_notional: decimal("10"),
        fee_in: FeeIn::Quote,
    };
    let (money, markets) = count_all(vec![(instrument, example_bars())], decimal("10000")).expect("small numbers");
    let make = |_: usize| -> Box<dyn Strategy> { Box::new(Scripted(signals.iter().copied().collect())) };
    let rules =
        StrategyRules { name: "scripted".into(), capital_share: crate::exact::whole(1), exits, accumulates: None };
    let outcome = run(&Run {
        money,
        markets: &markets,
        timeframe: Timeframe::M5,
        from: 0,
        participants: &[Participant { rules, markets: vec![0], make: &make, atr: None }],
        rules: &default_rules(),
        capital: money.count(decimal("10000")).expect("a count"),
    });
    let market = &markets[0];
    let fills = outcome.fills.iter().map(|fill| {
        let [price, quantity] =
            [(fill.price.into(), 2), (fill.quantity, market.base_digits)].map(|(n, digits)| exact_text(n, digits));
        format!("{} {price} {quantity} {}", fill.at / (300 * SECOND), money.written(fill.fee))
    });
    let trips = outcome.trips.iter().map(|trip| format!("{} {}", trip.cause.kind(), money.written(trip.pnl)));
    assert!(outcome.ledger.balances());
    (fills.collect(), trips.collect(), money.written(outcome.ledger.cash()))
}

fn exact_text(count: i128, digits: u32) -> String {
    crate::exact::written(count, digits)
}

const BUY: Signal = Signal::Buy { size: 1.0 };

#[test]
fn the_golden_ledger_comes_out_to_the_last_digit() {
    let (fills, trips, cash) = ran(&[BUY, Signal::None, Signal::None, Signal::None, BUY], default_exits());
    let expected = [
        "1 100.16 10 1.0016",
        "3 103.11 5 0.51555",
        "4 102.3 5 0.5115",
        "5 102.26 9.80765 1.00293029",
        "6 100.15 9.80765 0.98223615",
    ];
    assert_eq!(fills, expected);
    assert_eq!((trips[0].as_str(), cash.as_str()), ("trailing 23.42135", "10000.74204206"));
    assert_eq!(trips.len(), 2);
}

#[test]
fn a_bar_that_opens_under_the_stop_sells_at_its_open() {
    let exits = Exits { trailing: None, targets: Vec::new(), ..default_exits() };
    let (fills, _, cash) = ran(&[BUY], exits);
    assert_eq!(fills.last().map(String::as_str), Some("7 96.95 10 0.9695")); // 97 · .9995 = 96.9515
    assert_eq!(cash, "9965.9289");
}
