//! How is an instrument counted in whole numbers, and what is a quantity of it worth?
//!
//! Prices are counts of 10^−`price_digits`, quantities of 10^−`base_digits`, money of 10^−`digits` of [`Money`]. The
//! digits are chosen so that every product of a price and a quantity is a whole count of money.

use rust_decimal::Decimal;

use crate::bars::Series;
use crate::counts::MAX_DIGITS;
use crate::exact::{self, Amount, Exact, pow10};
use crate::instrument::Instrument;
use crate::scale::{Scale, refine};

/// Digits of the most money that an account may begin with, in counts: ten more are left for what it gains and trades.
const MOST_MONEY: u32 = 28;
/// Fees are whole counts of 10^−8.
pub(crate) const FEE_DIGITS: u32 = 8;

/// An amount of the account currency, in counts of 10^−[`Money::digits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    /// Digits after the point.
    pub digits: u32,
}

impl Money {
    /// A count as a fraction of the currency.
    #[must_use]
    pub fn exact(self, count: i128) -> Exact {
        exact::of_count(count, self.digits)
    }

    /// A count with what it counts.
    #[must_use]
    pub fn amount(self, count: i128) -> Amount {
        Amount { count, digits: self.digits }
    }

    /// A count as decimals are written.
    #[must_use]
    pub fn written(self, count: i128) -> String {
        self.amount(count).to_string()
    }

    /// An amount as a count; `None` where it has more digits or is too large.
    #[must_use]
    pub fn count(self, amount: Decimal) -> Option<i128> {
        count(amount, self.digits)
    }

    /// The same for statistics.
    #[must_use]
    pub fn to_f64(self, count: i128) -> f64 {
        self.amount(count).to_f64()
    }
}

/// An instrument and its bars, as the engine counts them.
#[derive(Debug, Clone)]
pub struct Market {
    /// The instrument.
    pub instrument: Instrument,
    /// Digits after the point of prices, those of the bars included.
    pub price_digits: u32,
    /// Digits after the point of quantities.
    pub base_digits: u32,
    /// The step of order prices, in counts of price.
    pub tick: i64,
    /// The step of order quantities, in counts of quantity.
    pub lot: i128,
    /// Its bars, their prices in counts of price.
    pub series: Series,
    /// What one count of price times one count of quantity is, in counts of money.
    value_scale: i128,
}

/// An instrument that cannot be counted in whole numbers of 128 bits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Uncountable {
    /// A step that is too fine.
    #[error("{instrument}: {what} {value} has more than {MAX_DIGITS} digits after the point")]
    TooFine {
        /// Of which instrument.
        instrument: String,
        /// Which step.
        what: &'static str,
        /// The step.
        value: Decimal,
    },
    /// A step that is not positive.
    #[error("{instrument}: {what} {value} is not positive")]
    NotPositive {
        /// Of which instrument.
        instrument: String,
        /// Which step.
        what: &'static str,
        /// The step.
        value: Decimal,
    },
    /// More money than so fine steps can count.
    #[error(
        "a capital of {capital} cannot be counted in steps of 10^-{digits}, which tick and lot of {instruments} ask \
         for; expected coarser steps, or less capital"
    )]
    TooMuch {
        /// The capital.
        capital: Decimal,
        /// Digits after the point that money would have.
        digits: u32,
        /// Whose steps.
        instruments: String,
    },
    /// A tick that no price reaches.
    #[error("{instrument}: the tick {tick} is above the lowest price of its bars, {lowest}")]
    TooCoarse {
        /// Of which instrument.
        instrument: String,
        /// Its tick.
        tick: Decimal,
        /// The price.
        lowest: String,
    },
    /// Prices of the bars that are too large for so fine a step.
    #[error("{instrument}: prices of its bars are too large to be counted in steps of the tick {tick}")]
    TooLarge {
        /// Of which instrument.
        instrument: String,
        /// Its tick.
        tick: Decimal,
    },
}

/// Counts instruments and their bars, and the money of the account they are traded in; `capital` is the account's first
/// grant.
///
/// # Errors
/// A step or the bars of an instrument that whole numbers cannot hold.
pub fn count_all(listed: Vec<(Instrument, Series)>, capital: Decimal) -> Result<(Money, Vec<Market>), Uncountable> {
    let mut markets = Vec::with_capacity(listed.len());
    for (instrument, series) in listed {
        markets.push(count_one(instrument, series)?);
    }
    let digits = markets.iter().map(|market| market.price_digits + market.base_digits);
    let money = Money { digits: digits.chain([FEE_DIGITS, capital.normalize().scale()]).max().unwrap_or(FEE_DIGITS) };
    if money.count(capital).is_none_or(|capital| capital > pow10(MOST_MONEY)) {
        let names: Vec<_> = markets.iter().map(|market| market.instrument.id.to_string()).collect();
        return Err(Uncountable::TooMuch { capital, digits: money.digits, instruments: names.join(", ") });
    }
    for market in &mut markets {
        market.value_scale = pow10(money.digits - market.price_digits - market.base_digits);
    }
    Ok((money, markets))
}

fn count_one(instrument: Instrument, mut series: Series) -> Result<Market, Uncountable> {
    let name = || instrument.id.to_string();
    for (what, value) in [("tick", instrument.tick), ("lot", instrument.lot)] {
        if value <= Decimal::ZERO {
            return Err(Uncountable::NotPositive { instrument: name(), what, value });
        }
        if value.normalize().scale() > MAX_DIGITS {
            return Err(Uncountable::TooFine { instrument: name(), what, value });
        }
    }
    let price_digits = instrument.tick.normalize().scale().max(series.price_digits);
    let base_digits = instrument.lot.normalize().scale().max(FEE_DIGITS);
    let too_large = || Uncountable::TooLarge { instrument: name(), tick: instrument.tick };
    let tick = count(instrument.tick, price_digits).and_then(|tick| i64::try_from(tick).ok()).ok_or_else(too_large)?;
    let lot = count(instrument.lot, base_digits).ok_or_else(too_large)?;
    let kept = series.scale();
    refine(&mut series.records, kept, Scale { price_digits, ..kept }).map_err(|_| too_large())?;
    series.price_digits = price_digits;
    if let Some(lowest) = series.records.iter().map(|record| record.low).min().filter(|low| *low < tick) {
        let lowest = exact::written(lowest.into(), price_digits);
        return Err(Uncountable::TooCoarse { instrument: name(), tick: instrument.tick, lowest });
    }
    Ok(Market { instrument, price_digits, base_digits, tick, lot, series, value_scale: 1 })
}

/// `amount` in counts of 10^−`digits`; `None` where it has more digits or is too large.
fn count(amount: Decimal, digits: u32) -> Option<i128> {
    let amount = amount.normalize();
    amount.mantissa().checked_mul(pow10(digits.checked_sub(amount.scale())?))
}

impl Market {
    /// What `quantity` is worth at `price`, in counts of money.
    #[must_use]
    pub fn value(&self, price: i64, quantity: i128) -> i128 {
        i128::from(price) * quantity * self.value_scale
    }

    /// One count of price, in the account currency.
    pub(crate) fn price(&self, count: i64) -> Exact {
        exact::of_count(count.into(), self.price_digits)
    }

    /// One count of quantity, in base.
    pub(crate) fn quantity(&self, count: i128) -> Exact {
        exact::of_count(count, self.base_digits)
    }

    /// A quantity in base, down to the lot, in counts.
    pub(crate) fn down_to_lot(&self, quantity: &Exact) -> i128 {
        exact::down_to(quantity, &self.quantity(self.lot)) * self.lot
    }

    /// A price, down to the tick, in counts; at least 0.
    pub(crate) fn down_to_tick(&self, price: &Exact) -> i64 {
        self.ticks(exact::down_to(price, &self.price(self.tick)))
    }

    /// A price, up to the tick, in counts.
    pub(crate) fn up_to_tick(&self, price: &Exact) -> i64 {
        self.ticks(exact::up_to(price, &self.price(self.tick)))
    }

    fn ticks(&self, ticks: i128) -> i64 {
        i64::try_from(ticks.max(0)).unwrap_or(i64::MAX).saturating_mul(self.tick)
    }

    /// The least value of an order at `mark`: that of the venue, or of its least quantity.
    pub(crate) fn minimum(&self, mark: i64) -> Exact {
        let quantity = exact::of(self.instrument.min_quantity) * self.price(mark);
        quantity.max(exact::of(self.instrument.min_notional))
    }
}
