//! Which instant does a field mean?
//!
//! Start at [`micros`]: a number since 1970 whose unit follows from its size, or a date with a time and an offset.

use jiff::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;
use trading_core::counts::{self, Count};
use trading_core::time::Micros;

const EXPECTED: &str = "expected RFC 3339 with an offset, such as 2026-08-17T00:00:00Z, or a number since 1970";

/// Why a text is not a usable time. A sentence about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadInstant {
    /// It is something else.
    #[error("is not a time; {EXPECTED}")]
    NotATime,
    /// A date of another notation, of which not everybody knows which number is the month.
    #[error("is a date of another notation; expected the year first and hyphens, as in {DATES}")]
    OtherDate,
    /// What hour it is, of no day.
    #[error("is a time of day; expected its date in the same column, as in {DATES}")]
    NoDate,
    /// Nothing says what zone it is of.
    #[error("has no offset; --tz says what it means, such as --tz UTC")]
    NoOffset,
    /// The clocks of the zone showed it twice, or never.
    #[error("was twice or never in its zone, when the clocks were changed")]
    Ambiguous,
    /// Bars open at whole minutes.
    #[error("is finer than a microsecond")]
    TooFine,
    /// Before −9999 or after 9999.
    #[error("lies beyond the years that a calendar has; {EXPECTED}")]
    TooFar,
}

/// Microseconds since 1970 of a text.
///
/// A number below 10¹¹ (whatever its sign) counts seconds, below 10¹⁴ milliseconds, below 10¹⁷ microseconds, else
/// nanoseconds. A date, or a date and a time without offset, is of `zone`, where that is given.
pub(crate) fn micros(text: &[u8], zone: Option<&TimeZone>) -> Result<Micros, BadInstant> {
    match counts::parse(text) {
        Ok(number) => epoch(number),
        Err(_) => calendar(text, zone),
    }
}

/// As [`micros`], of a number.
pub(crate) fn epoch(Count { count, digits }: Count) -> Result<Micros, BadInstant> {
    // `counts` has no power beyond that of its digits.
    let divisor = counts::power(digits).ok_or(BadInstant::TooFine)?;
    // Nearly all numbers are whole, and a division takes as long as to read them.
    let whole = if digits == 0 { count } else { count / divisor };
    let (multiplied, divided) = match whole.unsigned_abs() {
        0..100_000_000_000 => (1_000_000, 1),
        100_000_000_000..100_000_000_000_000 => (1000, 1),
        100_000_000_000_000..100_000_000_000_000_000 => (1, 1),
        _ => (1, 1000),
    };
    let micros = match (count.checked_mul(multiplied), divided) {
        (Some(micros), 1) if digits == 0 => micros,
        _ => {
            let (count, divided) = (i128::from(count) * i128::from(multiplied), i128::from(divisor) * divided);
            if count % divided != 0 {
                return Err(BadInstant::TooFine);
            }
            Micros::try_from(count / divided).map_err(|_| BadInstant::TooFar)?
        }
    };
    if (Timestamp::MIN.as_microsecond()..=Timestamp::MAX.as_microsecond()).contains(&micros) {
        Ok(micros)
    } else {
        Err(BadInstant::TooFar)
    }
}

const DATES: &str = "2026-08-17T00:00:00Z, or in 2026-08-17 00:00 with --tz";

static PARSER: DateTimeParser = DateTimeParser::new();

fn calendar(text: &[u8], zone: Option<&TimeZone>) -> Result<Micros, BadInstant> {
    let (text, is_utc) = match text {
        [text @ .., b' ', b'U', b'T', b'C'] => (text, true),
        _ => (text, false),
    };
    // What the parser knows beside: durations, times of day, weeks. None of them begins with a year.
    if !text.first().is_some_and(u8::is_ascii_digit) {
        return Err(BadInstant::NotATime);
    }
    let pieces = PARSER.parse_pieces(text).map_err(|_| what_else(text))?;
    let civil = pieces.date().to_datetime(pieces.time().unwrap_or(jiff::civil::Time::midnight()));
    let instant = match (pieces.to_numeric_offset(), zone) {
        (Some(offset), _) => offset.to_timestamp(civil).map_err(|_| BadInstant::TooFar)?,
        (None, _) if is_utc => TimeZone::UTC.to_timestamp(civil).map_err(|_| BadInstant::TooFar)?,
        (None, None) => return Err(BadInstant::NoOffset),
        (None, Some(zone)) => zone.to_ambiguous_timestamp(civil).unambiguous().map_err(|_| BadInstant::Ambiguous)?,
    };
    if instant.as_nanosecond() % 1000 != 0 {
        return Err(BadInstant::TooFine);
    }
    Ok(instant.as_microsecond())
}

/// What a text that is no time looks like.
fn what_else(text: &[u8]) -> BadInstant {
    let word = text.split(|byte| b" T".contains(byte)).next().unwrap_or_default();
    let mut parts = word.split(|byte| b".:/-".contains(byte));
    let (count, are_numbers) =
        (parts.clone().count(), parts.all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_digit)));
    let separator = word.iter().find(|byte| !byte.is_ascii_digit());
    let begins_with_year = word.get(4) == separator;
    match separator {
        Some(b':') if are_numbers => BadInstant::NoDate,
        Some(b'.' | b'/') if are_numbers && count == 3 => BadInstant::OtherDate,
        Some(b'-') if are_numbers && count == 3 && !begins_with_year => BadInstant::OtherDate,
        _ => BadInstant::NotATime,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn berlin() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    #[track_caller]
    fn means(text: &str, zone: Option<&TimeZone>, expected: &str) {
        let found = micros(text.as_bytes(), zone).map_or_else(|why| why.to_string(), trading_core::time::shown);
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn the_unit_of_a_number_follows_from_its_size() {
        for text in
            ["1534345200", "1534345200000", "1534345200000000", "1534345200000000000", "1534345200.0", "1.5343452e9"]
        {
            means(text, None, "2018-08-15T15:00Z");
        }
        means("1534345200123.5", None, "2018-08-15T15:00:00.1235Z");
        means("99999999999", None, "5138-11-16T09:46:39Z"); // the last second
        means("100000000000", None, "1973-03-03T09:46:40Z"); // the first millisecond
        means("-60", None, "1969-12-31T23:59Z");
        means("0", None, "1970-01-01T00:00Z");
        means("1534345200000000001", None, "is finer than a microsecond");
        means("1534345200.0000001", None, "is finer than a microsecond");
    }

    #[test]
    fn a_date_with_an_offset_is_an_instant() {
        for text in [
            "2018-08-15T15:00:00Z",
            "2018-08-15t15:00:00z",
            "2018-08-15 17:00:00+02:00",
            "2018-08-15T15:00:00.000000+00:00",
            "2018-08-15 15:00:00 UTC",
            "2018-08-15T15:00Z",
        ] {
            means(text, None, "2018-08-15T15:00Z");
        }
    }

    #[test]
    fn without_offset_a_zone_must_say_what_it_means() {
        for text in ["2018-08-15 17:00:00", "2018-08-15T17:00", "2018-08-15"] {
            means(text, None, "has no offset; --tz says what it means, such as --tz UTC");
        }
        means("2018-08-15 17:00:00", Some(&berlin()), "2018-08-15T15:00Z");
        means("2018-01-15", Some(&berlin()), "2018-01-14T23:00Z");
        means("2018-08-15 15:00:00Z", Some(&berlin()), "2018-08-15T15:00Z");
        let changed = "was twice or never in its zone, when the clocks were changed";
        means("2018-10-28 02:30:00", Some(&berlin()), changed);
        means("2018-03-25 02:30:00", Some(&berlin()), changed);
    }

    #[test]
    fn what_is_no_time_is_told() {
        for text in ["", "yesterday", "T15:00", "P1D", "5/6", "2018-08", "2018-08-15T25:00:00Z", "2018-15-08"] {
            means(text, None, &format!("is not a time; {EXPECTED}"));
        }
        means("2018", None, "1970-01-01T00:33:38Z"); // a number of seconds, which no bar opens at
        for text in ["15.08.2018 15:00", "08/15/2018", "2018.08.15", "15-08-2018T15:00"] {
            means(
                text,
                None,
                &format!("is a date of another notation; expected the year first and hyphens, as in {DATES}"),
            );
        }
        for text in ["15:00", "5:00:00", "15:00:00.000"] {
            means(text, None, &format!("is a time of day; expected its date in the same column, as in {DATES}"));
        }
    }
}
