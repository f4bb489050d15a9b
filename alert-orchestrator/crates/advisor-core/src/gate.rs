//! Residual sigma gate: is the newest point too far from its own trend to act on?
//!
//! Start at `judge`. Pure: a series in, [`GateFigures`] out, with every number the verdict rests on.
//! Method: the newest residual against k·σ of the residuals (σ over n, about their mean), or against the interval
//! between two quantiles of them, and in either case against two floors. A σ beyond `max_band_bps` judges nothing.
//! Elsewhere: the least-squares fit is [`quant::fit`]; what a verdict means for the advice is decided in
//! [`crate::advice`].

#[cfg(test)]
mod tests;

use jiff::Timestamp;
use quant::fit::{PolynomialFit, endpoint_leverage};
use quant::{quantile, scale};
use serde::Serialize;

use crate::outlook::Outlook;
use crate::rules::{Baseline, Basis, GateRules, Threshold};
use crate::time;

/// Everything the gate computed, and its verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GateFigures {
    /// The series that was judged.
    pub basis: Basis,
    /// The baseline that residuals are measured from.
    pub baseline: Baseline,
    /// Start of the window.
    pub window_start: Timestamp,
    /// Points inside the window.
    pub points: usize,
    /// The fitted baseline; `None` where it could not be computed.
    pub fit: Option<FitFigures>,
    /// The newest value of the series (USD, or USD per unit).
    pub newest_value: Option<f64>,
    /// r(t1): newest value less baseline.
    pub residual: Option<f64>,
    /// σ of the residuals.
    pub sigma: Option<f64>,
    /// The gate multiplier k.
    pub k_sigma: f64,
    /// k·σ.
    pub k_times_sigma: Option<f64>,
    /// The configured smallest residual that can trigger.
    pub epsilon_floor: f64,
    /// The same from `min_residual_bps` and the newest value of position or price.
    pub bps_floor: Option<f64>,
    /// The central interval of the residuals (percentile mode).
    pub interval: Option<[f64; 2]>,
    /// |r(t1)| must exceed this to trigger; in percentile mode, r(t1) must lie outside the interval, too.
    pub threshold: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// Why it cannot rest on this σ although there are points enough, where that is so.
    pub scattered: Option<Scattered>,
    /// What becomes of too few points; said, and never computed with.
    #[serde(skip)]
    pub outlook: Option<Outlook>,
}

impl GateFigures {
    /// The distance |r(t1)| at which the newest point begins to trigger on its own side of the fit: it triggers exactly
    /// where it lies further away. `None` where there are too few points.
    ///
    /// In percentile mode the two sides may differ. And where the interval leaves out the fit itself, a point between
    /// the fit and the interval is outside, so that only the floor keeps it quiet.
    #[must_use]
    pub fn trigger_distance(&self) -> Option<f64> {
        if let Verdict::Insufficient { .. } = self.verdict {
            return None;
        }
        let (residual, floor) = (self.residual?, self.threshold?);
        let Some([low, high]) = self.interval else { return Some(floor) };
        // The interval as seen from the fit, with the residual's own side to the right.
        let (near, far) = if residual < 0.0 { (-high, -low) } else { (low, high) };
        Some(if residual.abs() < near { floor } else { far.max(floor) })
    }
}

/// A fitted baseline, in scaled time u = (t − centre) / scale.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FitFigures {
    /// Centre of the window's times.
    pub centre: Timestamp,
    /// Half the length of the window, seconds.
    pub scale_seconds: f64,
    /// Coefficients of powers of u, lowest first; a single one for a median.
    pub coefficients: Vec<f64>,
    /// Share of the newest point in its own fitted value (0 for a median).
    pub newest_leverage: f64,
}

/// What the gate says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The newest point lies where its past lets one expect it.
    Quiet,
    /// It does not.
    Triggered,
    /// Too few points to tell.
    Insufficient {
        /// Points that would do.
        needed: usize,
    },
}

/// A σ so large that hardly any newest point could trigger: one bad sample hides another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scattered {
    /// The largest value of the position in the window, or the newest price: what σ is too large a share of.
    pub largest: f64,
    /// The share that k·σ may be, basis points.
    pub max_band_bps: f64,
    /// The sample that is furthest from the baseline.
    pub furthest: Outlier,
}

/// A sample that stands out, beside its neighbours: as the tables have them, flows not taken off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outlier {
    /// Its time.
    pub at: Timestamp,
    /// The position then, USD, or the price.
    pub value: f64,
    /// The mean of the values before and after it; the value itself where there are none.
    pub neighbours: f64,
}

/// The series that is judged.
pub(crate) struct Series<'a> {
    /// Times in nanoseconds, strictly increasing, the window only.
    pub(crate) ts: &'a [i64],
    /// As many values, finite, USD or USD per unit by the basis.
    pub(crate) values: &'a [f64],
    /// Start of the window, nanoseconds.
    pub(crate) window_start: i64,
    /// The newest value of position or price, of which `min_residual_bps` is a share.
    pub(crate) newest: f64,
    /// The position at each time, whatever was moved, or the price: of the largest `max_band_bps` is a share. Asked for
    /// only where it matters.
    pub(crate) measured: &'a dyn Fn() -> Vec<f64>,
}

/// Judges the last point of a series by the rest of it.
pub(crate) fn judge(series: &Series<'_>, rules: &GateRules) -> GateFigures {
    let Series { ts, values, window_start, newest, .. } = *series;
    let n = ts.len();
    let fitted = fit(ts, values, rules.baseline);
    let residual = fitted.as_ref().and_then(|(_, residuals)| residuals.last().copied());
    let base = fitted
        .as_ref()
        .map(|(_, residuals)| if rules.exclude_last_for_sigma { &residuals[..n - 1] } else { residuals });
    let sigma = base.and_then(|residuals| scale::standard_deviation(residuals, 0));
    let k_times_sigma = sigma.map(|sigma| rules.k_sigma * sigma);
    let bps_floor = rules.min_residual_bps / 1e4 * newest;
    let floor = rules.sigma_epsilon.max(bps_floor);
    let (interval, threshold) = match rules.threshold {
        Threshold::Stddev => (None, k_times_sigma.map(|band| band.max(floor))),
        Threshold::Percentile { central_confidence } => {
            (base.and_then(|residuals| central_interval(residuals, central_confidence)), Some(floor))
        }
    };
    let needed = points_needed(n, fitted.as_ref().map(|(fit, _)| fit.newest_leverage), rules);
    let verdict = match (residual, threshold) {
        _ if n < needed => Verdict::Insufficient { needed },
        (Some(residual), Some(threshold)) => {
            let outside = match (rules.threshold, interval) {
                (Threshold::Stddev, _) => true,
                (Threshold::Percentile { .. }, Some([low, high])) => residual < low || high < residual,
                // Nothing to compare with: doubt holds.
                (Threshold::Percentile { .. }, None) => true,
            };
            if outside && residual.abs() > threshold { Verdict::Triggered } else { Verdict::Quiet }
        }
        _ => Verdict::Insufficient { needed: n + 1 },
    };
    let judged = base.zip(sigma).filter(|_| !matches!(verdict, Verdict::Insufficient { .. }));
    let scattered = judged.and_then(|(residuals, sigma)| find_scatter(series, residuals, sigma, rules));
    GateFigures {
        basis: rules.basis,
        baseline: rules.baseline,
        window_start: time::timestamp(window_start),
        points: n,
        fit: fitted.map(|(fit, _)| fit),
        newest_value: values.last().copied().filter(|value| value.is_finite()),
        residual,
        sigma,
        k_sigma: rules.k_sigma,
        k_times_sigma,
        epsilon_floor: rules.sigma_epsilon,
        bps_floor: values.last().map(|_| bps_floor),
        interval,
        threshold,
        verdict,
        scattered,
        outlook: None,
    }
}

/// Whether σ is too large to judge by. What `sigma_epsilon` lets pass is no band: a position that is empty but for the
/// dust of binary fractions has a σ of the same size.
fn find_scatter(series: &Series<'_>, residuals: &[f64], sigma: f64, rules: &GateRules) -> Option<Scattered> {
    let max_band_bps = rules.max_band_bps?;
    let share = max_band_bps / 1e4;
    let band = rules.k_sigma * sigma;
    // The largest value is no less than the newest: mostly there is no need to look for it.
    if band <= rules.sigma_epsilon || band <= share * series.newest {
        return None;
    }
    let measured = (series.measured)();
    let largest = match rules.basis {
        Basis::CorrectedPosition => measured.iter().copied().fold(0.0, f64::max),
        Basis::ChangeRateUsd => series.newest,
    };
    // Of a position that was empty all the time nothing can be withdrawn.
    if largest <= 0.0 || band <= share * largest {
        return None;
    }
    // Of several as far the first, as `max_by` takes the last.
    let (i, _) = residuals.iter().enumerate().rev().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()))?;
    let value = measured[i];
    let beside = [i.checked_sub(1), i.checked_add(1)].into_iter().flatten().filter_map(|i| measured.get(i));
    let (sum, count) = beside.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    let neighbours = if count > 0.0 { sum / count } else { value };
    let furthest = Outlier { at: time::timestamp(series.ts[i]), value, neighbours };
    Some(Scattered { largest, max_band_bps, furthest })
}

/// The residuals that [`judge`] judges by: `values` less baseline at each of `ts`; `None` where there are too few
/// points.
pub(crate) fn residuals(ts: &[i64], values: &[f64], baseline: Baseline) -> Option<Vec<f64>> {
    fit(ts, values, baseline).map(|(_, residuals)| residuals)
}

/// The baseline of a series and its residuals; `None` where there are too few points.
fn fit(ts: &[i64], values: &[f64], baseline: Baseline) -> Option<(FitFigures, Vec<f64>)> {
    let (first, last) = (*ts.first()?, *ts.last()?);
    match baseline {
        Baseline::Median => {
            let median = quantile::median(&mut values.to_vec())?;
            let residuals: Vec<f64> = values.iter().map(|value| value - median).collect();
            if !residuals.iter().all(|residual| residual.is_finite()) {
                return None;
            }
            let figures = FitFigures {
                centre: time::timestamp(first.midpoint(last)),
                scale_seconds: time::hours_between(first, last) * 1800.0,
                coefficients: vec![median],
                newest_leverage: 0.0,
            };
            Some((figures, residuals))
        }
        Baseline::Polynomial(order) => {
            // Hours before the newest point: differences are exact, whatever the epoch.
            let x: Vec<f64> = ts.iter().map(|ts| time::hours_between(last, *ts)).collect();
            let fit = PolynomialFit::new(&x, values, order).ok()?;
            let figures = FitFigures {
                centre: time::timestamp(last.saturating_add(time::hours(fit.centre()))),
                scale_seconds: fit.scale() * 3600.0,
                coefficients: fit.coefficients(),
                newest_leverage: fit.leverage(0.0),
            };
            Some((figures, fit.residuals().to_vec()))
        }
    }
}

/// The fewest points on which a verdict can rest.
///
/// Besides `min_points` and what the fit needs: so many that some value of the newest sample could trip the gate at
/// all. A newest point of leverage h that is off by M moves its own fitted value by h·M. Its residual is (1 − h)·M, the
/// residual sum of squares (1 − h)·M², and so |r|/σ stays below √(n·(1 − h)). About a median, which it does not move,
/// the residual is M and σ about the mean M·√(n − 1)/n. (The median of two points is their mean, which the newest does
/// move.)
fn points_needed(n: usize, newest_leverage: Option<f64>, rules: &GateRules) -> usize {
    let configured = configured_points(rules);
    match rules.threshold {
        _ if n < configured => configured,
        // These points are not evenly spaced: whether they do is for their own leverage to say.
        Threshold::Stddev if !rules.exclude_last_for_sigma => match newest_leverage {
            Some(leverage) if trips(rules, n, leverage) => n,
            _ => judging_points(rules, n + 1),
        },
        _ => judging_points(rules, configured),
    }
}

/// What becomes of a window with too few points; `None` where no number of points would do.
///
/// `wallets`: each one's sample times up to the evaluation time `now`, oldest first, also from before the window.
#[must_use]
pub fn outlook(rules: &GateRules, wallets: &[&[i64]], now: i64) -> Option<Outlook> {
    let enough = judging_points(rules, configured_points(rules));
    (enough < usize::MAX).then(|| Outlook::of(enough, rules.lookback_hours, wallets, now))
}

/// The fewest points that are fitted at all.
fn configured_points(rules: &GateRules) -> usize {
    rules.min_points.max(order(rules) + 1)
}

/// The fewest points, `least` or more and evenly spaced, that the threshold can judge; `usize::MAX` where no number is.
fn judging_points(rules: &GateRules, least: usize) -> usize {
    let order = order(rules);
    match rules.threshold {
        Threshold::Percentile { central_confidence } => least.max(enough(2.0 / (1.0 - central_confidence))),
        // A fit through every point leaves no residual to compare.
        Threshold::Stddev if rules.exclude_last_for_sigma => least.max(order + 2),
        Threshold::Stddev => fewest_even_points(least, |n| trips(rules, n, endpoint_leverage(n, order))),
    }
}

fn order(rules: &GateRules) -> usize {
    match rules.baseline {
        Baseline::Polynomial(order) => order,
        Baseline::Median => 0,
    }
}

/// Whether some value of the newest of `n` points could trip the gate, see [`points_needed`].
fn trips(rules: &GateRules, n: usize, leverage: f64) -> bool {
    match rules.baseline {
        Baseline::Polynomial(_) => (n as f64 * (1.0 - leverage)).sqrt() > rules.k_sigma,
        Baseline::Median => n > 2 && n as f64 > rules.k_sigma * (n as f64 - 1.0).sqrt(),
    }
}

/// A count of points, rounded up beyond the rounding of its own division.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates, and is positive")]
fn enough(points: f64) -> usize {
    (points - 1e-9).ceil() as usize
}

/// The smallest count from `from` on that `trips`, which grows with the count.
fn fewest_even_points(from: usize, trips: impl Fn(usize) -> bool) -> usize {
    let mut too_few = from - 1;
    let mut step = 1;
    while !trips(too_few.saturating_add(step)) {
        too_few = too_few.saturating_add(step);
        step = step.saturating_mul(2);
        if too_few == usize::MAX {
            return usize::MAX;
        }
    }
    let mut enough = too_few.saturating_add(step);
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        if trips(middle) { enough = middle } else { too_few = middle }
    }
    enough
}

fn central_interval(residuals: &[f64], central_confidence: f64) -> Option<[f64; 2]> {
    let tail = (1.0 - central_confidence) / 2.0;
    let mut residuals = residuals.to_vec();
    Some([quantile::quantile(&mut residuals, tail)?, quantile::quantile(&mut residuals, 1.0 - tail)?])
}
