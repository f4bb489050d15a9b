//! When has the gate points enough? From how often each wallet is sampled, and how many points its window can hold.
//!
//! Start at `Outlook::of`, which is asked where there are too few. Each wallet is taken to go on at the step of its
//! newest samples. Wallets that are written at one instant are points together, as they are to the gate, and those
//! that are written one after the other a point each. That is what a young history needs to know, and no decision
//! rests on it; where samples come faster or slower than before, it follows with them.
//! Elsewhere: how many points a verdict takes is for [`crate::gate`] to say, whose [`outlook`](crate::gate::outlook)
//! this is.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use quant::series;

use crate::time;

/// What becomes of a window with too few points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outlook {
    /// Points that are enough, evenly spaced.
    enough: usize,
    /// Length of the window, hours.
    lookback_hours: f64,
    prospect: Prospect,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Prospect {
    /// Enough at this time, if samples go on at this step.
    At { at: Timestamp, step_hours: f64 },
    /// At this step the window never holds enough; one of so many hours does.
    Never { step_hours: f64, lookback_hours_needed: f64 },
    /// How often samples come cannot be told from so few.
    Unknown,
}

impl Outlook {
    /// `enough`: so many points are; `wallets`: each one's sample times, oldest first; `now`: the evaluation time.
    pub(crate) fn of(enough: usize, lookback_hours: f64, wallets: &[&[i64]], now: i64) -> Self {
        let prospect = Rounds::of(wallets, now).map_or(Prospect::Unknown, |rounds| {
            let step_hours = rounds.shortest as f64 / time::NANOS_PER_HOUR as f64;
            match rounds.find_time(enough, time::hours(lookback_hours), wallets) {
                Some(at) => Prospect::At { at: time::timestamp(to_the_minute(at.max(now))), step_hours },
                None => Prospect::Never { step_hours, lookback_hours_needed: rounds.lookback_hours_needed(enough) },
            }
        });
        Self { enough, lookback_hours, prospect }
    }

    /// So many points are enough, evenly spaced.
    #[must_use]
    pub fn enough(self) -> usize {
        self.enough
    }

    /// Whether no window of this length ever holds enough.
    #[must_use]
    pub fn asks_for_a_longer_window(self) -> bool {
        matches!(self.prospect, Prospect::Never { .. })
    }

    /// The sentence, with its time in `zone`.
    #[must_use]
    pub fn in_words(self, zone: &TimeZone) -> String {
        let Self { enough, lookback_hours, prospect } = self;
        match prospect {
            Prospect::At { at, step_hours } => {
                format!("at {} there are enough at {}", often(step_hours), time::shown(at, zone))
            }
            Prospect::Never { step_hours, lookback_hours_needed } => format!(
                "at {} {lookback_hours} h do not hold enough: \
                 raise decision_gate.lookback_hours to {lookback_hours_needed}",
                often(step_hours),
            ),
            Prospect::Unknown => {
                let step_hours = lookback_hours / (enough.max(2) - 1) as f64;
                format!(
                    "the gate takes {enough} points in {lookback_hours} h: {} or more often",
                    often(step_hours).replacen("one", "a sample", 1)
                )
            }
        }
    }
}

/// The outlook as the end of a sentence; empty where there is none.
#[must_use]
pub fn in_addition(outlook: Option<Outlook>, zone: &TimeZone) -> String {
    outlook.map(|outlook| format!("; {}", outlook.in_words(zone))).unwrap_or_default()
}

/// How an asset's samples go on.
struct Rounds {
    /// The wallets that bring points of their own.
    paces: Vec<Pace>,
    /// The shortest and the longest step of any of them, nanoseconds.
    shortest: i64,
    longest: i64,
    /// The time of the asset's newest sample. Where samples have stopped it is as if the newest were of now: the next
    /// is not due before.
    newest: i64,
}

/// How a wallet's samples go on.
#[derive(Debug, Clone, Copy)]
struct Pace {
    newest: i64,
    step: i64,
}

impl Rounds {
    /// `None` where no wallet that goes on has two samples.
    fn of(wallets: &[&[i64]], now: i64) -> Option<Self> {
        let newest = wallets.iter().filter_map(|ts| ts.last()).max().copied()?;
        let mut paces = paces(wallets, newest);
        let steps = || paces.iter().map(|pace| pace.step);
        let (shortest, longest) = (steps().min()?, steps().max()?);
        let since = now.saturating_sub(newest);
        let stopped_for = if since / 2 > shortest { since } else { 0 };
        paces.iter_mut().for_each(|pace| pace.newest = pace.newest.saturating_add(stopped_for));
        Some(Self { paces, shortest, longest, newest: newest.saturating_add(stopped_for) })
    }

    /// When enough points are in the window; `None` where never.
    fn find_time(&self, enough: usize, lookback: i64, wallets: &[&[i64]]) -> Option<i64> {
        // A sample that is a little late is no reason to say that one fewer fits.
        let late = self.shortest / 1000;
        let window = lookback.saturating_add(late);
        let most: f64 = self.paces.iter().map(|pace| window as f64 / pace.step as f64 + 1.0).sum();
        if most < enough as f64 {
            return None;
        }
        let oldest = self.newest.saturating_sub(window);
        let recent: Vec<&[i64]> = wallets.iter().map(|ts| &ts[ts.partition_point(|ts| *ts < oldest)..]).collect();
        let mut points = series::union(&recent);
        let mut due = self.paces.iter().map(|pace| pace.first_after(self.newest)).collect::<Option<Vec<i64>>>()?;
        // By then only what is still to come is in the window, and each wallet has come round.
        let end = self.newest.saturating_add(window).saturating_add(self.longest);
        loop {
            let at = due.iter().min().copied().filter(|at| *at <= end)?;
            points.push(at);
            let start = at.saturating_sub(lookback);
            let before = points.partition_point(|ts| *ts < start);
            let is_late = before.checked_sub(1).is_some_and(|last| points[last] >= start.saturating_sub(late));
            if points.len() - before + usize::from(is_late) >= enough {
                return Some(at);
            }
            for (due, pace) in due.iter_mut().zip(&self.paces).filter(|(due, _)| **due == at) {
                *due = due.checked_add(pace.step)?;
            }
        }
    }

    /// A window that holds enough points, in whole hours: one step more than they span, as samples are never on time to
    /// the second. Where some wallets are sampled so seldom that this step is long, it does without them.
    fn lookback_hours_needed(&self, enough: usize) -> f64 {
        let mut steps: Vec<f64> =
            self.paces.iter().map(|pace| pace.step as f64 / time::NANOS_PER_HOUR as f64).collect();
        steps.sort_unstable_by(f64::total_cmp);
        let mut per_hour = 0.0;
        let needed = steps.into_iter().map(|step_hours| {
            per_hour += 1.0 / step_hours;
            (enough as f64 - 1.0) / per_hour + step_hours
        });
        (needed.fold(f64::INFINITY, f64::min) - 1e-6).ceil()
    }
}

impl Pace {
    /// When its next sample is due, of those that are not missing already.
    fn first_after(self, ts: i64) -> Option<i64> {
        let missing = ts.saturating_sub(self.newest) / self.step;
        self.newest.checked_add(self.step.checked_mul(missing + 1)?)
    }
}

/// The wallets that go on and bring points of their own.
fn paces(wallets: &[&[i64]], newest: i64) -> Vec<Pace> {
    let pace = |ts: &&[i64]| Some(Pace { newest: *ts.last()?, step: typical_step(ts)? });
    let goes_on = |pace: &Pace| newest.saturating_sub(pace.newest) / 2 <= pace.step;
    let mut going: Vec<(Pace, &[i64])> =
        wallets.iter().filter_map(|ts| Some((pace(ts).filter(goes_on)?, *ts))).collect();
    going.sort_by_key(|(pace, _)| (Reverse(pace.newest), pace.step));
    let mut apart: Vec<(Pace, &[i64])> = Vec::new();
    for (pace, ts) in going {
        // Whose newest sample is another's, too, is written together with it.
        if !apart.iter().any(|(_, others)| others.binary_search(&pace.newest).is_ok()) {
            apart.push((pace, ts));
        }
    }
    apart.into_iter().map(|(pace, _)| pace).collect()
}

/// So many newest steps of a wallet tell how it goes on: one sample that is missing or one too many does not mislead,
/// and a change of pace is followed after three.
const STEPS: usize = 5;

/// How far a wallet's newest samples are apart: the median, of two in the middle the shorter.
fn typical_step(ts: &[i64]) -> Option<i64> {
    let newest = &ts[ts.len().saturating_sub(STEPS + 1)..];
    let mut steps: Vec<i64> = newest.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    steps.sort_unstable();
    steps.get(steps.len().checked_sub(1)? / 2).copied()
}

/// The next whole minute: samples are no more punctual than that.
fn to_the_minute(ts: i64) -> i64 {
    let minute = time::NANOS_PER_HOUR / 60;
    ts.saturating_add((minute - ts.rem_euclid(minute)) % minute)
}

/// How often samples come that are so many hours apart, roughly.
fn often(step_hours: f64) -> String {
    let is_near = |hours: f64| (step_hours / hours - 1.0).abs() < 0.02;
    match step_hours {
        _ if is_near(1.0) => "one an hour".to_owned(),
        _ if is_near(24.0) => "one a day".to_owned(),
        ..1.0 => format!("one every {:.0} min", (step_hours * 60.0).max(1.0)),
        1.0..48.0 => format!("one every {step_hours:.1} h"),
        _ => format!("one every {:.1} days", step_hours / 24.0),
    }
}
