//! From a value to its place: ranges, and ticks at round numbers.

/// Numbers beyond this would overflow in sums; nothing that is drawn is meant to be.
const LARGEST: f64 = 1e300;

/// A range of values along one side of a panel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    /// Where `low` and `high` lie, pixels.
    from: f64,
    to: f64,
}

impl Axis {
    /// The range that holds all `values` with some room beside them, between the pixels `from` and `to`. A single value has
    /// room enough around it that its digits can be told from those of its neighbours.
    pub(super) fn around(values: impl IntoIterator<Item = f64>, room: f64, from: f64, to: f64) -> Self {
        let bounded = values.into_iter().map(|value| value.clamp(-LARGEST, LARGEST));
        let (mut low, mut high) =
            bounded.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let size = low.abs().max(high.abs());
        let least = if size == 0.0 { 1.0 } else { size * 1e-9 };
        if high - low < least {
            let pad = if size == 0.0 { 1.0 } else { size * 1e-4 };
            (low, high) = (low - pad, high + pad);
        }
        let room = (high - low) * room;
        Self { low: low - room, high: high + room, from, to }
    }

    /// The place of a value, pixels.
    pub(super) fn at(&self, value: f64) -> f64 {
        self.from + (self.to - self.from) * ((value.clamp(-LARGEST, LARGEST) - self.low) / (self.high - self.low))
    }

    pub(super) fn span(&self) -> f64 {
        self.high - self.low
    }

    /// About `count` round numbers within the range, and the step between them.
    pub(super) fn ticks(&self, count: f64) -> (Vec<f64>, f64) {
        let step = round_step(self.span() / count);
        let first = (self.low / step).ceil();
        let numbers = (0..100).map(|i| (first + f64::from(i)) * step).take_while(|tick| *tick <= self.high);
        (numbers.collect(), step)
    }
}

/// The least of 1, 2 and 5 times a power of ten that is not below `least`.
fn round_step(least: f64) -> f64 {
    let magnitude = 10_f64.powf(least.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| magnitude * factor >= least * (1.0 - 1e-9));
    magnitude * factor.unwrap_or(10.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ticks_are_round() {
        let ticks = |low, high| Axis::around([low, high], 0.0, 0.0, 100.0).ticks(5.0);
        assert_eq!(ticks(0.0, 10.0), (vec![0.0, 2.0, 4.0, 6.0, 8.0, 10.0], 2.0));
        assert_eq!(ticks(-1.0, 1.4), (vec![-1.0, -0.5, 0.0, 0.5, 1.0], 0.5));
        assert_eq!(ticks(1012.0, 1017.0).1, 1.0);
    }

    #[test]
    fn one_value_and_none_have_a_range_too() {
        let axis = Axis::around([100.0], 0.0, 0.0, 100.0);
        assert!((axis.at(100.0) - 50.0).abs() < 1e-6);
        assert!((axis.span() - 0.02).abs() < 1e-9);
        assert_eq!(Axis::around([], 0.0, 0.0, 1.0).span(), 1.0);
    }

    proptest! {
        #[test]
        fn every_value_has_a_place_inside(
            values in proptest::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..9),
        ) {
            let axis = Axis::around(values.iter().copied(), 0.05, 10.0, 90.0);
            for value in values {
                prop_assert!((9.9..=90.1).contains(&axis.at(value)), "{} at {}", value, axis.at(value));
            }
            let (ticks, step) = axis.ticks(6.0);
            prop_assert!((1..=20).contains(&ticks.len()), "{:?} in steps of {}", ticks, step);
            prop_assert!(ticks.iter().all(|tick| (9.9..=90.1).contains(&axis.at(*tick))));
        }
    }
}
