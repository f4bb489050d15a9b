//! How do several series with their own times become one?
//!
//! Start at [`union`] for the common axis, then [`add_interpolated`] once per series. [`at`] answers for one instant.
//! Times are whole numbers of any unit since any epoch. Distances between them are taken as `u64`, which holds the
//! distance of any two `i64`: nothing overflows, also at the ends of the range.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

/// All times of the given axes, each once, in order.
///
/// Each axis must be strictly increasing. O(total · log k) for k axes; equal axes are found by comparing memory, so
/// that k equal axes cost one comparison each and a single copy.
///
/// ```
/// assert_eq!(quant::series::union(&[&[1, 3, 5], &[2, 3], &[]]), [1, 2, 3, 5]);
/// ```
#[must_use]
pub fn union(axes: &[&[i64]]) -> Vec<i64> {
    // Series of one source are usually sampled together: merge each axis once, not once per series. Different axes
    // mostly differ in length or in the first time, so looking for an equal one costs little.
    let mut different: Vec<&[i64]> = Vec::new();
    for axis in axes {
        if !different.contains(axis) {
            different.push(axis);
        }
    }
    union_of(&different).into_owned()
}

fn union_of<'a>(axes: &[&'a [i64]]) -> Cow<'a, [i64]> {
    match axes {
        [] => Cow::Borrowed(&[]),
        [only] => {
            debug_assert!(is_strictly_increasing(only), "invariant: axes are strictly increasing");
            Cow::Borrowed(only)
        }
        _ => {
            // Halving keeps every element in log k merges, where adding axes one by one would move it up to k times.
            let (left, right) = axes.split_at(axes.len() / 2);
            Cow::Owned(merge(&union_of(left), &union_of(right)))
        }
    }
}

fn merge(left: &[i64], right: &[i64]) -> Vec<i64> {
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while let (Some(&a), Some(&b)) = (left.get(i), right.get(j)) {
        // Both advance on a shared time. No branch depends on the order of the times, which would be unpredictable.
        merged.push(a.min(b));
        i += usize::from(a <= b);
        j += usize::from(b <= a);
    }
    merged.extend_from_slice(&left[i..]);
    merged.extend_from_slice(&right[j..]);
    merged
}

/// Adds the series (`ts`, `y`), read at every time of `axis`, to `total`: linear between samples, constant outside the
/// ends.
///
/// `ts`: strictly increasing. `axis`: sorted, repeats allowed. `total[i]` belongs to `axis[i]`, in the unit of `y`. At
/// a sample's own time its value is added unchanged. A series without samples adds nothing. One sweep over both, O(n +
/// m), no allocation; where `axis` is `ts` itself it is a plain addition.
///
/// # Panics
/// If `ts` and `y`, or `axis` and `total`, differ in length.
///
/// ```
/// let mut total = [100.0; 4];
/// quant::series::add_interpolated(&[10, 20], &[1.0, 3.0], &[5, 10, 15, 30], &mut total);
/// assert_eq!(total, [101.0, 101.0, 102.0, 103.0]);
/// ```
pub fn add_interpolated(ts: &[i64], y: &[f64], axis: &[i64], total: &mut [f64]) {
    assert_eq!(ts.len(), y.len(), "a series has as many values as times");
    assert_eq!(axis.len(), total.len(), "the total has as many values as its axis");
    debug_assert!(is_strictly_increasing(ts) && axis.is_sorted(), "invariant: times are in order");
    if ts == axis {
        add_each(total, y);
        return;
    }
    let (Some(&first), Some(&oldest), Some(&newest)) = (ts.first(), y.first(), y.last()) else {
        return;
    };
    let before = axis.partition_point(|&t| t <= first);
    add_constant(&mut total[..before], oldest);
    let mut next = before;
    for (t, y) in ts.windows(2).zip(y.windows(2)) {
        next = add_segment((t[0], y[0]), (t[1], y[1]), axis, total, next);
    }
    add_constant(&mut total[next..], newest);
}

/// Adds the line from one sample to the next at the times of `axis` from index `next` up to and including the line's
/// end; returns the index after them.
fn add_segment(from: (i64, f64), to: (i64, f64), axis: &[i64], total: &mut [f64], mut next: usize) -> usize {
    let slope = (to.1 - from.1) / to.0.abs_diff(from.0) as f64;
    while let Some(&t) = axis.get(next).filter(|&&t| t <= to.0) {
        total[next] += if t == to.0 { to.1 } else { from.1 + slope * t.abs_diff(from.0) as f64 };
        next += 1;
    }
    next
}

fn add_each(total: &mut [f64], y: &[f64]) {
    for (total, y) in total.iter_mut().zip(y) {
        *total += y;
    }
}

fn add_constant(total: &mut [f64], y: f64) {
    for total in total {
        *total += y;
    }
}

/// The series (`ts`, `y`) at time `t`: linear between samples, the nearest sample's value outside the ends.
///
/// `ts`: strictly increasing, as long as `y`. `None` if there is no sample. O(log n); for many times in order use
/// [`add_interpolated`].
///
/// # Panics
/// If `ts` and `y` differ in length.
///
/// ```
/// assert_eq!(quant::series::at(&[10, 20], &[1.0, 3.0], 15), Some(2.0));
/// assert_eq!(quant::series::at(&[10, 20], &[1.0, 3.0], 99), Some(3.0));
/// ```
#[must_use]
pub fn at(ts: &[i64], y: &[f64], t: i64) -> Option<f64> {
    assert_eq!(ts.len(), y.len(), "a series has as many values as times");
    let right = ts.partition_point(|&sample| sample < t);
    let Some(&after) = ts.get(right) else {
        return y.last().copied();
    };
    if right == 0 {
        return Some(y[0]);
    }
    let mut value = 0.0;
    add_segment((ts[right - 1], y[right - 1]), (after, y[right]), &[t], std::slice::from_mut(&mut value), 0);
    Some(value)
}

fn is_strictly_increasing(times: &[i64]) -> bool {
    times.is_sorted_by(|a, b| a < b)
}
