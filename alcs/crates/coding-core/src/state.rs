//! Which states has a session, and what may each become?
//!
//! Start at [`State::becomes`].

use serde::{Deserialize, Serialize};

/// A state of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It waits for a worker, or it is over: then it has a time at which it was closed, and never runs again.
    Idle,
    /// Alpha writes the first work, or the first after an escalation without any.
    Generating,
    /// Tests, analysers and Beta look at the work.
    Reviewing,
    /// Alpha writes again.
    Revising,
    /// The work passed.
    Converged,
    /// A person, or the host, decides.
    Escalated,
    /// It could not go on.
    Failed,
    /// Somebody ended it.
    Cancelled,
}

/// A change of states that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a session that is {from} cannot become {to}")]
pub struct NoChange {
    /// What the session is.
    pub from: State,
    /// What it should have become.
    pub to: State,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Idle,
        Self::Generating,
        Self::Reviewing,
        Self::Revising,
        Self::Converged,
        Self::Escalated,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name in documents.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Idle => "IDLE",
            Self::Generating => "GENERATING",
            Self::Reviewing => "REVIEWING",
            Self::Revising => "REVISING",
            Self::Converged => "CONVERGED",
            Self::Escalated => "ESCALATED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// Whether a worker is at it.
    #[must_use]
    pub fn is_running(self) -> bool {
        matches!(self, Self::Generating | Self::Reviewing | Self::Revising)
    }

    /// The next state.
    ///
    /// # Errors
    /// A change that there is not. A closed session changes nothing, which its store knows.
    pub fn becomes(self, to: Self) -> Result<Self, NoChange> {
        let may = match self {
            Self::Idle => matches!(to, Self::Generating | Self::Cancelled),
            Self::Generating | Self::Revising => {
                matches!(to, Self::Reviewing | Self::Escalated | Self::Failed | Self::Cancelled)
            }
            Self::Reviewing => {
                matches!(to, Self::Converged | Self::Revising | Self::Escalated | Self::Failed | Self::Cancelled)
            }
            Self::Escalated => {
                matches!(to, Self::Revising | Self::Generating | Self::Idle | Self::Failed | Self::Cancelled)
            }
            Self::Converged | Self::Failed | Self::Cancelled => to == Self::Idle,
        };
        may.then_some(to).ok_or(NoChange { from: self, to })
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_changes_of_the_contract_are_there() {
        use State::{Cancelled, Converged, Escalated, Failed, Generating, Idle, Reviewing, Revising};
        let changes: &[(State, &[State])] = &[
            (Idle, &[Generating, Cancelled]),
            (Generating, &[Reviewing, Escalated, Failed, Cancelled]),
            (Reviewing, &[Revising, Converged, Escalated, Failed, Cancelled]),
            (Revising, &[Reviewing, Escalated, Failed, Cancelled]),
            (Converged, &[Idle]),
            (Escalated, &[Idle, Generating, Revising, Failed, Cancelled]),
            (Failed, &[Idle]),
            (Cancelled, &[Idle]),
        ];
        for (from, expected) in changes {
            let found: Vec<_> = State::ALL.into_iter().filter(|to| from.becomes(*to).is_ok()).collect();
            assert_eq!(found, *expected, "{from}");
        }
        let refused = Converged.becomes(Revising).expect_err("it is over").to_string();
        assert_eq!(refused, "a session that is CONVERGED cannot become REVISING");
    }

    #[test]
    fn documents_have_the_names() {
        for state in State::ALL {
            assert_eq!(serde_json::to_value(state).expect("JSON"), state.name());
        }
    }
}
