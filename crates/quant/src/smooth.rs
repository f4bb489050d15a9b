//! What line runs through noisy samples that are not evenly spaced?
//!
//! [`trailing_mean`] looks only back, so it may be used where the future is not known; [`boxcar`] and [`gaussian`] look
//! both ways, for charts. All three take a window length in the unit of the times and answer at every sample. A trend
//! over the whole window is [`crate::fit`].

use crate::column;

/// Why a column cannot be smoothed.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum SmoothError {
    /// The window has no length.
    #[error("window length is {window}, expected a positive finite number")]
    Window {
        /// The length that was asked for, in the unit of the times.
        window: f64,
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
/// is 0.3 % of the bell. `times`: strictly increasing, any unit. The result is as long as `times`. O(n·m) for m samples
/// in a window.
///
/// # Errors
/// [`SmoothError`] names the argument that cannot be used.
///
/// ```
/// let line = quant::smooth::gaussian(&[0.0, 1.0, 2.0], &[1.0, 4.0, 1.0], 6.0)?; // σ = 1
/// let w = (-0.5_f64).exp(); // weight one σ away
/// assert!((line[1] - (4.0 + 2.0 * w) / (1.0 + 2.0 * w)).abs() < 1e-15);
/// # Ok::<(), quant::smooth::SmoothError>(())
/// ```
pub fn gaussian(times: &[f64], values: &[f64], window: f64) -> Result<Vec<f64>, SmoothError> {
    check(times, values, window)?;
    let (half, sigma) = (window / 2.0, window / 6.0);
    let (mut start, mut end) = (0, 0);
    let smoothed = times.iter().map(|&time| {
        end += times[end..].iter().take_while(|&&other| other - time <= half).count();
        start += times[start..].iter().take_while(|&&other| time - other > half).count();
        let (mut weights, mut total) = (0.0, 0.0);
        for (other, value) in times[start..end].iter().zip(&values[start..end]) {
            let z = (other - time) / sigma;
            let weight = (-0.5 * z * z).exp();
            weights += weight;
            total += weight * value;
        }
        total / weights // the sample itself weighs 1, so this never divides by 0
    });
    Ok(smoothed.collect())
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
    const ALL: [Smoother; 3] = [trailing_mean, boxcar, gaussian];

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

    proptest! {
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
            prop_assert!(worst_difference(&gaussian(&times, &values, window).unwrap(), &bell) < 1e-5);
        }
    }
}
