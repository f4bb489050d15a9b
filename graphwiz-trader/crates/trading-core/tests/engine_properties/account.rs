//! The account as somebody outside adds it up: from fills, in decimals.

use rust_decimal::Decimal;
use trading_core::engine::record::{Fill, Side};
use trading_core::time::Micros;

use super::history::{History, Ran, STEP};

/// What N as an `f64` may be off by, relative.
pub(crate) const ROUNDING: Decimal = Decimal::from_parts(1, 0, 0, false, 12);

/// Cash and quantities.
pub(crate) struct Books {
    pub(crate) cash: Decimal,
    pub(crate) held: Vec<Decimal>,
}

/// Price and quantity of a fill.
fn terms(ran: &Ran, fill: &Fill) -> (Decimal, Decimal) {
    let market = &ran.markets[ran.outcome.orders[fill.order].market];
    let price = Decimal::from_i128_with_scale(fill.price.into(), market.price_digits);
    (price, Decimal::from_i128_with_scale(fill.quantity, market.base_digits))
}

impl Books {
    pub(crate) fn new(ran: &Ran) -> Self {
        Self { cash: History::capital(), held: vec![Decimal::ZERO; ran.markets.len()] }
    }

    pub(crate) fn book(&mut self, ran: &Ran, fill: &Fill) {
        let order = &ran.outcome.orders[fill.order];
        let (price, quantity) = terms(ran, fill);
        let base_fee = Decimal::from_i128_with_scale(fill.base_fee, ran.markets[order.market].base_digits);
        let held = &mut self.held[order.market];
        match order.side {
            Side::Buy => {
                self.cash -= price * quantity;
                *held += quantity;
            }
            Side::Sell => {
                self.cash += price * quantity;
                *held -= quantity;
            }
        }
        self.cash -= ran.decimal(fill.fee);
        *held -= base_fee;
    }

    /// The close of a market's newest bar that the run has walked.
    pub(crate) fn mark(&self, ran: &Ran, market: usize) -> Decimal {
        mark_at(ran, market, ran.outcome.sampled_at.last().expect("samples"))
    }

    /// What is held at its marks.
    pub(crate) fn worth(&self, ran: &Ran) -> Decimal {
        self.held.iter().enumerate().map(|(market, held)| *held * self.mark(ran, market)).sum()
    }
}

/// The close of a market's newest bar that is closed at `at`; 0 before the first.
fn mark_at(ran: &Ran, market: usize, at: Micros) -> Decimal {
    let counted = &ran.markets[market];
    let closed = counted.series.records.iter().take_while(|record| record.open_time + STEP <= at);
    closed.last().map_or(Decimal::ZERO, |last| Decimal::from_i128_with_scale(last.close.into(), counted.price_digits))
}

/// What is held and wanted once an instant's decisions are made, at least.
pub(crate) struct Held {
    /// By market.
    pub(crate) markets: Vec<Decimal>,
    /// Positions and open entries.
    pub(crate) lanes: usize,
    /// What open entries cost, without fees and slippage.
    pub(crate) wanted: Decimal,
    pub(crate) cash: Decimal,
    pub(crate) equity: Decimal,
}

impl Held {
    /// As far as it can be told from outside, where nothing is dust. An older entry counts as open where it is filled
    /// later; a sale at this very instant counts as made before the decision, which it may not have been. Both err on
    /// the side of the engine.
    pub(crate) fn at(ran: &Ran, at: Micros) -> Self {
        let orders = &ran.outcome.orders;
        let is_past = |fill: &Fill| {
            let order = &orders[fill.order];
            // A market order fills at the open of the bar that opens then, after the decision.
            let is_at_open = order.side == Side::Buy && order.limit.is_none();
            fill.at < at || (fill.at == at && !is_at_open)
        };
        let (past, later): (Vec<_>, Vec<_>) = ran.outcome.fills.iter().partition(|fill| is_past(fill));
        let mut books = Books::new(ran);
        past.iter().for_each(|fill| books.book(ran, fill));
        let marks: Vec<Decimal> = (0..ran.markets.len()).map(|market| mark_at(ran, market, at)).collect();
        let mut markets: Vec<Decimal> = books.held.iter().zip(&marks).map(|(held, mark)| *held * *mark).collect();
        let mut lanes = std::collections::BTreeMap::<(usize, usize), Decimal>::new();
        for fill in &past {
            let order = &orders[fill.order];
            let quantity = terms(ran, fill).1;
            *lanes.entry((order.strategy, order.market)).or_default() +=
                if order.side == Side::Buy { quantity } else { -quantity };
        }
        let mut wanted = Decimal::ZERO;
        let entries = orders.iter().enumerate().filter(|(_, order)| order.side == Side::Buy && order.decided_at <= at);
        for (number, order) in entries {
            let market = &ran.markets[order.market];
            let count = match order.decided_at == at {
                true => order.quantity,
                false => later.iter().filter(|fill| fill.order == number).map(|fill| fill.quantity).sum(),
            };
            let quantity = Decimal::from_i128_with_scale(count, market.base_digits);
            let limit = order.limit.map(|limit| Decimal::from_i128_with_scale(limit.into(), market.price_digits));
            // It may have been counted at the mark of its decision.
            let mark = marks[order.market].min(mark_at(ran, order.market, order.decided_at));
            let cost = quantity * limit.map_or(mark, |limit| limit.min(mark));
            markets[order.market] += cost;
            wanted += cost;
            *lanes.entry((order.strategy, order.market)).or_default() += quantity;
        }
        let sample =
            ran.outcome.sampled_at.iter().position(|sampled| sampled == at).expect("decisions follow a sample");
        let n = Decimal::try_from(ran.outcome.unit_values[sample]).expect("a small number");
        let lanes = lanes.values().filter(|quantity| **quantity > Decimal::ZERO).count();
        Self { markets, lanes, wanted, cash: books.cash, equity: History::capital() * n }
    }
}
