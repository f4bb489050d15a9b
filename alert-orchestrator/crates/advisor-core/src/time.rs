//! Instants as the columns keep them: whole nanoseconds since the Unix epoch, UTC, in an `i64`.
//!
//! Eight bytes a sample, exact for every time unit a store offers, and differences are exact integers. The range
//! (1677-09-21 to 2262-04-11) is that of a nanosecond column. At the edges of the crate instants are
//! [`jiff::Timestamp`]; these functions convert between the two.

use jiff::Timestamp;

/// Nanoseconds in an hour.
pub const NANOS_PER_HOUR: i64 = 3_600_000_000_000;

/// The instant in nanoseconds since the epoch; an instant outside the range becomes its nearest end.
#[must_use]
pub fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at.as_nanosecond() < 0 { i64::MIN } else { i64::MAX })
}

/// The instant that lies `nanos` nanoseconds after the epoch.
#[must_use]
pub fn timestamp(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or(if nanos < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A length in hours as nanoseconds, rounded to the nearest; lengths outside the range saturate.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "float to integer casts saturate, which is what a window wants")]
pub fn hours(hours: f64) -> i64 {
    (hours * NANOS_PER_HOUR as f64).round() as i64
}

/// `to - from` in hours.
#[must_use]
pub fn hours_between(from: i64, to: i64) -> f64 {
    (i128::from(to) - i128::from(from)) as f64 / NANOS_PER_HOUR as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_i64_is_an_instant_and_comes_back() {
        for n in [i64::MIN, -1, 0, 1_769_644_800_123_456_789, i64::MAX] {
            assert_eq!(nanos(timestamp(n)), n);
        }
    }

    #[test]
    fn instants_outside_the_range_saturate() {
        assert_eq!(nanos(Timestamp::MAX), i64::MAX);
        assert_eq!(nanos(Timestamp::MIN), i64::MIN);
        assert_eq!(hours(f64::INFINITY), i64::MAX);
    }
}
