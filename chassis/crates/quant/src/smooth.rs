//! What line runs through noisy samples that are not evenly spaced?
//!
//! [`trailing_mean`] looks only back, so it may be used where the future is not known; [`boxcar`], [`gaussian`] and
//! [`polynomial`] look both ways, for charts. All take a window length in the unit of the times. The first two answer at
//! every sample; the other two cost a pass over the window per answer, and answer at those samples that will be drawn. A
//! trend over all samples is [`crate::fit`].

use std::ops::Range;

use crate::column;
use crate::fit::{FitError, MAX_ORDER, PolynomialFit};

/// Why a column cannot be smoothed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SmoothError {
    /// The window has no length.
    #[error("window length is {window}, expected a positive finite number")]
    Window {
        /// The length that was asked for, in the unit of the times.
        window: f64,
    },
    /// The order of the polynomial is beyond [`MAX_ORDER`].
    #[error("polynomial order is {order}, expected at most {MAX_ORDER}")]
    OrderTooHigh {
        /// The order that was asked for.
        order: usize,
    },
    /// Times and values are not pairs.
    #[error("{times} times but {values} values, expected as many of each")]
    LengthMismatch {
        /// Number of times.
        times: usize,
        /// Number of values.
        values: usize,
    },
    /// A time or value cannot be calculated with.
    #[error("{column}[{index}] is {value}, expected a finite number within ±1e150")]
    NonFinite {
        /// `times` or `values`.
        column: &'static str,
        /// Its first bad index.
        index: usize,
        /// What stands there.
        value: f64,
    },
    /// The times do not increase.
    #[error("times[{index}] is not after the one before it, expected strictly increasing times")]
    Unsorted {
        /// Index of the first time that is not after its predecessor.
        index: usize,
    },
}

/// Moving average that looks back: at each time t, the mean of the samples in (t − window, t].
///
/// `times`: strictly increasing, any unit. `window`: in that unit. The result is as long as `times`; the first values
/// average what there is so far. O(n), whatever the window.
///
/// # Errors
/// [`SmoothError`] names the argument that cannot be used.
///
/// ```
/// let hours = [0.0, 1.0, 2.0, 5.0];
/// let line = quant::smooth::trailing_mean(&hours, &[1.0, 3.0, 5.0, 7.0], 2.0)?;
/// assert_eq!(line, [1.0, 2.0, 4.0, 7.0]); // (0, 2] holds the samples at 1 and 2; (3, 5] only the one at 5
/// # Ok::<(), quant::smooth::SmoothError>(())
/// ```
pub fn trailing_mean(times: &[f64], values: &[f64], window: f64) -> Result<Vec<f64>, SmoothError> {
    check(times, values, window)?;
    Ok(sliding_means(times, values, |lead| lead <= 0.0, |lag| lag >= window))
}

/// Centred moving average: at each time t, the mean of the samples within half a window of t, both ends included.
///
/// `times`: strictly increasing, any unit. `window`: in that unit. The result is as long as `times`; near the ends the
/// window holds only what there is on that side. O(n), whatever the window.
///
/// # Errors
/// [`SmoothError`] names the argument that cannot be used.
///
/// ```
/// let line = quant::smooth::boxcar(&[0.0, 1.0, 2.0, 5.0], &[1.0, 3.0, 8.0, 7.0], 2.0)?;
/// assert_eq!(line, [2.0, 4.0, 5.5, 7.0]); // at 1: (1 + 3 + 8) / 3
/// # Ok::<(), quant::smooth::SmoothError>(())
/// ```
pub fn boxcar(times: &[f64], values: &[f64], window: f64) -> Result<Vec<f64>, SmoothError> {
    check(times, values, window)?;
    let half = window / 2.0;
    Ok(sliding_means(times, values, |lead| lead <= half, |lag| lag > half))
}

/// Centred average with Gaussian weights: σ is a sixth of `window`, and samples further than 3 σ (half a window) do not
/// count.
///
/// So it uses the samples that [`boxcar`] would, the near ones more than the far ones; what the truncation leaves out
/// is 0.3 % of the bell. `times`: strictly increasing, any unit. `at`: indices of the samples to answer at, in any
/// order; the result is as long. O(m) for each, for m samples in a window.
///
/// # Errors
/// [`SmoothError`] names the argument that cannot be used.
///
/// # Panics
/// If an index in `at` is not below the number of samples.
///
/// ```
/// let line = quant::smooth::gaussian(&[0.0, 1.0, 2.0], &[1.0, 4.0, 1.0], 6.0, &[1])?; // σ = 1
/// let w = (-0.5_f64).exp(); // weight one σ away
/// assert!((line[0] - (4.0 + 2.0 * w) / (1.0 + 2.0 * w)).abs() < 1e-15);
/// # Ok::<(), quant::smooth::SmoothError>(())
/// ```
pub fn gaussian(times: &[f64], values: &[f64], window: f64, at: &[usize]) -> Result<Vec<f64>, SmoothError> {
    check(times, values, window)?;
    let sigma = window / 6.0;
    let smoothed = at.iter().map(|&i| {
        let (mut weights, mut total) = (0.0, 0.0);
        let near = around(times, times[i], window);
        for (other, value) in times[near.clone()].iter().zip(&values[near]) {
            let z = (other - times[i]) / sigma;
            let weight = (-0.5 * z * z).exp();
            weights += weight;
            total += weight * value;
        }
        total / weights // the sample itself weighs 1, so this never divides by 0
    });
    Ok(smoothed.collect())
}

/// Local polynomial: at each time t, the value there of the least-squares polynomial of `order` through the samples
/// within half a window of t, both ends included.
///
/// Where a window holds too few samples for the order, the highest order that they determine is taken; a lone sample
/// stays as it is. `times`: strictly increasing, any unit. `at`: indices of the samples to answer at, in any order; the
/// result is as long. O(m · order) for each, for m samples in a window.
///
/// # Errors
/// [`SmoothError`] names the argument that cannot be used.
///
/// # Panics
/// If an index in `at` is not below the number of samples.
///
/// Source: on an even grid this is the filter of Savitzky and Golay, *Analytical Chemistry* 36 (1964), 1627–1639, with
/// its ends fitted instead of cut; `scipy.signal.savgol_filter(mode="interp")` agrees away from the ends.
/// ```
/// // A parabola runs through itself; at 3 the classical five-point weights (−3, 12, 17, 12, −3)/35 apply.
/// let (times, values) = ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 1.0, 4.0, 9.0, 16.0, 60.0]);
/// let line = quant::smooth::polynomial(&times, &values, 4.0, 2, &[2, 3])?;
/// assert!((line[0] - 4.0).abs() < 1e-12);
/// assert!((line[1] - (-3.0 + 48.0 + 153.0 + 192.0 - 180.0) / 35.0).abs() < 1e-12);
/// # Ok::<(), quant::smooth::SmoothError>(())
/// ```
pub fn polynomial(
    times: &[f64],
    values: &[f64],
    window: f64,
    order: usize,
    at: &[usize],
) -> Result<Vec<f64>, SmoothError> {
    check(times, values, window)?;
    if order > MAX_ORDER {
        return Err(SmoothError::OrderTooHigh { order });
    }
    let mut x = Vec::new();
    let smoothed = at.iter().map(|&i| {
        let near = around(times, times[i], window);
        x.clear();
        x.extend(times[near.clone()].iter().map(|time| time - times[i]));
        local_value(&x, &values[near], order).unwrap_or(values[i])
    });
    Ok(smoothed.collect())
}

/// The fitted value at x = 0, of the highest order up to `order` that the points determine.
fn local_value(x: &[f64], y: &[f64], order: usize) -> Option<f64> {
    match PolynomialFit::new(x, y, order.min(x.len().saturating_sub(1))) {
        Ok(fit) => Some(fit.evaluate(0.0)),
        Err(FitError::TooFewPoints { have, .. }) => {
            PolynomialFit::new(x, y, have.saturating_sub(1)).ok().map(|fit| fit.evaluate(0.0))
        }
        Err(_) => None,
    }
}

/// Indices of the times within half a `window` of `time`.
fn around(times: &[f64], time: f64, window: f64) -> Range<usize> {
    let half = window / 2.0;
    times.partition_point(|other| time - other > half)..times.partition_point(|other| other - time <= half)
}

fn check(times: &[f64], values: &[f64], window: f64) -> Result<(), SmoothError> {
    if !(window > 0.0 && window.is_finite()) {
        return Err(SmoothError::Window { window });
    }
    if times.len() != values.len() {
        return Err(SmoothError::LengthMismatch { times: times.len(), values: values.len() });
    }
    for (column, cells) in [("times", times), ("values", values)] {
        if let Some(index) = column::first_unusable(cells) {
            return Err(SmoothError::NonFinite { column, index, value: cells[index] });
        }
    }
    match times.windows(2).position(|pair| pair[0] >= pair[1]) {
        Some(before) => Err(SmoothError::Unsorted { index: before + 1 }),
        None => Ok(()),
    }
}

/// Means over a window that moves with each time: a sample comes in once its lead over the time `enters`, and goes out
/// once its lag behind the time `leaves`. Both must change only once as the time grows, and hold the sample at the time
/// itself.
fn sliding_means(
    times: &[f64],
    values: &[f64],
    enters: impl Fn(f64) -> bool,
    leaves: impl Fn(f64) -> bool,
) -> Vec<f64> {
    let (mut start, mut end) = (0, 0);
    let mut window = RunningSum::default();
    let means = times.iter().map(|&time| {
        while times.get(end).is_some_and(|&next| enters(next - time)) {
            window.add(values[end]);
            end += 1;
        }
        while leaves(time - times[start]) {
            window.add(-values[start]);
            start += 1;
        }
        window.value() / (end - start) as f64
    });
    means.collect()
}

/// A sum that values may enter and leave a million times without drifting: what each addition rounds off is kept apart
/// (Knuth's two-sum, *The Art of Computer Programming* 2, §4.2.2; as a running sum: Neumaier, ZAMM 54 (1974), 39–51).
#[derive(Default)]
struct RunningSum {
    sum: f64,
    rounded_off: f64,
}

impl RunningSum {
    fn add(&mut self, value: f64) {
        let sum = self.sum + value;
        let added = sum - self.sum;
        self.rounded_off += (self.sum - (sum - added)) + (value - added);
        self.sum = sum;
    }

    fn value(&self) -> f64 {
        self.sum + self.rounded_off
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    type Smoother = fn(&[f64], &[f64], f64) -> Result<Vec<f64>, SmoothError>;
    const ALL: [Smoother; 4] = [
        trailing_mean,
        boxcar,
        |times, values, window| gaussian(times, values, window, &each(values)),
        |times, values, window| polynomial(times, values, window, 2, &each(values)),
    ];

    fn each(values: &[f64]) -> Vec<usize> {
        (0..values.len()).collect()
    }

    /// The definition, one window at a time, as weights by how far a sample lies after the time.
    fn naive(times: &[f64], values: &[f64], weight: impl Fn(f64) -> f64) -> Vec<f64> {
        let at = |time: f64| {
            let weights: Vec<f64> = times.iter().map(|other| weight(other - time)).collect();
            let total: f64 = weights.iter().zip(values).map(|(w, v)| w * v).sum();
            total / weights.iter().sum::<f64>()
        };
        times.iter().map(|&time| at(time)).collect()
    }

    fn worst_difference(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn a_huge_value_leaves_no_trace_once_it_is_out_of_the_window() {
        // 1e16 + 0.1 rounds to 1e16: a plain running sum would keep the loss for ever.
        let times: Vec<f64> = (0..100_000).map(f64::from).collect();
        let values: Vec<f64> = times.iter().map(|t| if *t == 50.0 { 1e16 } else { 0.1 }).collect();
        for smoother in [trailing_mean, boxcar] {
            let line = smoother(&times, &values, 10.0).unwrap();
            assert!(worst_difference(&line[70..], &vec![0.1; 100_000 - 70]) < 1e-16);
        }
    }

    #[test]
    fn a_window_shorter_than_the_steps_changes_nothing() {
        let (times, values) = ([0.0, 1.0, 4.0], [3.0, -1.0, 7.0]);
        for smoother in ALL {
            assert_eq!(smoother(&times, &values, 0.5).unwrap(), values);
            assert_eq!(smoother(&[], &[], 0.5).unwrap(), [0.0; 0]);
        }
    }

    #[test]
    fn bad_arguments_are_named() {
        let expect = |times: &[f64], values: &[f64], window: f64, message: &str| {
            for smoother in ALL {
                assert_eq!(smoother(times, values, window).unwrap_err().to_string(), message);
            }
        };
        expect(&[0.0], &[1.0], 0.0, "window length is 0, expected a positive finite number");
        expect(&[0.0], &[1.0], -1.0, "window length is -1, expected a positive finite number");
        expect(&[0.0], &[1.0], f64::NAN, "window length is NaN, expected a positive finite number");
        expect(&[0.0], &[1.0, 2.0], 1.0, "1 times but 2 values, expected as many of each");
        expect(&[0.0, f64::NAN], &[1.0, 2.0], 1.0, "times[1] is NaN, expected a finite number within ±1e150");
        expect(&[0.0, 1.0], &[f64::INFINITY, 2.0], 1.0, "values[0] is inf, expected a finite number within ±1e150");
        expect(
            &[0.0, 2.0, 2.0],
            &[1.0; 3],
            1.0,
            "times[2] is not after the one before it, expected strictly increasing times",
        );
    }

    #[test]
    fn an_order_that_no_fit_has_is_an_error() {
        let error = polynomial(&[0.0], &[1.0], 1.0, 9, &[0]).unwrap_err();
        assert_eq!(error.to_string(), "polynomial order is 9, expected at most 8");
    }

    #[test]
    fn a_polynomial_takes_the_order_that_its_window_determines() {
        // Windows of 2 h hold the samples at 0 and 1, where a parabola becomes their line, and the one at 9 alone.
        let line = polynomial(&[0.0, 1.0, 9.0], &[3.0, 5.0, 4.0], 2.0, 2, &[0, 1, 2]).unwrap();
        assert!(worst_difference(&line, &[3.0, 5.0, 4.0]) < 1e-12);
    }

    proptest! {
        #[test]
        fn a_local_polynomial_leaves_polynomials_of_its_order_as_they_are(
            steps in vec(0.01..5.0_f64, 1..60),
            c in prop::array::uniform4(-10.0..10.0_f64),
            window in 0.5..400.0_f64,
        ) {
            let times: Vec<f64> = steps.iter().scan(0.0, |t, step| { *t += step; Some(*t) }).collect();
            let values: Vec<f64> = times.iter().map(|t| c[0] + t * (c[1] + t * (c[2] + t * c[3]))).collect();
            let line = polynomial(&times, &values, window, 3, &each(&values)).unwrap();
            let size = values.iter().fold(1.0, |size: f64, value| size.max(value.abs()));
            prop_assert!(worst_difference(&line, &values) < 1e-9 * size);
        }

        #[test]
        fn a_local_line_is_the_regression_of_its_window(
            samples in vec((0.1..5.0_f64, -1e3..1e3_f64), 1..60),
            window in 1.0..60.0_f64,
        ) {
            let times: Vec<f64> = samples.iter().scan(0.0, |t, (step, _)| { *t += step; Some(*t) }).collect();
            let values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
            let naive: Vec<f64> = times.iter().enumerate().map(|(i, &time)| {
                let near: Vec<(f64, f64)> = times.iter().zip(&values)
                    .filter(|(other, _)| (*other - time).abs() <= window / 2.0)
                    .map(|(x, y)| (x - time, *y)).collect();
                let n = near.len() as f64;
                let (mx, my) = (near.iter().map(|p| p.0).sum::<f64>() / n, near.iter().map(|p| p.1).sum::<f64>() / n);
                let sxx: f64 = near.iter().map(|p| (p.0 - mx).powi(2)).sum();
                let sxy: f64 = near.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum();
                if near.len() < 2 { values[i] } else { my - mx * sxy / sxx }
            }).collect();
            prop_assert!(worst_difference(&polynomial(&times, &values, window, 1, &each(&values)).unwrap(), &naive) < 1e-8);
        }

        #[test]
        fn the_sliding_windows_agree_with_the_definition(
            samples in vec((0.001..5.0_f64, -1e9..1e9_f64), 1..200),
            window in 0.01..60.0_f64,
            epoch in prop::sample::select(vec![0.0, 1.7e9]),
        ) {
            let times: Vec<f64> = samples.iter().scan(epoch, |t, (step, _)| { *t += step; Some(*t) }).collect();
            let values: Vec<f64> = samples.iter().map(|(_, value)| *value).collect();
            let inside = |yes: bool| if yes { 1.0 } else { 0.0 };
            let trailing = naive(&times, &values, |lead| inside(lead <= 0.0 && -lead < window));
            let centred = naive(&times, &values, |lead| inside(lead.abs() <= window / 2.0));
            // σ = window / 6, so z²/2 = 18·(lead / window)².
            let bell = |lead: f64| (-18.0 * (lead / window).powi(2)).exp();
            let bell = naive(&times, &values, |lead| inside(lead.abs() <= window / 2.0) * bell(lead));
            prop_assert!(worst_difference(&trailing_mean(&times, &values, window).unwrap(), &trailing) < 1e-5);
            prop_assert!(worst_difference(&boxcar(&times, &values, window).unwrap(), &centred) < 1e-5);
            prop_assert!(worst_difference(&gaussian(&times, &values, window, &each(&values)).unwrap(), &bell) < 1e-5);
        }
    }
}
