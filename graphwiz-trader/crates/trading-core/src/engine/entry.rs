//! The risk layer before an entry: may it be, and how large? It makes an entry smaller or refuses it, never larger.

use rust_decimal::Decimal;

use crate::exact::{self, Exact};
use crate::rules::{Limits, Sizing, Stop};
use crate::strategy::Signal;
use crate::time::{DAY, Micros};

use super::Engine;
use super::lane::{Entry, EntryKind};
use super::record::{Cause, Refusal, Rule, Side};

/// An entry's least value beside that of the least order at its stop.
const VIABLE: Decimal = Decimal::from_parts(105, 0, 0, false, 2);
const HALF: Decimal = Decimal::from_parts(5, 0, 0, false, 1);

/// Why an entry is not.
struct Refused(Rule, String);

/// What an entry asks for.
struct Wanted {
    size: Exact,
    /// The limit and how long it rests.
    limit: Option<(i64, u32)>,
}

/// An entry that may be sent.
struct Approved {
    quantity: i128,
    /// What it can cost at most, fee included.
    reserved: Exact,
    stop_distance: Option<Exact>,
    /// The last of the limits that made it smaller.
    clipped_by: Option<Rule>,
}

fn refuse<T>(rule: Rule, value: impl std::fmt::Display, limit: impl std::fmt::Display) -> Result<T, Refused> {
    Err(Refused(rule, format!("risk refused {}: {value} > {limit}", rule.name())))
}

impl Engine<'_> {
    /// Sends an entry, if the strategy is flat and the risk layer lets it.
    pub(super) fn enter(&mut self, lane: usize, signal: Signal, at: Micros) {
        let here = &self.lanes[lane];
        let adds = self.run.participants[here.strategy].rules.accumulates.is_some();
        if here.entry.is_some() || (here.position.is_some() && !adds) {
            return;
        }
        let Some(wanted) = self.wanted(lane, signal) else { return };
        match self.approve(lane, &wanted, at) {
            Ok(approved) => self.send(lane, &wanted, approved, at),
            Err(Refused(rule, text)) => {
                let (strategy, market) = (self.lanes[lane].strategy, self.lanes[lane].market);
                self.refusals.push(Refusal { at, strategy, market, rule, text });
            }
        }
    }

    /// `None` where the signal asks for no entry: its size or limit is nothing.
    fn wanted(&self, lane: usize, signal: Signal) -> Option<Wanted> {
        let (size, limit) = match signal {
            Signal::Buy { size } => (size, None),
            Signal::BuyLimit { price, valid_bars, size } => {
                let market = &self.run.markets[self.lanes[lane].market];
                let price = market.down_to_tick(&exact::of(price));
                (size, Some((price, valid_bars.clamp(1, 100))))
            }
            Signal::None | Signal::Sell => return None,
        };
        let size = Some(size).filter(|size| *size > 0.0).and_then(|size| exact::of_f64(size.min(1.0)))?;
        (limit.is_none_or(|(price, _)| price > 0)).then_some(Wanted { size, limit })
    }

    fn approve(&self, lane: usize, wanted: &Wanted, at: Micros) -> Result<Approved, Refused> {
        self.check_times(lane, at)?;
        let market = self.lanes[lane].market;
        let counted = &self.run.markets[market];
        let mark = counted.price(self.ledger.mark_of(market));
        let (distance, stop_distance) = self.stop_distance(lane, &mark)?;
        let equity = self.run.money.exact(self.ledger.equity(self.run.markets));
        let (mut notional, mut clipped_by) = (self.size(lane, &equity, &distance), None);
        if let Some(limits) = &self.run.rules.limits {
            (notional, clipped_by) = self.clip(market, limits, &equity, notional)?;
        }
        let (free, (worst, rate)) = (self.free(), self.worst_price(market, &mark, wanted));
        let payable = payable(&free, &(&worst / &mark), rate, &notional)?;
        if payable < notional {
            (notional, clipped_by) = (payable, Some(Rule::Cash));
        }
        notional *= &wanted.size;
        if self.watch.is_halved() {
            notional *= exact::of(HALF);
        }
        let minimum = counted.minimum(self.ledger.mark_of(market)) * exact::of(VIABLE) / (exact::whole(1) - distance);
        let mut quantity = counted.down_to_lot(&(&notional / &mark));
        let mut reserved = self.worst_cost(market, &worst, quantity, rate);
        if quantity > 0 && reserved > free {
            quantity -= counted.lot; // the fee is rounded up
            reserved = self.worst_cost(market, &worst, quantity, rate);
        }
        if notional < minimum || quantity == 0 {
            let least = minimum.max(counted.quantity(counted.lot) * mark);
            let text = format!("risk refused viable_minimum: {} < {}", amount(&notional), amount(&least));
            return Err(Refused(Rule::ViableMinimum, text));
        }
        Ok(Approved { quantity, reserved, stop_distance, clipped_by })
    }

    /// The rules that count and look at the clock.
    fn check_times(&self, lane: usize, at: Micros) -> Result<(), Refused> {
        let here = &self.lanes[lane];
        if let Some(trigger) = self.watch.stopped_by() {
            return Err(Refused(Rule::Emergency, format!("risk refused emergency: {}", trigger.name())));
        }
        let exits = here.exits();
        if let Some(last) = here.last_exit_bar
            && here.bars - last < exits.cooldown_bars
        {
            let text = format!("risk refused cooldown: {} < {}", here.bars - last, exits.cooldown_bars);
            return Err(Refused(Rule::Cooldown, text));
        }
        if let Some(most) = exits.stop_guard.filter(|most| self.is_guarded(here.strategy, *most as usize, at)) {
            let text = format!("risk refused stop_guard: {most} stops in 24 h");
            return Err(Refused(Rule::StopGuard, text));
        }
        if let Some(limits) = &self.run.rules.limits {
            let is_taken = |lane: &&super::Lane<'_>| lane.position.is_some() || lane.entry.is_some();
            let taken = self.lanes.iter().filter(is_taken).count() + usize::from(here.position.is_none());
            if taken > limits.max_open_positions as usize {
                return refuse(Rule::MaxOpenPositions, taken, limits.max_open_positions);
            }
            let sent = self.entries_with(at);
            if sent > limits.max_trades_per_day {
                return refuse(Rule::MaxTradesPerDay, sent, limits.max_trades_per_day);
            }
        }
        Ok(())
    }

    /// How many entries the UTC day of one at `at` has, that one included.
    fn entries_with(&self, at: Micros) -> u32 {
        let (day, sent) = self.entries_in_day;
        if day == at.div_euclid(DAY) { sent + 1 } else { 1 }
    }

    /// Whether so many stops of a strategy were within 24 hours, the last of them less than 24 hours ago.
    fn is_guarded(&self, strategy: usize, most: usize, at: Micros) -> bool {
        let newest = self.stopped_at[strategy].windows(most).rev().take_while(|stops| at < stops[most - 1] + DAY);
        newest.map(|stops| stops[most - 1] - stops[0]).any(|span| span < DAY)
    }

    /// d as a share of the price; and the whole distance where the stop is one.
    fn stop_distance(&self, lane: usize, mark: &Exact) -> Result<(Exact, Option<Exact>), Refused> {
        let here = &self.lanes[lane];
        match here.exits().stop {
            Stop::None => Ok((exact::of(here.exits().size_stop), None)),
            Stop::Percent(share) => Ok((exact::of(share), None)),
            Stop::Atr(multiple) => {
                let undefined = || Refused(Rule::Stop, "risk_undefined: stop".to_owned());
                let atr = here.atr.filter(|atr| *atr > 0.0).and_then(exact::of_f64).ok_or_else(undefined)?;
                let distance = atr * exact::of(multiple);
                if distance >= *mark {
                    return Err(undefined());
                }
                Ok((&distance / mark, Some(distance)))
            }
        }
    }

    /// The value that the strategy's own rule asks for.
    fn size(&self, lane: usize, equity: &Exact, distance: &Exact) -> Exact {
        let rules = &self.run.participants[self.lanes[lane].strategy].rules;
        let share = equity * &rules.capital_share;
        if let Some(fraction) = rules.accumulates {
            return share * exact::of(fraction);
        }
        match self.run.rules.sizing {
            Sizing::FixedFractional { risk_per_trade } => share * exact::of(risk_per_trade) / distance,
            Sizing::FixedNotional(amount) => exact::of(amount).min(share),
            Sizing::FixedRisk(amount) => exact::of(amount).min(share) / distance,
        }
    }

    /// Clips to the limits of the instrument, of its group and of the account; and by which that became smaller.
    fn clip(
        &self,
        market: usize,
        limits: &Limits,
        equity: &Exact,
        notional: Exact,
    ) -> Result<(Exact, Option<Rule>), Refused> {
        let in_market = self.exposure(|held| held == market);
        let in_all = self.exposure(|_| true);
        let of_position = (equity * exact::of(limits.max_position_share)).min(exact::of(limits.max_position_size));
        let rules = [
            (Rule::MaxPositionSize, in_market, of_position),
            (Rule::MaxPortfolioExposure, in_all.clone(), equity * exact::of(limits.max_portfolio_exposure)),
            // How instruments move together is not known, so that all are taken to.
            (Rule::MaxCorrelationExposure, in_all, equity * exact::of(limits.max_correlation_exposure)),
        ];
        let (mut clipped, mut clipped_by) = (notional, None);
        for (rule, held, limit) in rules {
            if held >= limit {
                return refuse(rule, amount(&held), amount(&limit));
            }
            let left = limit - held;
            if left < clipped {
                (clipped, clipped_by) = (left, Some(rule));
            }
        }
        Ok((clipped, clipped_by))
    }

    /// What is held of markets by positions, at their marks, and what open entries there can still cost.
    fn exposure(&self, counts: impl Fn(usize) -> bool) -> Exact {
        let mut sum = exact::whole(0);
        for lane in self.lanes.iter().filter(|lane| counts(lane.market)) {
            if let Some(position) = &lane.position {
                let value = self.run.markets[lane.market].value(self.ledger.mark_of(lane.market), position.quantity);
                sum += self.run.money.exact(value);
            }
            if let Some(entry) = &lane.entry {
                sum += &entry.reserved;
            }
        }
        sum
    }

    /// The worst price an entry can fill at, and the commission it pays then.
    fn worst_price(&self, market: usize, mark: &Exact, wanted: &Wanted) -> (Exact, Decimal) {
        let costs = &self.run.rules.costs;
        match wanted.limit {
            Some((limit, _)) => (self.run.markets[market].price(limit), costs.commission_maker),
            None => (mark * exact::of(Decimal::ONE + costs.slippage.most()), costs.commission),
        }
    }

    fn send(&mut self, lane: usize, wanted: &Wanted, approved: Approved, at: Micros) {
        let market = self.lanes[lane].market;
        let Approved { quantity, reserved, stop_distance, clipped_by } = approved;
        let order =
            self.order(lane, market, Side::Buy, Cause::Entry, wanted.limit.map(|(price, _)| price), quantity, at);
        self.orders[order].clipped_by = clipped_by;
        let due = self.due(at);
        let kind = match wanted.limit {
            None => EntryKind::Market { due },
            Some((price, valid_bars)) => {
                let expires = at + i64::from(valid_bars) * self.run.timeframe.micros();
                EntryKind::Limit { price, due, expires, has_arrived: false, short_of: None }
            }
        };
        self.lanes[lane].entry = Some(Entry { order, reserved, stop_distance, kind });
        self.entries_in_day = (at.div_euclid(DAY), self.entries_with(at));
    }
}

/// The value that free cash can pay, where each unit of it may cost `worst`, and its fee.
fn payable(free: &Exact, worst: &Exact, rate: Decimal, notional: &Exact) -> Result<Exact, Refused> {
    if *free <= exact::whole(0) {
        return refuse(Rule::Cash, amount(notional), amount(free));
    }
    Ok(free / (worst * (exact::whole(1) + exact::of(rate))))
}

/// An amount in a sentence, to the cent.
fn amount(value: &Exact) -> String {
    format!("{:.2}", exact::to_f64(value))
}
