//! What is to be evaluated: the configuration, resolved into rules per asset.

use advisor_core::resolve::TablePrefixes;
use advisor_core::rules::{
    Alignment, AmountUnit, Baseline, Basis, GateRules, Peg, ReferenceFallback, Rules, Threshold,
};
use advisor_core::time;

use crate::config::Config;
use crate::config::client::{self, AlignmentMethod};
use crate::config::gate::{self, Gate, Method, ThresholdMode};
use crate::config::orchestrator;
use crate::evaluate::Plan;

/// The plan of a configuration.
pub(crate) fn of(config: &Config) -> Plan {
    let assets = config.client.assets.iter().map(|asset| (asset.clone(), rules(config, asset))).collect();
    Plan { assets, prefixes: prefixes(config), end: config.client.date_range.end }
}

/// What stands before an asset in the names of its tables.
pub(crate) fn prefixes(config: &Config) -> TablePrefixes {
    TablePrefixes {
        positions: config.client.table_asset_prefix.clone(),
        deposits: config.client.deposits_prefix.clone(),
        withdrawals: config.client.withdrawals_prefix.clone(),
    }
}

/// Features that the configuration asks for and this version does not have; each could change a decision or be missed.
pub(crate) fn not_built_yet(config: &Config) -> Vec<&'static str> {
    let orchestrator = &config.orchestrator;
    let asked = [
        (
            orchestrator.price_compare.enabled,
            "price_compare.enabled: this version does not compare prices yet, so a mismatch will not hold",
        ),
        (
            orchestrator.transaction_sync.enabled,
            "transaction_sync.enabled: this version does not pull transactions yet",
        ),
        (orchestrator.diagnostics.enabled, "diagnostics.enabled: this version draws no charts yet"),
    ];
    asked.into_iter().filter_map(|(asked, line)| asked.then_some(line)).collect()
}

fn rules(config: &Config, asset: &str) -> Rules {
    let (client, orchestrator) = (&config.client, &config.orchestrator);
    Rules {
        reference_keyword: orchestrator.reference_keyword.clone(),
        reference_fallback: match orchestrator.reference_keyword_fallback {
            orchestrator::ReferenceFallback::DataRange => ReferenceFallback::DataRange,
            orchestrator::ReferenceFallback::Null => ReferenceFallback::Hold,
        },
        range_start: client.date_range.start.map(time::nanos),
        safety_factor: orchestrator.safety_factor.c,
        max_sample_age_hours: client.max_sample_age_hours,
        alignment: match client.transactions.alignment_method {
            AlignmentMethod::None => Alignment::None,
            AlignmentMethod::RightOpen => Alignment::RightOpen,
            AlignmentMethod::SnapToPrevPos => Alignment::SnapToPrevPos,
            AlignmentMethod::SnapToNextPos => Alignment::SnapToNextPos,
            AlignmentMethod::SnapToNearestPos => Alignment::SnapToNearestPos,
            AlignmentMethod::DetectSpike => Alignment::DetectSpike,
        },
        amount_unit: match client.transactions.amount_unit {
            client::AmountUnit::Underlying => AmountUnit::Underlying,
            client::AmountUnit::Usd => AmountUnit::Usd,
        },
        gate: gate_rules(config.gate_for(asset), asset),
        prices: None,
    }
}

fn gate_rules(gate: &Gate, asset: &str) -> GateRules {
    GateRules {
        holds: gate.holds(asset),
        apply_in_fallback: gate.apply_in_fallback,
        basis: match gate.basis {
            gate::Basis::CorrectedPosition => Basis::CorrectedPosition,
            gate::Basis::ChangeRateUsd => Basis::ChangeRateUsd,
        },
        baseline: match gate.method {
            Method::PolynomialFit => Baseline::Polynomial(gate.polynomial_order),
            Method::Median => Baseline::Median,
        },
        lookback_hours: gate.lookback_hours,
        min_points: gate.min_points,
        k_sigma: gate.k_sigma,
        exclude_last_for_sigma: gate.exclude_last_for_sigma,
        sigma_epsilon: gate.sigma_epsilon,
        min_residual_bps: gate.min_residual_bps,
        threshold: match gate.threshold_mode {
            ThresholdMode::Stddev => Threshold::Stddev,
            ThresholdMode::Percentile => Threshold::Percentile { central_confidence: gate.central_confidence },
        },
        peg: gate.peg.as_ref().map(|peg| Peg { target_usd: peg.target_usd, max_deviation_bps: peg.max_deviation_bps }),
    }
}
