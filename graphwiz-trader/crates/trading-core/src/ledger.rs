//! Where has the money gone? Cash, what is held, and the value of one unit of the account.
//!
//! A ledger knows grants, fills and fees, nothing else. Two sums must hold after every event, exactly
//! ([`Ledger::balances`]):
//!
//! - cash = Σ grants + Σ sells − Σ buys − Σ fees in quote
//! - a quantity = Σ buys − Σ sells − Σ fees in base
//!
//! All returns and limits are in N, the value of one unit: a grant buys units at the N just before it, so that it is
//! neither profit nor loss.

#[cfg(test)]
mod flows;

use dashu_base::Gcd as _;
use dashu_int::IBig;

use crate::exact::{half_even, half_even_count, pow10};
use crate::market::{Market, Money};

/// Digits after the point of N and of units.
pub const UNIT_DIGITS: u32 = 18;

/// What is held of one instrument, in counts of quantity, and how it came there.
#[derive(Debug, Clone, Copy, Default)]
struct Held {
    quantity: i128,
    bought: i128,
    sold: i128,
    fees: i128,
    /// Close of its newest closed bar.
    mark: i64,
}

/// An account in one currency; amounts are counts of money, see [`Money`].
#[derive(Debug, Clone)]
pub struct Ledger {
    money: Money,
    cash: i128,
    granted: i128,
    bought: i128,
    sold: i128,
    fees: i128,
    held: Vec<Held>,
    /// Counts of 10^−18.
    units: i128,
    /// N, counts of 10^−18.
    unit_value: i128,
    scale: UnitScale,
}

/// N = E · `factor` / `divisor`, without their common factors.
#[derive(Debug, Clone, Copy)]
struct UnitScale {
    factor: i128,
    divisor: i128,
    /// The largest E whose product with `factor` is a count.
    most: i128,
}

impl Ledger {
    /// An account without money, for so many instruments.
    #[must_use]
    pub fn new(money: Money, instruments: usize) -> Self {
        Self {
            money,
            cash: 0,
            granted: 0,
            bought: 0,
            sold: 0,
            fees: 0,
            held: vec![Held::default(); instruments],
            units: 0,
            unit_value: pow10(UNIT_DIGITS),
            scale: UnitScale::of(money, 0),
        }
    }

    /// Books a grant, a positive count of money: units are bought at the present N.
    pub fn grant(&mut self, amount: i128) {
        self.granted += amount;
        self.cash += amount;
        let scale = IBig::from(pow10(UNIT_DIGITS)).pow(2);
        let price = IBig::from(self.unit_value) * IBig::from(pow10(self.money.digits));
        self.units += half_even(IBig::from(amount) * scale, price);
        self.scale = UnitScale::of(self.money, self.units);
    }

    /// Books a buy and its fee, which is in quote or in base.
    pub(crate) fn buy(&mut self, instrument: usize, cost: i128, quantity: i128, fee: Fee) {
        let held = &mut self.held[instrument];
        held.quantity += quantity - fee.base;
        held.bought += quantity;
        held.fees += fee.base;
        self.cash -= cost + fee.quote;
        self.bought += cost;
        self.fees += fee.quote;
    }

    /// Books a sell and its fee, which is in quote.
    pub(crate) fn sell(&mut self, instrument: usize, proceeds: i128, quantity: i128, fee: i128) {
        let held = &mut self.held[instrument];
        held.quantity -= quantity;
        held.sold += quantity;
        self.cash += proceeds - fee;
        self.sold += proceeds;
        self.fees += fee;
    }

    /// Sets the price that what is held of an instrument is counted at.
    pub(crate) fn mark(&mut self, instrument: usize, price: i64) {
        self.held[instrument].mark = price;
    }

    /// The price that what is held of an instrument is counted at; 0 before its first bar.
    pub(crate) fn mark_of(&self, instrument: usize) -> i64 {
        self.held[instrument].mark
    }

    /// What is held of an instrument, dust included, in counts of quantity.
    pub(crate) fn quantity(&self, instrument: usize) -> i128 {
        self.held[instrument].quantity
    }

    /// Cash, what is reserved for open entries included.
    #[must_use]
    pub fn cash(&self) -> i128 {
        self.cash
    }

    /// What was bought and sold so far, in counts of money.
    #[must_use]
    pub fn traded(&self) -> i128 {
        self.bought + self.sold
    }

    /// E: cash and what is held at its marks.
    #[must_use]
    pub fn equity(&self, markets: &[Market]) -> i128 {
        let worth = |(market, held): (&Market, &Held)| {
            if held.quantity == 0 { 0 } else { market.value(held.mark, held.quantity) }
        };
        self.cash + markets.iter().zip(&self.held).map(worth).sum::<i128>()
    }

    /// N for this E, in counts of 10^−18, rounded half-even. Without units it stays what it was.
    pub(crate) fn unit_value(&mut self, equity: i128) -> i128 {
        let UnitScale { factor, divisor, most } = self.scale;
        if (0..=most).contains(&equity) {
            let product = equity * factor;
            // Of most accounts the divisor is 1, and a division of 128 bits is most of a sample.
            self.unit_value = if divisor == 1 { product } else { half_even_count(product, divisor) };
        } else if factor != 0 {
            self.unit_value = half_even(IBig::from(equity) * factor, divisor.into());
        }
        self.unit_value
    }

    /// Whether both sums hold.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.cash == self.granted + self.sold - self.bought - self.fees
            && self.held.iter().all(|held| held.quantity == held.bought - held.sold - held.fees && held.quantity >= 0)
    }
}

/// A fee in counts: of money, or of quantity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fee {
    pub(crate) quote: i128,
    pub(crate) base: i128,
}

impl UnitScale {
    /// Of 10^(36 − digits of money) / `units`; without units N follows from no E.
    fn of(money: Money, units: i128) -> Self {
        if units == 0 {
            return Self { factor: 0, divisor: 0, most: -1 };
        }
        let factor = pow10(2 * UNIT_DIGITS - money.digits).unsigned_abs();
        let common = factor.gcd(units.unsigned_abs());
        #[expect(clippy::cast_possible_wrap, reason = "factors of counts are counts")]
        let (factor, divisor) = ((factor / common) as i128, units / common as i128);
        Self { factor, divisor, most: i128::MAX / factor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONEY: Money = Money { digits: 8 };

    fn money(amount: i128) -> i128 {
        amount * pow10(8)
    }

    /// Grants and results of risk.md's example: each step with the N that it leads to.
    #[test]
    fn a_flow_changes_no_unit_value() {
        let mut ledger = Ledger::new(MONEY, 0);
        let n = |ledger: &mut Ledger| {
            let equity = ledger.equity(&[]);
            ledger.unit_value(equity)
        };
        ledger.grant(money(1000));
        assert_eq!((n(&mut ledger), ledger.units), (pow10(18), 1000 * pow10(18)));
        ledger.cash += money(100); // a profit
        assert_eq!(n(&mut ledger), 11 * pow10(17));
        ledger.grant(money(550)); // 550 / 1.1 = 500 units
        assert_eq!((n(&mut ledger), ledger.units), (11 * pow10(17), 1500 * pow10(18)));
        ledger.cash -= money(165); // a loss, to 1485
        assert_eq!(n(&mut ledger), 99 * pow10(16));
    }

    #[test]
    fn a_unit_value_that_is_no_decimal_is_rounded_half_even() {
        let mut ledger = Ledger::new(MONEY, 0);
        ledger.grant(money(3));
        ledger.cash = money(1);
        let equity = ledger.equity(&[]);
        assert_eq!(ledger.unit_value(equity), 333_333_333_333_333_333);
    }
}
