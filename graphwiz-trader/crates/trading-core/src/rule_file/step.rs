//! How is one node of a program computed at a bar? Numbers and bools, each of which may be undefined.
//!
//! Undefined is `None`. It spreads, but `false and` it is false, and `true or` it is true.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::computation::Computation;
use super::graph::{Arithmetic, Comparison, NodeId, Pointwise, Type};
use super::names::{Clock, Field, Held};
use crate::bars::Bar;
use crate::indicators::window::Window;
use crate::strategy::Position;
use crate::time::{DAY, SECOND};

/// The value of each node: in `numbers` or in `bools`, by its type.
#[derive(Debug, Default)]
pub(super) struct Slots {
    pub(super) numbers: Vec<Option<f64>>,
    pub(super) bools: Vec<Option<bool>>,
}

impl Slots {
    #[inline]
    fn number(&self, id: NodeId) -> Option<f64> {
        self.numbers[id.index()]
    }

    #[inline]
    pub(super) fn bool(&self, id: NodeId) -> Option<bool> {
        self.bools[id.index()]
    }

    #[inline]
    fn both(&self, a: NodeId, b: NodeId) -> Option<(f64, f64)> {
        Some((self.number(a)?, self.number(b)?))
    }
}

/// A node with what it remembers, and where its value goes.
pub(super) enum Step {
    Field(Field, NodeId),
    Clock(Clock, NodeId),
    Held(Held, NodeId),
    Indicator(Box<dyn Computation>),
    PrevNumber {
        of: NodeId,
        before: Window<Option<f64>>,
        to: NodeId,
    },
    PrevBool {
        of: NodeId,
        before: Window<Option<bool>>,
        to: NodeId,
    },
    /// `since`: bars since it was true, up to n.
    BarsSince {
        of: NodeId,
        n: u32,
        since: Option<u32>,
        to: NodeId,
    },
    Crosses {
        is_above: bool,
        a: NodeId,
        b: NodeId,
        before: Option<(f64, f64)>,
        to: NodeId,
    },
    Pointwise(Pointwise, Type, NodeId),
}

impl Step {
    #[inline]
    pub(super) fn run(&mut self, bar: &Bar, position: Option<&Position>, slots: &mut Slots) {
        match self {
            Self::Indicator(computation) => computation.next(bar, &mut slots.numbers),
            Self::Crosses { is_above, a, b, before, to } => {
                let now = slots.both(*a, *b);
                slots.bools[to.index()] = crosses(*is_above, std::mem::replace(before, now), now);
            }
            Self::Pointwise(op, kind, to) => pointwise(*op, *kind, *to, slots),
            Self::Field(field, to) => slots.numbers[to.index()] = field_of(bar, *field),
            Self::Clock(clock, to) => slots.numbers[to.index()] = clock_of(bar, *clock),
            Self::Held(held, to) => match held {
                Held::Is => slots.bools[to.index()] = Some(position.is_some()),
                Held::Bars => slots.numbers[to.index()] = position.map(|held| f64::from(held.held_bars)),
                Held::Profit => slots.numbers[to.index()] = position.and_then(|held| profit(bar, held)),
            },
            Self::PrevNumber { of, before, to } => {
                slots.numbers[to.index()] = before.push(slots.number(*of)).flatten();
            }
            Self::PrevBool { of, before, to } => slots.bools[to.index()] = before.push(slots.bool(*of)).flatten(),
            Self::BarsSince { of, n, since, to } => {
                let is_true = slots.bool(*of) == Some(true);
                let later = since.map(|since| since + 1).filter(|since| since <= n);
                *since = if is_true { Some(0) } else { later };
                slots.numbers[to.index()] = since.map(f64::from);
            }
        }
    }
}

/// Computes a value from others of the same bar.
#[inline]
pub(super) fn pointwise(op: Pointwise, kind: Type, to: NodeId, slots: &mut Slots) {
    let to = to.index();
    match op {
        Pointwise::Minus(a) => slots.numbers[to] = slots.number(a).map(|a| -a),
        Pointwise::Abs(a) => slots.numbers[to] = slots.number(a).map(f64::abs),
        Pointwise::Arithmetic(which, a, b) => {
            slots.numbers[to] = slots.both(a, b).and_then(|(a, b)| arithmetic(which, a, b));
        }
        Pointwise::Compare(which, a, b) => slots.bools[to] = slots.both(a, b).map(|(a, b)| compare(which, a, b)),
        Pointwise::Same(is_equal, a, b) => {
            slots.bools[to] = slots.bool(a).zip(slots.bool(b)).map(|(a, b)| (a == b) == is_equal);
        }
        Pointwise::Not(a) => slots.bools[to] = slots.bool(a).map(|a| !a),
        Pointwise::And(a, b) => slots.bools[to] = and(slots.bool(a), slots.bool(b)),
        Pointwise::Or(a, b) => {
            let negated = |id| slots.bool(id).map(|value| !value);
            slots.bools[to] = and(negated(a), negated(b)).map(|neither| !neither);
        }
        Pointwise::If(c, a, b) => {
            let chosen = slots.bool(c).map(|is_true| if is_true { a } else { b });
            match kind {
                Type::Number => slots.numbers[to] = chosen.and_then(|chosen| slots.number(chosen)),
                Type::Bool => slots.bools[to] = chosen.and_then(|chosen| slots.bool(chosen)),
            }
        }
    }
}

fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// a₋₁ ≤ b₋₁ and a > b, or mirrored.
#[inline]
fn crosses(is_above: bool, before: Option<(f64, f64)>, now: Option<(f64, f64)>) -> Option<bool> {
    let side = |(a, b): (f64, f64)| if is_above { (a, b) } else { (b, a) };
    let was_not = before.map(side).map(|(a, b)| a <= b);
    let is_now = now.map(side).map(|(a, b)| a > b);
    and(was_not, is_now)
}

fn arithmetic(which: Arithmetic, a: f64, b: f64) -> Option<f64> {
    let value = match which {
        Arithmetic::Plus => a + b,
        Arithmetic::Minus => a - b,
        Arithmetic::Times => a * b,
        Arithmetic::Over => a / b,
        Arithmetic::Min => a.min(b),
        Arithmetic::Max => a.max(b),
    };
    value.is_finite().then_some(value)
}

fn compare(which: Comparison, a: f64, b: f64) -> bool {
    match which {
        Comparison::Less => a < b,
        Comparison::LessOrEqual => a <= b,
        Comparison::Greater => a > b,
        Comparison::GreaterOrEqual => a >= b,
        #[expect(clippy::float_cmp, reason = "the language compares exactly")]
        Comparison::Equal => a == b,
        #[expect(clippy::float_cmp, reason = "the language compares exactly")]
        Comparison::NotEqual => a != b,
    }
}

fn field_of(bar: &Bar, field: Field) -> Option<f64> {
    match field {
        Field::Open => Some(bar.open()),
        Field::High => Some(bar.high()),
        Field::Low => Some(bar.low()),
        Field::Close => Some(bar.close()),
        Field::Volume => bar.volume(),
    }
}

/// close/A − 1, computed as (close − A)/A as rates of change are.
fn profit(bar: &Bar, position: &Position) -> Option<f64> {
    let profit = (bar.close() - position.average_entry) / position.average_entry;
    profit.is_finite().then_some(profit)
}

fn clock_of(bar: &Bar, clock: Clock) -> Option<f64> {
    let at = bar.close_time();
    let within = |unit: i64, count: i64| at.div_euclid(unit).rem_euclid(count) as f64;
    match clock {
        Clock::Minute => Some(within(60 * SECOND, 60)),
        Clock::Hour => Some(within(3600 * SECOND, 24)),
        // The epoch began on a Thursday.
        Clock::Weekday => Some((at.div_euclid(DAY) + 3).rem_euclid(7) as f64 + 1.0),
        Clock::Day | Clock::Month => {
            let date = Timestamp::from_microsecond(at).ok()?.to_zoned(TimeZone::UTC).date();
            Some(f64::from(if clock == Clock::Day { date.day() } else { date.month() }))
        }
    }
}
