//! Which instant does a CSV field mean?
//!
//! Start at [`nanos`]. What could mean two instants, or one nobody meant, is refused with what it looks like: a date that
//! is read as seconds since 1970 would put a deposit out of every sum.

mod local;

use std::fmt;

use jiff::civil::Date;
use jiff::fmt::temporal::DateTimeParser;
use jiff::{Timestamp, ToSpan as _};

use local::Local;

/// 2021-01-01T00:00:00Z, in nanoseconds: the market is younger.
const EARLIEST: i128 = 1_609_459_200_000_000_000;

/// Why a text is not a usable time, and what it would have to be: the same instant where that can be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{what}; expected RFC 3339 with an offset, such as {}, or seconds or milliseconds since 1970",
    example.as_deref().unwrap_or("2026-11-26T03:26:00Z")
)]
pub(super) struct InstantError {
    what: What,
    example: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum What {
    #[error("is not a time")]
    NotATime,
    #[error("is a day without time and offset")]
    Day,
    #[error("has no seconds")]
    NoSeconds,
    #[error("has no offset")]
    NoOffset,
    #[error("has an offset without minutes")]
    ShortOffset,
    #[error("looks like the day {0} without time and offset")]
    LooksLikeDay(Date),
    #[error("looks like {0} without an offset")]
    LooksLike(Local),
    #[error("may be {0} or {1}")]
    Either(Date, Date),
    #[error("looks like a spreadsheet's number of the day {0}")]
    Serial(Date),
    #[error("looks like {0} since 1970")]
    Finer(&'static str),
    #[error("is {0}, before 2021-01-01")]
    Early(Early),
    #[error("lies after 2262-04-11, the last day that nanoseconds can tell")]
    Late,
}

impl From<What> for InstantError {
    fn from(what: What) -> Self {
        Self { what, example: None }
    }
}

impl What {
    /// With how it would have to be written, unless that is no usable time either.
    fn with(self, example: String) -> InstantError {
        InstantError { what: self, example: Some(example).filter(|example| nanos(example).is_ok()) }
    }
}

/// A time before 2021, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Early(i128);

impl fmt::Display for Early {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_nanosecond(self.0) {
            Ok(at) => at.fmt(f),
            Err(_) => f.write_str("long ago"),
        }
    }
}

static PARSER: DateTimeParser = DateTimeParser::new();

/// Nanoseconds since the epoch of `text`, which is a date and a time of day with an offset (RFC 3339), or whole seconds
/// (below 10¹¹) or milliseconds (from there on) since the epoch; from 2021 on, as long as nanoseconds can tell.
pub(super) fn nanos(text: &str) -> Result<i64, InstantError> {
    if let Some(day) = serial(text) {
        return Err(What::Serial(day).with(Local::midnight(day).in_utc()));
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !is_digits(digits) {
        return in_range(rfc_3339(text)?);
    }
    match day_in_digits(text) {
        Some(day) => Err(What::LooksLikeDay(day).with(Local::midnight(day).in_utc())),
        None => in_range(epoch(text.parse().map_err(|_| What::NotATime)?)?),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn in_range(nanos: i128) -> Result<i64, InstantError> {
    if nanos < EARLIEST {
        return Err(What::Early(Early(nanos)).into());
    }
    i64::try_from(nanos).map_err(|_| What::Late.into())
}

fn epoch(number: i64) -> Result<i128, What> {
    let unit = match number {
        ..100_000_000_000 => 1_000_000_000,
        100_000_000_000..100_000_000_000_000 => 1_000_000,
        100_000_000_000_000..100_000_000_000_000_000 => return Err(What::Finer("microseconds")),
        _ => return Err(What::Finer("nanoseconds")),
    };
    Ok(i128::from(number) * unit)
}

/// The day that a spreadsheet writes as this number, which may have a fraction for the time of day.
fn serial(text: &str) -> Option<Date> {
    const DAYS: std::ops::Range<i64> = 36_526..73_051; // the years 2000 to 2099
    let fraction = behind(text, "00000")?.trim_start_matches(['.', ',']);
    let days = text[..5].parse().ok().filter(|days| DAYS.contains(days))?;
    if text.len() > 5 && !(behind(text, "00000.0").or(behind(text, "00000,0")).is_some() && is_digits(fraction)) {
        return None;
    }
    Date::constant(1899, 12, 30).checked_add(days.days()).ok()
}

/// The day of `YYYYMMDD`, which `hhmm` or `hhmmss` may follow.
fn day_in_digits(text: &str) -> Option<Date> {
    let part = |from, to| text.get(from..to)?.parse::<i16>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let is_near = matches!(text.len(), 8 | 12 | 14) && (1990..2100).contains(&year);
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok().filter(|_| is_near)
}

/// Only that form: the parser knows more of them, some of which leave out what makes an instant of it.
fn rfc_3339(text: &str) -> Result<i128, InstantError> {
    let Some(time) = behind(text, "0000-00-00") else { return Err(written_otherwise(text)) };
    if time.is_empty() {
        return Err(What::Day.with(format!("{text}T00:00:00Z")));
    }
    let time = behind(time, "T00:00").ok_or(What::NotATime)?;
    let until = |rest: &str| text[..text.len() - rest.len()].replace([' ', 't'], "T");
    let offset = match behind(time, ":00") {
        Some(rest) => behind(rest, ".0").map_or(rest, |rest| rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None if time.is_empty() => return Err(What::NoOffset.with(until("") + ":00Z")),
        None => return Err(What::NoSeconds.with(until(time) + ":00" + time)),
    };
    let is_offset = |form| behind(offset, form).is_some_and(str::is_empty);
    if offset.is_empty() {
        return Err(What::NoOffset.with(until("") + "Z"));
    }
    if is_offset("+00") {
        return Err(What::ShortOffset.with(until("") + ":00"));
    }
    if is_offset("+0000") {
        return Err(What::ShortOffset.with(until(&text[text.len() - 2..]) + ":" + &text[text.len() - 2..]));
    }
    if !["Z", "+00:00"].into_iter().any(is_offset) {
        return Err(What::NotATime.into());
    }
    let pieces = PARSER.parse_pieces(text).map_err(|_| What::NotATime)?;
    let (offset, time) = pieces.to_numeric_offset().zip(pieces.time()).ok_or(What::NotATime)?;
    let instant = offset.to_timestamp(pieces.date().to_datetime(time)).map_err(|_| What::Late)?;
    Ok(instant.as_nanosecond())
}

/// What is wrong with a text that does not begin with the day as RFC 3339 has it.
fn written_otherwise(text: &str) -> InstantError {
    match local::parse(text).as_slice() {
        [] => What::NotATime.into(),
        [one] if one.has_time() => What::LooksLike(*one).with(one.in_utc()),
        [one] => What::LooksLikeDay(one.day()).with(one.in_utc()),
        [one, other, ..] => What::Either(one.day(), other.day()).into(),
    }
}

/// What follows in `text` behind a beginning of this form, where `0` stands for a digit, `T` for itself or a space, `+` for a
/// sign, and letters for both cases.
fn behind<'a>(text: &'a str, form: &str) -> Option<&'a str> {
    let fits = |(form, found): (u8, &u8)| match form {
        b'0' => found.is_ascii_digit(),
        b'T' => matches!(found, b'T' | b't' | b' '),
        b'+' => matches!(found, b'+' | b'-'),
        other => other.eq_ignore_ascii_case(found),
    };
    let beginning = text.as_bytes().get(..form.len())?;
    form.bytes().zip(beginning).all(fits).then(|| &text[form.len()..])
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
            "2026-01-29T01:00:00+01:00",
            "2026-01-28T19:30:00-04:30",
            "2026-01-29T00:00:00.000000000Z",
            "2026-01-29 00:00:00.0+00:00",
            "1769644800",
            "1769644800000",
        ];
        for form in forms {
            assert_eq!(nanos(form), Ok(MIDNIGHT), "{form}");
        }
    }

    #[test]
    fn the_first_and_the_last_instant_can_be_told() {
        let first = 1_609_459_200_000_000_000;
        for form in ["2021-01-01T00:00:00Z", "1609459200", "1609459200000"] {
            assert_eq!(nanos(form), Ok(first), "{form}");
        }
        assert_eq!(nanos("9223372036"), Ok(9_223_372_036_000_000_000));
        assert_eq!(nanos("9223372036854"), Ok(9_223_372_036_854_000_000));
        assert_eq!(nanos("2262-04-11T23:47:16.854775807Z"), Ok(i64::MAX));
    }

    #[test]
    fn fractions_are_kept_to_the_nanosecond() {
        assert_eq!(nanos("2026-01-29T00:00:00.123456789Z"), Ok(MIDNIGHT + 123_456_789));
    }

    #[track_caller]
    fn refused(texts: &[&str], expected: &str) {
        for text in texts {
            let cause = nanos(text).unwrap_err().to_string();
            assert!(
                cause.starts_with(&format!("{expected}; expected RFC 3339 with an offset, such as ")),
                "{text}: {cause}"
            );
            assert!(cause.ends_with(", or seconds or milliseconds since 1970"), "{text}: {cause}");
            let example = cause.rsplit_once("such as ").unwrap().1.split_once(',').unwrap().0;
            assert!(nanos(example).is_ok(), "{text}: {cause}");
        }
    }

    #[test]
    fn what_could_mean_another_instant_is_refused_with_what_it_looks_like() {
        refused(&["2026-11-26"], "is a day without time and offset");
        refused(&["2026-11-26 03:26", "2026-11-26T03:26:00", "2026-11-26 03:26:00.5"], "has no offset");
        refused(&["2026-11-26T03:26Z", "2026-11-26 03:26+01:00"], "has no seconds");
        refused(&["2026-11-26 03:26:00+00", "2026-11-26T03:26:00-0430"], "has an offset without minutes");
        refused(
            &["20261126", "202611260326", "20261126032600"],
            "looks like the day 2026-11-26 without time and offset",
        );
        refused(&["46352", "46352.143", "46352,143"], "looks like a spreadsheet's number of the day 2026-11-26");
        refused(&["1769644800000000"], "looks like microseconds since 1970");
        refused(&["1769644800000000000"], "looks like nanoseconds since 1970");
        refused(&["0"], "is 1970-01-01T00:00:00Z, before 2021-01-01");
        refused(&["-86400"], "is 1969-12-31T00:00:00Z, before 2021-01-01");
        refused(&["1609459199", "1609459199000", "2020-12-31T23:59:59Z"], "is 2020-12-31T23:59:59Z, before 2021-01-01");
        refused(&["176964480000"], "is 1975-08-11T04:48:00Z, before 2021-01-01"); // a hundredth of a second as ms
        refused(&["0001-01-01T00:00:00Z"], "is 0001-01-01T00:00:00Z, before 2021-01-01");
        refused(&["-9223372036854775808"], "is long ago, before 2021-01-01");
    }

    #[test]
    fn a_time_that_is_written_otherwise_is_shown_as_it_has_to_be() {
        for (text, what, example) in [
            ("26.11.2026", "looks like the day 2026-11-26 without time and offset", "2026-11-26T00:00:00Z"),
            ("11/26/2026", "looks like the day 2026-11-26 without time and offset", "2026-11-26T00:00:00Z"),
            ("26/11/2026 03:26", "looks like 2026-11-26 03:26:00 without an offset", "2026-11-26T03:26:00Z"),
            ("2026-11-26 03:26", "has no offset", "2026-11-26T03:26:00Z"),
            ("2026-11-26T03:26:07.5", "has no offset", "2026-11-26T03:26:07.5Z"),
            ("2026-11-26 03:26+01:00", "has no seconds", "2026-11-26T03:26:00+01:00"),
            ("2026-11-26 03:26:07+01", "has an offset without minutes", "2026-11-26T03:26:07+01:00"),
            ("2026-11-26 03:26:07-0430", "has an offset without minutes", "2026-11-26T03:26:07-04:30"),
            ("2026-11-26", "is a day without time and offset", "2026-11-26T00:00:00Z"),
            ("46352", "looks like a spreadsheet's number of the day 2026-11-26", "2026-11-26T00:00:00Z"),
            ("03/04/2026", "may be 2026-04-03 or 2026-03-04", "2026-11-26T03:26:00Z"),
        ] {
            let cause = nanos(text).unwrap_err().to_string();
            let expected = "expected RFC 3339 with an offset, such as";
            assert_eq!(cause, format!("{what}; {expected} {example}, or seconds or milliseconds since 1970"), "{text}");
        }
    }

    #[test]
    fn what_no_date_can_hold_is_refused() {
        let last = "lies after 2262-04-11, the last day that nanoseconds can tell";
        refused(
            &["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:00", "9223372037", "99999999999", "99999999999999"],
            last,
        );
        refused(&["2262-04-11T23:47:16.854775808Z"], last);
    }

    #[test]
    fn anything_else_is_no_time() {
        let texts = [
            "",
            "-",
            "yesterday",
            "29.13.2026",
            "26.11.2026 yesterday",
            "2026-13-01T00:00:00Z",
            "2026-01-29T25:00:00Z",
            "1769644800.5",
            "1e9",
            "+5",
            "2026-01-29T00:00:00+01:00[Europe/Berlin]",
            "2026-01-29T00:00:00,5Z",
            "2026-01-29T00:00:00.Z",
            "２０２６-01-29T00:00:00Z",
            "99999999999999999999999999",
            "2026-W05-4T00:00:00Z",
        ];
        refused(&texts, "is not a time");
    }
}
