//! The contract's example of a ledger, bar by bar, to the last digit.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use trading_core::bars::{Record, Series};
use trading_core::engine::{Participant, Run, run};
use trading_core::exact::written;
use trading_core::instrument::Instrument;
use trading_core::market::count_all;
use trading_core::rules::Exits;
use trading_core::strategy::{Signal, Strategy};
use trading_core::test_support::{Scripted, alone, decimal, default_exits, instrument, rules, stop_only};
use trading_core::time::{SECOND, Timeframe};

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

/// Runs a script with these exits over the example: fills as `time price quantity fee`, trips as `cause pnl`, and cash.
fn ran(signals: &[Signal], exits: Exits) -> (Vec<String>, Vec<String>, String) {
    let instrument = Instrument { lot: decimal("0.00001"), ..instrument("test:AAA/USD") };
    let (money, markets) = count_all(vec![(instrument, example_bars())], decimal("10000")).expect("small numbers");
    let make = |_: usize| -> Box<dyn Strategy> { Box::new(Scripted::new(signals)) };
    let outcome = run(&Run {
        money,
        markets: &markets,
        timeframe: Timeframe::M5,
        from: 0,
        participants: &[Participant { rules: alone("scripted", exits), markets: vec![0], make: &make, atr: None }],
        rules: &rules(),
        capital: money.count(decimal("10000")).expect("a count"),
    });
    let market = &markets[0];
    let fills = outcome.fills.iter().map(|fill| {
        let [price, quantity] =
            [(fill.price.into(), 2), (fill.quantity, market.base_digits)].map(|(n, digits)| written(n, digits));
        format!("{} {price} {quantity} {}", fill.at / (300 * SECOND), money.written(fill.fee))
    });
    let trips = outcome.trips.iter().map(|trip| format!("{} {}", trip.cause.kind(), money.written(trip.pnl)));
    assert!(outcome.ledger.balances());
    (fills.collect(), trips.collect(), money.written(outcome.ledger.cash()))
}

#[test]
fn the_golden_ledger_comes_out_to_the_last_digit() {
    let (fills, trips, cash) =
        ran(&[Signal::BUY, Signal::None, Signal::None, Signal::None, Signal::BUY], default_exits());
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
    let (fills, _, cash) = ran(&[Signal::BUY], stop_only());
    assert_eq!(fills.last().map(String::as_str), Some("7 96.95 10 0.9695")); // 97 · .9995 = 96.9515
    assert_eq!(cash, "9965.9289");
}
