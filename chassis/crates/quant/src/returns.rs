//! What did a value earn, and at what risk? Ratios of returns, one a period.
//!
//! A return is a fraction of 1: 0.01 is one per cent in that period. Every ratio is `None` where it is not defined; none is
//! ever infinite.

use crate::{column, quantile};

/// Figures of returns, one a period, which are walked over and never held: of a long run there is no room for them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ratios {
    /// Sample deviation of returns times √P; `None` for fewer than two.
    pub volatility: Option<f64>,
    /// Sharpe ratio, (r̄ − r_f) / s · √P: the mean return above the risk-free one in units of the sample deviation,
    /// annualised. `None` for fewer than two returns, and where their deviation is no more than rounding: flat returns
    /// have no Sharpe ratio.
    ///
    /// Source: W. F. Sharpe, *The Sharpe Ratio*, Journal of Portfolio Management 21 (1994), 49–58.
    pub sharpe: Option<f64>,
    /// Sortino ratio: as the Sharpe ratio, with the root mean square of what fell short of the risk-free return, over all
    /// periods, in place of the deviation. `None` where no return fell short.
    ///
    /// Source: F. A. Sortino, L. N. Price, *Performance Measurement in a Downside Risk Framework*, Journal of Investing 3
    /// (1994), 59–64.
    pub sortino: Option<f64>,
}

impl Ratios {
    /// Of returns; `risk_free` is the return of one period, `periods_per_year` P. All are `None` where a return is not
    /// finite.
    ///
    /// ```
    /// let returns = [0.01, -0.02, 0.015, 0.003, -0.007, 0.012, 0.0, -0.004, 0.02, -0.011];
    /// let sharpe = quant::returns::Ratios::of(returns.into_iter(), 0.02 / 252.0, 252.0).sharpe.expect("they differ");
    /// assert!((sharpe - 2.165706).abs() < 5e-7); // numpy: (mean − rf/P) / std(ddof=1) · √P
    /// ```
    #[must_use]
    pub fn of(returns: impl Iterator<Item = f64> + Clone, risk_free: f64, periods_per_year: f64) -> Self {
        let Some(spread) = Spread::of(returns, risk_free) else { return Self::default() };
        let (above, year) = (spread.mean - risk_free, periods_per_year.sqrt());
        Self {
            volatility: spread.deviation.map(|s| s * year),
            sharpe: spread.clear_deviation().map(|s| above / s * year),
            sortino: (spread.downside > 0.0).then_some(above / spread.downside * year),
        }
    }
}

/// Where returns lie, and how widely they are spread; all differences are taken from the first of them, as in [`crate::scale`].
struct Spread {
    count: f64,
    mean: f64,
    /// The largest magnitude.
    largest: f64,
    /// The sample deviation; `None` for one return.
    deviation: Option<f64>,
    /// Root mean square of what fell short.
    downside: f64,
}

impl Spread {
    fn of(returns: impl Iterator<Item = f64> + Clone, risk_free: f64) -> Option<Self> {
        let origin = returns.clone().next()?;
        let (mut count, mut largest) = (0_usize, 0.0_f64);
        let offsets = returns.clone().map(|value| {
            count += 1;
            largest = largest.max(value.abs());
            value - origin
        });
        let total = column::sum_of(offsets);
        let count = count as f64;
        let centre = total / count;
        let short = returns.clone().map(|value| (value - risk_free).min(0.0));
        let downside = (column::sum_of(short.map(|value| value * value)) / count).sqrt();
        let squares = column::sum_of(returns.map(|value| {
            let deviation = (value - origin) - centre;
            deviation * deviation
        }));
        let deviation = (count > 1.0).then(|| (squares / (count - 1.0)).sqrt());
        let is_finite = [centre, squares, downside].iter().all(|value| value.is_finite());
        is_finite.then_some(Self { count, mean: origin + centre, largest, deviation, downside })
    }

    /// The deviation, where it is more than rounding.
    fn clear_deviation(&self) -> Option<f64> {
        self.deviation.filter(|s| *s > self.count * f64::EPSILON * self.largest)
    }
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
/// returns. `None` for fewer than 20, and where one is not finite.
///
/// They are walked over three times; about a tenth of them is held.
#[must_use]
pub fn tail(returns: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    let count = returns.clone().try_fold(0_usize, |count, value| value.is_finite().then_some(count + 1))?;
    if count < 20 {
        return None;
    }
    let position = 0.05 * (count - 1) as f64;
    let limit = quantile::at(&mut least(returns.clone(), count / 20 + 2), position)?;
    // Of returns that are mostly equal most can be at the limit.
    let mut under = 0_usize;
    let below =
        column::sum_of(returns.filter(|value| *value <= limit).inspect(|_| under += 1).map(|value| value - limit));
    // From the limit down, so that rounding lifts it over none.
    Some((limit, limit + below / under as f64)).filter(|(_, shortfall)| shortfall.is_finite())
}

/// The `most` least values, and perhaps as many others.
fn least(values: impl Iterator<Item = f64>, most: usize) -> Vec<f64> {
    let (mut kept, mut highest) = (Vec::with_capacity(2 * most), f64::INFINITY);
    for value in values {
        if value < highest {
            kept.push(value);
            if kept.len() == 2 * most {
                highest = *kept.select_nth_unstable_by(most - 1, f64::total_cmp).1;
                kept.truncate(most);
            }
        }
    }
    kept
}

/// Probabilistic Sharpe ratio against 0: how likely it is that the true ratio of such returns is positive.
///
/// Φ(ρ·√(n − 1) / √(1 − γ₃ρ + (γ₄ − 1)/4·ρ²)), ρ the mean over the sample deviation, γ₃ and γ₄ skewness and kurtosis from
/// central moments over n. `None` as for [`Ratios::sharpe`].
///
/// Source: D. H. Bailey, M. López de Prado, *The Sharpe Ratio Efficient Frontier*, Journal of Risk 15 (2012), 3–44.
/// ```
/// let trips = [0.03, -0.01, 0.02, -0.01, 0.05, -0.02, 0.01, 0.04, -0.01, -0.015];
/// let probability = quant::returns::probabilistic_sharpe(&trips).expect("they differ");
/// assert!((probability - 0.860840).abs() < 5e-7); // numpy and scipy.stats.norm.cdf
/// ```
#[must_use]
pub fn probabilistic_sharpe(returns: &[f64]) -> Option<f64> {
    let spread = Spread::of(returns.iter().copied(), 0.0)?;
    let (mean, n) = (spread.mean, spread.count);
    let ratio = mean / spread.clear_deviation()?;
    let moment = |power: i32| column::sum(returns, |value| (value - mean).powi(power)) / n;
    let variance = moment(2);
    probability(n, ratio, moment(3) / variance.powf(1.5), moment(4) / (variance * variance))
}

fn probability(n: f64, ratio: f64, skewness: f64, kurtosis: f64) -> Option<f64> {
    let spread = 1.0 - skewness * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio;
    (spread > 0.0).then(|| normal(ratio * (n - 1.0).sqrt() / spread.sqrt()))
}

/// Φ, the distribution function of the standard normal.
fn normal(x: f64) -> f64 {
    libm::erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RETURNS: [f64; 10] = [0.01, -0.02, 0.015, 0.003, -0.007, 0.012, 0.0, -0.004, 0.02, -0.011];

    #[track_caller]
    fn near(found: Option<f64>, expected: f64) {
        let found = found.expect("defined");
        assert!((found - expected).abs() < 5e-7, "{found} for {expected}");
    }

    #[test]
    fn ratios_are_what_numpy_says() {
        let ratios = Ratios::of(RETURNS.into_iter(), 0.02 / 252.0, 252.0);
        near(ratios.sortino, 3.547907);
        near(ratios.volatility, 0.200212);
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

    /// Some are equal to one another, so that many may lie at the limit.
    fn returns() -> impl Strategy<Value = Vec<f64>> {
        let value = prop_oneof![3 => -0.05..0.05_f64, 1 => Just(0.0), 1 => Just(-0.01)];
        proptest::collection::vec(value, 1..400)
    }

    proptest! {
        #[test]
        fn the_tail_is_that_of_all_returns_sorted(returns in returns()) {
            let under = |limit: f64| returns.iter().copied().filter(|value| *value <= limit).collect::<Vec<_>>();
            let expected = quantile::quantile(&mut returns.clone(), 0.05).filter(|_| returns.len() >= 20);
            let found = tail(returns.iter().copied());
            prop_assert_eq!(found.map(|(var, _)| var), expected);
            if let Some((var, shortfall)) = found {
                prop_assert!(shortfall <= var);
                prop_assert!((shortfall - crate::scale::mean(&under(var)).expect("the least is under it")).abs() < 1e-12);
            }
        }

        #[test]
        fn ratios_are_those_of_a_column(returns in returns(), risk_free in -0.01..0.01_f64) {
            let found = Ratios::of(returns.iter().copied(), risk_free, 252.0);
            let deviation = crate::scale::standard_deviation(&returns, 1);
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs().max(1.0);
            prop_assert_eq!(found.volatility.is_some(), deviation.is_some());
            if let (Some(volatility), Some(deviation)) = (found.volatility, deviation) {
                prop_assert!(near(volatility, deviation * 252.0_f64.sqrt()));
            }
            let mean = crate::scale::mean(&returns).expect("there are some");
            if let (Some(sharpe), Some(volatility)) = (found.sharpe, found.volatility) {
                prop_assert!(near(sharpe, (mean - risk_free) * 252.0 / volatility));
            }
        }
    }

    #[test]
    fn returns_that_are_no_numbers_have_no_figures() {
        for wrong in [f64::NAN, f64::INFINITY] {
            let returns = (0..30).map(|i| if i == 20 { wrong } else { 0.01 * f64::from(i % 3) });
            assert_eq!((Ratios::of(returns.clone(), 0.0, 252.0), tail(returns)), (Ratios::default(), None));
        }
    }

    #[test]
    fn flat_returns_have_no_ratio() {
        for returns in [&[][..], &[0.01], &[0.01; 50], &[0.0; 3]] {
            assert_eq!(Ratios::of(returns.iter().copied(), 0.0, 252.0).sharpe, None);
            assert_eq!(probabilistic_sharpe(returns), None);
        }
        assert_eq!(Ratios::of([0.01, 0.02].into_iter(), 0.0, 252.0).sortino, None, "none fell short");
    }

    #[test]
    fn a_hundred_trips_like_the_normal_need_this_ratio() {
        near(probability(100.0, 0.166_455, 0.0, 3.0), 0.95);
    }
}
