//! Where is a session going, by the raw scores of its iterations?

use serde::{Deserialize, Serialize};

/// A change of less than this is none.
const SMALL: f64 = 2.0;

/// Where a session is going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trend {
    /// Fewer than three iterations have a score.
    InsufficientData,
    /// The last two changes are both small.
    Stagnant,
    /// The last two changes go opposite ways.
    Oscillating,
    /// The last is above the last but two.
    Improving,
    /// It is not.
    Declining,
}

impl Trend {
    /// Of raw scores, the first iteration's first; those without one are left out.
    #[must_use]
    pub fn of(raw: &[f64]) -> Self {
        let [.., first, middle, last] = raw else { return Self::InsufficientData };
        let (before, after) = (middle - first, last - middle);
        if before.abs() < SMALL && after.abs() < SMALL {
            Self::Stagnant
        } else if before * after < 0.0 {
            Self::Oscillating
        } else if last > first {
            Self::Improving
        } else {
            Self::Declining
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_three_scores_say_where_it_goes() {
        for (raw, expected) in [
            (&[70.0, 75.0][..], Trend::InsufficientData),
            (&[70.0, 75.0, 80.0], Trend::Improving),
            (&[70.0, 71.0, 70.0], Trend::Stagnant),
            (&[70.0, 80.0, 75.0], Trend::Oscillating),
            (&[70.0, 80.0, 81.0], Trend::Improving),
            (&[70.0, 70.0, 60.0], Trend::Declining),
            (&[], Trend::InsufficientData),
            (&[0.0, 70.0, 71.0, 71.0], Trend::Stagnant),
        ] {
            assert_eq!(Trend::of(raw), expected, "{raw:?}");
        }
    }
}
