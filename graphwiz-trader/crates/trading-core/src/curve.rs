//! What was the account worth over time, in eight bytes a bar?
//!
//! Start at [`Curve`]. Its times are [`Instants`]: bars follow one another evenly, so a stretch of them without a gap
//! is kept as where it begins, its step and its length.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::time::{Micros, millis};

/// Rising instants in microseconds of Unix time. Memory grows with their gaps, not with their number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instants {
    stretches: Vec<Stretch>,
}

/// Instants an equal step apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    first: Micros,
    /// To the next one; 0 where there is only one yet.
    step: Micros,
    count: i64,
}

impl Stretch {
    fn last(&self) -> Micros {
        self.first + self.step * (self.count - 1)
    }
}

impl Instants {
    /// Adds an instant that is later than all before it.
    pub fn push(&mut self, at: Micros) {
        debug_assert!(self.last().is_none_or(|last| last < at), "invariant: instants rise");
        match self.stretches.last_mut() {
            Some(stretch) if stretch.count == 1 => (stretch.step, stretch.count) = (at - stretch.first, 2),
            Some(stretch) if stretch.last() + stretch.step == at => stretch.count += 1,
            _ => self.stretches.push(Stretch { first: at, step: 0, count: 1 }),
        }
    }

    /// The latest.
    #[must_use]
    pub fn last(&self) -> Option<Micros> {
        self.stretches.last().map(Stretch::last)
    }

    /// All of them, the earliest first.
    pub fn iter(&self) -> impl Iterator<Item = Micros> + Clone + '_ {
        self.stretches.iter().flat_map(|stretch| (0..stretch.count).map(|i| stretch.first + stretch.step * i))
    }
}

/// What an account was worth at the closes of bars, to the cent.
///
/// As JSON a list of pairs: milliseconds of Unix time, and the worth as a text with two decimals.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    at: Instants,
    /// In the account currency: what its text of two decimals says.
    worth: Vec<f64>,
}

impl Curve {
    /// `worth` in the account currency at each of the instants `at`; it is rounded to the cent in its own memory.
    ///
    /// Where there are more of one than of the other, the rest is left out.
    #[must_use]
    pub fn new(at: Instants, mut worth: Vec<f64>) -> Self {
        let mut text = String::new();
        let (mut before, mut rounded) = (f64::NAN, f64::NAN);
        for value in &mut worth {
            // While nothing is held it stands still.
            if *value != before {
                before = *value;
                rounded = to_the_cent(before, &mut text);
            }
            *value = rounded;
        }
        Self { at, worth }
    }

    /// Milliseconds of Unix time and the worth then, oldest first.
    pub fn points(&self) -> impl Iterator<Item = (i64, f64)> + Clone + '_ {
        self.at.iter().map(millis).zip(self.worth.iter().copied())
    }
}

/// The number nearest to the text with two decimals that is nearest to `value`: both have the same text.
fn to_the_cent(value: f64, text: &mut String) -> f64 {
    text.clear();
    // Writing into a string cannot fail.
    let _ = write!(text, "{value:.2}");
    text.parse().unwrap_or(value)
}

impl Serialize for Curve {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.points().map(|(at, worth)| (at, Cents(worth))))
    }
}

/// Written with two decimals.
struct Cents(f64);

impl Serialize for Cents {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.2}", self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn instants(times: &[Micros]) -> Instants {
        let mut instants = Instants::default();
        times.iter().for_each(|at| instants.push(*at));
        instants
    }

    #[test]
    fn a_million_bars_with_one_gap_are_two_stretches() {
        let times: Vec<Micros> = (0..1_000_000).map(|i| (i + i / 500_000) * 60_000_000).collect();
        let instants = instants(&times);
        assert_eq!(instants.stretches.len(), 2);
        assert!(instants.iter().eq(times));
    }

    #[test]
    fn a_curve_is_written_in_milliseconds_and_cents() {
        let curve = Curve::new(instants(&[60_000_000, 120_000_000, 240_000_000]), vec![100.0, 99.994_999, -0.005_001]);
        let json = serde_json::to_string(&curve).expect("JSON");
        assert_eq!(json, r#"[[60000,"100.00"],[120000,"99.99"],[240000,"-0.01"]]"#);
        assert!(curve.points().eq([(60_000, 100.0), (120_000, 99.99), (240_000, -0.01)]));
    }

    proptest! {
        #[test]
        fn instants_are_what_was_put_in(start in -1_000_000..1_000_000_i64, steps in vec(1..4_i64, 0..60)) {
            let later = steps.iter().scan(start, |at, step| { *at += step; Some(*at) });
            let times: Vec<Micros> = std::iter::once(start).chain(later).collect();
            let instants = instants(&times);
            prop_assert_eq!(instants.last(), times.last().copied());
            prop_assert_eq!(instants.iter().collect::<Vec<_>>(), times);
        }

        #[test]
        fn what_is_rounded_to_the_cent_has_the_text_it_had_before(value in prop_oneof![
            -1e9..1e9_f64,
            // Where neighbours of 64 bits are about a cent apart.
            (1_u64 << 45..1 << 49).prop_map(|whole| whole as f64 / 128.0),
            prop::num::f64::NORMAL,
        ]) {
            let rounded = to_the_cent(value, &mut String::new());
            prop_assert_eq!(format!("{rounded:.2}"), format!("{value:.2}"));
        }
    }
}
