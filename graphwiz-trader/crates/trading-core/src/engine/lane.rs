//! One strategy in one market: its code, its position, and its orders that are not final.

use rust_decimal::Decimal;

use crate::bars::{Bar, Series};
use crate::exact::{self, Exact};
use crate::market::Market;
use crate::quality;
use crate::rules::{Exits, Stop};
use crate::strategy::{self, Signal};
use crate::time::Micros;

use super::code::Code;
use super::participant::{Gauge, Participant};
use super::record::{Held, Panics, Unfilled};

/// Bars until an average true range over 14 no longer depends on where the data began.
const GAUGE_SETTLE: usize = 21 * 14;

/// One strategy in one market.
pub(super) struct Lane<'a> {
    pub(super) strategy: usize,
    pub(super) market: usize,
    participant: &'a Participant<'a>,
    code: Code<'a>,
    /// The bars that its code panicked on.
    pub(super) panics: Panics,
    gauge: Option<Gauge>,
    /// The average true range at the newest bar.
    pub(super) atr: Option<f64>,
    /// Bars that have closed in the run.
    pub(super) bars: u32,
    pub(super) position: Option<Position>,
    pub(super) entry: Option<Entry>,
    pub(super) exit: Option<Exit>,
    /// The number of the bar in which it last filled an exit.
    pub(super) last_exit_bar: Option<u32>,
}

/// An entry that is not final.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) order: usize,
    /// What it can still cost, fee included.
    pub(super) reserved: Exact,
    /// The stop distance where it does not follow from the price: a whole distance in the account currency.
    pub(super) stop_distance: Option<Exact>,
    pub(super) kind: EntryKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    /// Fills at the open of the bar that opens then.
    Market { due: Micros },
    /// Rests from the open of the first bar after `due` on; `short_of` is what its last fill wanted more of.
    Limit { price: i64, due: Micros, expires: Micros, has_arrived: bool, short_of: Option<Unfilled> },
}

/// A sale at market that waits for its bar, or for volume.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    pub(super) order: usize,
    pub(super) due: Micros,
}

/// What is held.
#[derive(Debug, Clone)]
pub(super) struct Position {
    pub(super) quantity: i128,
    /// Σ price · quantity of its entry fills, and Σ quantity: A is their quotient.
    entry_value: i128,
    entry_quantity: i128,
    /// A as strategies see it, in quote.
    average: f64,
    pub(super) cost: i128,
    pub(super) brought: i128,
    pub(super) entered_at: Micros,
    pub(super) entered_in_bar: u32,
    /// Highest high of closed bars since the entry, at least A.
    best: i64,
    pub(super) stop: Option<i64>,
    pub(super) trail: Option<i64>,
    stop_distance: Option<Exact>,
    /// How many targets are done.
    pub(super) targets_done: usize,
    /// Whether a target was passed over as its part, or the rest, would have been too small to sell.
    pub(super) all_at_next: bool,
    /// Whether its targets wait for the next bar: it was entered by a limit within this one.
    pub(super) targets_wait: bool,
}

impl EntryKind {
    /// Why not all of it was filled in its time.
    pub(super) fn lapsed(self) -> Unfilled {
        match self {
            Self::Limit { short_of: Some(why), .. } => why,
            _ => Unfilled::Time,
        }
    }
}

impl<'a> Lane<'a> {
    pub(super) fn new(strategy: usize, market: usize, participant: &'a Participant<'a>) -> Self {
        Self {
            strategy,
            market,
            participant,
            code: Code::new(participant, market),
            panics: Panics::none(strategy, market),
            gauge: participant.atr.map(|make| make(market)),
            atr: None,
            bars: 0,
            position: None,
            entry: None,
            exit: None,
            last_exit_bar: None,
        }
    }

    /// Whether it holds nothing, and no order of it is open.
    #[inline]
    pub(super) fn is_idle(&self) -> bool {
        self.position.is_none() && self.entry.is_none() && self.exit.is_none()
    }

    /// Its position as the end of a run tells it.
    pub(super) fn held(&self) -> Option<Held> {
        let position = self.position.as_ref()?;
        Some(Held { strategy: self.strategy, market: self.market, quantity: position.quantity })
    }

    pub(super) fn exits(&self) -> &'a Exits {
        &self.participant.rules.exits
    }

    /// Feeds it the stored bars before the one at `start`, as many as its settle length, and as many as the average
    /// true range needs to that.
    pub(super) fn warm_up(&mut self, series: &Series, start: usize, max_gap_bars: u32) {
        let first = start.saturating_sub(self.code.settle());
        if self.gauge.is_some() {
            for at in start.saturating_sub(GAUGE_SETTLE.max(start - first))..first {
                if quality::is_after_long_gap(series, at, max_gap_bars) {
                    self.begin_gauge();
                }
                self.measure(&series.bar(at));
            }
        }
        for at in first..start {
            self.ask(series, at, max_gap_bars);
        }
    }

    fn begin_gauge(&mut self) {
        self.gauge = self.participant.atr.map(|make| make(self.market));
    }

    /// Follows the average true range.
    #[inline]
    fn measure(&mut self, bar: &Bar) {
        if let Some(gauge) = &mut self.gauge {
            self.atr = gauge(bar);
        }
    }

    /// Asks it about the closed bar at `at`; `None`: its code has panicked, which is noted.
    #[inline]
    pub(super) fn ask(&mut self, series: &Series, at: usize, max_gap_bars: u32) -> Option<Signal> {
        if quality::is_after_long_gap(series, at, max_gap_bars) {
            self.begin_gauge();
            self.code.begin_anew();
        }
        let bar = series.bar(at);
        self.measure(&bar);
        let seen = self.position.as_ref().map(|position| position.seen(self.bars));
        let answer = self.code.answer(&bar, series, at, seen.as_ref(), max_gap_bars);
        answer.map_err(|text| self.panics.note(bar.open_time(), text)).ok()
    }
}

impl Position {
    /// Begins with its first entry fill, in the bar after so many.
    pub(super) fn new(at: Micros, bar: u32) -> Self {
        Self {
            quantity: 0,
            entry_value: 0,
            entry_quantity: 0,
            average: 0.0,
            cost: 0,
            brought: 0,
            entered_at: at,
            entered_in_bar: bar,
            best: 0,
            stop: None,
            trail: None,
            stop_distance: None,
            targets_done: 0,
            all_at_next: false,
            targets_wait: false,
        }
    }

    /// Adds an entry fill of `bought`, of which `arrived` is held after a fee in base.
    pub(super) fn add(&mut self, price: i64, bought: i128, arrived: i128, paid: i128) {
        self.quantity += arrived;
        self.entry_value += i128::from(price) * bought;
        self.entry_quantity += bought;
        self.cost += paid;
    }

    /// A, in counts of price.
    pub(super) fn average(&self) -> Exact {
        exact::whole(self.entry_value) / exact::whole(self.entry_quantity)
    }

    /// Places its stops after an entry fill.
    pub(super) fn place(&mut self, exits: &Exits, stop_distance: Option<Exact>, market: &Market) {
        let average = self.average() * market.price(1);
        self.average = exact::to_f64(&average);
        if stop_distance.is_some() {
            self.stop_distance = stop_distance;
        }
        let stop = match (exits.stop, &self.stop_distance) {
            (Stop::None, _) | (Stop::Atr(_), None) => None,
            (Stop::Percent(share), _) => Some(&average * exact::of(Decimal::ONE - share)),
            (Stop::Atr(_), Some(distance)) => Some(&average - distance),
        };
        self.stop = stop.map(|stop| market.down_to_tick(&stop));
        self.place_trail(exits.trailing.as_ref(), market);
    }

    /// Takes the high of a closed bar.
    pub(super) fn see(&mut self, high: i64, trailing: Option<&Decimal>, market: &Market) {
        if high > self.best {
            self.best = high;
            self.place_trail(trailing, market);
        }
    }

    /// Places the trailing stop after `best` or A has changed: it is armed while the best price is far enough above A.
    fn place_trail(&mut self, trailing: Option<&Decimal>, market: &Market) {
        let Some(&trailing) = trailing else { return };
        let best = exact::whole(self.best.into());
        self.trail = None;
        if best < self.average() * exact::of(Decimal::ONE + trailing) {
            return;
        }
        let trail = market.down_to_tick(&(best * market.price(1) * exact::of(Decimal::ONE - trailing)));
        self.trail = Some(trail).filter(|trail| self.stop.is_none_or(|stop| *trail > stop));
    }

    /// The price of the target after `done`, in counts.
    pub(super) fn target(&self, target: Decimal, market: &Market) -> i64 {
        market.up_to_tick(&(self.average() * market.price(1) * exact::of(Decimal::ONE + target)))
    }

    fn seen(&self, bars: u32) -> strategy::Position {
        strategy::Position { average_entry: self.average, held_bars: bars - self.entered_in_bar }
    }
}
