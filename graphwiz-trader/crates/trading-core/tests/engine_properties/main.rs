//! What must hold of every run, whatever happens in the market and whatever strategies want.
//!
//! Histories are generated ([`history`]): bars with gaps, without volume and with little of it, several instruments and
//! strategies, all kinds of orders, exits, limits and emergencies. What must hold is said from outside, by adding up
//! fills ([`account`]) and by changing what the engine must not see ([`look_ahead`]).
#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod account;
mod history;
mod look_ahead;
mod threads;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use trading_core::engine::record::{Order, OrderState, Side, Trigger};
use trading_core::time::DAY;

use account::{Books, Held};
use history::{Dust, Ending, Ran, history};

/// Nothing of a run is lost, made up, or below zero.
fn adds_up(ran: &Ran) -> TestCaseResult {
    let mut books = Books::new(ran);
    for fill in &ran.outcome.fills {
        books.book(ran, fill);
        prop_assert!(books.cash >= 0.into(), "cash is {} after {fill:?}", books.cash);
        prop_assert!(books.held.iter().all(|held| *held >= 0.into()), "{:?} is held after {fill:?}", books.held);
    }
    let ledger = &ran.outcome.ledger;
    prop_assert!(ledger.balances());
    prop_assert_eq!(ran.decimal(ledger.cash()), books.cash);
    prop_assert_eq!(ran.decimal(ledger.equity(&ran.markets)), books.cash + books.worth(ran));
    let is_broken = ran.outcome.emergencies.iter().any(|emergency| emergency.trigger == Trigger::Conservation);
    prop_assert!(!is_broken, "the engine found its ledger unbalanced");
    prop_assert!(ran.outcome.unit_values.iter().all(|n| *n >= 0.0), "{:?}", ran.outcome.unit_values);
    for (number, order) in ran.outcome.orders.iter().enumerate() {
        let fills = ran.outcome.fills.iter().filter(|fill| fill.order == number);
        prop_assert_eq!(fills.map(|fill| fill.quantity).sum::<i128>(), order.filled, "{:?}", order);
        // A sale is of what is there when it is filled: dust may have come or gone since it was ordered.
        let is_entry = order.side == Side::Buy;
        prop_assert!(!is_entry || order.filled <= order.quantity, "{order:?}");
        let is_whole = order.filled == order.quantity;
        prop_assert!(!is_entry || (order.state == OrderState::Filled) == is_whole, "{order:?}");
    }
    Ok(())
}

/// No entry was sent that passes a limit together with what was held and what was open.
fn keeps_the_caps(ran: &Ran) -> TestCaseResult {
    let Some(limits) = &ran.history.rules.limits else { return Ok(()) };
    let entries = || ran.outcome.orders.iter().filter(|order| order.side == Side::Buy);
    for order in entries() {
        let day = order.decided_at.div_euclid(DAY);
        let in_day = entries().filter(|other| other.decided_at.div_euclid(DAY) == day).count();
        prop_assert!(in_day <= limits.max_trades_per_day as usize, "{in_day} entries in the day of {order:?}");
        let Held { markets, lanes, wanted, cash, equity } = Held::at(ran, order.decided_at);
        let most = |share: rust_decimal::Decimal| (equity * share) * (rust_decimal::Decimal::ONE + account::ROUNDING);
        let of_market = most(limits.max_position_share).min(limits.max_position_size);
        prop_assert!(
            markets[order.market] <= of_market,
            "{} > {of_market} of one market: {order:?}",
            markets[order.market]
        );
        let all: rust_decimal::Decimal = markets.iter().sum();
        let of_all = most(limits.max_portfolio_exposure).min(most(limits.max_correlation_exposure));
        prop_assert!(all <= of_all, "{all} > {of_all} of all: {order:?}");
        prop_assert!(lanes <= limits.max_open_positions as usize, "{lanes} positions and entries: {order:?}");
        prop_assert!(wanted <= cash, "entries for {wanted} with {cash}: {order:?}");
    }
    Ok(())
}

/// Where a strategy that holds something says SELL, a sale is ordered then, if none waits.
fn every_sell_is_an_order(ran: &Ran) -> TestCaseResult {
    for &(strategy, market, at) in &ran.said_sell {
        let mut sales = ran.outcome.orders.iter().enumerate().filter(|(_, order)| {
            order.side == Side::Sell && (order.strategy, order.market) == (strategy, market) && order.decided_at <= at
        });
        let is_there = sales.any(|(number, order)| {
            let is_later = ran.outcome.fills.iter().any(|fill| fill.order == number && fill.at >= at);
            order.decided_at == at || is_later || order.state == OrderState::Open
        });
        prop_assert!(is_there, "strategy {strategy} in market {market} said SELL at {at}");
    }
    Ok(())
}

/// After bars with volume in which everything is to be sold, no strategy holds anything and no sale is open.
fn nothing_is_left(ran: &Ran) -> TestCaseResult {
    prop_assert!(ran.held_at_last.is_empty(), "strategies and markets: {:?}", ran.held_at_last);
    let is_left = |order: &&Order| order.side == Side::Sell && order.state == OrderState::Open;
    prop_assert_eq!(ran.outcome.orders.iter().find(is_left), None);
    Ok(())
}

proptest! {
    #[test]
    fn fills_add_up_to_what_is_there_and_nothing_is_below_zero(history in history(Dust::Some, Ending::Open)) {
        adds_up(&history.run())?;
    }

    #[test]
    fn no_sequence_passes_a_cap(history in history(Dust::None, Ending::Open)) {
        keeps_the_caps(&history.run())?;
    }

    #[test]
    fn whatever_refuses_entries_every_sell_is_filled(history in history(Dust::Some, Ending::Sell)) {
        let ran = history.run();
        every_sell_is_an_order(&ran)?;
        nothing_is_left(&ran)?;
    }

    #[test]
    fn whatever_refuses_entries_every_stop_is_filled(history in history(Dust::Some, Ending::Crash)) {
        nothing_is_left(&history.run())?;
    }
}

#[test]
fn histories_have_all_that_can_happen() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..200 {
        let ran = history(Dust::Some, Ending::Sell).new_tree(&mut runner).expect("a history").current().run();
        seen.extend(ran.outcome.trips.iter().map(|trip| trip.cause.kind().to_owned()));
        seen.extend(ran.outcome.orders.iter().map(|order| format!("{:?} {:?}", order.side, order.state)));
        seen.extend(ran.outcome.refusals.iter().map(|refusal| refusal.rule.name().to_owned()));
        seen.extend(ran.outcome.emergencies.iter().map(|emergency| emergency.trigger.name().to_owned()));
        seen.extend(ran.outcome.fills.iter().filter(|fill| fill.base_fee > 0).map(|_| "fee in base".to_owned()));
        seen.extend(ran.history.has_gaps().then(|| "gap".to_owned()));
    }
    let expected = [
        "Buy Cancelled",
        "Buy Expired",
        "Buy Filled",
        "Buy Rejected",
        "Sell Expired",
        "Sell Filled",
        "cooldown",
        "emergency",
        "fee in base",
        "flatten",
        "gap",
        "max_correlation_exposure",
        "max_daily_loss",
        "max_drawdown",
        "max_open_positions",
        "max_portfolio_exposure",
        "max_position_size",
        "max_trades_per_day",
        "signal",
        "stop",
        "stop_guard",
        "target",
        "trailing",
        "viable_minimum",
    ];
    let missing: Vec<_> = expected.into_iter().filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "{missing:?} of {seen:?}");
}
