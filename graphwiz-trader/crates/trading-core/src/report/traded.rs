//! Trips, orders and refusals of a run, told from the engine's records when they are asked for: there may be a hundred
//! thousand, and their texts would take several times the memory of the records.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::engine::Outcome;
use crate::engine::record::{Fill, Held, Order, OrderState, Refusal, Rule, Side, Trip, Unfilled};
use crate::exact::Amount;
use crate::market::{Market, Money};
use crate::time::millis;

/// Everything that was traded or refused, with what its counts are of.
#[derive(Debug, Clone, PartialEq)]
pub struct Traded {
    strategies: Vec<String>,
    markets: Vec<MarketTold>,
    money: Money,
    trips: Vec<Trip>,
    orders: Vec<Order>,
    /// Those of the first order first.
    fills: Vec<Fill>,
    refusals: Vec<Refusal>,
    held: Vec<Held>,
}

/// What is to be known of a market to tell what was traded in it.
#[derive(Debug, Clone, PartialEq)]
struct MarketTold {
    id: String,
    base: String,
    quote: String,
    price_digits: u32,
    base_digits: u32,
}

impl MarketTold {
    fn price(&self, count: i64) -> Amount {
        Amount { count: count.into(), digits: self.price_digits }
    }

    fn quantity(&self, count: i128) -> Amount {
        Amount { count, digits: self.base_digits }
    }
}

/// A trip as it is told.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Trade<'a> {
    pub strategy: &'a str,
    pub instrument: &'a str,
    pub entered_at: i64,
    pub left_at: i64,
    pub cost: Amount,
    pub pnl: Amount,
    pub exit: &'static str,
}

/// An order as it is told.
#[derive(Debug, Clone, Copy, serde::Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct OrderTold<'a> {
    pub decided_at: i64,
    pub strategy: &'a str,
    pub instrument: &'a str,
    pub side: Side,
    pub cause: &'static str,
    pub limit: Option<Amount>,
    pub quantity: Amount,
    pub clipped_by: Option<Rule>,
    pub filled: Amount,
    pub state: OrderState,
    pub unfilled: Option<Unfilled>,
    pub fills: FillsTold<'a>,
}

/// The fills of an order.
#[derive(Debug, Clone, Copy)]
pub struct FillsTold<'a> {
    fills: &'a [Fill],
    market: &'a MarketTold,
    money: Money,
}

/// A fill as it is told.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct FillTold<'a> {
    pub at: i64,
    pub price: Amount,
    pub quantity: Amount,
    pub fee: Amount,
    pub fee_in: &'a str,
}

/// A position at the end of a run as it is told.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct HeldTold<'a> {
    pub strategy: &'a str,
    pub instrument: &'a str,
    pub quantity: Amount,
}

/// A refusal as it is told.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct RefusalTold<'a> {
    pub at: i64,
    pub strategy: &'a str,
    pub instrument: &'a str,
    pub rule: Rule,
    pub text: &'a str,
}

impl Traded {
    pub(super) fn new(strategies: Vec<String>, markets: &[Market], money: Money, outcome: Outcome) -> Self {
        let Outcome { trips, orders, mut fills, refusals, held, .. } = outcome;
        fills.sort_by_key(|fill| fill.order);
        let markets = markets.iter().map(|Market { instrument, price_digits, base_digits, .. }| MarketTold {
            id: instrument.id.to_string(),
            base: instrument.id.base().to_owned(),
            quote: instrument.id.quote().to_owned(),
            price_digits: *price_digits,
            base_digits: *base_digits,
        });
        Self { strategies, markets: markets.collect(), money, trips, orders, fills, refusals, held }
    }

    /// Finished trips, by their end.
    pub fn trades(&self) -> impl ExactSizeIterator<Item = Trade<'_>> + Clone {
        (0..self.trips.len()).map(|place| self.trade(place))
    }

    /// The trip at this place of [`Traded::trades`], which has to be there.
    #[must_use]
    pub fn trade(&self, place: usize) -> Trade<'_> {
        let trip = &self.trips[place];
        Trade {
            strategy: &self.strategies[trip.strategy],
            instrument: &self.markets[trip.market].id,
            entered_at: millis(trip.entered_at),
            left_at: millis(trip.left_at),
            cost: self.money.amount(trip.cost),
            pnl: self.money.amount(trip.pnl),
            exit: trip.cause.kind(),
        }
    }

    /// All orders, each with its fills, by the time of their decision.
    pub fn orders(&self) -> impl ExactSizeIterator<Item = OrderTold<'_>> + Clone {
        let mut rest = self.fills.as_slice();
        self.orders.iter().enumerate().map(move |(number, order)| {
            let fills;
            (fills, rest) = rest.split_at(rest.iter().take_while(|fill| fill.order == number).count());
            let market = &self.markets[order.market];
            OrderTold {
                decided_at: millis(order.decided_at),
                strategy: &self.strategies[order.strategy],
                instrument: &market.id,
                side: order.side,
                cause: order.cause.kind(),
                limit: order.limit.map(|limit| market.price(limit)),
                quantity: market.quantity(order.quantity),
                clipped_by: order.clipped_by,
                filled: market.quantity(order.filled),
                state: order.state,
                unfilled: order.unfilled,
                fills: FillsTold { fills, market, money: self.money },
            }
        })
    }

    /// Entries that the risk layer did not let pass, by time.
    pub fn refusals(&self) -> impl ExactSizeIterator<Item = RefusalTold<'_>> + Clone {
        self.refusals.iter().map(|refusal| RefusalTold {
            at: millis(refusal.at),
            strategy: &self.strategies[refusal.strategy],
            instrument: &self.markets[refusal.market].id,
            rule: refusal.rule,
            text: &refusal.text,
        })
    }

    /// Positions that were not sold: they count at the last close, and are no trips.
    pub fn held(&self) -> impl ExactSizeIterator<Item = HeldTold<'_>> + Clone {
        self.held.iter().map(|held| {
            let market = &self.markets[held.market];
            let (strategy, quantity) = (&self.strategies[held.strategy], market.quantity(held.quantity));
            HeldTold { strategy, instrument: &market.id, quantity }
        })
    }
}

impl Serialize for Traded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("trades", &Sequence(self.trades()))?;
        map.serialize_entry("orders", &Sequence(self.orders()))?;
        map.serialize_entry("held", &Sequence(self.held()))?;
        map.serialize_entry("refusals", &Sequence(self.refusals()))?;
        map.end()
    }
}

impl<'a> FillsTold<'a> {
    /// Each of them, by time.
    pub fn iter(self) -> impl ExactSizeIterator<Item = FillTold<'a>> + Clone {
        let Self { fills, market, money } = self;
        fills.iter().map(move |fill| {
            let (fee, fee_in) = match fill.base_fee {
                0 => (money.amount(fill.fee), &market.quote),
                count => (market.quantity(count), &market.base),
            };
            FillTold {
                at: millis(fill.at),
                price: market.price(fill.price),
                quantity: market.quantity(fill.quantity),
                fee,
                fee_in,
            }
        })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.fills.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.fills.len()
    }
}

impl Serialize for FillsTold<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// What is written item by item.
struct Sequence<I>(I);

impl<I: Iterator<Item: Serialize> + Clone> Serialize for Sequence<I> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}
