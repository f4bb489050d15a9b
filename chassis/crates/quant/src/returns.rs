//! What did a value earn, and at what risk? Ratios of a column of returns, one a period.
//!
//! A return is a fraction of 1: 0.01 is one per cent in that period. Every ratio is `None` where it is not defined; none is
//! ever infinite.

use crate::quantile::quantile;
use crate::{column, scale};

/// Sharpe ratio, (r̄ − r_f) / s · √P: the mean return above the risk-free one in units of the sample deviation, annualised.
///
/// `risk_free` is the return of one period, `periods_per_year` P. `None` for fewer than two returns, and where their deviation
/// is no more than rounding: flat returns have no Sharpe ratio.
///
/// Source: W. F. Sharpe, *The Sharpe Ratio*, Journal of Portfolio Management 21 (1994), 49–58.
/// ```
/// let returns = [0.01, -0.02, 0.015, 0.003, -0.007, 0.012, 0.0, -0.004, 0.02, -0.011];
/// let sharpe = quant::returns::sharpe(&returns, 0.02 / 252.0, 252.0).expect("they differ");
/// assert!((sharpe - 2.165706).abs() < 5e-7); // numpy: (mean − rf/P) / std(ddof=1) · √P
/// ```
#[must_use]
pub fn sharpe(returns: &[f64], risk_free: f64, periods_per_year: f64) -> Option<f64> {
    Some((scale::mean(returns)? - risk_free) / deviation(returns)? * periods_per_year.sqrt())
}

/// Sortino ratio: as [`sharpe`], with the root mean square of what fell short of the risk-free return, over all periods, in
/// place of the deviation. `None` where no return fell short.
///
/// Source: F. A. Sortino, L. N. Price, *Performance Measurement in a Downside Risk Framework*, Journal of Investing 3 (1994),
/// 59–64.
#[must_use]
pub fn sortino(returns: &[f64], risk_free: f64, periods_per_year: f64) -> Option<f64> {
    let short = |value: f64| (value - risk_free).min(0.0);
    let squares = column::sum(returns, |value| short(value) * short(value));
    let downside = (squares / returns.len() as f64).sqrt();
    (downside > 0.0).then_some((scale::mean(returns)? - risk_free) / downside * periods_per_year.sqrt())
}

/// Sample deviation of returns times √P; `None` for fewer than two.
#[must_use]
pub fn volatility(returns: &[f64], periods_per_year: f64) -> Option<f64> {
    Some(scale::standard_deviation(returns, 1)? * periods_per_year.sqrt())
}

/// The deepest fall from a highest value so far, as a fraction of it, and the most values in a row under an earlier high.
///
/// ```
/// assert_eq!(quant::returns::drawdown([100.0, 90.0, 75.0, 90.0]), (0.25, 3));
/// assert_eq!(quant::returns::drawdown([]), (0.0, 0));
/// ```
#[must_use]
pub fn drawdown(values: impl IntoIterator<Item = f64>) -> (f64, usize) {
    let (mut highest, mut deepest, mut under, mut longest) = (f64::MIN, 0.0_f64, 0, 0);
    for value in values {
        if value >= highest {
            (highest, under) = (value, 0);
        } else {
            deepest = deepest.max(1.0 - value / highest);
            under += 1;
            longest = longest.max(under);
        }
    }
    (deepest, longest)
}

/// The linear 5 % quantile of returns, and the mean of those at or under it: value at risk and expected shortfall, both as
/// returns. `None` for fewer than 20.
///
/// They are walked over twice, and held once in between.
#[must_use]
pub fn tail(returns: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    let mut column: Vec<f64> = returns.clone().collect();
    if column.len() < 20 {
        return None;
    }
    let limit = quantile(&mut column, 0.05)?;
    // Of returns that are mostly equal most can be at the limit, so the worst take the place of all.
    column.clear();
    column.extend(returns.filter(|value| *value <= limit));
    Some((limit, scale::mean(&column)?))
}

/// Probabilistic Sharpe ratio against 0: how likely it is that the true ratio of such returns is positive.
///
/// Φ(ρ·√(n − 1) / √(1 − γ₃ρ + (γ₄ − 1)/4·ρ²)), ρ the mean over the sample deviation, γ₃ and γ₄ skewness and kurtosis from
/// central moments over n. `None` as for [`sharpe`].
///
/// Source: D. H. Bailey, M. López de Prado, *The Sharpe Ratio Efficient Frontier*, Journal of Risk 15 (2012), 3–44.
/// ```
/// let trips = [0.03, -0.01, 0.02, -0.01, 0.05, -0.02, 0.01, 0.04, -0.01, -0.015];
/// let probability = quant::returns::probabilistic_sharpe(&trips).expect("they differ");
/// assert!((probability - 0.860840).abs() < 5e-7); // numpy and scipy.stats.norm.cdf
/// ```
#[must_use]
pub fn probabilistic_sharpe(returns: &[f64]) -> Option<f64> {
    let mean = scale::mean(returns)?;
    let ratio = mean / deviation(returns)?;
    let n = returns.len() as f64;
    let moment = |power: i32| column::sum(returns, |value| (value - mean).powi(power)) / n;
    let variance = moment(2);
    probability(n, ratio, moment(3) / variance.powf(1.5), moment(4) / (variance * variance))
}

fn probability(n: f64, ratio: f64, skewness: f64, kurtosis: f64) -> Option<f64> {
    let spread = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio;
    (spread > 0.0).then(|| normal(ratio * (n - 1.0).sqrt() / spread.sqrt()))
}

/// The sample deviation, where it is more than rounding.
fn deviation(returns: &[f64]) -> Option<f64> {
    let largest = returns.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    scale::standard_deviation(returns, 1).filter(|s| *s > returns.len() as f64 * f64::EPSILON * largest)
}

/// Φ, the distribution function of the standard normal.
fn normal(x: f64) -> f64 {
    libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETURNS: [f64; 10] = [0.01, -0.02, 0.015, 0.003, -0.007, 0.012, 0.0, -0.004, 0.02, -0.011];

    #[track_caller]
    fn near(found: Option<f64>, expected: f64) {
        let found = found.expect("defined");
        assert!((found - expected).abs() < 5e-7, "{found} for {expected}");
    }

    #[test]
    fn ratios_are_what_numpy_says() {
        near(sortino(&RETURNS, 0.02 / 252.0, 252.0), 3.547907);
        let values: Vec<f64> = std::iter::once(1.0)
            .chain(RETURNS.iter().scan(1.0, |value, r| {
                *value *= 1.0 + r;
                Some(*value)
            }))
            .collect();
        near(Some(values[10] - 1.0), 0.017419);
        near(Some(drawdown(values).0), 0.02);
    }

    #[test]
    fn the_tail_is_the_linear_quantile_and_what_lies_under_it() {
        // r_k = (−1)^k · k/1000, k = 1 … 20: −.019, −.017, …; the 5 % point lies at .95 between the first two.
        let returns: Vec<f64> = (1..=20).map(|k| f64::from(if k % 2 == 0 { k } else { -k }) / 1000.0).collect();
        let (var, shortfall) = tail(returns.iter().copied()).expect("20 returns");
        near(Some(var), -0.0171);
        near(Some(shortfall), -0.019);
        assert_eq!(tail(returns[1..].iter().copied()), None);
    }

    #[test]
    fn flat_returns_have_no_ratio() {
        for returns in [&[][..], &[0.01], &[0.01; 50], &[0.0; 3]] {
            assert_eq!(sharpe(returns, 0.0, 252.0), None);
            assert_eq!(probabilistic_sharpe(returns), None);
        }
        assert_eq!(sortino(&[0.01, 0.02], 0.0, 252.0), None, "none fell short");
    }

    #[test]
    fn a_hundred_trips_like_the_normal_need_this_ratio() {
        near(probability(100.0, 0.166_455, 0.0, 3.0), 0.95);
    }
}
