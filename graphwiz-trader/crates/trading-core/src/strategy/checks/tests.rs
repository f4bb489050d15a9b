//! Both checks find who breaks their promise, and name the bar.

use super::*;
use crate::bars::Bar;
use crate::strategy::{Position, WarmUp};
use crate::time::Timeframe;

const BUY: Signal = Signal::Buy { size: 1.0 };

fn series(count: i64) -> Series {
    let record = |index: i64| {
        let close = 100 + index % 7;
        let open_time = index * Timeframe::H1.micros();
        Record { open_time, open: close, high: close + 1, low: close - 1, close, volume: 5 }
    };
    Series { timeframe: Timeframe::H1, price_digits: 0, volume_digits: 0, records: (0..count).map(record).collect() }
}

/// Knows the whole series: buys where the close `ahead` bars later is higher.
struct Cheat {
    closes: Vec<i64>,
    ahead: usize,
    bar: usize,
}

impl Strategy for Cheat {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 1, settle: 1 }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        self.bar += 1;
        let later = self.closes.get(self.bar - 1 + self.ahead);
        if later.is_some_and(|later| *later > bar.record().close) { BUY } else { Signal::None }
    }
}

#[test]
fn what_is_answered_is_counted() {
    let counting = |every| move |_: &Series| Counting { every, settle: 0, bar: 0 };
    assert_eq!(answers(&series(50), 3, counting(7)), Answers { buys: 7, sells: 0 });
    assert_eq!(answers(&series(0), 3, counting(7)), Answers { buys: 0, sells: 0 });
}

#[test]
fn what_a_run_would_not_do_is_not_counted() {
    let counting = |every| move |_: &Series| Counting { every, settle: 0, bar: 0 };
    let mut gap = series(20);
    gap.records.drain(10..14);
    // Four are missing: 10 and then 6 bars, of which each seventh buys.
    assert_eq!(answers(&gap, 3, counting(7)), Answers { buys: 1, sells: 0 });
    assert_eq!(answers(&gap, 4, counting(7)), Answers { buys: 2, sells: 0 });
    let mut jump = series(20);
    jump.records[6].close = 400; // the seventh, and the eighth falls back
    assert_eq!(answers(&jump, 3, counting(7)), Answers { buys: 1, sells: 0 });
}

#[test]
fn a_strategy_that_looks_ahead_is_found() {
    let cheat = |ahead| {
        move |series: &Series| Cheat { closes: series.records.iter().map(|r| r.close).collect(), ahead, bar: 0 }
    };
    assert_eq!(look_ahead(&series(50), 7, cheat(0)), None);
    let found = look_ahead(&series(50), 7, cheat(1)).unwrap();
    assert!(found.open_time < found.other_from, "{found}");
    assert_ne!(found.expected, found.found);
    assert_eq!(look_ahead(&series(50), 7, cheat(1)), Some(found), "the same seed finds the same");
    assert_eq!(look_ahead(&series(0), 7, cheat(1)), None);
}

/// Buys at every n-th bar from its start on.
struct Counting {
    every: usize,
    settle: usize,
    bar: usize,
}

impl Strategy for Counting {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 1, settle: self.settle }
    }

    fn on_bar(&mut self, _: &Bar, _: Option<&Position>) -> Signal {
        self.bar += 1;
        if self.bar.is_multiple_of(self.every) || self.bar < self.settle { BUY } else { Signal::None }
    }
}

#[test]
fn a_strategy_that_notices_where_the_data_begins_is_found() {
    let counting = |every, settle| move |_: &Series| Counting { every, settle, bar: 0 };
    // What it says before it has settled does not count.
    assert_eq!(start_up(&series(100), counting(1000, 20)), None);
    // Starts lie at 0, 18, 36, 54 and 72 of 100 bars less 10 to settle; 18 is no multiple of 4.
    let found = start_up(&series(100), counting(4, 10)).unwrap();
    let told =
        "bar 1970-01-02T03:00Z: BUY of size 1 with all bars, nothing in the run that differs from 1970-01-01T18:00Z";
    assert_eq!(found.to_string(), told); // the 28th bar; the other run has seen 10
    assert_eq!(start_up(&series(5), counting(4, 10)), None, "too few bars to settle");
}

#[test]
fn what_is_left_of_a_seed_is_no_difference() {
    let buy = |size| Signal::Buy { size };
    assert!(are_near(buy(0.5), buy(0.5 + 1e-10)) && !are_near(buy(0.5), buy(0.51)));
    let limit = |price: &str, valid_bars| Signal::BuyLimit { price: price.parse().unwrap(), valid_bars, size: 1.0 };
    assert!(are_near(limit("61234.5678901", 2), limit("61234.5678902", 2)));
    assert!(!are_near(limit("61234.5678901", 2), limit("61235", 2)) && !are_near(limit("1", 2), limit("1", 3)));
    assert!(!are_near(buy(1.0), Signal::Sell));
}
