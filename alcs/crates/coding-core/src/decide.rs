//! What comes after an iteration?
//!
//! Start at [`decide`]: the first rule that applies.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::gate;
use crate::score::Score;
use crate::trend::Trend;

/// Why a session asks a person, or its host, what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// A critical danger or a secret was found again, or at the last moment.
    DangerousOutputDetected,
    /// The work is one that was seen before.
    OscillationDetected,
    /// There is no iteration left.
    MaxIterationsReached,
    /// There is no time left.
    TimeoutExceeded,
    /// A call that was needed does not fit the budget.
    BudgetExhausted,
    /// Two scores in a row have hardly changed.
    StagnationDetected,
}

/// What comes after an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The suite runs once more; if it passes, the work has converged.
    Confirm,
    /// Alpha is asked again.
    Revise,
    /// A person, or the host, decides.
    Escalate(Reason),
}

/// Where a session stands after an iteration.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// Which iteration it was, from 1.
    pub iteration: u32,
    /// How many there may be.
    pub max_iterations: u32,
    /// Time under leases so far.
    pub elapsed: Duration,
    /// How much there may be.
    pub timeout: Duration,
    /// The least score that may pass.
    pub threshold: u8,
    /// Whether work of this session was quarantined before.
    pub was_quarantined: bool,
    /// Whether work with this hash was seen before in this session.
    pub is_seen: bool,
    /// Whether the next calls fit the budget.
    pub fits_budget: bool,
    /// Raw scores of this session's iterations, this one's last; those without one are left out.
    pub raw: &'a [f64],
}

/// What comes after an iteration with this evidence.
#[must_use]
pub fn decide(evidence: &Evidence, standing: &Standing<'_>) -> Decision {
    let Standing { iteration, max_iterations, elapsed, timeout, .. } = *standing;
    let is_last = iteration >= max_iterations;
    let is_good_enough = Score::of(evidence).is_some_and(|score| score.points >= standing.threshold);
    if evidence.is_quarantined() && (standing.was_quarantined || is_last) {
        Decision::Escalate(Reason::DangerousOutputDetected)
    } else if is_good_enough && gate::failing(evidence).is_empty() {
        Decision::Confirm
    } else if standing.is_seen {
        Decision::Escalate(Reason::OscillationDetected)
    } else if is_last {
        Decision::Escalate(Reason::MaxIterationsReached)
    } else if elapsed > timeout {
        Decision::Escalate(Reason::TimeoutExceeded)
    } else if !standing.fits_budget {
        Decision::Escalate(Reason::BudgetExhausted)
    } else if Trend::of(standing.raw) == Trend::Stagnant {
        Decision::Escalate(Reason::StagnationDetected)
    } else {
        Decision::Revise
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::samples::{failing, passing};

    const MINUTE: Duration = Duration::from_secs(60);

    /// The second of five iterations, in the first of thirty minutes.
    fn early(raw: &[f64]) -> Standing<'_> {
        Standing {
            iteration: 2,
            max_iterations: 5,
            elapsed: MINUTE,
            timeout: 30 * MINUTE,
            threshold: 85,
            was_quarantined: false,
            is_seen: false,
            fits_budget: true,
            raw,
        }
    }

    #[track_caller]
    fn escalates(standing: Standing<'_>, reason: Reason) {
        assert_eq!(decide(&failing(3, 9), &standing), Decision::Escalate(reason), "{standing:?}");
    }

    #[test]
    fn work_that_is_not_good_enough_is_revised_until_something_ends_it() {
        for raw in [&[70.0, 71.0, 75.0][..], &[70.0, 71.0], &[40.0]] {
            assert_eq!(decide(&failing(3, 9), &early(raw)), Decision::Revise, "{raw:?}");
        }
        escalates(early(&[70.0, 71.0, 71.0]), Reason::StagnationDetected);
        escalates(Standing { iteration: 5, ..early(&[70.0]) }, Reason::MaxIterationsReached);
        escalates(Standing { elapsed: 31 * MINUTE, ..early(&[70.0]) }, Reason::TimeoutExceeded);
        escalates(Standing { is_seen: true, ..early(&[70.0]) }, Reason::OscillationDetected);
        escalates(Standing { fits_budget: false, ..early(&[70.0]) }, Reason::BudgetExhausted);
        let on_time = Standing { elapsed: 30 * MINUTE, ..early(&[70.0]) };
        assert_eq!(decide(&failing(3, 9), &on_time), Decision::Revise);
    }

    #[test]
    fn work_that_passes_is_confirmed_whatever_else_is_over() {
        let over = Standing { iteration: 5, elapsed: 31 * MINUTE, is_seen: true, fits_budget: false, ..early(&[]) };
        assert_eq!(decide(&passing(9), &over), Decision::Confirm);
        let with_remarks = Evidence { failed_checks: vec!["lint".to_owned()], ..passing(9) };
        assert_eq!(decide(&with_remarks, &early(&[])), Decision::Revise, "a gate fails at any score");
        assert_eq!(decide(&passing(9), &Standing { threshold: 100, ..early(&[]) }), Decision::Confirm);
    }

    #[test]
    fn danger_is_told_to_alpha_once() {
        let dangerous = Evidence { dangers: 1, ..passing(9) };
        assert_eq!(decide(&dangerous, &early(&[])), Decision::Revise);
        for standing in [Standing { was_quarantined: true, ..early(&[]) }, Standing { iteration: 5, ..early(&[]) }] {
            let expected = Decision::Escalate(Reason::DangerousOutputDetected);
            assert_eq!(decide(&dangerous, &standing), expected);
        }
    }
}
