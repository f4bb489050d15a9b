//! How far from its trend does each sample lie, and how are these distances distributed?

use std::borrow::Cow;

use quant::density::Kde;
use quant::thin;
use serde::Serialize;

use crate::advice::Advice;
use crate::gate::{self, GateFigures};
use crate::rules::{Basis, GateRules, Rules};

use super::axes::{MAX_POINTS, Unit, Window, millis};
use super::fitted::Fitted;
use super::options::DrawingOptions;
use super::values::Values;

/// How many points the density's line has.
const DENSITY_POINTS: usize = 200;
/// How far beyond the least and the greatest residual that line goes, in bandwidths: where a bell has all but ended.
const DENSITY_MARGIN: f64 = 3.0;
/// More bars than this are a line.
const MAX_BINS: usize = 100;

/// The residuals of a fit over time, with everything they are compared with.
#[derive(Debug, Clone, PartialEq)]
pub struct Residuals {
    /// Unit of all figures.
    pub unit: Unit,
    /// Sample times inside both the chart's and the gate's window, milliseconds since the epoch, increasing.
    pub ts: Vec<i64>,
    /// The residuals, one per time.
    pub value: Vec<f64>,
    /// The newest of them, which is judged.
    pub latest: Option<Point>,
    /// Standard deviation of the residuals in the gate's window.
    pub sigma: Option<f64>,
    /// k·σ.
    pub k_times_sigma: Option<f64>,
    /// The newest residual triggers below the first and above the second.
    pub thresholds: Option<[f64; 2]>,
    /// How the residuals in the gate's window are distributed; `None` where they do not differ.
    pub density: Option<Density>,
}

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    /// Milliseconds since the epoch.
    pub ts: i64,
    /// In the unit of its series.
    pub value: f64,
}

/// The distribution of residuals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Density {
    /// Where the density was computed, in the unit of the residuals, increasing.
    pub x: Vec<f64>,
    /// Gaussian kernel density with Scott's bandwidth, per that unit.
    pub y: Vec<f64>,
    /// The same by counting.
    pub histogram: Histogram,
    /// The newest residual.
    pub latest: Option<f64>,
    /// As in [`Residuals::thresholds`].
    pub thresholds: Option<[f64; 2]>,
    /// Standard deviation of the residuals.
    pub sigma: Option<f64>,
}

/// Equally wide bars whose areas add up to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Histogram {
    /// Ends of the bars, one more than bars.
    pub edges: Vec<f64>,
    /// Height of each bar, per unit of the residuals.
    pub density: Vec<f64>,
}

/// Where the figures come from that a series is compared with.
pub(super) struct Judged;

impl Judged {
    /// The gate's figures, where it judged the position.
    pub(super) fn positions<'a>(rules: &Rules, advice: &'a Advice) -> Option<Cow<'a, GateFigures>> {
        let judged = rules.gate.basis == Basis::CorrectedPosition;
        advice.gate.as_ref().filter(|_| judged).map(Cow::Borrowed)
    }

    /// The gate's figures, where it judged the price; else what it would have said of it.
    pub(super) fn prices<'a>(
        rules: &Rules,
        advice: &'a Advice,
        prices: &Values,
        window: &Window,
    ) -> Option<Cow<'a, GateFigures>> {
        if rules.gate.basis == Basis::ChangeRateUsd {
            return advice.gate.as_ref().map(Cow::Borrowed);
        }
        let since = prices.since(window.gate);
        let (ts, values) = (&prices.ts[since..], &prices.value[since..]);
        let newest = *values.last().filter(|_| window.gate_loaded)?;
        let rules = GateRules { basis: Basis::ChangeRateUsd, ..rules.gate.clone() };
        let series = gate::Series { ts, values, window_start: window.gate, newest, measured: &|| values.to_vec() };
        Some(Cow::Owned(gate::judge(&series, &rules)))
    }
}

impl Residuals {
    /// What charts show of the residuals of `values`.
    pub(super) fn of(fitted: Fitted<'_>, values: &Values, options: &DrawingOptions, window: &Window) -> Residuals {
        let start = values.since(window.chart).max(fitted.since);
        let (ts, shown) = (&values.ts[start..], &fitted.residuals[start - fitted.since..]);
        let kept = thin::keep_extremes(ts, shown, MAX_POINTS);
        let figures = &*fitted.figures;
        let finite = |figure: Option<f64>| figure.filter(|figure| figure.is_finite());
        let newest = values.ts.last().copied();
        Self {
            unit: Unit::of(figures.basis),
            ts: kept.iter().map(|i| millis(ts[*i])).collect(),
            value: kept.iter().map(|i| shown[*i]).collect(),
            latest: newest.zip(figures.residual).map(|(ts, value)| Point { ts: millis(ts), value }),
            sigma: finite(figures.sigma),
            k_times_sigma: finite(figures.k_times_sigma),
            thresholds: thresholds(figures),
            density: Density::of(&fitted.residuals, figures, options.samples_per_bin),
        }
    }
}

/// Where the newest residual would begin to trigger: outside the interval, where one is judged by, and beyond the floors.
fn thresholds(figures: &GateFigures) -> Option<[f64; 2]> {
    let floor = figures.threshold?;
    let [low, high] = figures.interval.unwrap_or([-floor, floor]);
    let thresholds = [low.min(-floor), high.max(floor)];
    thresholds.iter().all(|threshold| threshold.is_finite()).then_some(thresholds)
}

impl Density {
    /// The distribution of `residuals`; `None` where they do not differ enough for one.
    fn of(residuals: &[f64], figures: &GateFigures, samples_per_bin: usize) -> Option<Self> {
        let kde = Kde::scott(residuals)?;
        let histogram = Histogram::of(residuals, samples_per_bin)?;
        let margin = DENSITY_MARGIN * kde.bandwidth();
        let (low, high) = (histogram.edges[0] - margin, histogram.edges[histogram.edges.len() - 1] + margin);
        let x = even_steps(low, high, DENSITY_POINTS - 1)?;
        let y: Vec<f64> = x.iter().map(|x| kde.evaluate(*x)).collect();
        y.iter().all(|density| density.is_finite()).then_some(Self {
            x,
            y,
            histogram,
            latest: figures.residual,
            thresholds: thresholds(figures),
            sigma: figures.sigma.filter(|sigma| sigma.is_finite()),
        })
    }
}

impl Histogram {
    /// Bars of `samples_per_bin` values on average; `None` where the values' range cannot be divided.
    fn of(values: &[f64], samples_per_bin: usize) -> Option<Self> {
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let bins = (values.len() / samples_per_bin.max(1)).clamp(1, MAX_BINS);
        let edges = even_steps(low, high, bins)?;
        let mut counts = vec![0_usize; bins];
        for value in values {
            // The last bar holds its upper end too.
            let bin = edges.partition_point(|edge| edge <= value).saturating_sub(1).min(bins - 1);
            counts[bin] += 1;
        }
        let area = |edges: &[f64]| (edges[1] - edges[0]) * values.len() as f64;
        let density: Vec<f64> = counts.iter().zip(edges.windows(2)).map(|(n, edges)| *n as f64 / area(edges)).collect();
        density.iter().all(|height| height.is_finite()).then_some(Self { edges, density })
    }
}

/// `steps` + 1 numbers from `low` to `high`; `None` where they would not increase, or not be finite.
fn even_steps(low: f64, high: f64, steps: usize) -> Option<Vec<f64>> {
    let at = |i: usize| if i == steps { high } else { low + (high - low) * (i as f64 / steps as f64) };
    let numbers: Vec<f64> = (0..=steps).map(at).collect();
    let usable = numbers.iter().all(|number| number.is_finite()) && numbers.windows(2).all(|pair| pair[0] < pair[1]);
    usable.then_some(numbers)
}
