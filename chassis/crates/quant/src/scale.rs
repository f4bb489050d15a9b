//! Where does a column of numbers lie, and how widely is it spread?
//!
//! [`mean`] and [`standard_deviation`] describe all values; [`median_absolute_deviation`] is the spread that outliers
//! do not move. All differences are taken from the column's first value before anything is squared or summed, so that a
//! spread of 1e-6 around 1e9 keeps its digits (the shifted two-pass algorithm of Chan, Golub and `LeVeque`, *The
//! American Statistician* 37 (1983), 242–247).

use crate::column;
use crate::quantile::median;

/// Factor by which a [`median_absolute_deviation`] becomes comparable with the standard deviation of normal data.
///
/// 1/Φ⁻¹(3/4) = 1.482602…, in the four decimals that the literature on outlier tests uses.
pub const MAD_TO_SIGMA: f64 = 1.4826;

/// Arithmetic mean, in the unit of the values.
///
/// `None` if there are no values, or one of them is not finite.
///
/// ```
/// assert_eq!(quant::scale::mean(&[1.0, 2.0, 6.0]), Some(3.0));
/// assert_eq!(quant::scale::mean(&[]), None);
/// ```
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    let origin = *values.first()?;
    Some(origin + mean_offset(values, origin)).filter(|mean| mean.is_finite())
}

/// Standard deviation about the mean, √(Σ(v − v̄)² / (n − ddof)), in the unit of the values.
///
/// `ddof` 0 describes the column itself, `ddof` 1 estimates the spread of what it was sampled from.
/// `None` if `n <= ddof`, or a value is not finite, or its square would not be.
///
/// ```
/// let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]; // mean 5, Σ(v − 5)² = 32
/// assert_eq!(quant::scale::standard_deviation(&values, 0), Some(2.0)); // √(32/8)
/// assert_eq!(quant::scale::standard_deviation(&[3.0], 1), None);
/// ```
#[must_use]
pub fn standard_deviation(values: &[f64], ddof: usize) -> Option<f64> {
    let origin = *values.first()?;
    let freedom = values.len().checked_sub(ddof).filter(|freedom| *freedom > 0)?;
    let centre = mean_offset(values, origin);
    let squares = column::sum(values, |value| {
        let deviation = (value - origin) - centre;
        deviation * deviation
    });
    Some((squares / freedom as f64).sqrt()).filter(|deviation| deviation.is_finite())
}

/// Median of the distances from the median, raw: multiply by [`MAD_TO_SIGMA`] to compare it with a standard deviation.
///
/// `None` if there are no values, or one of them is not finite.
///
/// ```
/// let deviation = quant::scale::median_absolute_deviation(&[1.0, 2.0, 3.0, 4.0, 100.0]); // median 3; 2, 1, 0, 1, 97
/// assert_eq!(deviation, Some(1.0));
/// ```
#[must_use]
pub fn median_absolute_deviation(values: &[f64]) -> Option<f64> {
    let mut buffer = values.to_vec();
    let centre = median(&mut buffer)?;
    for value in &mut buffer {
        *value = (*value - centre).abs();
    }
    median(&mut buffer)
}

fn mean_offset(values: &[f64], origin: f64) -> f64 {
    column::sum(values, |value| value - origin) / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn a_tiny_spread_around_a_billion_keeps_its_digits() {
        // Quarters are exact in binary: deviations −0.25, 0, 0.25 give Σ = 0.125, over n = 3 and over n − 1 = 2.
        let values = [1e9 + 0.5, 1e9 + 0.25, 1e9 + 0.75];
        assert_eq!(mean(&values), Some(1e9 + 0.5));
        assert_eq!(standard_deviation(&values, 0), Some((0.125_f64 / 3.0).sqrt()));
        assert_eq!(standard_deviation(&values, 1), Some(0.25));
    }

    #[test]
    fn equal_values_have_no_spread_at_all() {
        let values = [0.1; 1001]; // 0.1 is not exact in binary; a plain sum of 1001 of them is off by 1e-12
        assert_eq!(mean(&values), Some(0.1));
        assert_eq!(standard_deviation(&values, 1), Some(0.0));
        assert_eq!(median_absolute_deviation(&values), Some(0.0));
    }

    #[test]
    fn what_is_undefined_is_none() {
        assert_eq!(mean(&[]), None);
        assert_eq!(standard_deviation(&[], 0), None);
        assert_eq!(standard_deviation(&[1.0], 0), Some(0.0));
        assert_eq!(standard_deviation(&[1.0, 2.0], 2), None);
        assert_eq!(standard_deviation(&[1.0, 2.0], 3), None);
        assert_eq!(median_absolute_deviation(&[]), None);
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            for values in [[bad, 1.0, 2.0], [1.0, bad, 2.0], [1.0, 2.0, bad]] {
                assert_eq!(mean(&values), None, "{values:?}");
                assert_eq!(standard_deviation(&values, 0), None, "{values:?}");
                assert_eq!(median_absolute_deviation(&values), None, "{values:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn moving_all_values_moves_the_mean_and_leaves_the_spread(
            whole in vec(-1000_i32..1000, 1..60),
            by in -1_000_000_i32..1_000_000,
        ) {
            let values: Vec<f64> = whole.iter().map(|v| f64::from(*v)).collect();
            let moved: Vec<f64> = values.iter().map(|v| v + f64::from(by)).collect(); // whole numbers: exact
            let (before, after) = (mean(&values).unwrap(), mean(&moved).unwrap());
            prop_assert!((after - before - f64::from(by)).abs() <= 1e-9, "{} {}", before, after);
            prop_assert_eq!(standard_deviation(&moved, 0), standard_deviation(&values, 0));
            prop_assert_eq!(median_absolute_deviation(&moved), median_absolute_deviation(&values));
        }

        #[test]
        fn rescaling_by_a_power_of_two_is_exact(values in vec(-1e6..1e6_f64, 2..60), exp in -40..40_i32) {
            let factor = 2.0_f64.powi(exp);
            let scaled: Vec<f64> = values.iter().map(|v| v * factor).collect();
            prop_assert_eq!(mean(&scaled), mean(&values).map(|v| v * factor));
            prop_assert_eq!(standard_deviation(&scaled, 1), standard_deviation(&values, 1).map(|v| v * factor));
            prop_assert_eq!(median_absolute_deviation(&scaled), median_absolute_deviation(&values).map(|v| v * factor));
        }
    }
}
