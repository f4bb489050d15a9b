//! Which instant does a CSV field mean?

use jiff::fmt::temporal::{DateTimeParser, Pieces};
use jiff::tz::Offset;

/// Why a text is not a usable time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum InstantError {
    #[error("is not a time; expected RFC 3339, a date or an epoch in seconds or milliseconds")]
    NotATime,
    #[error("lies outside 1677-09-21 to 2262-04-11, which nanoseconds can tell")]
    OutOfRange,
}

static PARSER: DateTimeParser = DateTimeParser::new();

/// Nanoseconds since the epoch of `text`, which is
///
/// - a date and a time of day with an offset (RFC 3339), or without one: then it is UTC;
/// - a date: its midnight, UTC;
/// - whole seconds, milliseconds, microseconds or nanoseconds since the epoch, told apart by magnitude: below 10¹¹
///   (the year 5138 in seconds, March 1973 in milliseconds) they are seconds, below 10¹⁴ milliseconds, below 10¹⁷
///   microseconds, else nanoseconds.
pub(super) fn nanos(text: &str) -> Result<i64, InstantError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return epoch(text.parse().map_err(|_| InstantError::OutOfRange)?);
    }
    let pieces = PARSER.parse_pieces(text).map_err(|_| InstantError::NotATime)?;
    civil(&pieces)
}

fn epoch(number: i64) -> Result<i64, InstantError> {
    let unit = match number.unsigned_abs() {
        0..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => 1_000,
        _ => 1,
    };
    number.checked_mul(unit).ok_or(InstantError::OutOfRange)
}

fn civil(pieces: &Pieces<'_>) -> Result<i64, InstantError> {
    // A zone's name may contradict the offset, and what it means depends on the machine's zone files.
    if pieces.time_zone_annotation().is_some() {
        return Err(InstantError::NotATime);
    }
    let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
    let local = pieces.date().to_datetime(pieces.time().unwrap_or_default());
    let instant = offset.to_timestamp(local).map_err(|_| InstantError::OutOfRange)?;
    i64::try_from(instant.as_nanosecond()).map_err(|_| InstantError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIDNIGHT: i64 = 1_769_644_800_000_000_000; // 2026-01-29T00:00:00Z

    #[test]
    fn every_accepted_form_of_one_instant_is_that_instant() {
        let forms = [
            "2026-01-29T00:00:00Z",
            "2026-01-29t00:00:00z",
            "2026-01-29 00:00:00Z",
            "2026-01-29T00:00Z",
            "2026-01-29T01:00:00+01:00",
            "2026-01-28T19:30:00-04:30",
            "2026-01-29T00:00:00.000000000Z",
            "2026-01-29T00:00:00",
            "2026-01-29 00:00:00",
            "2026-01-29",
            "1769644800",
            "1769644800000",
            "1769644800000000",
            "1769644800000000000",
        ];
        for form in forms {
            assert_eq!(nanos(form), Ok(MIDNIGHT), "{form}");
        }
    }

    #[test]
    fn the_unit_of_an_epoch_follows_from_its_magnitude() {
        assert_eq!(nanos("0"), Ok(0));
        assert_eq!(nanos("-86400"), Ok(-86_400_000_000_000));
        assert_eq!(nanos("9223372036"), Ok(9_223_372_036_000_000_000)); // the last second a nanosecond column has
        assert_eq!(nanos("9223372037"), Err(InstantError::OutOfRange));
        assert_eq!(nanos("99999999999"), Err(InstantError::OutOfRange)); // seconds: the year 5138
        assert_eq!(nanos("100000000000"), Ok(100_000_000_000_000_000)); // milliseconds: 1973-03-03
        assert_eq!(nanos("100000000000000"), Ok(100_000_000_000_000_000));
        assert_eq!(nanos("100000000000000000"), Ok(100_000_000_000_000_000));
    }

    #[test]
    fn fractions_are_kept_to_the_nanosecond() {
        assert_eq!(nanos("2026-01-29T00:00:00.123456789Z"), Ok(MIDNIGHT + 123_456_789));
    }

    #[test]
    fn anything_else_is_no_time() {
        for text in
            ["", "-", "yesterday", "29.01.2026", "2026-13-01", "2026-01-29T25:00:00Z", "1769644800.5", "1e9", "+5"]
        {
            assert_eq!(nanos(text), Err(InstantError::NotATime), "{text}");
        }
        assert_eq!(nanos("2026-01-29T00:00:00+01:00[Europe/Berlin]"), Err(InstantError::NotATime));
        for text in ["9999-12-31", "0001-01-01", "99999999999999999999999999"] {
            assert_eq!(nanos(text), Err(InstantError::OutOfRange), "{text}");
        }
    }
}
