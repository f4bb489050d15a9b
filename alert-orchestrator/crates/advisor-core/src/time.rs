//! Instants as the columns keep them: whole nanoseconds since the Unix epoch, UTC, in an `i64`.
//!
//! Eight bytes a sample, exact for every time unit a store offers, and differences are exact integers. The range
//! (1677-09-21 to 2262-04-11) is that of a nanosecond column. At the edges of the crate instants are
//! [`jiff::Timestamp`]; these functions convert between the two. Sentences name an instant as [`shown`] does.

use jiff::Timestamp;
use jiff::tz::TimeZone;

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

/// How a sentence names an instant: in the zone of its readers, RFC 3339, so that it can be copied into a file or a
/// configuration, to the second. Where the zone has the time of UTC it is `Z`.
///
/// ```
/// use jiff::tz::{TimeZone, offset};
/// let noon = "2026-01-29T12:00:00Z".parse()?;
/// assert_eq!(advisor_core::time::shown(noon, &TimeZone::UTC), "2026-01-29T12:00:00Z");
/// assert_eq!(advisor_core::time::shown(noon, &TimeZone::fixed(offset(1))), "2026-01-29T13:00:00+01:00");
/// # Ok::<(), jiff::Error>(())
/// ```
#[must_use]
pub fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
    let offset = zone.to_offset(at);
    if offset.is_zero() { at.to_string() } else { at.display_with_offset(offset).to_string() }
}

/// The same of an instant in nanoseconds.
#[must_use]
pub fn shown_nanos(nanos: i64, zone: &TimeZone) -> String {
    shown(timestamp(nanos), zone)
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
    fn the_hour_that_comes_twice_in_autumn_is_told_apart() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule of POSIX");
        let at = |text: &str| shown(text.parse().expect("RFC 3339"), &berlin);
        assert_eq!(at("2026-10-25T00:30:00Z"), "2026-10-25T02:30:00+02:00");
        assert_eq!(at("2026-10-25T01:30:00Z"), "2026-10-25T02:30:00+01:00");
    }

    #[test]
    fn instants_outside_the_range_saturate() {
        assert_eq!(nanos(Timestamp::MAX), i64::MAX);
        assert_eq!(nanos(Timestamp::MIN), i64::MIN);
        assert_eq!(hours(f64::INFINITY), i64::MAX);
    }
}
