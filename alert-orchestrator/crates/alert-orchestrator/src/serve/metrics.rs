//! What a round found, as metrics.
//!
//! Start at [`of_round`]. They are written down once per round into metrics that are made for it: series of what is no
//! longer there vanish with it. What is counted all the time is in `counters`.

use advisor_core::advice::Advice;
use advisor_core::gate::Verdict;
use advisor_core::price_check::PriceFigure;
use jiff::Timestamp;
use platform::metrics::{FloatGauge, Metrics, seconds};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;

use crate::config::telemetry::Telemetry;
use crate::evaluate::Evaluation;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AssetLabels {
    asset: String,
    alternate_asset_name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DecisionLabels {
    asset: String,
    alternate_asset_name: String,
    ref_mode: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    asset: String,
    alternate_asset_name: String,
    source: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HoldLabels {
    asset: String,
    alternate_asset_name: String,
    code: &'static str,
}

fn asset_labels(advice: &Advice) -> AssetLabels {
    AssetLabels { asset: advice.asset.clone(), alternate_asset_name: advice.asset.to_uppercase() }
}

fn decision_labels(advice: &Advice) -> DecisionLabels {
    let AssetLabels { asset, alternate_asset_name } = asset_labels(advice);
    DecisionLabels { asset, alternate_asset_name, ref_mode: advice.ref_mode.to_string() }
}

/// Gauges of one round: only what could be computed has a series.
struct Gauges<'a> {
    metrics: Metrics,
    round: &'a [Advice],
}

impl Gauges<'_> {
    /// One series for each item that `items` gives of an asset.
    fn add<L>(&mut self, shown: bool, name: &str, help: &str, items: impl Fn(&Advice) -> Vec<(L, f64)>)
    where
        L: EncodeLabelSet + Clone + Eq + std::hash::Hash + std::fmt::Debug + Send + Sync + 'static,
    {
        if !shown {
            return;
        }
        let family = self.metrics.add(name, help, Family::<L, FloatGauge>::default());
        for (labels, value) in self.round.iter().flat_map(items) {
            family.get_or_create(&labels).set(value);
        }
    }

    fn per_decision(&mut self, shown: bool, name: &str, help: &str, value: impl Fn(&Advice) -> Option<f64>) {
        self.add(shown, name, help, |advice| {
            value(advice).map(|value| (decision_labels(advice), value)).into_iter().collect()
        });
    }

    fn per_asset(&mut self, shown: bool, name: &str, help: &str, value: impl Fn(&Advice) -> Option<f64>) {
        self.add(shown, name, help, |advice| {
            value(advice).map(|value| (asset_labels(advice), value)).into_iter().collect()
        });
    }
}

/// What a round found, in the OpenMetrics text format without the end mark.
pub(crate) fn of_round(evaluation: &Evaluation, telemetry: &Telemetry) -> String {
    let mut gauges = Gauges { metrics: Metrics::new(&telemetry.metric_prefix), round: &evaluation.advice };
    decisions(&mut gauges, telemetry);
    gate(&mut gauges, telemetry);
    gains(&mut gauges, telemetry);
    prices(&mut gauges, telemetry);
    gauges.metrics.text()
}

fn decisions(gauges: &mut Gauges<'_>, telemetry: &Telemetry) {
    let expose = &telemetry.expose;
    gauges.per_decision(expose.decision, "decision", "1 withdraw, 0 hold, -1 error", |advice| {
        Some(f64::from(advice.decision.code()))
    });
    gauges.per_decision(expose.wmax_usd, "wmax_usd", "How much may be withdrawn now, in USD", |advice| {
        (!advice.decision.is_error()).then(|| advice.decision.limit_usd())
    });
    gauges.add(expose.hold, "hold", "1 for the reason why nothing may be withdrawn", |advice| {
        let AssetLabels { asset, alternate_asset_name } = asset_labels(advice);
        let reason = advice.decision.reason();
        let labels = |code| HoldLabels { asset, alternate_asset_name, code };
        reason.map(|reason| (labels(reason.code), 1.0)).into_iter().collect()
    });
    gauges.per_asset(expose.wallets, "wallets", "Wallets that have samples since the reference", |advice| {
        #[expect(clippy::cast_precision_loss, reason = "there are fewer than 2^53 wallets")]
        (!advice.decision.is_error()).then_some(advice.wallets.len() as f64)
    });
}

fn gate(gauges: &mut Gauges<'_>, telemetry: &Telemetry) {
    let expose = &telemetry.expose;
    let gate = |advice: &Advice| advice.gate.clone();
    gauges.per_decision(
        expose.residual_usd,
        "residual_usd",
        "Distance of the newest point from its fit, in USD (price basis: USD per unit)",
        |advice| gate(advice)?.residual,
    );
    gauges.per_decision(
        expose.residual_threshold_usd,
        "residual_threshold_usd",
        "Distance from its fit, on either side, beyond which the newest point triggers the gate; where central_confidence \
         decides, on the side on which it lies. In the residual's unit",
        |advice| gate(advice)?.trigger_distance(),
    );
    gauges.per_decision(
        expose.sigma_usd,
        "sigma_usd",
        "Standard deviation of the residuals, in the residual's unit",
        |advice| gate(advice)?.sigma,
    );
    gauges.per_decision(expose.k_sigma, "k_sigma", "Standard deviations beyond which the gate holds", |advice| {
        Some(gate(advice)?.k_sigma)
    });
    gauges.per_decision(
        expose.residual_trigger,
        "residual_trigger",
        "1 where the residual gate is triggered, 0 where it is quiet",
        |advice| match gate(advice)?.verdict {
            Verdict::Triggered => Some(1.0),
            Verdict::Quiet => Some(0.0),
            Verdict::Insufficient { .. } => None,
        },
    );
}

fn gains(gauges: &mut Gauges<'_>, telemetry: &Telemetry) {
    let expose = &telemetry.expose;
    let instant = |at: Option<Timestamp>| at.map(seconds);
    gauges.per_decision(
        expose.t0_timestamp_seconds,
        "t0_timestamp_seconds",
        "The reference time, since which gains count",
        |advice| instant(advice.t0),
    );
    gauges.per_decision(
        expose.t1_timestamp_seconds,
        "t1_timestamp_seconds",
        "The time of the newest sample",
        |advice| instant(advice.t1),
    );
    gauges.per_decision(expose.v_ref_usd, "v_ref_usd", "Value of the position at the reference, in USD", |advice| {
        advice.totals.map(|totals| totals.baseline_usd)
    });
    gauges.per_decision(expose.v_t1_usd, "v_t1_usd", "Newest value of the position, in USD", |advice| {
        advice.totals.map(|totals| totals.newest_usd)
    });
    gauges.per_decision(expose.g_usd, "g_usd", "Gain since the reference, corrected for flows, in USD", |advice| {
        advice.totals.map(|totals| totals.gain_usd)
    });
    gauges.per_decision(expose.price_t1_usd, "price_t1_usd", "Newest price of the positions, in USD", |advice| {
        advice.price_t1_usd
    });
}

fn prices(gauges: &mut Gauges<'_>, telemetry: &Telemetry) {
    let expose = &telemetry.expose;
    let by_source = |advice: &Advice, price: fn(&PriceFigure) -> Option<f64>| {
        let figures = advice.prices.iter().flat_map(|prices| &prices.by_source);
        let labelled = figures.filter_map(|figure| {
            let AssetLabels { asset, alternate_asset_name } = asset_labels(advice);
            let source = figure.price.source.name();
            Some((SourceLabels { asset, alternate_asset_name, source }, price(figure)?))
        });
        labelled.collect()
    };
    gauges.add(expose.price_usd_by_source, "price_usd", "Price of one unit by its source, in USD", |advice| {
        by_source(advice, |figure| Some(figure.price.price_usd))
    });
    gauges.add(expose.rate_usd, "rate_usd", "Exchange rate by its source, in USD per unit", |advice| {
        by_source(advice, |figure| Some(figure.price.price_usd))
    });
    gauges.add(expose.rate_ada, "rate_ada", "Exchange rate by its source, in ADA per unit", |advice| {
        by_source(advice, |figure| figure.price.price_ada)
    });
    gauges.per_asset(
        expose.price_delta_abs,
        "price_delta_abs",
        "Difference between the highest and the lowest compared price, in USD",
        |advice| advice.prices.as_ref()?.delta_abs,
    );
    gauges.per_asset(
        expose.price_delta_rel,
        "price_delta_rel",
        "The same as a fraction of the highest price",
        |advice| advice.prices.as_ref()?.delta_rel,
    );
    gauges.per_asset(
        expose.price_mismatch,
        "price_mismatch",
        "1 where the compared prices differ by more than is tolerated, 0 where they agree",
        |advice| advice.prices.as_ref()?.mismatch.map(|mismatch| f64::from(u8::from(mismatch))),
    );
    gauges.per_asset(
        expose.price_compare_unavailable,
        "price_compare_unavailable",
        "1 where fewer than two prices could be compared",
        |advice| Some(f64::from(u8::from(advice.prices.as_ref()?.unavailable))),
    );
}
