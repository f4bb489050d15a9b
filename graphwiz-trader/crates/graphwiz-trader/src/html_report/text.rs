//! How are texts, amounts, shares and instants written on the page?
//!
//! Amounts have separators and two decimals, shares are per cent with two decimals, instants are UTC. What is not finite
//! is not a number to be shown.

use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::{Offset, TimeZone};
use rust_decimal::{Decimal, RoundingStrategy};

/// Milliseconds in a day.
pub(super) const DAY: i64 = 86_400_000;

/// The instant as the calendar has it, in UTC.
pub(super) fn civil(at: i64) -> jiff::civil::DateTime {
    let at = at.clamp(Timestamp::MIN.as_millisecond() + DAY, Timestamp::MAX.as_millisecond() - DAY);
    let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::fixed(Offset::UTC)).datetime()
}

/// A text of somebody else inside the page: on one line, and never markup.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in legible::line(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A decimal with separators between thousands, and a minus that is one; `None` where it is no decimal.
fn grouped(decimal: &str) -> Option<String> {
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal), |digits| ("−", digits));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_decimal =
        !whole.is_empty() && [whole, part].iter().all(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let mut text = String::from(sign);
    for (i, digit) in whole.char_indices().filter(|_| is_decimal) {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if !part.is_empty() {
        text.push('.');
        text.push_str(part);
    }
    is_decimal.then_some(text)
}

/// A decimal as it is, with separators.
pub(super) fn decimal(text: &str) -> String {
    grouped(text).unwrap_or_else(|| escaped(text))
}

/// An amount to the cent.
pub(super) fn amount(text: &str) -> String {
    let rounded = text.parse::<Decimal>().ok().map(|amount| {
        let cents = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
        if cents.is_zero() { "0.00".to_owned() } else { format!("{cents:.2}") }
    });
    decimal(rounded.as_deref().unwrap_or(text))
}

/// An amount to the cent, with its sign.
pub(super) fn change(text: &str) -> String {
    signed(amount(text))
}

/// A number with so many decimals.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let is_nothing = text.bytes().all(|byte| matches!(byte, b'-' | b'0' | b'.'));
    let text = if is_nothing { text.trim_start_matches('-') } else { &text };
    grouped(text).unwrap_or_else(|| "not defined".to_owned())
}

/// A number with so many decimals, with its sign.
pub(super) fn signed_number(value: f64, decimals: usize) -> String {
    signed(number(value, decimals))
}

fn signed(text: String) -> String {
    let is_rise = text.bytes().any(|byte| matches!(byte, b'1'..=b'9')) && !text.starts_with('−');
    if is_rise { format!("+{text}") } else { text }
}

/// A fraction of 1, per cent.
pub(super) fn percent(share: f64) -> String {
    match number(share * 100.0, 2) {
        text if share.is_finite() => format!("{text}\u{a0}%"),
        text => text,
    }
}

/// The same with its sign.
pub(super) fn signed_percent(share: f64) -> String {
    if share.is_finite() { signed(percent(share)) } else { percent(share) }
}

/// A count, with separators.
pub(super) fn count(count: usize) -> String {
    decimal(&count.to_string())
}

/// `1 trip`, `2 trips`.
pub(super) fn counted(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number), if number == 1 { one } else { many })
}

/// An instant to the minute, to the second where it is no whole minute.
pub(super) fn instant(at: i64) -> String {
    let format = if at.rem_euclid(60_000) == 0 { "%Y-%m-%d %H:%M" } else { "%Y-%m-%d %H:%M:%S" };
    civil(at).strftime(format).to_string()
}

/// A day, with its name: `Mon 2026-08-17`.
pub(super) fn day(at: i64) -> String {
    let at = civil(at);
    let name = match at.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    };
    format!("{name}\u{a0}{}", at.date())
}

/// A length of time in its two largest units.
pub(super) fn length(millis: i64) -> String {
    let minutes = millis / 60_000;
    let (days, hours, rest) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
    match (days, hours) {
        (0, 0) => format!("{rest}\u{a0}min"),
        (0, _) => format!("{hours}\u{a0}h {rest:02}\u{a0}min"),
        (100.., _) => format!("{}\u{a0}d", decimal(&days.to_string())),
        (_, 0) => format!("{days}\u{a0}d"),
        _ => format!("{days}\u{a0}d {hours}\u{a0}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_to_the_cent_with_separators() {
        for (text, shown) in [
            ("100176.9255373505", "100,176.93"),
            ("-1234567.895", "−1,234,567.90"),
            ("-0.004", "0.00"),
            ("999", "999.00"),
            ("<b>", "&lt;b&gt;"),
        ] {
            assert_eq!(amount(text), shown);
        }
        assert_eq!([change("0.004"), change("12"), change("-12")], ["0.00", "+12.00", "−12.00"]);
    }

    #[test]
    fn shares_are_per_cent_with_two_decimals() {
        assert_eq!(signed_percent(0.001_769), "+0.18\u{a0}%");
        assert_eq!(signed_percent(-0.000_049), "0.00\u{a0}%");
        assert_eq!(percent(12.345_678), "1,234.57\u{a0}%");
        assert_eq!([percent(f64::NAN), signed_percent(f64::INFINITY)], ["not defined", "not defined"]);
    }

    #[test]
    fn texts_of_others_are_never_markup() {
        assert_eq!(escaped("<a b='c'>\"&\n\u{202e}"), "&lt;a b=&#39;c&#39;&gt;&quot;&amp;\\n\\u{202e}");
    }

    #[test]
    fn instants_are_utc() {
        assert_eq!(instant(1_534_345_200_000), "2018-08-15 15:00");
        assert_eq!(instant(1_534_345_201_500), "2018-08-15 15:00:01");
        assert_eq!(day(1_786_924_800_000), "Mon\u{a0}2026-08-17");
        assert_eq!(length(3 * 3_600_000 + 5 * 60_000), "3\u{a0}h 05\u{a0}min");
        assert_eq!(instant(i64::MAX).len(), instant(i64::MIN).trim_start_matches('-').len());
    }
}
