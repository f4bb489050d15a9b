//! By which rules do tests and benches judge, where a case says nothing else?
//!
//! Start at [`rules`], the documented defaults. Behind the feature `test-support`, which no program has.

use jiff::tz::TimeZone;

use crate::rules::{Alignment, AmountUnit, Baseline, Basis, GateRules, Keywords, ReferenceFallback, Rules, Threshold};

/// 2026-01-01T00:00:00Z: hour 0 of every history.
pub const EPOCH: i64 = 1_767_225_600_000_000_000;
/// The tag of a withdrawal that counts as the reference.
pub const KEYWORD: &str = "alert_driven_withdrawal";

/// The mark of a withdrawal of principal.
pub const PRINCIPAL: &str = "principal_withdrawal";

/// The documented defaults, with a safety factor of 1/2.
pub fn rules() -> Rules {
    Rules {
        keywords: Keywords { reference: KEYWORD.to_owned(), principal: PRINCIPAL.to_owned() },
        reference_fallback: ReferenceFallback::DataRange,
        range_start: None,
        safety_factor: 0.5,
        max_sample_age_hours: Some(24.0),
        max_clock_skew_minutes: Some(5.0),
        alignment: Alignment::None,
        amount_unit: AmountUnit::Underlying,
        max_supply_apy: Some(1.5),
        flow_lag_hours: 6.0,
        gate: GateRules {
            holds: true,
            apply_in_fallback: true,
            basis: Basis::CorrectedPosition,
            baseline: Baseline::Polynomial(2),
            lookback_hours: 48.0,
            min_points: 10,
            k_sigma: 2.0,
            exclude_last_for_sigma: false,
            sigma_epsilon: 1e-6,
            min_residual_bps: 0.0,
            max_band_bps: Some(500.0),
            threshold: Threshold::Stddev,
            peg: None,
        },
        coverage: None,
        price_sources: Vec::new(),
        prices: None,
        zone: TimeZone::UTC,
    }
}
