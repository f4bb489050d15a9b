//! Why is not all of an order filled? A run of a few bars for each reason.
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

use trading_core::bars::{Record, Series};
use trading_core::engine::record::{Order, OrderState, Rule, Side, Unfilled};
use trading_core::engine::{Outcome, Participant, Run, run};
use trading_core::market::count_all;
use trading_core::rules::{Limits, Rules, Sizing};
use trading_core::strategy::{Signal, Strategy};
use trading_core::test_support::{Scripted, alone, decimal, instrument, rules, stop_only};
use trading_core::time::{SECOND, Timeframe};

/// A bar in which the price stays at so many cents, by its number and with its volume.
fn flat(number: i64, price: i64, volume: i64) -> Record {
    Record { open_time: number * 300 * SECOND, open: price, high: price, low: price, close: price, volume }
}

/// A script on 10 000 USD; BUY asks for 10 units of 100.
fn ran(signals: &[Signal], records: &[Record], rules: &Rules) -> Outcome {
    let series = Series { timeframe: Timeframe::M5, price_digits: 2, volume_digits: 0, records: records.to_vec() };
    let (money, markets) = count_all(vec![(instrument("test:AAA/USD"), series)], decimal("10000")).expect("numbers");
    let make = |_: usize| -> Box<dyn Strategy> { Box::new(Scripted::new(signals)) };
    run(&Run {
        money,
        markets: &markets,
        timeframe: Timeframe::M5,
        from: 0,
        participants: &[Participant {
            rules: alone("scripted", stop_only()),
            markets: vec![0],
            make: &make,
            atr: None,
        }],
        rules,
        capital: money.count(decimal("10000")).expect("a count"),
    })
}

/// What became of the first order of this side, and which part of it was filled.
fn ended(outcome: &Outcome, side: Side) -> (Option<Unfilled>, OrderState, f64) {
    let Order { unfilled, state, filled, quantity, .. } =
        outcome.orders.iter().find(|order| order.side == side).expect("an order");
    (*unfilled, *state, *filled as f64 / *quantity as f64)
}

fn limit(price: &str) -> Signal {
    Signal::BuyLimit { price: decimal(price), valid_bars: 2, size: 1.0 }
}

#[test]
fn an_entry_gets_no_more_than_its_bars_volume_lets_through() {
    let outcome = ran(&[Signal::BUY], &[flat(0, 10_000, 1000), flat(1, 10_000, 40)], &rules());
    assert_eq!(ended(&outcome, Side::Buy), (Some(Unfilled::Volume), OrderState::Expired, 0.4));
}

#[test]
fn an_entry_gets_no_more_than_can_be_paid() {
    // It asks for all there is, and the next bar opens at twice the price.
    let records = [flat(0, 10_000, 100_000), flat(1, 20_000, 100_000)];
    let sized = Rules { sizing: Sizing::FixedNotional(decimal("10000")), limits: None, ..rules() };
    let outcome = ran(&[Signal::BUY], &records, &sized);
    let (unfilled, state, part) = ended(&outcome, Side::Buy);
    assert_eq!((unfilled, state), (Some(Unfilled::Cash), OrderState::Expired));
    assert!((0.49..0.51).contains(&part), "{part}");
    assert_eq!(outcome.orders[0].clipped_by, Some(Rule::Cash));
}

#[test]
fn an_entry_whose_bar_is_missing_lapses() {
    let outcome = ran(&[Signal::BUY], &[flat(0, 10_000, 1000), flat(2, 10_000, 1000)], &rules());
    assert_eq!(ended(&outcome, Side::Buy), (Some(Unfilled::NoBar), OrderState::Expired, 0.0));
}

#[test]
fn a_limit_that_the_price_does_not_reach_is_over_in_time() {
    let outcome = ran(&[limit("99")], &[0, 1, 2, 3].map(|bar| flat(bar, 10_000, 1000)), &rules());
    assert_eq!(ended(&outcome, Side::Buy), (Some(Unfilled::Time), OrderState::Expired, 0.0));
}

#[test]
fn a_limit_that_the_price_reaches_lapses_for_want_of_volume() {
    let reached = Record { low: 9_800, ..flat(1, 10_000, 40) };
    let outcome = ran(&[limit("99")], &[flat(0, 10_000, 1000), reached, flat(2, 10_000, 1000)], &rules());
    assert_eq!(ended(&outcome, Side::Buy), (Some(Unfilled::Volume), OrderState::Expired, 0.4));
}

#[test]
fn a_limit_that_would_fill_at_once_is_rejected() {
    let outcome = ran(&[limit("100")], &[0, 1].map(|bar| flat(bar, 10_000, 1000)), &rules());
    assert_eq!(ended(&outcome, Side::Buy), (Some(Unfilled::NotResting), OrderState::Rejected, 0.0));
}

#[test]
fn a_strategy_that_wants_out_takes_its_entry_back() {
    let outcome = ran(&[limit("99"), Signal::Sell], &[0, 1, 2].map(|bar| flat(bar, 10_000, 1000)), &rules());
    assert_eq!(ended(&outcome, Side::Buy), (Some(Unfilled::TakenBack), OrderState::Cancelled, 0.0));
    assert_eq!((outcome.signals.buy, outcome.signals.sell), (1, 1));
}

#[test]
fn a_buy_on_a_bar_that_jumps_is_counted_and_is_no_entry() {
    let outcome = ran(&[Signal::None, Signal::BUY], &[0, 1].map(|bar| flat(bar, 10_000 * (1 + bar), 1000)), &rules());
    assert_eq!((outcome.orders.len(), outcome.signals.buy, outcome.signals.buy_on_flagged), (0, 1, 1));
}

#[test]
fn what_is_too_little_for_a_position_is_invested_all_the_same() {
    // A tenth of a unit of 99, under the least order of 10.
    let outcome = ran(&[Signal::BUY], &[flat(0, 9_900, 1000), flat(1, 9_900, 1)], &rules());
    assert_eq!((outcome.fills.len(), outcome.exposed), (1, 0));
    assert!((4.9e-4..5.0e-4).contains(&outcome.mean_exposure), "9.9 of 10 000 on one of two bars");
}

#[test]
fn what_is_filled_has_no_reason_and_what_waits_has_none_yet() {
    let records = [flat(0, 10_000, 1000), flat(1, 10_000, 1000), flat(2, 10_000, 40)];
    let outcome = ran(&[Signal::BUY, Signal::Sell], &records, &rules());
    assert_eq!(ended(&outcome, Side::Buy), (None, OrderState::Filled, 1.0));
    assert_eq!(ended(&outcome, Side::Sell), (None, OrderState::Open, 0.4));
}

#[test]
fn the_limit_that_made_an_entry_smaller_is_told() {
    let records = [0, 1].map(|bar| flat(bar, 10_000, 1000));
    let clipped_by = |rules| ran(&[Signal::BUY], &records, &rules).orders[0].clipped_by;
    assert_eq!(clipped_by(rules()), Some(Rule::MaxPositionSize), "a tenth of the account");
    let with = |limits: Limits| Rules { limits: Some(limits), ..rules() };
    let limits = rules().limits.expect("limits");
    let exposure = Limits { max_portfolio_exposure: decimal("0.05"), ..limits.clone() };
    assert_eq!(clipped_by(with(exposure)), Some(Rule::MaxPortfolioExposure));
    let all = decimal("1");
    let wide = Limits { max_position_share: all, max_portfolio_exposure: all, max_correlation_exposure: all, ..limits };
    assert_eq!(clipped_by(with(wide)), None, "half of the account, by its stop");
}
