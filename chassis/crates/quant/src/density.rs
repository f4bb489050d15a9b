//! How densely do the values of a sample lie around a point?
//!
//! Start at [`Kde::scott`]. Method: the mean of Gaussian bells, one over each value. Their width is Scott's rule,
//! n^(−1/5) times the sample's standard deviation (D. W. Scott, *Multivariate Density Estimation*, 2nd ed., 2015,
//! §6.2), as `scipy.stats.gaussian_kde` takes it by default.

use crate::column;
use crate::scale::standard_deviation;
use std::f64::consts::PI;

/// A Gaussian kernel density estimate over a borrowed sample.
///
/// ```
/// let kde = quant::density::Kde::scott(&[-1.0, 0.0, 1.0]).ok_or("no spread")?;
/// assert!((kde.bandwidth() - 3.0_f64.powf(-0.2)).abs() < 1e-15); // the deviation (n − 1) of −1, 0, 1 is 1
/// assert!(kde.evaluate(0.0) > kde.evaluate(1.0));
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Kde<'a> {
    sample: &'a [f64],
    bandwidth: f64,
    /// 1/(n·h·√(2π)): the height of one bell.
    height: f64,
}

impl<'a> Kde<'a> {
    /// The estimate with Scott's bandwidth.
    ///
    /// `None` for fewer than two values, a value that is not finite, or values without a spread that `f64` can divide
    /// by.
    #[must_use]
    pub fn scott(sample: &'a [f64]) -> Option<Self> {
        let n = sample.len() as f64;
        let bandwidth = standard_deviation(sample, 1)? * n.powf(-0.2);
        let height = 1.0 / (n * bandwidth * (2.0 * PI).sqrt());
        (bandwidth > 0.0 && height.is_finite()).then_some(Self { sample, bandwidth, height })
    }

    /// Standard deviation of one bell, in the unit of the sample.
    #[must_use]
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// Density at a finite `x`, per unit of the sample; its integral over all `x` is 1. One exponential per value:
    /// O(n).
    #[must_use]
    pub fn evaluate(&self, x: f64) -> f64 {
        let bells = column::sum(self.sample, |value| {
            let z = (x - value) / self.bandwidth;
            (-0.5 * z * z).exp()
        });
        self.height * bells
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn two_values_give_two_bells() {
        // s = √2 (n − 1 = 1, deviations ±1), h = √2 · 2^(−1/5) = 2^(3/10); at 0 both bells stand at z = 1/h.
        let kde = Kde::scott(&[-1.0, 1.0]).unwrap();
        let bandwidth = 2.0_f64.powf(0.3);
        assert!((kde.bandwidth() - bandwidth).abs() < 1e-15);
        let expected = (-0.5 / bandwidth.powi(2)).exp() / (bandwidth * (2.0 * PI).sqrt());
        assert!((kde.evaluate(0.0) - expected).abs() < 1e-15);
    }

    #[test]
    fn a_sample_without_spread_has_no_density() {
        for sample in [&[][..], &[1.0], &[2.0, 2.0, 2.0], &[1.0, f64::NAN], &[1.0, f64::INFINITY], &[0.0, 1e-320]] {
            assert!(Kde::scott(sample).is_none(), "{sample:?}");
        }
    }

    proptest! {
        #[test]
        fn it_integrates_to_one(sample in vec(-100.0..100.0_f64, 2..40)) {
            let kde = Kde::scott(&sample);
            prop_assume!(kde.is_some_and(|kde| kde.bandwidth() > 0.1));
            let kde = kde.unwrap();
            let low = sample.iter().copied().fold(f64::INFINITY, f64::min) - 9.0 * kde.bandwidth();
            let high = sample.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 9.0 * kde.bandwidth();
            // The trapezoid rule is exact to rounding on a smooth bell once its steps are a fraction of the bandwidth;
            // here they are at most 218/10⁴, a fifth of it.
            let step = (high - low) / 1e4;
            let area: f64 = (0..=10_000).map(|i| kde.evaluate(low + step * f64::from(i)) * step).sum();
            prop_assert!((area - 1.0).abs() < 1e-9, "{}", area);
        }
    }
}
