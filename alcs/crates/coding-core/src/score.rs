//! What is work worth, from 0 to 100?
//!
//! Start at [`Score::of`]. raw = 100 − Σ weight − 5 · violations + cov; the score is raw rounded half up and clamped.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::defect::{Severity, Source};
use crate::evidence::{COVERED, Evidence};

/// Points that a broken policy takes.
const VIOLATION: u32 = 5;
/// The most that minor and info findings of one analyser take together.
const SMALL_OF_ONE_TOOL: u32 = 10;
/// The most that all of Beta's findings take together.
const REVIEW: u32 = 15;

/// What work is worth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Without bounds: from 40 to 12 failing tests is progress, too.
    pub raw: f64,
    /// From 0 to 100.
    pub points: u8,
}

impl Score {
    /// Of this evidence; `None` for quarantined work, of which nothing has run.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Option<Self> {
        if evidence.is_quarantined() {
            return None;
        }
        let violations = u32::try_from(evidence.violations.len()).unwrap_or(u32::MAX);
        let taken = f64::from(taken(evidence)) + f64::from(violations) * f64::from(VIOLATION);
        let raw = 100.0 - taken + evidence.coverage.percent().map_or(0.0, of_coverage);
        // A half is exact here: it comes of a coverage in whole halves of a per cent.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0 to 100")]
        let points = (raw + 0.5).floor().clamp(0.0, 100.0) as u8;
        Some(Self { raw, points })
    }
}

/// Points that defects take.
fn taken(evidence: &Evidence) -> u32 {
    let (mut full, mut review) = (0_u32, 0_u32);
    let mut small: BTreeMap<String, u32> = BTreeMap::new();
    for defect in evidence.defects() {
        let weight = defect.severity.weight();
        match defect.source {
            Source::Review => review = review.saturating_add(weight),
            Source::Analyser(tool) if defect.severity <= Severity::Minor => {
                let sum = small.entry(tool).or_default();
                *sum = sum.saturating_add(weight);
            }
            _ => full = full.saturating_add(weight),
        }
    }
    let small = small.values().fold(0_u32, |sum, taken| sum.saturating_add((*taken).min(SMALL_OF_ONE_TOOL)));
    full.saturating_add(small).saturating_add(review.min(REVIEW))
}

/// Points that a coverage gives, or takes where they are below 0.
fn of_coverage(percent: f64) -> f64 {
    let above = percent - COVERED;
    if above < 0.0 { above / 5.0 } else { above / 10.0 }
}

#[cfg(test)]
mod tests;
