//! Below which value does a given share of a column lie?
//!
//! Start at [`quantile`]. Method: selection instead of sorting, O(n), then linear interpolation between the two
//! neighbours (type 7 of Hyndman and Fan, *The American Statistician* 50 (1996), 361–365; numpy's default).

/// The value below which the share `probability` of the values lies, linearly interpolated between neighbours.
///
/// `values`: any order, any unit; they are reordered. `probability`: 0 gives the least value, 1 the greatest.
/// `None` if there are no values, one of them is not finite, or `probability` is not within 0..=1; also where the
/// two neighbours are further apart than `f64` can tell (beyond 1e308).
///
/// ```
/// let mut values = [4.0, 1.0, 3.0, 2.0];
/// assert_eq!(quant::quantile::quantile(&mut values, 0.25), Some(1.75)); // position 0.25 · 3 = 0.75 between 1 and 2
/// assert_eq!(quant::quantile::quantile(&mut values, 1.0), Some(4.0));
/// ```
#[must_use]
pub fn quantile(values: &mut [f64], probability: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    if !(0.0..=1.0).contains(&probability) || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    at(values, probability * last as f64)
}

/// The value at this place among the sorted ones, linearly interpolated between the neighbours; the values are
/// reordered, are finite, and reach to that place. `None` as for [`quantile`].
pub(crate) fn at(values: &mut [f64], position: f64) -> Option<f64> {
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among the values")]
    let index = (position.floor() as usize).min(last);
    let (_, below, upper) = values.select_nth_unstable_by(index, f64::total_cmp);
    let below = *below;
    let above = upper.iter().copied().min_by(f64::total_cmp).unwrap_or(below);
    let share = position - index as f64;
    // From the nearer neighbour, as numpy does: exact at both ends and where the two are equal.
    let gap = above - below;
    let value = if share < 0.5 { below + gap * share } else { above - gap * (1.0 - share) };
    Some(value).filter(|value| value.is_finite())
}

/// The middle value, or the mean of the two in the middle; the values are reordered. `None` as for [`quantile`].
///
/// ```
/// assert_eq!(quant::quantile::median(&mut [9.0, 1.0, 2.0]), Some(2.0));
/// assert_eq!(quant::quantile::median(&mut []), None);
/// ```
#[must_use]
pub fn median(values: &mut [f64]) -> Option<f64> {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[track_caller]
    fn check(values: &[f64], probability: f64, expected: Option<f64>) {
        assert_eq!(quantile(&mut values.to_vec(), probability), expected, "{values:?} at {probability}");
    }

    #[test]
    fn positions_between_two_values_are_interpolated() {
        check(&[7.0], 0.3, Some(7.0));
        check(&[10.0, 20.0], 0.5, Some(15.0));
        check(&[30.0, 10.0, 20.0], 0.75, Some(25.0)); // position 1.5
        check(&[5.0, 1.0, 4.0, 2.0, 3.0], 0.125, Some(1.5)); // position 0.5
        check(&[2.0, 2.0, 2.0, 9.0], 0.5, Some(2.0)); // position 1.5 between equal values
        check(&[0.1, 0.1], 0.9, Some(0.1)); // no rounding between equal values
    }

    #[test]
    fn the_ends_are_the_least_and_the_greatest_value() {
        check(&[3.0, -1.0, 2.0], 0.0, Some(-1.0));
        check(&[3.0, -1.0, 2.0], 1.0, Some(3.0));
    }

    #[test]
    fn what_is_undefined_is_none() {
        check(&[], 0.5, None);
        check(&[1.0, f64::NAN], 0.5, None);
        check(&[1.0, f64::INFINITY], 0.0, None);
        check(&[1.0], -0.1, None);
        check(&[1.0], 1.1, None);
        check(&[1.0], f64::NAN, None);
        check(&[f64::MAX, f64::MIN], 0.5, None); // their distance overflows
    }

    /// A few units in the last place of the largest values below.
    const ROUNDING: f64 = 1e-6;

    proptest! {
        #[test]
        fn it_agrees_with_sorting(values in vec(-1e9..1e9_f64, 1..80), thousandths in 0..=1000_usize) {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let steps = thousandths * (sorted.len() - 1); // in whole numbers: position = steps / 1000
            let (low, high) = (sorted[steps / 1000], sorted[steps.div_ceil(1000)]);
            let expected = low + (high - low) * (steps % 1000) as f64 / 1000.0;
            let found = quantile(&mut values.clone(), thousandths as f64 / 1000.0).unwrap();
            // A position of up to n is rounded by n·ε/2 twice, which moves along the gap; the sum rounds the rest.
            let by_position = (high - low) * values.len() as f64 * f64::EPSILON;
            prop_assert!((found - expected).abs() <= by_position + ROUNDING, "{} {}", found, expected);
        }

        #[test]
        fn it_grows_with_the_probability(
            mut values in vec(-1e9..1e9_f64, 1..80),
            p in 0.0..=1.0_f64,
            q in 0.0..=1.0_f64,
        ) {
            let (low, high) = (quantile(&mut values, p.min(q)).unwrap(), quantile(&mut values, p.max(q)).unwrap());
            prop_assert!(high - low >= -ROUNDING, "{} {}", low, high);
        }

        #[test]
        fn order_does_not_matter(values in vec(-1e9..1e9_f64, 1..80), p in 0.0..=1.0_f64) {
            let mut backwards: Vec<f64> = values.iter().rev().copied().collect();
            prop_assert_eq!(quantile(&mut backwards, p), quantile(&mut values.clone(), p));
        }
    }
}
