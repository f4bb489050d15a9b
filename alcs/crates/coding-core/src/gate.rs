//! Which conditions block work at any score?
//!
//! Start at [`failing`].

use serde::{Deserialize, Serialize};

use crate::defect::Severity;
use crate::evidence::{COVERED, Evidence, SuiteRun};

/// A condition that blocks work at any score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Everything compiles and collects.
    Builds,
    /// An expected test ran, and every expected test passed.
    Tests,
    /// A test that failed on the base passes now.
    Proof,
    /// What is frozen or protected is unchanged.
    Integrity,
    /// Only allowed paths are changed.
    Scope,
    /// Every declared check passes.
    Checks,
    /// Where it is asked for, coverage is known and high enough.
    Coverage,
    /// There is no critical defect, whatever its source.
    Defects,
    /// There is no critical danger.
    Danger,
    /// There is no secret.
    Secrets,
    /// No critical policy is broken.
    Policy,
    /// Beta's answer was had and parsed.
    Review,
}

impl Gate {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 12] = [
        Self::Builds,
        Self::Tests,
        Self::Proof,
        Self::Integrity,
        Self::Scope,
        Self::Checks,
        Self::Coverage,
        Self::Defects,
        Self::Danger,
        Self::Secrets,
        Self::Policy,
        Self::Review,
    ];

    /// Whether work with this evidence passes it.
    #[must_use]
    pub fn passes(self, evidence: &Evidence) -> bool {
        let of_suite = |passes: fn(&SuiteRun) -> bool| evidence.suite.as_ref().is_none_or(passes);
        match self {
            Self::Builds => of_suite(|suite| suite.broken.is_none()),
            Self::Tests => of_suite(|suite| !suite.expected.is_empty() && suite.not_passed().next().is_none()),
            Self::Proof => !evidence.needs_proof || of_suite(SuiteRun::has_proof),
            Self::Integrity => evidence.tampered.is_empty(),
            Self::Scope => evidence.out_of_scope.is_empty(),
            Self::Checks => evidence.failed_checks.is_empty(),
            Self::Coverage => {
                !evidence.requires_coverage || evidence.coverage.percent().is_some_and(|percent| percent >= COVERED)
            }
            Self::Defects => evidence.defects().all(|defect| defect.severity < Severity::Critical),
            Self::Danger => evidence.dangers == 0,
            Self::Secrets => evidence.secrets == 0,
            Self::Policy => evidence.violations.iter().all(|violation| !violation.is_critical),
            Self::Review => evidence.is_reviewed,
        }
    }
}

/// The gates that this evidence does not pass.
#[must_use]
pub fn failing(evidence: &Evidence) -> Vec<Gate> {
    Gate::ALL.into_iter().filter(|gate| !gate.passes(evidence)).collect()
}

#[cfg(test)]
mod tests;
