//! What is to be evaluated: the configuration, resolved into rules per asset.

use advisor_core::drawing::{DrawingOptions, Smoothing};
use advisor_core::price_check::{LogicalSource, MismatchAction, PriceRules, PriceSource, Tolerance};
use advisor_core::resolve::TablePrefixes;
use advisor_core::rules::{
    Alignment, AmountUnit, Baseline, Basis, CoverageRules, GateRules, Peg, ReferenceFallback, Rules, Threshold,
};
use advisor_core::time;

use crate::config::Config;
use crate::config::client::{self, AlignmentMethod, WindowType};
use crate::config::gate::{self, Gate, Method, ThresholdMode};
use crate::config::orchestrator;
use crate::config::prices::{self, EpsilonMode};
use crate::evaluate::{AssetPlan, Plan};

/// The plan of a configuration; nothing is drawn unless the caller wants it.
pub(crate) fn of(config: &Config) -> Plan {
    let plan = |asset: &String| AssetPlan {
        asset: asset.clone(),
        rules: rules(config, asset),
        drawing: drawing(config, asset),
    };
    let assets = config.client.assets.iter().map(plan).collect();
    Plan { assets, prefixes: prefixes(config), end: config.client.date_range.end, draws: false }
}

/// What stands before an asset in the names of its tables.
pub(crate) fn prefixes(config: &Config) -> TablePrefixes {
    TablePrefixes {
        positions: config.client.table_asset_prefix.clone(),
        deposits: config.client.deposits_prefix.clone(),
        withdrawals: config.client.withdrawals_prefix.clone(),
    }
}

fn rules(config: &Config, asset: &str) -> Rules {
    let (client, orchestrator) = (&config.client, &config.orchestrator);
    Rules {
        keywords: orchestrator.keywords(),
        reference_fallback: match orchestrator.reference_keyword_fallback {
            orchestrator::ReferenceFallback::DataRange => ReferenceFallback::DataRange,
            orchestrator::ReferenceFallback::Null => ReferenceFallback::Hold,
        },
        range_start: client.date_range.start.map(time::nanos),
        safety_factor: orchestrator.safety_factor.c,
        max_sample_age_hours: client.max_sample_age_hours,
        max_clock_skew_minutes: client.max_clock_skew_minutes,
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
        max_supply_apy: client.transactions.max_supply_apy,
        flow_lag_hours: client.transactions.flow_lag_hours,
        gate: gate_rules(config.gate_for(asset), asset),
        coverage: coverage_rules(config),
        price_sources: price_sources(config, asset),
        prices: price_rules(config, asset),
        zone: orchestrator.timezone.rules().clone(),
    }
}

/// How far flows must be known; of no concern where they are not pulled before every evaluation.
fn coverage_rules(config: &Config) -> Option<CoverageRules> {
    let sync = &config.orchestrator.transaction_sync;
    sync.enabled.then(|| CoverageRules {
        start: sync.start_date.map(time::nanos),
        end: sync.end_date.map(time::nanos),
        wallets: sync.wallets.clone(),
        unfit: config.pulled_from().err().map(str::to_owned),
    })
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
        max_band_bps: gate.max_band_bps,
        threshold: match gate.threshold_mode {
            ThresholdMode::Stddev => Threshold::Stddev,
            ThresholdMode::Percentile => Threshold::Percentile { central_confidence: gate.central_confidence },
        },
        peg: gate.peg.as_ref().map(|peg| Peg { target_usd: peg.target_usd, max_deviation_bps: peg.max_deviation_bps }),
    }
}

/// Where prices of an asset are looked for: in every way that is configured where prices are compared, and in the store's own
/// where only a peg wants to know them.
fn price_sources(config: &Config, asset: &str) -> Vec<PriceSource> {
    let is_compared = config.orchestrator.price_compare.enabled;
    let is_pegged = config.gate_for(asset).peg.is_some();
    let priority = &config.orchestrator.telemetry.price_source_priority;
    let mut sources = Vec::new();
    for source in priority.liqwid.iter().chain(&priority.minswap).map(source_of) {
        let is_wanted = is_compared || is_pegged && source.is_stored();
        if is_wanted && is_configured(config, source) && !sources.contains(&source) {
            sources.push(source);
        }
    }
    // The price that the gain is computed with is listed whether it stands for Liqwid's or not.
    if is_compared && !sources.contains(&PriceSource::StoredLiqwid) {
        sources.insert(0, PriceSource::StoredLiqwid);
    }
    sources
}

/// How prices are compared, by the sources that the configuration names an address for.
fn price_rules(config: &Config, asset: &str) -> Option<PriceRules> {
    let compare = &config.orchestrator.price_compare;
    let of = compare.per_asset_overrides.get(asset).unwrap_or(&compare.comparison);
    let priority = &config.orchestrator.telemetry.price_source_priority;
    let ways = |source: &prices::LogicalSource| match source {
        prices::LogicalSource::Liqwid => (LogicalSource::Liqwid, &priority.liqwid),
        prices::LogicalSource::Minswap => (LogicalSource::Minswap, &priority.minswap),
    };
    let sources = compare.sources.iter().map(ways).map(|(source, ways)| {
        let ways = ways.iter().map(source_of).filter(|way| is_configured(config, *way));
        (source, ways.collect())
    });
    compare.enabled.then(|| PriceRules {
        sources: sources.collect(),
        tolerance: match of.epsilon_mode {
            EpsilonMode::Relative => Tolerance::Relative(of.tolerance_epsilon),
            EpsilonMode::Absolute => Tolerance::Absolute(of.tolerance_epsilon),
        },
        persistence_threshold: of.persistence_threshold,
        action: match of.action_on_mismatch {
            prices::MismatchAction::Hold => MismatchAction::Hold,
            prices::MismatchAction::Alert => MismatchAction::Alert,
        },
    })
}

fn source_of(way: &prices::PriceSource) -> PriceSource {
    match way {
        prices::PriceSource::LiqwidGraphql => PriceSource::LiqwidGraphql,
        prices::PriceSource::StoredLiqwid => PriceSource::StoredLiqwid,
        prices::PriceSource::MinswapAggregator => PriceSource::MinswapAggregator,
        prices::PriceSource::StoredMinswap => PriceSource::StoredMinswap,
    }
}

/// Whether a way to a price can be gone: its API is configured and may be asked, or the store can have the price. What an
/// API says now is not asked for an evaluation as of another time.
fn is_configured(config: &Config, way: PriceSource) -> bool {
    let (apis, is_now) = (&config.orchestrator.apis, config.client.date_range.end.is_none());
    match way {
        PriceSource::LiqwidGraphql => apis.liqwid_graphql.is_some() && is_now,
        PriceSource::MinswapAggregator => apis.minswap_aggregator.is_some() && is_now,
        PriceSource::StoredLiqwid => true,
        PriceSource::StoredMinswap => config.client.greptime.is_some(),
    }
}

fn drawing(config: &Config, asset: &str) -> DrawingOptions {
    let smoothing = &config.client.output.smoothing;
    let window = smoothing.per_asset.get(asset).unwrap_or(&smoothing.default);
    let window_hours = window.window_size_hours;
    let diagnostics = &config.orchestrator.diagnostics;
    DrawingOptions {
        lookback_hours: diagnostics.lookback_hours_override,
        smoothing: match window.window_type {
            WindowType::None => Smoothing::None,
            WindowType::Boxcar => Smoothing::Boxcar { window_hours },
            WindowType::Gaussian => Smoothing::Gaussian { window_hours },
            WindowType::Polynomial => Smoothing::Polynomial { window_hours, order: window.polynomial_order },
        },
        is_dated: config.client.date_range.end.is_some(),
        sigma_band: diagnostics.include_sigma_band,
        k_sigma_band: diagnostics.include_k_sigma_band,
        samples_per_bin: diagnostics.hist_samples_per_bin,
    }
}
