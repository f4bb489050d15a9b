//! How does a decimal, as files and venues write it, become a whole count, exactly?
//!
//! Start at [`parse`]. No `f64` is on the way: what a text says is what is kept. Elsewhere: many counts on one scale
//! are [`crate::scale`]'s.

/// `1 bar`, `2 bars`: so many of what is called `what`.
pub fn counted<N: std::fmt::Display + PartialEq + From<u8>>(count: N, what: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// A decimal: `count` steps of 10^−`digits`, with the fewest digits that hold it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How many steps.
    pub count: i64,
    /// Digits after the point of one step, at most [`MAX_DIGITS`].
    pub digits: u32,
}

/// The finest step that a 64-bit count can have and still hold a 1.
pub const MAX_DIGITS: u32 = 18;

/// Why a text is no count. A sentence about the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotACount {
    /// There is nothing.
    #[error("is empty")]
    Empty,
    /// It is something else.
    #[error("is not a number; expected one such as 62831.65")]
    NotANumber,
    /// A decimal comma, or commas between thousands: which of them cannot be told.
    #[error("has a comma; expected a point before the decimals and nothing between thousands, as in 62831.65")]
    Comma,
    /// Infinite, or what programs write for undefined.
    #[error("is not finite")]
    NotFinite,
    /// More digits than 64 bits hold.
    #[error("has more digits than a 64-bit count holds (18)")]
    TooLong,
}

const POWERS: [i64; MAX_DIGITS as usize + 1] = {
    let mut powers = [1; MAX_DIGITS as usize + 1];
    let mut digits = 1;
    while digits < powers.len() {
        powers[digits] = powers[digits - 1] * 10;
        digits += 1;
    }
    powers
};

/// 10 to the power of `digits`; `None` where that is not a 64-bit count.
#[must_use]
pub fn power(digits: u32) -> Option<i64> {
    POWERS.get(digits as usize).copied()
}

impl Count {
    /// How many steps of 10^−`digits` it is; `None` where that is no whole number, or too large.
    #[must_use]
    pub fn at(self, digits: u32) -> Option<i64> {
        self.count.checked_mul(power(digits.checked_sub(self.digits)?)?)
    }

    /// With at most so many digits, a tie to the even one.
    #[must_use]
    pub fn rounded(self, digits: u32) -> Self {
        let Some(divisor) = self.digits.checked_sub(digits).filter(|more| *more > 0).and_then(power) else {
            return self;
        };
        let (quotient, rest) = (self.count.div_euclid(divisor), i128::from(self.count.rem_euclid(divisor)));
        let is_up = 2 * rest > i128::from(divisor) || (2 * rest == i128::from(divisor) && quotient % 2 != 0);
        let (mut count, mut digits) = (quotient + i64::from(is_up), digits);
        while digits > 0 && count % 10 == 0 {
            (count, digits) = (count / 10, digits - 1);
        }
        Self { count, digits }
    }
}

/// Reads a decimal: digits with at most one point, a sign before them, an exponent behind them (`1e-05`).
///
/// ```
/// use trading_core::counts::{Count, parse};
/// assert_eq!(parse(b"62831.650"), Ok(Count { count: 6_283_165, digits: 2 }));
/// assert_eq!(parse(b"1e-05"), Ok(Count { count: 1, digits: 5 }));
/// ```
///
/// # Errors
/// See [`NotACount`].
pub fn parse(text: &[u8]) -> Result<Count, NotACount> {
    if let Some((count, length)) = leading(text)
        && length == text.len()
    {
        return Ok(count);
    }
    let (is_negative, unsigned) = match text {
        [] => return Err(NotACount::Empty),
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let found = unsigned_count(unsigned).map_err(|why| what_else(why, text))?;
    Ok(if is_negative { Count { count: -found.count, ..found } } else { found })
}

/// The plain number that a text begins with, and how many bytes it has: digits with at most one point, so few that
/// nothing can be too large. Nearly all that files hold are such, and it takes a third of the time of [`parse`]; `None`
/// says nothing of what the text is.
///
/// ```
/// use trading_core::counts::{Count, leading};
/// assert_eq!(leading(b"62831.650,7"), Some((Count { count: 6_283_165, digits: 2 }, 9)));
/// assert_eq!(leading(b"-1,7"), None);
/// ```
#[must_use]
#[inline]
pub fn leading(text: &[u8]) -> Option<(Count, usize)> {
    let (whole, whole_length) = digits_of(text, 0);
    let Some((b'.', fraction)) = text.get(whole_length..)?.split_first() else {
        let is_short = (1..=MAX_DIGITS as usize).contains(&whole_length);
        return is_short.then_some((Count { count: whole, digits: 0 }, whole_length));
    };
    let (count, digits) = digits_of(fraction, whole);
    let length = whole_length + 1 + digits;
    if !(2..=MAX_DIGITS as usize).contains(&length) {
        return None;
    }
    let zeros = fraction[..digits].iter().rev().take_while(|byte| **byte == b'0').count();
    // Most numbers of most files have no zero to take off, and to divide takes as long as to read.
    let count = if zeros == 0 { count } else { count / POWERS[zeros] };
    Some((Count { count, digits: u32::try_from(digits - zeros).ok()? }, length))
}

/// The digits that a text begins with, as a number behind `before`, and how many they are.
fn digits_of(text: &[u8], before: i64) -> (i64, usize) {
    let (mut count, mut length) = (before, 0);
    while let Some(digit) = text.get(length).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10) {
        // What is too long wraps around, and is not looked at.
        count = count.wrapping_mul(10).wrapping_add(i64::from(digit));
        length += 1;
    }
    (count, length)
}

fn unsigned_count(text: &[u8]) -> Result<Count, NotACount> {
    let (mut found, mut has_digits, mut is_fraction) = (Count { count: 0, digits: 0 }, false, false);
    let mut zeros = 0; // of the fraction, which count only where another digit follows
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'0' if is_fraction => (zeros, has_digits) = (zeros + 1, true),
            b'0'..=b'9' => {
                has_digits = true;
                let places = if is_fraction { zeros + 1 } else { 1 };
                let shifted = power(places).and_then(|power| found.count.checked_mul(power));
                let next = shifted.and_then(|count| count.checked_add(i64::from(byte - b'0')));
                found.count = next.ok_or(NotACount::TooLong)?;
                if is_fraction {
                    (found.digits, zeros) = (found.digits + places, 0);
                }
            }
            b'.' if !is_fraction => is_fraction = true,
            b'e' | b'E' if has_digits => return with_exponent(found, &text[at + 1..]),
            _ => return Err(NotACount::NotANumber),
        }
    }
    match found {
        _ if !has_digits => Err(NotACount::NotANumber),
        Count { digits: ..=MAX_DIGITS, .. } => Ok(found),
        _ => Err(NotACount::TooLong),
    }
}

fn with_exponent(mut found: Count, exponent: &[u8]) -> Result<Count, NotACount> {
    let exponent = std::str::from_utf8(exponent).ok().and_then(|text| text.parse::<i16>().ok());
    let mut digits = i64::from(found.digits) - i64::from(exponent.ok_or(NotACount::NotANumber)?);
    while found.count % 10 == 0 && digits > 0 {
        (found.count, digits) = (found.count / 10, if found.count == 0 { 0 } else { digits - 1 });
    }
    let digits = match u32::try_from(digits) {
        Ok(digits) if digits <= MAX_DIGITS => return Ok(Count { digits, ..found }),
        Ok(_) => return Err(NotACount::TooLong),
        Err(_) => u32::try_from(-digits).unwrap_or(u32::MAX),
    };
    let power = if found.count == 0 { Some(1) } else { power(digits) };
    let count = power.and_then(|power| found.count.checked_mul(power)).ok_or(NotACount::TooLong)?;
    Ok(Count { count, digits: 0 })
}

/// What a text that is no number looks like.
fn what_else(why: NotACount, text: &[u8]) -> NotACount {
    let word = text.trim_ascii_start().strip_prefix(b"-").unwrap_or(text).to_ascii_lowercase();
    match why {
        NotACount::NotANumber if [&b"nan"[..], b"inf", b"infinity", b"+inf"].contains(&&word[..]) => {
            NotACount::NotFinite
        }
        NotACount::NotANumber if text.contains(&b',') && text.iter().any(u8::is_ascii_digit) => NotACount::Comma,
        _ => why,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exact::written;

    #[track_caller]
    fn reads(text: &str, expected: &str) {
        let found = match parse(text.as_bytes()) {
            Ok(Count { count, digits }) => format!("{count} / 10^{digits}"),
            Err(why) => why.to_string(),
        };
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn a_decimal_has_the_fewest_digits_that_hold_it() {
        reads("62831.65", "6283165 / 10^2");
        reads("0.00336376", "336376 / 10^8");
        reads("0.01000000", "1 / 10^2");
        reads("100", "100 / 10^0");
        reads("100.000", "100 / 10^0");
        reads("-0.50", "-5 / 10^1");
        reads("+7", "7 / 10^0");
        reads("00012.5", "125 / 10^1");
        reads(".5", "5 / 10^1");
        reads("5.", "5 / 10^0");
        reads("-0.0", "0 / 10^0");
        reads("0.000000000000000000000000", "0 / 10^0");
    }

    #[test]
    fn an_exponent_moves_the_point() {
        reads("1e-05", "1 / 10^5");
        reads("1.50E-3", "15 / 10^4");
        reads("1.5e3", "1500 / 10^0");
        reads("150e-1", "15 / 10^0");
        reads("1500e-4", "15 / 10^2");
        reads("0e5", "0 / 10^0");
        reads("0e-30", "0 / 10^0");
        reads("0e300", "0 / 10^0");
        reads("2e+2", "200 / 10^0");
    }

    #[test]
    fn what_is_no_number_is_told_by_its_kind() {
        reads("", "is empty");
        let number = "is not a number; expected one such as 62831.65";
        for text in ["-", ".", "e5", "1e", "1.2.3", "0x10", "1 000", "--1", "1e99999999", "null", "5a"] {
            reads(text, number);
        }
        for text in ["NaN", "nan", "inf", "-inf", "Infinity"] {
            reads(text, "is not finite");
        }
        for text in ["62831,65", "62,831.65", "1,5"] {
            reads(
                text,
                "has a comma; expected a point before the decimals and nothing between thousands, as in 62831.65",
            );
        }
    }

    #[test]
    fn what_64_bits_do_not_hold_is_refused() {
        reads("9223372036854775807", "9223372036854775807 / 10^0");
        let long = "has more digits than a 64-bit count holds (18)";
        for text in ["9223372036854775808", "0.0000000000000000001", "1e19", "1e-19", "1.0000000000000000001"] {
            reads(text, long);
        }
        reads("0.000000000000000001", "1 / 10^18");
    }

    #[test]
    fn rounding_takes_the_nearest_and_of_two_the_even_one() {
        for (text, digits, expected) in [
            ("16.84600000000001", 8, "16.846"),
            ("0.125", 2, "0.12"),
            ("0.135", 2, "0.14"),
            ("-0.125", 2, "-0.12"),
            ("0.1251", 2, "0.13"),
            ("9.96", 1, "10"),
            ("1.5", 4, "1.5"),
            ("0.004", 2, "0"),
        ] {
            let Count { count, digits } = parse(text.as_bytes()).unwrap().rounded(digits);
            assert_eq!(written(count.into(), digits), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_long_one_agree(text in "[0-9]{0,10}[.]?[0-9]{0,12}", behind in "[^0-9.]?") {
            if let Some((count, length)) = leading(format!("{text}{behind}").as_bytes()) {
                prop_assert_eq!(length, text.len());
                prop_assert_eq!(unsigned_count(text.as_bytes()), Ok(count));
            } else {
                prop_assert!(text.len() > 18 || text.is_empty() || text == ".", "{} is plain", text);
            }
        }

        #[test]
        fn what_is_written_is_read_again(count in -i64::MAX..=i64::MAX, digits in 0..=18_u32) {
            let text = written(count.into(), digits);
            let found = parse(text.as_bytes()).unwrap();
            prop_assert_eq!(found.at(digits), Some(count), "{}", text);
            prop_assert!(found.digits == 0 || found.count % 10 != 0, "{} has fewer digits", text);
        }

        #[test]
        fn any_bytes_are_a_count_or_none(
            text in prop::collection::vec(prop::sample::select(b"0123456789.+-eE,n ".to_vec()), 0..24)
        ) {
            let _ = parse(&text);
        }
    }
}
