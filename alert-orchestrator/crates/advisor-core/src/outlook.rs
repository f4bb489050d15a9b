//! When has the gate points enough? From how often samples come, and how many its window can hold.
//!
//! Start at `Outlook::of`, which is asked where there are too few. Evenly spaced samples are assumed, as far apart
//! as they were on average: that is what a young history needs to know, and no decision rests on it. Where they come faster or slower than
//! before, it follows with them.
//! Elsewhere: how many points a verdict takes is for [`crate::gate`] to say, whose [`outlook`](crate::gate::outlook)
//! this is.

use jiff::Timestamp;
use jiff::tz::TimeZone;

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
    /// At this step the window never holds enough.
    Never { step_hours: f64 },
    /// How often samples come cannot be told from so few.
    Unknown,
}

impl Outlook {
    /// `enough`: so many points are; `ts`: those in the window of `lookback_hours`, oldest first; `before`: the newest
    /// sample before it; `now`: the evaluation time.
    pub(crate) fn of(enough: usize, lookback_hours: f64, ts: &[i64], before: Option<i64>, now: i64) -> Self {
        let prospect = match step_hours(ts, before) {
            None => Prospect::Unknown,
            Some(step_hours) => find_time(enough, [lookback_hours, step_hours], ts, now)
                .map_or(Prospect::Never { step_hours }, |at| Prospect::At { at, step_hours }),
        };
        Self { enough, lookback_hours, prospect }
    }

    /// So many points are enough, evenly spaced.
    #[must_use]
    pub fn enough(self) -> usize {
        self.enough
    }

    /// The sentence, with its time in `zone`.
    #[must_use]
    pub fn in_words(self, zone: &TimeZone) -> String {
        let Self { enough, lookback_hours, prospect } = self;
        match prospect {
            Prospect::At { at, step_hours } => {
                format!("at {} there are enough at {}", often(step_hours), time::shown(at, zone))
            }
            Prospect::Never { step_hours } => format!(
                "at {} {lookback_hours} h do not hold enough: \
                 raise decision_gate.lookback_hours to {}",
                often(step_hours),
                self.lookback_hours_needed(step_hours)
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

    /// The shortest window that holds enough points of this step, in whole hours: one step more than they span, as
    /// samples are never on time to the second.
    fn lookback_hours_needed(self, step_hours: f64) -> f64 {
        (self.enough as f64 * step_hours - 1e-6).ceil()
    }
}

/// How far samples are apart, on average.
fn step_hours(ts: &[i64], before: Option<i64>) -> Option<f64> {
    let (first, last) = (*ts.first()?, *ts.last()?);
    let step = match ts.len() - 1 {
        0 => time::hours_between(before?, last),
        steps => time::hours_between(first, last) / steps as f64,
    };
    (step > 0.0).then_some(step)
}

/// When enough points are in the window; `None` where never.
fn find_time(enough: usize, [lookback_hours, step_hours]: [f64; 2], ts: &[i64], now: i64) -> Option<Timestamp> {
    // A sample that is a little late is no reason to say that one fewer fits.
    let fits = lookback_hours / step_hours + 1.0 + 1e-3;
    if fits < enough as f64 {
        return None;
    }
    let last = *ts.last()?;
    // Where samples have stopped, the next is not due before now.
    let from = if time::hours_between(last, now) <= 2.0 * step_hours { last } else { now };
    let after = |count: usize| from.saturating_add(time::hours(count as f64 * step_hours));
    let points = |count: &usize| {
        let start = after(*count).saturating_sub(time::hours(lookback_hours));
        count + ts.len() - ts.partition_point(|ts| *ts < start)
    };
    let more = (1..=enough).find(|count| points(count) >= enough)?;
    // To the minute, and not before it: samples are no more punctual than that.
    let minute = time::NANOS_PER_HOUR / 60;
    let enough_at = after(more).max(now);
    Some(time::timestamp(enough_at.saturating_add((minute - enough_at.rem_euclid(minute)) % minute)))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::EPOCH;

    fn at(hour: f64) -> i64 {
        EPOCH + time::hours(hour)
    }

    /// What is said of a window with points at these hours, of which 11 are enough.
    #[track_caller]
    fn said(lookback_hours: f64, points: &[f64], before: Option<f64>, now: f64, expected: &str) {
        let ts: Vec<i64> = points.iter().map(|hour| at(*hour)).collect();
        assert_eq!(Outlook::of(11, lookback_hours, &ts, before.map(at), at(now)).in_words(&TimeZone::UTC), expected);
    }

    #[test]
    fn a_young_history_is_told_when_it_has_points_enough() {
        let hours: Vec<f64> = (0..7).map(f64::from).collect();
        said(48.0, &hours, None, 6.5, "at one an hour there are enough at 2026-01-01T10:00:00Z"); // 7 + 4
        let days: Vec<f64> = (0..8).map(|day| f64::from(day) * 24.0).collect();
        said(720.0, &days, None, 168.0, "at one a day there are enough at 2026-01-11T00:00:00Z"); // day 7 + 3
        // 0.25 h + 9 · 0.25 h
        said(48.0, &[0.0, 0.25], None, 0.3, "at one every 15 min there are enough at 2026-01-01T02:30:00Z");
        // 10 steps of 4.8 h are 48 h: just so many.
        said(48.0, &[0.0, 4.8], None, 5.0, "at one every 4.8 h there are enough at 2026-01-03T00:00:00Z");
    }

    #[test]
    fn where_samples_have_stopped_the_next_is_not_due_before_now() {
        let hours: Vec<f64> = (0..7).map(f64::from).collect();
        said(48.0, &hours, None, 20.0, "at one an hour there are enough at 2026-01-02T00:00:00Z"); // 20 + 4
        // All of them are out of the window by then: 60 + 11.
        said(48.0, &hours, None, 60.0, "at one an hour there are enough at 2026-01-03T23:00:00Z");
    }

    #[test]
    fn a_window_that_never_holds_enough_is_to_be_raised() {
        let never = |often: &str, hours: u32| {
            format!("at {often} 48 h do not hold enough: raise decision_gate.lookback_hours to {hours}")
        };
        said(48.0, &[0.0, 24.0, 48.0], None, 50.0, &never("one a day", 264)); // 11 · 24
        said(48.0, &[168.0], Some(0.0), 170.0, &never("one every 7.0 days", 1848)); // 11 · 168
        said(48.0, &[0.0, 6.0], None, 6.0, &never("one every 6.0 h", 66));
    }

    #[test]
    fn of_one_sample_or_none_it_is_said_how_often_they_must_come() {
        let expected = "the gate takes 11 points in 48 h: a sample every 4.8 h or more often"; // 48 / 10
        said(48.0, &[0.0], None, 1.0, expected);
        said(48.0, &[], None, 1.0, expected);
    }

    #[test]
    fn the_window_that_is_named_holds_enough() {
        for (step_hours, enough) in [(24.0, 11), (24.0, 40), (0.27, 200), (1.01, 49)] {
            let ts: Vec<i64> = (0..3).map(|i| at(f64::from(i) * step_hours)).collect();
            let outlook = |lookback_hours| Outlook::of(enough, lookback_hours, &ts, None, ts[2]);
            let short = outlook(48.0);
            assert!(matches!(short.prospect, Prospect::Never { .. }), "{short:?}");
            let then = outlook(short.lookback_hours_needed(step_hours));
            assert!(matches!(then.prospect, Prospect::At { .. }), "{then:?}");
        }
    }
}
