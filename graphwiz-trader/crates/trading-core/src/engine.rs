//! The engine: which orders do signals become, what fills them, and what is the account worth then?
//!
//! Start at [`run`]. Bars are walked in the order of time, all markets together. Within one bar, in this order: market
//! orders at its open (`fill`), resting limit entries, stops, targets, and at its close marks, N, emergencies and
//! decisions (`entry` is the risk layer). What a decision leads to happens on later bars only.
//!
//! Elsewhere: the account is in [`crate::ledger`]; what a run has done is told by [`record`].

mod code;
mod entry;
mod fill;
mod hash_sink;
mod lane;
mod participant;
pub mod record;
mod watch;

use crate::bars::Record;
use crate::curve::Instants;
use crate::ledger::Ledger;
use crate::market::{Market, Money};
use crate::quality;
use crate::rules::Rules;
use crate::strategy::Signal;
use crate::time::{Micros, Timeframe};

pub use participant::{Gauge, Participant};

use hash_sink::HashSink;
use lane::Lane;
use record::{Cause, Emergency, Fill, Held, Order, OrderState, Panics, Refusal, Side, Signals, Trip, Unfilled};
use watch::Watch;

/// What is run.
pub struct Run<'a> {
    /// How money is counted.
    pub money: Money,
    /// The markets with their bars, all of one timeframe.
    pub markets: &'a [Market],
    /// The timeframe.
    pub timeframe: Timeframe,
    /// The first bars that are traded open no earlier; those before them only warm up.
    pub from: Micros,
    /// The strategies in the order of the configuration.
    pub participants: &'a [Participant<'a>],
    /// What is allowed.
    pub rules: &'a Rules,
    /// The account's first grant, in counts of money; positive.
    pub capital: i128,
}

/// What a run has led to.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// All orders.
    pub orders: Vec<Order>,
    /// All fills.
    pub fills: Vec<Fill>,
    /// All finished trips.
    pub trips: Vec<Trip>,
    /// All refused entries.
    pub refusals: Vec<Refusal>,
    /// Positions that were not sold.
    pub held: Vec<Held>,
    /// What strategies said.
    pub signals: Signals,
    /// Bars that strategies panicked on, those they were warmed up with included; of each strategy in each market that
    /// has any.
    pub panics: Vec<Panics>,
    /// What ended trading, each time it did.
    pub emergencies: Vec<Emergency>,
    /// The close times at which N was sampled.
    pub sampled_at: Instants,
    /// N at each of them, for statistics.
    pub unit_values: Vec<f64>,
    /// At how many of them something was held.
    pub exposed: usize,
    /// Mean over the samples of the part of E that was held, dust included.
    pub mean_exposure: f64,
    /// Fees so far, those in base at the prices of their fills, in counts of money.
    pub fees: i128,
    /// Mean of E over the samples, in the account currency.
    pub mean_equity: f64,
    /// The account at the end.
    pub ledger: Ledger,
    /// N at the end, in counts of 10^−18.
    pub unit_value: i128,
    /// SHA-256 over orders, fills and N.
    pub result_hash: [u8; 32],
}

/// Runs strategies over bars.
#[must_use]
pub fn run(run: &Run<'_>) -> Outcome {
    let mut engine = Engine::new(run);
    while let Some(open_time) = engine.next_open() {
        engine.step(open_time);
        if engine.is_over() {
            break;
        }
    }
    engine.finish()
}

struct Engine<'a> {
    run: &'a Run<'a>,
    lanes: Vec<Lane<'a>>,
    /// Per market the place of its next record.
    next: Vec<usize>,
    /// Per market the record of the bar that is walked, where it has one.
    current: Vec<Option<Record>>,
    /// Per market what fills have taken of that bar's volume.
    taken: Vec<i128>,
    /// Per market what the dust there was counted at when it was left.
    dust_value: Vec<i128>,
    ledger: Ledger,
    watch: Watch,
    /// Per strategy when its stops and trailing exits were filled.
    stopped_at: Vec<Vec<Micros>>,
    /// The UTC day of the last entry, and how many there were in it.
    entries_in_day: (i64, u32),
    /// Fees so far, those in base at the prices of their fills.
    fees: i128,
    orders: Vec<Order>,
    fills: Vec<Fill>,
    trips: Vec<Trip>,
    refusals: Vec<Refusal>,
    signals: Signals,
    /// Entries that are wanted on the bar, by their lanes; kept for its memory.
    wanted: Vec<(usize, Signal)>,
}

impl<'a> Engine<'a> {
    fn new(run: &'a Run<'a>) -> Self {
        let mut ledger = Ledger::new(run.money, run.markets.len());
        ledger.grant(run.capital);
        let start = |market: &Market| market.series.records.partition_point(|record| record.open_time < run.from);
        let next: Vec<usize> = run.markets.iter().map(start).collect();
        let longest = run.markets.iter().zip(&next).map(|(market, &next)| market.series.records.len() - next).max();
        let longest = longest.unwrap_or(0);
        let mut lanes = Vec::new();
        for (strategy, participant) in run.participants.iter().enumerate() {
            for &market in &participant.markets {
                let mut lane = Lane::new(strategy, market, participant);
                lane.warm_up(&run.markets[market].series, next[market], run.rules.max_gap_bars);
                lanes.push(lane);
            }
        }
        for (market, &start) in next.iter().enumerate() {
            if let Some(before) = start.checked_sub(1) {
                ledger.mark(market, run.markets[market].series.records[before].close);
            }
        }
        Self {
            wanted: Vec::new(),
            lanes,
            current: vec![None; next.len()],
            taken: vec![0; next.len()],
            dust_value: vec![0; next.len()],
            next,
            ledger,
            watch: Watch::new(&run.rules.emergency, run.from, longest),
            stopped_at: vec![Vec::new(); run.participants.len()],
            entries_in_day: (i64::MIN, 0),
            fees: 0,
            orders: Vec::new(),
            fills: Vec::new(),
            trips: Vec::new(),
            refusals: Vec::new(),
            signals: Signals::default(),
            run,
        }
    }

    /// When the next bar of any market opens.
    fn next_open(&self) -> Option<Micros> {
        let opens = self
            .run
            .markets
            .iter()
            .zip(&self.next)
            .filter_map(|(market, &next)| market.series.records.get(next).map(|record| record.open_time));
        opens.min()
    }

    /// Walks the bars that open at this time.
    fn step(&mut self, open_time: Micros) {
        for (i, market) in self.run.markets.iter().enumerate() {
            let record = market.series.records.get(self.next[i]).filter(|record| record.open_time == open_time);
            self.current[i] = record.copied();
            self.taken[i] = 0;
        }
        let close_time = open_time + self.run.timeframe.micros();
        if !self.lanes.iter().all(Lane::is_idle) {
            self.fill_at_open(open_time);
            for market in 0..self.current.len() {
                if let Some(record) = self.current[market] {
                    self.fill_within(market, &record, close_time);
                }
            }
            self.lapse_limits(close_time);
        }
        self.close_bars();
        self.sample(close_time);
        self.decide(close_time);
    }

    /// Counts the bars that have closed.
    fn close_bars(&mut self) {
        for lane in &mut self.lanes {
            let Some(record) = self.current[lane.market] else { continue };
            lane.bars += 1;
            if let Some(position) = &mut lane.position {
                let exits = &self.run.participants[lane.strategy].rules.exits;
                position.see(record.high, exits.trailing.as_ref(), &self.run.markets[lane.market]);
            }
        }
        for (market, record) in self.current.iter().enumerate() {
            if let Some(record) = record {
                self.ledger.mark(market, record.close);
            }
        }
    }

    /// Samples N, and trips what must trip.
    fn sample(&mut self, at: Micros) {
        let equity = self.ledger.equity(self.run.markets);
        let unit_value = self.ledger.unit_value(equity);
        let is_exposed = self.lanes.iter().any(|lane| lane.position.is_some());
        let held = equity - self.ledger.cash();
        if let Some(flatten) = self.watch.sample(at, unit_value, equity, held, is_exposed) {
            self.end_trading(at, flatten);
        }
    }

    /// What an emergency does at once.
    fn end_trading(&mut self, at: Micros, flatten: bool) {
        self.cancel_entries();
        if flatten {
            self.flatten(at);
        }
    }

    /// Asks the strategies, exits first.
    fn decide(&mut self, at: Micros) {
        let mut wanted = std::mem::take(&mut self.wanted);
        for i in 0..self.lanes.len() {
            let lane = &mut self.lanes[i];
            if self.current[lane.market].is_none() {
                continue;
            }
            let series = &self.run.markets[lane.market].series;
            let Some(signal) = lane.ask(series, self.next[lane.market], self.run.rules.max_gap_bars) else {
                if let Some(flatten) = self.watch.fail(at) {
                    self.end_trading(at, flatten);
                }
                continue;
            };
            self.watch.succeed();
            match signal {
                Signal::None => {}
                Signal::Sell => {
                    self.signals.sell += 1;
                    self.leave(i, at);
                }
                entry => {
                    self.signals.buy += 1;
                    if quality::is_flagged_at(series, self.next[self.lanes[i].market]) {
                        self.signals.buy_on_flagged += 1;
                    } else if self.lanes[i].exit.is_none() {
                        wanted.push((i, entry));
                    }
                }
            }
        }
        for (i, entry) in wanted.drain(..) {
            self.enter(i, entry, at);
        }
        self.wanted = wanted;
        for (next, current) in self.next.iter_mut().zip(&self.current) {
            *next += usize::from(current.is_some());
        }
    }

    /// Sells what a strategy holds, or takes back its entry; where an exit waits, there is nothing more to do.
    fn leave(&mut self, lane: usize, at: Micros) {
        match &self.lanes[lane] {
            Lane { exit: Some(_), .. } => {}
            Lane { position: Some(_), .. } => self.exit(lane, Cause::Signal, at, self.due(at)),
            _ => self.cancel_entry(lane, Unfilled::TakenBack),
        }
    }

    /// Orders all of a position sold at market, at the first open at or after `due`.
    fn exit(&mut self, lane: usize, cause: Cause, at: Micros, due: Micros) {
        self.cancel_entry(lane, Unfilled::TakenBack);
        let Lane { market, position: Some(position), .. } = &self.lanes[lane] else { return };
        let (market, lot) = (*market, self.run.markets[*market].lot);
        let quantity = (position.quantity + self.dust(market)) / lot * lot;
        let order = self.order(lane, market, Side::Sell, cause, None, quantity, at);
        self.lanes[lane].exit = Some(lane::Exit { order, due });
    }

    fn flatten(&mut self, at: Micros) {
        for i in 0..self.lanes.len() {
            if self.lanes[i].position.is_some() && self.lanes[i].exit.is_none() {
                self.exit(i, Cause::Flatten, at, self.due(at));
            }
        }
    }

    fn cancel_entries(&mut self) {
        for i in 0..self.lanes.len() {
            self.cancel_entry(i, Unfilled::TakenBack);
        }
    }

    fn cancel_entry(&mut self, lane: usize, why: Unfilled) {
        if let Some(entry) = self.lanes[lane].entry.take() {
            self.end_order(entry.order, Some(why));
        }
    }

    /// Makes an order final: filled, or with what was filled until then.
    fn end_order(&mut self, order: usize, unfilled: Option<Unfilled>) {
        let order = &mut self.orders[order];
        order.unfilled = unfilled;
        order.state = unfilled.map_or(OrderState::Filled, Unfilled::state);
    }

    #[expect(clippy::too_many_arguments, reason = "they are the columns of an order")]
    fn order(
        &mut self,
        lane: usize,
        market: usize,
        side: Side,
        cause: Cause,
        limit: Option<i64>,
        quantity: i128,
        at: Micros,
    ) -> usize {
        let strategy = self.lanes[lane].strategy;
        self.orders.push(Order {
            decided_at: at,
            strategy,
            market,
            side,
            cause,
            limit,
            quantity,
            clipped_by: None,
            filled: 0,
            state: OrderState::Open,
            unfilled: None,
        });
        self.orders.len() - 1
    }

    /// When an order that was decided at `at` reaches the market: the open of the bar that opens then, or with a
    /// latency beyond one bar of the first that opens after it.
    fn due(&self, at: Micros) -> Micros {
        let (latency, step) = (self.run.rules.costs.latency, self.run.timeframe.micros());
        if latency <= step { at } else { self.run.timeframe.start_of(at + latency + step - 1) }
    }

    /// After an emergency a run goes on until nothing is held, or until it is cleared.
    fn is_over(&self) -> bool {
        self.watch.is_stopped()
            && !self.run.rules.emergency.goes_on
            && self.lanes.iter().all(|lane| lane.position.is_none())
    }

    fn finish(self) -> Outcome {
        let mut hash = HashSink::default();
        self.orders.iter().for_each(|order| order.put(&mut hash));
        self.fills.iter().for_each(|fill| fill.put(&mut hash));
        let unit_value = self.watch.unit_value();
        let (sampled, values_hash) = self.watch.finish(self.run.money);
        hash.put(&values_hash);
        Outcome {
            orders: self.orders,
            fills: self.fills,
            trips: self.trips,
            refusals: self.refusals,
            held: self.lanes.iter().filter_map(Lane::held).collect(),
            signals: self.signals,
            panics: self.lanes.into_iter().map(|lane| lane.panics).filter(|panics| panics.count > 0).collect(),
            emergencies: sampled.emergencies,
            sampled_at: sampled.at,
            unit_values: sampled.unit_values,
            exposed: sampled.exposed,
            fees: self.fees,
            mean_exposure: sampled.mean_exposure,
            mean_equity: sampled.mean_equity,
            ledger: self.ledger,
            unit_value,
            result_hash: hash.finish(),
        }
    }
}
