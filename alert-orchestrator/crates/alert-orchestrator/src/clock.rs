//! What time is it, where something is deleted for its age?
//!
//! A machine's clock may be wrong, and what was deleted by a wrong one is gone. Samples tell the time, too: start at
//! [`Clock::of`], which compares the two after a round.

use std::time::Duration;

use advisor_core::advice::Advice;
use advisor_core::decision::{Decision, Hold, HoldReason};
use jiff::Timestamp;

use crate::evaluate::Evaluation;

/// What a round knows of the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Samples are newer than the machine's time, or there are none: nothing is to be deleted by it.
    Doubtful,
    /// There are samples up to here and, by the machine's time, none after it.
    Confirmed {
        /// The machine's time.
        now: Timestamp,
        /// Time of the newest sample.
        newest: Timestamp,
    },
    /// A past date was evaluated, of which no sample tells the time of today.
    Alone(Timestamp),
}

impl Clock {
    /// What the round tells of the time.
    pub(crate) fn of(evaluation: &Evaluation) -> Self {
        let Evaluation { started_at: now, as_of, advice, .. } = evaluation;
        let newest = advice.iter().filter_map(|advice| advice.t1).max();
        match (as_of, newest) {
            (Some(_), _) => Self::Alone(*now),
            (None, Some(newest)) if !advice.iter().any(is_doubtful) => Self::Confirmed { now: *now, newest },
            (None, _) => Self::Doubtful,
        }
    }

    /// The latest that it can be: the machine's time, but no later than one `interval` between rounds after the newest
    /// sample. `None` where it is not to be believed.
    pub(crate) fn believed(self, interval: Duration) -> Option<Timestamp> {
        match self {
            Self::Doubtful => None,
            Self::Confirmed { now, newest } => Some(now.min(newest.checked_add(interval).unwrap_or(Timestamp::MAX))),
            Self::Alone(now) => Some(now),
        }
    }
}

fn is_doubtful(advice: &Advice) -> bool {
    matches!(&advice.decision, Decision::Hold(Hold { reason: HoldReason::ClockDoubt { .. }, .. }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use advisor_core::decision::Failure;
    use advisor_core::test_support::rules;
    use jiff::tz::TimeZone;

    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(1_767_225_600 + hour * 3600).unwrap()
    }

    /// A round at hour 100 of assets whose newest samples are of these hours, if they have any.
    fn round(newest: &[Option<i64>]) -> Evaluation {
        let asset = |newest: &Option<i64>| {
            let failed = Advice::failed("djed", hour(100), &rules(), Failure::InvalidData(String::new()));
            Advice { t1: newest.map(hour), ..failed }
        };
        let advice = newest.iter().map(asset).collect();
        Evaluation { started_at: hour(100), advice, ..Evaluation::default() }
    }

    #[track_caller]
    fn believes(evaluation: &Evaluation, expected: Option<i64>) {
        assert_eq!(Clock::of(evaluation).believed(Duration::from_secs(3600)), expected.map(hour));
    }

    #[test]
    fn the_clock_is_believed_as_far_as_samples_confirm_it() {
        believes(&round(&[Some(90), Some(99), None]), Some(100));
        believes(&round(&[Some(90), Some(98), None]), Some(99)); // an hour after the newest
        believes(&round(&[Some(100 - 800 * 24)]), Some(101 - 800 * 24));
        believes(&round(&[None]), None);
        believes(&round(&[]), None);
    }

    #[test]
    fn one_asset_in_doubt_is_enough_and_as_of_a_past_date_nothing_confirms_it() {
        let mut doubtful = round(&[Some(99), Some(99)]);
        let reason = HoldReason::ClockDoubt { max_skew_minutes: 5.0, newest: hour(126), now: hour(100) };
        doubtful.advice[1].decision =
            Decision::Hold(Hold { reason, also: Vec::new(), refused: Vec::new(), zone: TimeZone::UTC });
        believes(&doubtful, None);
        let past = Evaluation { as_of: Some(hour(5)), ..round(&[Some(5)]) };
        assert_eq!(Clock::of(&past), Clock::Alone(hour(100)));
        believes(&past, Some(100));
    }
}
