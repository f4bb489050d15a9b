use super::*;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[track_caller]
fn sum_on(axis: &[i64], series: &[(&[i64], &[f64])], expected: &[f64]) {
    let mut total = vec![0.0; axis.len()];
    for (ts, y) in series {
        add_interpolated(ts, y, axis, &mut total);
    }
    assert_eq!(total, expected, "{series:?} on {axis:?}");
}

#[test]
fn a_union_holds_every_time_once() {
    assert_eq!(union(&[]), [0; 0]);
    assert_eq!(union(&[&[]]), [0; 0]);
    assert_eq!(union(&[&[1, 2], &[1, 2], &[1, 2]]), [1, 2]);
    assert_eq!(union(&[&[], &[1, 2], &[]]), [1, 2]);
    assert_eq!(union(&[&[5, 6], &[1, 2]]), [1, 2, 5, 6]);
    assert_eq!(union(&[&[i64::MIN, i64::MAX], &[0], &[i64::MIN, 1]]), [i64::MIN, 0, 1, i64::MAX]);
}

#[test]
fn between_samples_the_line_and_outside_the_nearest_sample() {
    let (ts, y): (&[i64], &[f64]) = (&[0, 10, 30], &[1.0, 2.0, 6.0]);
    sum_on(&[-5, 0, 5, 10, 15, 30, 99], &[(ts, y)], &[1.0, 1.0, 1.5, 2.0, 3.0, 6.0, 6.0]);
    sum_on(ts, &[(ts, y)], y); // the short way
    sum_on(&[0, 10], &[(ts, y)], &[1.0, 2.0]);
    sum_on(&[-2, -1], &[(ts, y)], &[1.0, 1.0]);
    sum_on(&[40, 50], &[(ts, y)], &[6.0, 6.0]);
    sum_on(&[5, 5, 5], &[(ts, y)], &[1.5, 1.5, 1.5]); // repeats
    sum_on(&[1, 2], &[(&[7], &[4.0])], &[4.0, 4.0]); // one sample: a constant
    sum_on(&[1, 2], &[(&[], &[])], &[0.0, 0.0]); // none: nothing to add
    sum_on(&[], &[(ts, y)], &[]);
    // Two series: 1 + 0.1·t and 10 up to t = 20, then the line to 40 at t = 60 (0.75 a step).
    sum_on(
        &[0, 10, 20, 30, 60],
        &[(&[0, 60], &[1.0, 7.0]), (&[20, 60], &[10.0, 40.0])],
        &[11.0, 12.0, 13.0, 21.5, 47.0],
    );
}

#[test]
fn times_at_both_ends_of_the_range_do_not_overflow() {
    // The distance is 2^64 − 1; 0 lies 2^63 from the start: half of the way, but for 2^−64.
    sum_on(&[i64::MIN, 0, i64::MAX], &[(&[i64::MIN, i64::MAX], &[0.0, 8.0])], &[0.0, 4.0, 8.0]);
    assert_eq!(at(&[i64::MIN, i64::MAX], &[0.0, 8.0], 0), Some(4.0));
}

#[test]
fn one_instant_is_read_as_the_axis_would_be() {
    assert_eq!(at(&[], &[], 3), None);
    assert_eq!(at(&[7], &[4.0], 3), Some(4.0));
    for (t, expected) in [(-5, 1.0), (0, 1.0), (5, 1.5), (10, 2.0), (15, 3.0), (30, 6.0), (99, 6.0)] {
        assert_eq!(at(&[0, 10, 30], &[1.0, 2.0, 6.0], t), Some(expected), "{t}");
    }
}

#[test]
#[should_panic(expected = "the total has as many values as its axis")]
fn a_total_of_another_length_is_refused() {
    add_interpolated(&[1], &[1.0], &[1, 2], &mut [0.0]);
}

fn axis() -> impl Strategy<Value = BTreeSet<i64>> {
    prop_oneof![btree_set(0..60_i64, 0..40), btree_set(any::<i64>(), 0..40)]
}

/// The definition, in arithmetic wide enough for every distance.
fn read(ts: &[i64], y: &[f64], t: i64) -> f64 {
    if t <= ts[0] {
        return y[0];
    }
    let Some(right) = ts.iter().position(|&sample| sample >= t) else { return y[ts.len() - 1] };
    let distance = |from: i64, to: i64| (i128::from(to) - i128::from(from)) as f64;
    y[right - 1] + (y[right] - y[right - 1]) * distance(ts[right - 1], t) / distance(ts[right - 1], ts[right])
}

proptest! {
    #[test]
    fn a_union_is_the_union_of_sets(axes in vec(axis(), 0..9)) {
        let vectors: Vec<Vec<i64>> = axes.iter().map(|axis| axis.iter().copied().collect()).collect();
        let slices: Vec<&[i64]> = vectors.iter().map(Vec::as_slice).collect();
        let expected: Vec<i64> = axes.iter().flatten().copied().collect::<BTreeSet<i64>>().into_iter().collect();
        prop_assert_eq!(union(&slices), expected);
    }

    #[test]
    fn one_sweep_agrees_with_reading_each_time_alone(ts in axis(), on in axis(), values in vec(-1e6..1e6_f64, 40)) {
        prop_assume!(!ts.is_empty());
        let (ts, on): (Vec<i64>, Vec<i64>) = (ts.into_iter().collect(), on.into_iter().collect());
        let y = &values[..ts.len()];
        let mut total = vec![0.0; on.len()];
        add_interpolated(&ts, y, &on, &mut total);
        for (&t, &found) in on.iter().zip(&total) {
            prop_assert!((found - read(&ts, y, t)).abs() <= 1e-8, "{} at {}", found, t);
            prop_assert_eq!(at(&ts, y, t), Some(found));
        }
    }

    #[test]
    fn on_a_finer_axis_the_samples_keep_their_values(ts in axis(), more in axis(), values in vec(-1e6..1e6_f64, 40)) {
        let (ts, more): (Vec<i64>, Vec<i64>) = (ts.into_iter().collect(), more.into_iter().collect());
        let on = union(&[&ts, &more]);
        let mut total = vec![0.0; on.len()];
        add_interpolated(&ts, &values[..ts.len()], &on, &mut total);
        let kept: Vec<f64> = ts.iter().map(|t| total[on.binary_search(t).unwrap()]).collect();
        prop_assert_eq!(kept, &values[..ts.len()]);
    }
}
