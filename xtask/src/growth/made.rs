//! Hourly histories with the faults that collectors have.
//!
//! Start at [`history`]: sixty days of a wallet, its interest up to 20 % a year, one sample in twenty missing, up to seven flows,
//! of which one in seven takes out or pays in everything; each is recorded up to the lag before or after its effect, and so
//! far from either end that it is recorded within the history: what is still to arrive holds by intention.

use advisor_core::flow::Direction;
use advisor_core::test_support::EPOCH;
use advisor_core::time::{self, NANOS_PER_HOUR};

use super::history::{Flow, History, Sample};
use super::random::Random;

const HOURS: i64 = 60 * 24;
const MISSING: f64 = 0.05;
const FLOWS_MOST: usize = 7;
const WHOLE: f64 = 0.15;

/// A wallet's history whose flows are recorded up to `lag_hours` early or late.
pub(super) fn history(random: &mut Random, lag_hours: f64) -> History {
    let mut units = random.ratio(100.0, 1e6);
    let hourly_rate = random.between(0.0, 0.2) / 8766.0;
    let mut due: Vec<i64> = (0..random.below(FLOWS_MOST + 1))
        .map(|_| EPOCH + time::hours(random.between(lag_hours + 1.0, HOURS as f64 - lag_hours - 1.0)))
        .collect();
    due.sort_unstable();
    let mut due = due.into_iter().peekable();
    let mut history = History::default();
    for hour in 0..HOURS {
        let ts = EPOCH + hour * NANOS_PER_HOUR;
        units *= 1.0 + hourly_rate;
        while let Some(at) = due.next_if(|at| *at <= ts) {
            let recorded_at = at + time::hours(random.between(-lag_hours, lag_hours));
            let flow = flow(random, units, recorded_at);
            units += match flow.direction {
                Direction::Deposit => flow.units,
                Direction::Withdrawal => -flow.units,
            };
            history.flows.push(flow);
        }
        let is_end = hour == 0 || hour == HOURS - 1;
        if is_end || !random.happens(MISSING) {
            history.samples.push(Sample { ts, units, price_usd: 1.0 + random.between(-1e-3, 1e-3) });
        }
    }
    history
}

fn flow(random: &mut Random, units: f64, recorded_at: i64) -> Flow {
    let is_whole = random.happens(WHOLE);
    let is_empty = units < 1.0;
    let direction = if is_empty || random.happens(0.5) { Direction::Deposit } else { Direction::Withdrawal };
    let moved = match direction {
        Direction::Withdrawal if is_whole => units,
        Direction::Withdrawal => units * random.ratio(1e-4, 0.9),
        Direction::Deposit if is_whole || is_empty => units.max(random.ratio(100.0, 1e6)),
        Direction::Deposit => units * random.ratio(1e-4, 2.0),
    };
    Flow { ts: recorded_at, direction, units: moved }
}
