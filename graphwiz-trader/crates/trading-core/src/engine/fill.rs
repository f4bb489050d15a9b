//! What fills an order, at which price, and how is it booked?

use rust_decimal::Decimal;

use crate::bars::{NO_VOLUME, Record};
use crate::exact::{self, Exact};
use crate::instrument::FeeIn;
use crate::ledger::Fee;
use crate::market::{FEE_DIGITS, Market};
use crate::rules::Slippage;
use crate::time::Micros;

use super::Engine;
use super::lane::{Entry, EntryKind, Exit, Position};
use super::record::{Cause, Fill, OrderState, Side, Trigger, Trip};

/// The most that realistic slippage is, and what it grows by where a fill is a tenth of the volume.
const MAX_SLIPPAGE: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
const IMPACT: Decimal = Decimal::from_parts(5, 0, 0, false, 4);
const IMPACT_SHARE: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

impl Engine<'_> {
    /// Fills orders at market at the open of their bars, exits before entries.
    pub(super) fn fill_at_open(&mut self, open_time: Micros) {
        for i in 0..self.lanes.len() {
            if let (Some(exit), Some(record)) = (self.lanes[i].exit, self.current[self.lanes[i].market])
                && exit.due <= open_time
            {
                self.sell(i, exit.order, record.open, open_time);
            }
        }
        for i in 0..self.lanes.len() {
            let Some(Entry { kind: EntryKind::Market { due }, .. }) = self.lanes[i].entry else { continue };
            if due > open_time {
                continue;
            }
            match self.current[self.lanes[i].market].filter(|_| due == open_time) {
                Some(record) => self.buy_at_open(i, &record, open_time),
                None => self.cancel_entry(i, OrderState::Expired),
            }
        }
    }

    /// Fills limit entries that rest in the bar.
    pub(super) fn fill_limits(&mut self, close_time: Micros) {
        for i in 0..self.lanes.len() {
            let record = self.current[self.lanes[i].market];
            let Some(entry) = &mut self.lanes[i].entry else { continue };
            let EntryKind::Limit { price, due, expires, has_arrived } = &mut entry.kind else { continue };
            let open_time = close_time - self.run.timeframe.micros();
            if open_time < *due {
                continue;
            }
            let arrives = record.is_some() && !*has_arrived;
            *has_arrived |= arrives;
            let (price, expires) = (*price, *expires);
            match record {
                _ if open_time >= expires => self.cancel_entry(i, OrderState::Expired),
                Some(record) if arrives && price >= record.open => self.cancel_entry(i, OrderState::Rejected),
                Some(record) if record.low < price => self.buy_at_limit(i, price, close_time),
                _ => {}
            }
            if close_time >= expires {
                self.cancel_entry(i, OrderState::Expired);
            }
        }
    }

    /// Sells where stops or targets are reached within the bar.
    pub(super) fn watch_prices(&mut self, close_time: Micros) {
        for i in 0..self.lanes.len() {
            let lane = &self.lanes[i];
            let (Some(record), Some(position), None) = (self.current[lane.market], &lane.position, lane.exit) else {
                continue;
            };
            let (cause, level) = match (position.stop, position.trail) {
                (_, Some(trail)) => (Cause::Trailing, Some(trail)),
                (stop, None) => (Cause::Stop, stop),
            };
            match level.filter(|level| record.low <= *level) {
                Some(level) => {
                    self.exit(i, cause, close_time, close_time);
                    if let Some(Exit { order, .. }) = self.lanes[i].exit {
                        self.sell(i, order, level.min(record.open), close_time);
                    }
                }
                None => self.watch_targets(i, &record, close_time),
            }
            if let Some(position) = &mut self.lanes[i].position {
                position.targets_wait = false;
            }
        }
    }

    fn watch_targets(&mut self, i: usize, record: &Record, close_time: Micros) {
        let targets = &self.lanes[i].exits().targets;
        loop {
            let lane = &self.lanes[i];
            let market = &self.run.markets[lane.market];
            let Some(position) = lane.position.as_ref().filter(|position| !position.targets_wait) else { return };
            let done = position.targets_done;
            let Some(target) = targets.get(done) else { return };
            let price = position.target(target.target, market);
            if record.high <= price {
                return;
            }
            let part = market.down_to_lot(&(market.quantity(position.quantity) * exact::of(target.percent)));
            let is_whole = target.percent >= Decimal::ONE || position.all_at_next;
            let mark = self.ledger.mark_of(lane.market);
            let is_small = [part, position.quantity - part].iter().any(|left| self.is_dust(lane.market, *left, mark));
            let cause = Cause::Target(u32::try_from(done + 1).unwrap_or(u32::MAX));
            if let Some(position) = &mut self.lanes[i].position {
                position.targets_done += 1;
                position.all_at_next = is_small;
            }
            if is_whole {
                self.exit(i, cause, close_time, close_time);
                if let Some(Exit { order, .. }) = self.lanes[i].exit {
                    self.sell(i, order, price, close_time);
                }
                return;
            }
            if !is_small {
                self.sell_part(i, part, cause, price, close_time);
            }
        }
    }

    /// Whether so much is no position: less than a lot, or worth less than the least order.
    pub(super) fn is_dust(&self, market: usize, quantity: i128, mark: i64) -> bool {
        let counted = &self.run.markets[market];
        quantity < counted.lot || self.run.money.exact(counted.value(mark, quantity)) < counted.minimum(mark)
    }

    /// How much of the bar's volume is left for fills, down to the lot; `None` where it is not known.
    fn volume_left(&self, market: usize) -> Option<i128> {
        let record = self.current[market].filter(|record| record.volume != NO_VOLUME)?;
        let market_of = &self.run.markets[market];
        let volume = exact::of_count(record.volume.into(), market_of.series.volume_digits);
        let share = market_of.down_to_lot(&(volume * exact::of(self.run.rules.costs.max_volume_share)));
        Some(share - self.taken[market])
    }

    /// The slippage of so much at this price, as a share.
    fn slippage(&self, market: usize, quantity: i128, price: i64) -> Exact {
        let rate = match self.run.rules.costs.slippage {
            Slippage::Fixed(rate) => return exact::of(rate),
            Slippage::Realistic(rate) => rate,
        };
        let counted = &self.run.markets[market];
        let last = self.next[market].checked_sub(1).map(|last| counted.series.records[last]);
        let Some(last) = last.filter(|last| last.volume > 0) else { return exact::of(MAX_SLIPPAGE) };
        let volume = exact::of_count(last.volume.into(), counted.series.volume_digits);
        let notional = self.run.money.exact(counted.value(price, quantity));
        let share = notional / (volume * counted.price(last.close) * exact::of(IMPACT_SHARE));
        let impact = share.min(exact::whole(1)) * exact::of(IMPACT);
        (exact::of(rate) + impact).min(exact::of(MAX_SLIPPAGE))
    }

    fn buy_at_open(&mut self, i: usize, record: &Record, at: Micros) {
        let market = self.lanes[i].market;
        let Some(entry) = self.lanes[i].entry.take() else { return };
        let wanted = self.orders[entry.order].quantity;
        let mut quantity = self.volume_left(market).map_or(wanted, |left| wanted.min(left));
        let commission = self.run.rules.costs.commission;
        let counted = &self.run.markets[market];
        let price_of = |quantity: i128| {
            let slippage = self.slippage(market, quantity, record.open);
            counted.up_to_tick(&(counted.price(record.open) * (exact::whole(1) + slippage)))
        };
        let mut price = price_of(quantity);
        let free = self.free();
        loop {
            let (cost, fee) =
                (counted.value(price, quantity), self.fee(counted, price, quantity, commission, Side::Buy));
            if quantity <= 0 || self.run.money.exact(cost + fee.quote) <= free {
                break;
            }
            let unit = self.run.money.exact(counted.value(price, 1)) * (exact::whole(1) + exact::of(commission));
            let affordable = exact::down_to(&free, &unit) / counted.lot * counted.lot;
            quantity = affordable.min(quantity - counted.lot).max(0);
            price = price_of(quantity);
        }
        let state = if quantity == wanted { OrderState::Filled } else { OrderState::Expired };
        self.orders[entry.order].state = state;
        if quantity > 0 {
            let fee = self.fee(counted, price, quantity, commission, Side::Buy);
            self.book_buy(i, &entry, price, quantity, fee, at);
        }
    }

    fn buy_at_limit(&mut self, i: usize, price: i64, at: Micros) {
        let market = self.lanes[i].market;
        let Some(mut entry) = self.lanes[i].entry.take() else { return };
        let rest = self.orders[entry.order].quantity - self.orders[entry.order].filled;
        let quantity = self.volume_left(market).map_or(rest, |left| rest.min(left));
        let counted = &self.run.markets[market];
        if quantity > 0 {
            let fee = self.fee(counted, price, quantity, self.run.rules.costs.commission_maker, Side::Buy);
            self.book_buy(i, &entry, price, quantity, fee, at);
            if let Some(position) = &mut self.lanes[i].position {
                position.targets_wait = true;
            }
        }
        if quantity < rest {
            let maker = self.run.rules.costs.commission_maker;
            entry.reserved = self.worst_cost(market, &counted.price(price), rest - quantity, maker);
            self.lanes[i].entry = Some(entry);
        } else {
            self.orders[entry.order].state = OrderState::Filled;
        }
    }

    fn book_buy(&mut self, i: usize, entry: &Entry, price: i64, quantity: i128, fee: Fee, at: Micros) {
        let market = self.lanes[i].market;
        let counted = &self.run.markets[market];
        let cost = counted.value(price, quantity);
        self.taken[market] += quantity;
        self.ledger.buy(market, cost, quantity, fee);
        self.orders[entry.order].filled += quantity;
        let base_fee = fee.base;
        self.fills.push(Fill { at, order: entry.order, price, quantity, fee: fee.quote, base_fee });
        let mark = self.ledger.mark_of(market);
        let arrived = quantity - fee.base;
        if self.lanes[i].position.is_none() && self.is_dust(market, arrived, mark) {
            self.dust_value[market] += counted.value(mark, arrived);
        } else {
            let older_dust = &mut self.dust_value[market];
            let lane = &mut self.lanes[i];
            let bar = lane.bars;
            let exits = lane.exits();
            let position = lane.position.get_or_insert_with(|| Position::new(at, bar, std::mem::take(older_dust)));
            position.add(price, quantity, arrived, cost + fee.quote);
            position.place(exits, entry.stop_distance.clone(), counted);
        }
        self.check_balance(at);
    }

    /// Sells all of a position, older dust along with it, as far as the volume reaches; the rest waits for the next open.
    fn sell(&mut self, i: usize, order: usize, price: i64, at: Micros) {
        let market = self.lanes[i].market;
        let Some(position) = &self.lanes[i].position else { return };
        let counted = &self.run.markets[market];
        let all = (position.quantity + self.dust(market)) / counted.lot * counted.lot;
        let quantity = self.volume_left(market).map_or(all, |left| all.min(left));
        if quantity > 0 {
            self.book_sell(i, order, quantity, price, at);
        }
        if self.lanes[i].position.is_none() {
            self.orders[order].state = OrderState::Filled;
            self.lanes[i].exit = None;
        }
    }

    fn sell_part(&mut self, i: usize, part: i128, cause: Cause, price: i64, at: Micros) {
        let market = self.lanes[i].market;
        let quantity = self.volume_left(market).map_or(part, |left| part.min(left));
        let order = self.order(i, market, Side::Sell, cause, None, part, at);
        if quantity > 0 {
            self.book_sell(i, order, quantity, price, at);
        }
        self.orders[order].state = if quantity == part { OrderState::Filled } else { OrderState::Expired };
    }

    fn book_sell(&mut self, i: usize, order: usize, quantity: i128, price: i64, at: Micros) {
        let market = self.lanes[i].market;
        let counted = &self.run.markets[market];
        let slippage = self.slippage(market, quantity, price);
        let price = counted.down_to_tick(&(counted.price(price) * (exact::whole(1) - slippage)));
        let proceeds = counted.value(price, quantity);
        let fee = self.fee(counted, price, quantity, self.run.rules.costs.commission, Side::Sell).quote;
        self.taken[market] += quantity;
        self.ledger.sell(market, proceeds, quantity, fee);
        self.orders[order].filled += quantity;
        self.fills.push(Fill { at, order, price, quantity, fee, base_fee: 0 });
        let cause = self.orders[order].cause;
        let lane = &mut self.lanes[i];
        lane.last_exit_bar = Some(lane.bars + 1);
        let strategy = lane.strategy;
        if let Some(position) = &mut lane.position {
            position.brought += proceeds - fee;
            position.quantity = (position.quantity - quantity).max(0);
        }
        if matches!(cause, Cause::Stop | Cause::Trailing) {
            self.stopped_at[strategy].push(at);
        }
        self.end_trip(i, cause, at);
        self.check_balance(at);
    }

    /// Ends a trip where what is left is no position.
    fn end_trip(&mut self, i: usize, cause: Cause, at: Micros) {
        let (strategy, market) = (self.lanes[i].strategy, self.lanes[i].market);
        let mark = self.ledger.mark_of(market);
        let left = self.lanes[i].position.as_ref().map_or(0, |position| position.quantity);
        if !self.is_dust(market, left, mark) {
            return;
        }
        let Some(position) = self.lanes[i].position.take() else { return };
        self.cancel_entry(i, OrderState::Cancelled);
        // What other strategies have left meanwhile is none of this trip's.
        let others = self.dust_value[market];
        self.dust_value[market] = self.run.markets[market].value(mark, self.dust(market));
        let pnl = position.brought + self.dust_value[market] - others - position.cost;
        let (entered_at, cost) = (position.entered_at, position.cost);
        self.trips.push(Trip { strategy, market, entered_at, left_at: at, cost, pnl, cause });
    }

    /// What is held of a market beside its positions.
    fn dust(&self, market: usize) -> i128 {
        let positions =
            self.lanes.iter().filter(|lane| lane.market == market).filter_map(|lane| lane.position.as_ref());
        self.ledger.quantity(market) - positions.map(|position| position.quantity).sum::<i128>()
    }

    /// The fee of a fill, rounded up.
    fn fee(&self, market: &Market, price: i64, quantity: i128, rate: Decimal, side: Side) -> Fee {
        let step = exact::of_count(1, FEE_DIGITS);
        if side == Side::Buy && market.instrument.fee_in == FeeIn::Base {
            let count = exact::up_to(&(market.quantity(quantity) * exact::of(rate)), &step);
            return Fee { base: count * exact::pow10(market.base_digits - FEE_DIGITS), quote: 0 };
        }
        let value = self.run.money.exact(market.value(price, quantity));
        let count = exact::up_to(&(value * exact::of(rate)), &step);
        Fee { quote: count * exact::pow10(self.run.money.digits - FEE_DIGITS), base: 0 }
    }

    /// Cash that no open entry may need.
    pub(super) fn free(&self) -> Exact {
        let reserved = self.lanes.iter().filter_map(|lane| lane.entry.as_ref()).map(|entry| &entry.reserved);
        reserved.fold(self.run.money.exact(self.ledger.cash()), |free, reserved| free - reserved)
    }

    /// What so much costs at this price, its fee included.
    pub(super) fn worst_cost(&self, market: usize, price: &Exact, quantity: i128, rate: Decimal) -> Exact {
        let counted = &self.run.markets[market];
        let value = counted.quantity(quantity) * price;
        match counted.instrument.fee_in {
            FeeIn::Base => value,
            FeeIn::Quote => {
                let step = exact::of_count(1, FEE_DIGITS);
                let fee = exact::whole(exact::up_to(&(&value * exact::of(rate)), &step)) * step;
                value + fee
            }
        }
    }

    fn check_balance(&mut self, at: Micros) {
        if !self.ledger.balances() && !self.watch.is_stopped() {
            self.watch.trip(at, Trigger::Conservation);
            self.cancel_entries();
        }
    }
}
