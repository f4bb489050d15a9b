//! A grant is neither profit nor loss, whatever the account holds and has been through.

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::{Fee, Ledger, UNIT_DIGITS};
use crate::exact::pow10;
use crate::market::{Market, Money, count_all};
use crate::test_support::{decimal, wandering};
use crate::time::Timeframe;

/// What happens to an account: all of it leaves cash and quantities where they can be.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// So many units at this price, in cents, if there is the money.
    Buy { units: i64, price: i64 },
    /// This part of what is held, in thousandths, at this price in cents.
    Sell { part: i64, price: i64 },
    /// A mark in cents.
    Mark(i64),
    /// A grant in cents.
    Grant(i64),
}

fn event() -> impl Strategy<Value = Event> {
    let price = 1..2_000_000_i64;
    prop_oneof![
        (1..100_i64, price.clone()).prop_map(|(units, price)| Event::Buy { units, price }),
        (1..=1000_i64, price.clone()).prop_map(|(part, price)| Event::Sell { part, price }),
        price.prop_map(Event::Mark),
        (1..100_000_000_i64).prop_map(Event::Grant),
    ]
}

fn markets() -> (Money, Vec<Market>) {
    let listed = vec![(crate::test_support::instrument("test:AAA/USD"), wandering(Timeframe::H1, 1, 1))];
    count_all(listed, decimal("1000")).unwrap()
}

/// N as a decimal, at the marks there are.
fn n(ledger: &mut Ledger, markets: &[Market]) -> Decimal {
    let equity = ledger.equity(markets);
    Decimal::from_i128_with_scale(ledger.unit_value(equity), UNIT_DIGITS)
}

proptest! {
    #[test]
    fn no_grant_changes_the_value_of_a_unit(events in prop::collection::vec(event(), 1..40)) {
        let (money, markets) = markets();
        let cents = |cents: i64| money.count(Decimal::new(cents, 2)).unwrap();
        let unit = pow10(markets[0].base_digits);
        let mut ledger = Ledger::new(money, 1);
        ledger.grant(cents(100_000));
        for event in events {
            let before = n(&mut ledger, &markets);
            match event {
                Event::Buy { units, price } => {
                    let cost = markets[0].value(price, i128::from(units) * unit);
                    if cost <= ledger.cash() {
                        ledger.buy(0, cost, i128::from(units) * unit, Fee::default());
                        ledger.mark(0, price);
                    }
                }
                Event::Sell { part, price } => {
                    let quantity = ledger.quantity(0) * i128::from(part) / 1000;
                    ledger.sell(0, markets[0].value(price, quantity), quantity, 0);
                    ledger.mark(0, price);
                }
                Event::Mark(price) => ledger.mark(0, price),
                Event::Grant(amount) => {
                    ledger.grant(cents(amount));
                    let after = n(&mut ledger, &markets);
                    let off = (after - before).abs();
                    prop_assert!(off <= Decimal::new(1, 12), "N was {before}, and is {after}");
                }
            }
            prop_assert!(ledger.balances());
        }
    }

    #[test]
    fn granted_at_once_or_in_two_parts_is_the_same(
        first in 1..100_000_000_i64, second in 1..100_000_000_i64, mark in 1..9_000_000_i64
    ) {
        let (money, markets) = markets();
        let cents = |cents: i64| money.count(Decimal::new(cents, 2)).unwrap();
        let account = |grants: &[i64]| {
            let mut ledger = Ledger::new(money, 1);
            grants.iter().for_each(|grant| ledger.grant(cents(*grant)));
            let price = 100; // 1.00, so that a hundredth of a unit costs a cent
            let quantity = pow10(markets[0].base_digits - 2);
            ledger.buy(0, markets[0].value(price, quantity), quantity, Fee::default());
            ledger.mark(0, mark);
            n(&mut ledger, &markets)
        };
        prop_assert_eq!(account(&[first, second]), account(&[first + second]));
    }
}
