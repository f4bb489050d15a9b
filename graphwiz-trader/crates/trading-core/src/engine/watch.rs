//! What was the account worth, sample by sample, and is the loss too large?

use std::collections::VecDeque;

use rust_decimal::Decimal;

use crate::curve::Instants;
use crate::exact;
use crate::ledger::UNIT_DIGITS;
use crate::market::Money;
use crate::rules::EmergencyRules;
use crate::time::{DAY, Micros};

use super::hash_sink::HashSink;
use super::record::{Emergency, Trigger};

/// Counts of N in 1.
const UNIT: f64 = exact::pow10(UNIT_DIGITS) as f64;
/// The share of a drawdown from the highest N of the last 30 days at which entries are halved.
const HALVED_AT: Decimal = Decimal::from_parts(1, 0, 0, false, 1);

/// N over time, and what follows from it.
pub(super) struct Watch {
    daily_loss: Option<Keep>,
    drawdown: Option<Keep>,
    system_error: Option<u32>,
    flatten: bool,
    goes_on: bool,
    unit_value: i128,
    /// N at the end of the previous UTC day; the highest N since the start or the last accepted loss.
    day_start: i128,
    highest: i128,
    /// N at or under these trips an emergency.
    daily_floor: i128,
    drawdown_floor: i128,
    /// Times and N of the last 30 days, N falling: the first is the highest.
    recent: VecDeque<(Micros, i128)>,
    last_sample: Micros,
    stopped: bool,
    /// Errors since the last success, or since an emergency was cleared.
    errors: u32,
    /// Σ E over the samples, in counts of money.
    equity_sum: f64,
    /// Σ of the part of E that was held.
    exposure_sum: f64,
    sampled: Sampled,
    values_hash: HashSink,
}

/// All samples.
#[derive(Debug, Default)]
pub(super) struct Sampled {
    pub(super) at: Instants,
    pub(super) unit_values: Vec<f64>,
    pub(super) exposed: usize,
    pub(super) mean_exposure: f64,
    pub(super) mean_equity: f64,
    pub(super) emergencies: Vec<Emergency>,
}

/// What must be kept of a value: `1 - share` of it, as a fraction of whole numbers.
#[derive(Debug, Clone, Copy)]
struct Keep {
    share: Decimal,
    numerator: i128,
    denominator: i128,
}

impl Keep {
    fn new(share: Decimal) -> Self {
        let keep = (Decimal::ONE - share).normalize();
        Self { share, numerator: keep.mantissa(), denominator: exact::pow10(keep.scale()) }
    }

    /// The largest N that is not above this share of `n`.
    fn floor(self, n: i128) -> i128 {
        match n.checked_mul(self.numerator) {
            Some(product) => product.div_euclid(self.denominator),
            None => exact::down_to(&(exact::whole(n) * exact::of(Decimal::ONE - self.share)), &exact::whole(1)),
        }
    }
}

impl Watch {
    /// Before the first of about so many samples.
    pub(super) fn new(rules: &EmergencyRules, start: Micros, samples: usize) -> Self {
        let one = exact::pow10(UNIT_DIGITS);
        let mut watch = Self {
            daily_loss: rules.max_daily_loss.map(Keep::new),
            drawdown: rules.max_drawdown.map(Keep::new),
            system_error: rules.system_error,
            flatten: rules.flatten,
            goes_on: rules.goes_on,
            unit_value: one,
            day_start: one,
            highest: one,
            daily_floor: 0,
            drawdown_floor: 0,
            recent: VecDeque::from([(start, one)]),
            last_sample: start,
            stopped: false,
            errors: 0,
            equity_sum: 0.0,
            exposure_sum: 0.0,
            sampled: Sampled { unit_values: Vec::with_capacity(samples), ..Sampled::default() },
            values_hash: HashSink::default(),
        };
        watch.set_floors();
        watch
    }

    /// Whether an emergency is on.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// What the emergency that is on was tripped by.
    pub(super) fn stopped_by(&self) -> Option<Trigger> {
        self.sampled.emergencies.last().filter(|_| self.stopped).map(|emergency| emergency.trigger)
    }

    pub(super) fn unit_value(&self) -> i128 {
        self.unit_value
    }

    /// Takes N at a close time, what was held then, dust included, and whether there were positions. Where it trips an
    /// emergency, says whether all positions are to be sold.
    ///
    /// A sample at 00:00 is of the day that ends then: it is judged by the old day's start, and is the new one's.
    pub(super) fn sample(
        &mut self,
        at: Micros,
        unit_value: i128,
        equity: i128,
        held: i128,
        is_exposed: bool,
    ) -> Option<bool> {
        let midnight = (self.last_sample + DAY).div_euclid(DAY) * DAY;
        if midnight < at {
            self.begin_day(midnight);
        }
        if unit_value != self.unit_value || self.sampled.unit_values.is_empty() {
            self.values_hash.put(&at.to_le_bytes());
            self.values_hash.put(&unit_value.to_le_bytes());
            self.unit_value = unit_value;
        }
        self.last_sample = at;
        self.sampled.at.push(at);
        self.sampled.unit_values.push(exact::count_to_f64(unit_value) / UNIT);
        let worth = exact::count_to_f64(equity);
        self.equity_sum += worth;
        self.sampled.exposed += usize::from(is_exposed);
        // Then the account is worth something, too.
        if held > 0 {
            self.exposure_sum += exact::count_to_f64(held) / worth;
        }
        if unit_value > self.highest {
            self.highest = unit_value;
            self.set_floors();
        }
        self.keep_recent(at);
        let tripped = self.tripped(at);
        if at.rem_euclid(DAY) == 0 {
            self.begin_day(at);
        }
        self.sampled.emergencies.extend(tripped);
        self.stopped |= tripped.is_some();
        tripped.map(|_| self.flatten)
    }

    /// Trips an emergency that is not N's; says whether all positions are to be sold.
    pub(super) fn trip(&mut self, at: Micros, trigger: Trigger) -> bool {
        self.stopped = true;
        self.sampled.emergencies.push(Emergency { at, trigger, until: self.until(at) });
        self.flatten
    }

    /// Counts an error of the engine. Where it trips an emergency, says whether all positions are to be sold.
    pub(super) fn fail(&mut self, at: Micros) -> Option<bool> {
        self.errors += 1;
        let is_over = !self.stopped && self.system_error.is_some_and(|most| self.errors >= most);
        is_over.then(|| self.trip(at, Trigger::SystemError(self.errors)))
    }

    /// Counts a success of the engine.
    pub(super) fn succeed(&mut self) {
        self.errors = 0;
    }

    /// When an emergency that trips at `at` is cleared, where it is.
    fn until(&self, at: Micros) -> Option<Micros> {
        self.goes_on.then(|| (at + DAY).div_euclid(DAY) * DAY)
    }

    /// At the end of a UTC day. In research the losses of one that ended trading are accepted then.
    fn begin_day(&mut self, at: Micros) {
        self.day_start = self.unit_value;
        if self.stopped && self.goes_on {
            self.stopped = false;
            self.errors = 0; // what went wrong while nothing could be entered is over with the day
            self.highest = self.unit_value;
            self.recent = VecDeque::from([(at, self.unit_value)]);
        }
        self.set_floors();
    }

    fn set_floors(&mut self) {
        self.daily_floor = self.daily_loss.map_or(i128::MIN, |keep| keep.floor(self.day_start));
        self.drawdown_floor = self.drawdown.map_or(i128::MIN, |keep| keep.floor(self.highest));
    }

    fn tripped(&self, at: Micros) -> Option<Emergency> {
        let n = self.unit_value;
        if self.stopped {
            return None;
        }
        let fall = |from: i128| 1.0 - n as f64 / from as f64;
        let trigger = if n <= self.daily_floor {
            Trigger::DailyLoss(fall(self.day_start))
        } else if n <= self.drawdown_floor {
            Trigger::Drawdown(fall(self.highest))
        } else {
            return None;
        };
        Some(Emergency { at, trigger, until: self.until(at) })
    }

    fn keep_recent(&mut self, at: Micros) {
        while self.recent.back().is_some_and(|(_, n)| *n < self.unit_value) {
            self.recent.pop_back();
        }
        match self.recent.back_mut() {
            Some((then, n)) if *n == self.unit_value => *then = at,
            _ => self.recent.push_back((at, self.unit_value)),
        }
        while self.recent.front().is_some_and(|(then, _)| *then <= at - 30 * DAY) {
            self.recent.pop_front();
        }
    }

    /// Whether D30 is so deep that entries are halved.
    pub(super) fn is_halved(&self) -> bool {
        let highest = self.recent.front().map_or(self.unit_value, |(_, n)| *n);
        self.unit_value <= Keep::new(HALVED_AT).floor(highest)
    }

    /// All samples, and the hash of when N changed to what.
    pub(super) fn finish(mut self, money: Money) -> (Sampled, [u8; 32]) {
        let samples = self.sampled.unit_values.len();
        if samples > 0 {
            self.sampled.mean_equity = self.equity_sum / exact::pow10(money.digits) as f64 / samples as f64;
            self.sampled.mean_exposure = self.exposure_sum / samples as f64;
        }
        (self.sampled, self.values_hash.finish())
    }
}
