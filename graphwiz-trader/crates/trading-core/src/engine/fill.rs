//! What fills an order, at which price, and how is it booked?

use rust_decimal::Decimal;

use crate::bars::{NO_VOLUME, Record};
use crate::exact::{self, Exact};
use crate::instrument::FeeIn;
use crate::ledger::Fee;
use crate::market::{FEE_DIGITS, Market};
use crate::rules::{MAX_SLIPPAGE, Slippage};
use crate::time::Micros;

use super::Engine;
use super::lane::{Entry, EntryKind, Exit, Position};
use super::record::{Cause, Fill, Side, Trigger, Trip, Unfilled};

/// What realistic slippage grows by where a fill is a tenth of the volume.
const IMPACT: Decimal = Decimal::from_parts(5, 0, 0, false, 4);
const IMPACT_SHARE: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

impl Engine<'_> {
    /// Fills orders at market at the open of their bars, exits before entries.
    pub(super) fn fill_at_open(&mut self, open_time: Micros) {
        for i in 0..self.lanes.len() {
            if let Some(exit) = self.lanes[i].exit
                && exit.due <= open_time
                && let Some(record) = self.current[self.lanes[i].market]
            {
                self.sell(i, exit.order, record.open, open_time);
            }
        }
        for i in 0..self.lanes.len() {
            let Some(&Entry { kind: EntryKind::Market { due }, .. }) = self.lanes[i].entry.as_ref() else { continue };
            if due > open_time {
                continue;
            }
            match self.current[self.lanes[i].market].filter(|_| due == open_time) {
                Some(record) => self.buy_at_open(i, &record, open_time),
                None => self.cancel_entry(i, Unfilled::NoBar),
            }
        }
    }

    /// What one market's bar fills after its open: resting entries, then stops, then targets.
    pub(super) fn fill_within(&mut self, market: usize, record: &Record, close_time: Micros) {
        for step in [Self::fill_limit, Self::watch_stop, Self::watch_targets] {
            for i in 0..self.lanes.len() {
                if self.lanes[i].market == market && !self.lanes[i].is_idle() {
                    step(self, i, record, close_time);
                }
            }
        }
    }

    fn fill_limit(&mut self, i: usize, record: &Record, close_time: Micros) {
        let Some(entry) = &mut self.lanes[i].entry else { return };
        let EntryKind::Limit { price, due, expires, has_arrived, .. } = &mut entry.kind else { return };
        if record.open_time < *due {
            return;
        }
        if record.open_time >= *expires {
            // No market had a bar at the time at which it was over.
            let why = entry.kind.lapsed();
            return self.cancel_entry(i, why);
        }
        let (price, arrives) = (*price, !std::mem::replace(has_arrived, true));
        if arrives && price >= record.open {
            self.cancel_entry(i, Unfilled::NotResting);
        } else if record.low < price {
            self.buy_at_limit(i, price, close_time);
        }
    }

    /// Ends limit entries whose time is over.
    pub(super) fn lapse_limits(&mut self, close_time: Micros) {
        for i in 0..self.lanes.len() {
            if let Some(Entry { kind: kind @ EntryKind::Limit { expires, .. }, .. }) = &self.lanes[i].entry
                && *expires <= close_time
            {
                self.cancel_entry(i, kind.lapsed());
            }
        }
    }

    fn watch_stop(&mut self, i: usize, record: &Record, close_time: Micros) {
        let lane = &self.lanes[i];
        let (Some(position), None) = (&lane.position, lane.exit) else { return };
        let (cause, level) = match (position.stop, position.trail) {
            (_, Some(trail)) => (Cause::Trailing, Some(trail)),
            (stop, None) => (Cause::Stop, stop),
        };
        if let Some(level) = level.filter(|level| record.low <= *level) {
            self.exit_within(i, cause, level.min(record.open), close_time);
        }
    }

    /// Sells all of a position within the bar; what its volume does not take waits for the next open.
    fn exit_within(&mut self, i: usize, cause: Cause, price: i64, close_time: Micros) {
        self.exit(i, cause, close_time, close_time);
        if let Some(Exit { order, .. }) = self.lanes[i].exit {
            self.sell(i, order, price, close_time);
        }
    }

    fn watch_targets(&mut self, i: usize, record: &Record, close_time: Micros) {
        if let Some(position) = &mut self.lanes[i].position
            && std::mem::take(&mut position.targets_wait)
        {
            return;
        }
        let targets = &self.lanes[i].exits().targets;
        loop {
            let lane = &self.lanes[i];
            let market = &self.run.markets[lane.market];
            let (Some(position), None) = (&lane.position, lane.exit) else { return };
            let done = position.targets_done;
            let Some(target) = targets.get(done) else { return };
            let price = position.target(target.target, market);
            if record.high <= price {
                return;
            }
            let part = market.quantity(position.quantity) * exact::of(target.percent);
            let is_whole = target.percent >= Decimal::ONE || position.all_at_next;
            let alone = market.down_to_lot(&part);
            let mark = self.ledger.mark_of(lane.market);
            let is_small = [alone, position.quantity - alone].iter().any(|left| self.is_dust(lane.market, *left, mark));
            let with_dust = market.down_to_lot(&(part + market.quantity(self.dust(lane.market))));
            let cause = Cause::Target(u32::try_from(done + 1).unwrap_or(u32::MAX));
            if let Some(position) = &mut self.lanes[i].position {
                position.targets_done += 1;
                position.all_at_next = is_small;
            }
            if is_whole {
                return self.exit_within(i, cause, price, close_time);
            }
            if !is_small {
                self.sell_part(i, with_dust, cause, price, close_time);
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
        let counted = &self.run.markets[market];
        let price_of = |quantity: i128| {
            let slippage = self.slippage(market, quantity, record.open);
            counted.up_to_tick(&(counted.price(record.open) * (exact::whole(1) + slippage)))
        };
        let (quantity, price) = self.affordable(market, wanted, self.run.rules.costs.commission, &price_of);
        self.end_order(entry.order, (quantity < wanted).then(|| self.short_of(market, quantity)));
        if quantity > 0 {
            self.book_buy(i, &entry, price, quantity, self.run.rules.costs.commission, at);
        }
    }

    fn buy_at_limit(&mut self, i: usize, price: i64, at: Micros) {
        let market = self.lanes[i].market;
        let Some(mut entry) = self.lanes[i].entry.take() else { return };
        let rest = self.orders[entry.order].quantity - self.orders[entry.order].filled;
        let maker = self.run.rules.costs.commission_maker;
        let (quantity, price) = self.affordable(market, rest, maker, &|_| price);
        if let EntryKind::Limit { short_of, .. } = &mut entry.kind {
            *short_of = Some(self.short_of(market, quantity));
        }
        if quantity > 0 {
            self.book_buy(i, &entry, price, quantity, maker, at);
            if let Some(position) = &mut self.lanes[i].position {
                position.targets_wait = true;
            }
        }
        if quantity < rest {
            let limit = self.run.markets[market].price(price);
            entry.reserved = self.worst_cost(market, &limit, rest - quantity, maker).min(self.free());
            self.lanes[i].entry = Some(entry);
        } else {
            self.end_order(entry.order, None);
        }
    }

    /// What there was no more of than for so much.
    fn short_of(&self, market: usize, quantity: i128) -> Unfilled {
        let is_all = |left: i128| quantity == left.max(0);
        if self.volume_left(market).is_some_and(is_all) { Unfilled::Volume } else { Unfilled::Cash }
    }

    /// How much of what is wanted the bar's volume and the cash that is free let through, and at which price.
    fn affordable(&self, market: usize, wanted: i128, rate: Decimal, price_of: &dyn Fn(i128) -> i64) -> (i128, i64) {
        let counted = &self.run.markets[market];
        let free = self.free();
        let mut quantity = self.volume_left(market).map_or(wanted, |left| wanted.min(left));
        loop {
            let price = price_of(quantity);
            let cost = counted.value(price, quantity) + self.fee(counted, price, quantity, rate, Side::Buy).quote;
            if quantity <= 0 || self.run.money.exact(cost) <= free {
                return (quantity.max(0), price);
            }
            let unit = counted.price(price) * (exact::whole(1) + exact::of(rate));
            quantity = counted.down_to_lot(&(&free / unit)).min(quantity - counted.lot);
        }
    }

    fn book_buy(&mut self, i: usize, entry: &Entry, price: i64, quantity: i128, rate: Decimal, at: Micros) {
        let market = self.lanes[i].market;
        let counted = &self.run.markets[market];
        let fee = self.fee(counted, price, quantity, rate, Side::Buy);
        let cost = counted.value(price, quantity);
        self.taken[market] += quantity;
        self.ledger.buy(market, cost, quantity, fee);
        self.fees += fee.quote + counted.value(price, fee.base);
        self.orders[entry.order].filled += quantity;
        let base_fee = fee.base;
        self.fills.push(Fill { at, order: entry.order, price, quantity, fee: fee.quote, base_fee });
        let mark = self.ledger.mark_of(market);
        let arrived = quantity - fee.base;
        if self.lanes[i].position.is_none() && self.is_dust(market, arrived, mark) {
            self.dust_value[market] += counted.value(mark, arrived);
        } else {
            let lane = &mut self.lanes[i];
            let bar = lane.bars;
            let exits = lane.exits();
            let position = lane.position.get_or_insert_with(|| Position::new(at, bar));
            position.add(price, quantity, arrived, cost + fee.quote);
            position.place(exits, entry.stop_distance.clone(), counted);
        }
        self.check_balance(at);
    }

    /// Sells all of a position, older dust along with it, as far as the volume reaches; the rest waits for the next
    /// open.
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
            // What is left of it is dust.
            self.end_order(order, (quantity < all).then_some(Unfilled::Volume));
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
        self.end_order(order, (quantity < part).then_some(Unfilled::Volume));
    }

    fn book_sell(&mut self, i: usize, order: usize, quantity: i128, price: i64, at: Micros) {
        let market = self.lanes[i].market;
        let counted = &self.run.markets[market];
        let slippage = self.slippage(market, quantity, price);
        let price = counted.down_to_tick(&(counted.price(price) * (exact::whole(1) - slippage)));
        let proceeds = counted.value(price, quantity);
        let fee = self.fee(counted, price, quantity, self.run.rules.costs.commission, Side::Sell).quote;
        let (dust, dust_value) = (self.dust(market), std::mem::take(&mut self.dust_value[market]));
        self.taken[market] += quantity;
        self.ledger.sell(market, proceeds, quantity, fee);
        self.fees += fee;
        let cause = self.orders[order].cause;
        let lane = &mut self.lanes[i];
        lane.last_exit_bar = Some(lane.bars + 1);
        if self.orders[order].filled == 0 && matches!(cause, Cause::Stop | Cause::Trailing) {
            self.stopped_at[lane.strategy].push(at);
        }
        if let Some(position) = &mut lane.position {
            position.brought += proceeds - fee;
            position.cost += dust_value;
            position.quantity += dust - quantity;
        }
        self.orders[order].filled += quantity;
        self.fills.push(Fill { at, order, price, quantity, fee, base_fee: 0 });
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
        self.cancel_entry(i, Unfilled::TakenBack);
        self.dust_value[market] = self.run.markets[market].value(mark, left);
        let pnl = position.brought + self.dust_value[market] - position.cost;
        let (entered_at, cost) = (position.entered_at, position.cost);
        self.trips.push(Trip { strategy, market, entered_at, left_at: at, cost, pnl, cause });
    }

    /// What is held of a market beside its positions.
    pub(super) fn dust(&self, market: usize) -> i128 {
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
