//! A strategy that panics: the bar gives no signal, the next ones do, and too many in a row end trading.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use std::sync::{Arc, Mutex};

use trading_core::bars::{Bar, Record, Series};
use trading_core::engine::record::{Panic, Panics, Rule, Trigger};
use trading_core::engine::{Outcome, Participant, Run, run};
use trading_core::market::count_all;
use trading_core::rules::{EmergencyRules, Exits, ExitsLayer, Rules};
use trading_core::strategy::{Position, Signal, Strategy, WarmUp};
use trading_core::test_support::{alone, decimal, instrument, lenient_rules, stop_only};
use trading_core::time::{DAY, Micros, Timeframe};

const STEP: Micros = 3_600_000_000;
const SETTLE: usize = 3;

/// What it says of bar 0, 1, …, the `count`th bar that it has seen; it panics where that is `None`.
type Script = fn(i64, usize) -> Option<Signal>;

/// Which bars each strategy that was made has seen, one list a strategy.
type Seen = Arc<Mutex<Vec<Vec<i64>>>>;

struct Fragile(Script, Seen);

impl Strategy for Fragile {
    fn warm_up(&self) -> WarmUp {
        WarmUp { defined: 1, settle: SETTLE }
    }

    fn on_bar(&mut self, bar: &Bar, _: Option<&Position>) -> Signal {
        let number = bar.open_time() / STEP;
        let count = {
            let mut seen = self.1.lock().expect("no panic while it is held");
            let seen = seen.last_mut().expect("a strategy");
            seen.push(number);
            seen.len()
        };
        self.0(number, count).unwrap_or_else(|| panic!("no answer to bar {number}"))
    }
}

/// Bars of an hour at these places, all at 100 but for the lows.
fn series(places: impl IntoIterator<Item = i64>, low: fn(i64) -> i64) -> Series {
    let record =
        |i: i64| Record { open_time: i * STEP, open: 100, high: 100, low: low(i), close: 100, volume: 1 << 40 };
    let records = places.into_iter().map(record).collect();
    Series { timeframe: Timeframe::H1, price_digits: 0, volume_digits: 0, records }
}

fn flat(_: i64) -> i64 {
    100
}

/// Runs scripts, each a strategy, over one market; what was seen is of all strategies that were made, in that order.
fn ran(
    scripts: &[Script],
    series: Series,
    from: i64,
    exits: &Exits,
    emergency: EmergencyRules,
) -> (Outcome, Vec<Vec<i64>>) {
    let (money, markets) =
        count_all(vec![(instrument("test:AAA/USD"), series)], decimal("10000")).expect("small numbers");
    let seen = Seen::default();
    let makers: Vec<_> = scripts
        .iter()
        .map(|script| {
            let seen = &seen;
            move |_: usize| -> Box<dyn Strategy> {
                seen.lock().expect("no panic while it is held").push(Vec::new());
                Box::new(Fragile(*script, Arc::clone(seen)))
            }
        })
        .collect();
    let participants: Vec<_> = makers
        .iter()
        .map(|make| Participant { rules: alone("fragile", exits.clone()), markets: vec![0], make, atr: None })
        .collect();
    let outcome = run(&Run {
        money,
        markets: &markets,
        timeframe: Timeframe::H1,
        from: from * STEP,
        participants: &participants,
        rules: &Rules { emergency, ..lenient_rules() },
        capital: money.count(decimal("10000")).expect("a count"),
    });
    let seen = seen.lock().expect("no panic while it is held").clone();
    (outcome, seen)
}

fn no_exits() -> Exits {
    ExitsLayer::none().resolve(decimal("0.05"))
}

fn after(errors: u32) -> EmergencyRules {
    EmergencyRules { system_error: Some(errors), ..EmergencyRules::default() }
}

/// The bars that orders were decided on, and their sides.
fn decided(outcome: &Outcome) -> Vec<String> {
    let told =
        |order: &trading_core::engine::record::Order| format!("{} {:?}", order.decided_at / STEP - 1, order.side);
    outcome.orders.iter().map(told).collect()
}

fn bars_of(panics: &Panics) -> Vec<i64> {
    panics.first.iter().map(|panic| panic.open_time / STEP).collect()
}

/// Bars that were panicked on, by all strategies.
fn count(outcome: &Outcome) -> u64 {
    outcome.panics.iter().map(|panics| panics.count).sum()
}

#[test]
fn a_bar_that_a_strategy_panics_on_is_one_without_a_signal_and_told() {
    let script: Script = |bar, _| (bar != 6).then_some(if bar == 5 { Signal::BUY } else { Signal::Sell });
    let (outcome, _) = ran(&[script], series(0..10, flat), 0, &no_exits(), EmergencyRules::default());
    assert_eq!(decided(&outcome), ["5 Buy", "7 Sell"]);
    let first = vec![Panic { open_time: 6 * STEP, text: "no answer to bar 6".to_owned() }];
    assert_eq!(outcome.panics, [Panics { strategy: 0, market: 0, count: 1, first }]);
    assert!(outcome.emergencies.is_empty());
}

#[test]
fn after_a_panic_a_new_one_has_seen_the_bars_before_it() {
    let script: Script = |bar, _| (bar != 6).then_some(Signal::None);
    let (_, seen) = ran(&[script], series(0..9, flat), 0, &no_exits(), EmergencyRules::default());
    assert_eq!(seen, [vec![0, 1, 2, 3, 4, 5, 6], vec![3, 4, 5, 7, 8]]);
}

#[test]
fn it_is_not_fed_what_lies_before_a_long_gap() {
    let script: Script = |bar, _| (bar != 21).then_some(Signal::None);
    let bars = (0..5).chain(20..24); // 15 missing bars: everything begins anew at bar 20
    let (_, seen) = ran(&[script], series(bars, flat), 0, &no_exits(), EmergencyRules::default());
    assert_eq!(seen, [vec![0, 1, 2, 3, 4], vec![20, 21], vec![20, 22, 23]]);
}

#[test]
fn a_bar_that_was_panicked_on_before_is_left_out_and_the_others_are_not() {
    let script: Script = |bar, _| (bar != 4 && bar != 6).then_some(Signal::None);
    let (outcome, seen) = ran(&[script], series(0..9, flat), 0, &no_exits(), EmergencyRules::default());
    assert_eq!(seen, [vec![0, 1, 2, 3, 4], vec![1, 2, 3, 5, 6], vec![3, 5, 7, 8]]);
    assert_eq!(count(&outcome), 2, "bars 4 and 6, each once");
}

#[test]
fn one_that_panics_on_another_of_those_goes_on_with_the_bar_after_it() {
    // Bar 4 is none that it can begin with.
    let script: Script = |bar, count| (bar != 6 && (bar != 4 || count > 2)).then_some(Signal::None);
    let (outcome, seen) = ran(&[script], series(0..9, flat), 0, &no_exits(), EmergencyRules::default());
    assert_eq!(seen, [vec![0, 1, 2, 3, 4, 5, 6], vec![3, 4], vec![5, 7, 8]]);
    assert_eq!(count(&outcome), 1, "bar 6; of bar 4 there was a signal");
}

#[test]
fn one_that_panics_on_every_bar_is_asked_of_each_once() {
    let script: Script = |_, _| None;
    let (_, seen) = ran(&[script], series(0..9, flat), 0, &no_exits(), EmergencyRules::default());
    assert_eq!(seen.concat(), (0..9).collect::<Vec<i64>>());
}

#[test]
fn a_panic_over_the_bars_it_is_warmed_up_with_is_told_and_is_no_error_of_the_run() {
    let script: Script = |bar, _| (bar >= 5).then_some(Signal::None);
    let (outcome, _) = ran(&[script], series(0..9, flat), 5, &no_exits(), after(1));
    assert_eq!((bars_of(&outcome.panics[0]), outcome.emergencies.len()), (vec![2, 3, 4], 0)); // it settles within 3
}

#[test]
fn so_many_in_a_row_end_trading() {
    let script: Script = |bar, _| (!(2..7).contains(&bar)).then_some(Signal::BUY);
    let (outcome, _) = ran(&[script], series(0..60, flat), 2, &no_exits(), after(5));
    let [emergency] = &outcome.emergencies[..] else { panic!("one emergency, found {:?}", outcome.emergencies) };
    assert_eq!((emergency.trigger, emergency.at), (Trigger::SystemError(5), 7 * STEP)); // the close of bar 6
    assert_eq!(emergency.to_string(), "emergency at 1970-01-01T07:00Z: 5 errors in a row; no entries after");
    assert!(outcome.orders.is_empty(), "{:?}", outcome.orders);
    assert_eq!(outcome.sampled_at.last(), Some(7 * STEP), "nothing is held, so that the run is over");
}

#[test]
fn an_answer_between_begins_the_count_anew() {
    let script: Script = |bar, _| (bar % 5 == 0).then_some(Signal::None); // four in a row
    let (outcome, _) = ran(&[script], series(0..60, flat), 0, &no_exits(), after(5));
    assert_eq!((outcome.emergencies.len(), count(&outcome)), (0, 48));
    let broken: Script = |_, _| None;
    let sound: Script = |_, _| Some(Signal::None);
    let (outcome, _) = ran(&[broken, sound], series(0..60, flat), 0, &no_exits(), after(5));
    assert_eq!((outcome.emergencies.len(), count(&outcome)), (0, 60), "the other one answers");
    let (outcome, _) = ran(&[broken], series(0..60, flat), 0, &no_exits(), EmergencyRules::default());
    assert_eq!((outcome.emergencies.len(), count(&outcome)), (0, 60), "nothing is configured to end trading");
}

#[test]
fn of_many_the_first_are_kept_and_all_are_counted() {
    let (broken, sound): (Script, Script) = (|_, _| None, |_, _| Some(Signal::None));
    let (outcome, _) = ran(&[sound, broken], series(0..60, flat), 0, &no_exits(), EmergencyRules::default());
    let [panics] = &outcome.panics[..] else { panic!("of one strategy, found {:?}", outcome.panics) };
    assert_eq!((panics.strategy, panics.market, panics.count), (1, 0, 60));
    assert_eq!(bars_of(panics), (0..20).collect::<Vec<i64>>());
}

#[test]
fn two_broken_strategies_have_one_count() {
    let broken: Script = |_, _| None;
    let (outcome, _) = ran(&[broken, broken], series(0..60, flat), 0, &no_exits(), after(5));
    assert_eq!(outcome.emergencies[0].at, 3 * STEP); // two at each bar: the fifth at the close of bar 2
}

#[test]
fn what_it_holds_is_still_stopped_while_it_panics() {
    let script: Script = |bar, _| (bar == 0).then_some(Signal::BUY);
    let dip = |bar: i64| if bar == 4 { 90 } else { 100 }; // the stop lies at 98
    let (outcome, _) = ran(&[script], series(0..60, dip), 0, &stop_only(), after(1));
    assert_eq!(outcome.emergencies[0].at, 2 * STEP, "the first panic, of bar 1");
    let [trip] = &outcome.trips[..] else { panic!("one trip, found {:?}", outcome.trips) };
    assert_eq!((trip.cause.kind(), trip.left_at), ("stop", 5 * STEP));
}

#[test]
fn what_it_holds_is_sold_where_an_emergency_sells_everything() {
    let script: Script = |bar, _| (bar == 0).then_some(Signal::BUY);
    let emergency = EmergencyRules { flatten: true, ..after(2) };
    let (outcome, _) = ran(&[script], series(0..60, flat), 0, &no_exits(), emergency);
    let [trip] = &outcome.trips[..] else { panic!("one trip, found {:?}", outcome.trips) };
    assert_eq!((trip.cause.kind(), trip.left_at), ("flatten", 3 * STEP)); // decided at the close of bar 2
}

#[test]
fn an_entry_that_was_wanted_at_that_instant_is_refused() {
    let (sound, broken): (Script, Script) = (|_, _| Some(Signal::BUY), |_, _| None);
    let (outcome, _) = ran(&[sound, broken], series(0..9, flat), 0, &no_exits(), after(1));
    assert_eq!(outcome.refusals[0].rule, Rule::Emergency);
    assert_eq!(outcome.refusals[0].text, "risk refused emergency: system_error");
    assert!(outcome.orders.is_empty(), "{:?}", outcome.orders);
}

#[test]
fn research_clears_it_at_the_next_midnight() {
    let script: Script = |bar, _| (bar >= 3).then_some(Signal::BUY);
    let emergency = EmergencyRules { goes_on: true, ..after(2) };
    let (outcome, _) = ran(&[script], series(0..30, flat), 0, &no_exits(), emergency);
    assert_eq!(outcome.emergencies[0].until, Some(DAY));
    assert_eq!(decided(&outcome), ["23 Buy"]); // the bar that closes at midnight
}

#[test]
fn after_midnight_the_count_begins_anew() {
    let script: Script = |_, _| None;
    let emergency = EmergencyRules { goes_on: true, ..after(2) };
    let (outcome, _) = ran(&[script], series(0..30, flat), 0, &no_exits(), emergency);
    let at: Vec<i64> = outcome.emergencies.iter().map(|emergency| emergency.at / STEP).collect();
    assert_eq!(at, [2, 25]); // midnight is the first close at which it counts again
}
