//! Which samples of a long series suffice to draw it?
//!
//! Start at [`keep_extremes`], or at [`keep_extremes_of`] for what is too long to be held. Method: the time is cut into
//! equal parts, and of each part the least and the greatest sample stay, so that no peak of a chart is
//! lost. With two parts for each pixel column the drawn line is the same to the pixel (U. Jugel et al., *Proceedings of
//! the VLDB Endowment* 7 (2014), 797–808, there with the ends of each part as well).

/// Indices of at most `at_most` samples that keep the shape of a series: the first and the last, and between them the
/// least and the greatest sample of each of equally long parts of the time. In order; all of them where they are few.
///
/// `times`: increasing, any unit, as many as `values`; finite `values` of any unit. Of equal extremes in one part the
/// earliest stays. `at_most` below 4 counts as 4. O(n).
///
/// ```
/// let times = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
/// let values = [5.0, 1.0, 9.0, 2.0, 3.0, 4.0, 3.0, 8.0, 0.0, 5.0];
/// // two parts, up to 4 and from 5 on, between the ends
/// assert_eq!(quant::thin::keep_extremes(&times, &values, 6), [0, 1, 2, 7, 8, 9]);
/// ```
///
/// # Panics
/// If `times` and `values` differ in length.
#[must_use]
pub fn keep_extremes(times: &[i64], values: &[f64], at_most: usize) -> Vec<usize> {
    assert_eq!(times.len(), values.len(), "a series has as many values as times");
    keep_extremes_of(0..times.len(), |place| (times[place], values[place]), at_most)
}

/// As [`keep_extremes`], for samples that are computed one after the other: those of them that are kept.
///
/// `point` says time and value of a sample. They are walked over twice, and none is kept in between but those of the
/// result, so that a series need not be in memory to be drawn.
///
/// ```
/// let squares = (0..1000).map(|x| (x, (x * x) as f64));
/// let kept = quant::thin::keep_extremes_of(squares, |point| point, 4);
/// assert_eq!(kept, [(0, 0.0), (1, 1.0), (998, 996_004.0), (999, 998_001.0)]);
/// ```
#[must_use]
pub fn keep_extremes_of<S: Copy>(
    samples: impl Iterator<Item = S> + Clone,
    point: impl Fn(S) -> (i64, f64),
    at_most: usize,
) -> Vec<S> {
    let at_most = at_most.max(4);
    let mut rest = samples.clone();
    let Some(first) = rest.next() else { return Vec::new() };
    let (n, last) = rest.fold((1, first), |(n, _), sample| (n + 1, sample));
    if n <= at_most {
        return samples.collect();
    }
    let parts = (at_most as u128 - 2) / 2;
    let (start, end) = (point(first).0, point(last).0);
    let since = |at: i64| u128::from(at.abs_diff(start));
    let length = since(end) + 1;
    // The first time after the part in which `at` lies.
    let past_part = |at: i64| ((since(at) * parts / length + 1) * length).div_ceil(parts);
    let within = samples.enumerate().skip(1).take(n - 2);
    let mut within = within.map(|(place, sample)| (place, point(sample), sample)).peekable();
    let mut kept = vec![first];
    while let Some(begun) = within.next() {
        let past = past_part(begun.1.0);
        let (mut least, mut greatest) = (begun, begun);
        while let Some(next) = within.next_if(|(_, (at, _), _)| since(*at) < past) {
            if next.1.1 < least.1.1 {
                least = next;
            }
            if next.1.1 > greatest.1.1 {
                greatest = next;
            }
        }
        let (earlier, later) = if least.0 <= greatest.0 { (least, greatest) } else { (greatest, least) };
        kept.push(earlier.2);
        if earlier.0 != later.0 {
            kept.push(later.2);
        }
    }
    kept.push(last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn a_short_series_stays_whole() {
        assert_eq!(keep_extremes(&[], &[], 10), [0_usize; 0]);
        assert_eq!(keep_extremes(&[1, 2, 3, 4], &[0.0; 4], 0), [0, 1, 2, 3]);
    }

    #[test]
    fn a_flat_series_keeps_one_sample_a_part() {
        let times: Vec<i64> = (0..100).collect();
        // 4 parts of 25: the first sample of each, without the first of all, and the last.
        assert_eq!(keep_extremes(&times, &[7.0; 100], 10), [0, 1, 25, 50, 75, 99]);
    }

    #[test]
    fn times_as_far_apart_as_an_i64_can_tell_do_not_overflow() {
        let times = [i64::MIN, -2, -1, 0, 1, i64::MAX];
        assert_eq!(keep_extremes(&times, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 4), [0, 1, 4, 5]);
    }

    proptest! {
        #[test]
        fn extremes_ends_and_order_are_kept(
            samples in vec((1..1000_i64, -1e6..1e6_f64), 0..400),
            at_most in 4..120_usize,
        ) {
            let times: Vec<i64> = samples.iter().scan(0, |t, (step, _)| { *t += step; Some(*t) }).collect();
            let values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
            let kept = keep_extremes(&times, &values, at_most);
            prop_assert!(kept.len() <= at_most);
            prop_assert!(kept.is_sorted_by(|a, b| a < b));
            prop_assert_eq!(kept.first(), (!values.is_empty()).then_some(&0));
            prop_assert_eq!(kept.last().copied(), values.len().checked_sub(1));
            // In every part of the time, as drawn, no sample lies outside what is kept of it.
            let parts = (at_most - 2) / 2;
            if let (Some(first), Some(last)) = (times.first(), times.last()) {
                let length = i128::from(last - first) + 1;
                let part = |i: usize| i128::from(times[i] - first) * parts as i128 / length;
                for (i, value) in values.iter().enumerate() {
                    let near: Vec<f64> = kept.iter().filter(|k| part(**k) == part(i)).map(|k| values[*k]).collect();
                    prop_assert!(near.iter().any(|kept| kept <= value) && near.iter().any(|kept| kept >= value));
                }
            }
        }
    }
}
