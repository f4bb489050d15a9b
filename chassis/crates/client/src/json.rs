//! How is an answer read, and what is said of one that cannot be?

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error, Unexpected, Visitor};

use crate::text::shorten;

/// How much of an answer that is no JSON is repeated.
const SAMPLE_BYTES: usize = 60;

/// Why an answer could not be read.
#[derive(Debug, PartialEq, Eq)]
pub enum Unread {
    /// It ends too early.
    Truncated,
    /// It is something else; the text names the field where it is JSON.
    Unusable(String),
}

/// Reads a whole answer in JSON.
///
/// # Errors
/// [`Unread::Truncated`] where more is missing; else what is wrong, with the field where it stands.
/// ```
/// let unread = client::read::<Vec<u8>>(b"[1, 2, true]").unwrap_err();
/// let cause = "[2]: invalid type: boolean `true`, expected u8 at line 1 column 11";
/// assert_eq!(unread, client::Unread::Unusable(cause.to_owned()));
/// ```
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unread> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        unread(body, &path, error.inner())
    })?;
    reader.end().map_err(|error| unread(body, ".", &error))?;
    Ok(value)
}

fn unread(body: &[u8], path: &str, error: &serde_json::Error) -> Unread {
    if error.is_eof() {
        return Unread::Truncated;
    }
    let cause = shorten(&error.to_string());
    if error.is_syntax() {
        let sample = shorten(&String::from_utf8_lossy(&body[..body.len().min(SAMPLE_BYTES)]));
        return Unread::Unusable(format!("the answer is not JSON ({cause}): {sample}"));
    }
    let path = shorten(path);
    Unread::Unusable(if path == "." { cause } else { format!("{path}: {cause}") })
}

/// A finite number, written as one or as text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Decimal(pub f64);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DecimalVisitor)
    }
}

struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Decimal, E> {
        if number.is_finite() { Ok(Decimal(number)) } else { Err(E::invalid_value(Unexpected::Float(number), &self)) }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Decimal, E> {
        Ok(Decimal(number as f64))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Decimal, E> {
        Ok(Decimal(number as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.map(Decimal).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Outer {
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    struct Inner {
        price: Option<Decimal>,
    }

    #[track_caller]
    fn reads(body: &str, expected: &str) {
        let found = match read::<Outer>(body.as_bytes()) {
            Ok(outer) => {
                format!("{:?}", outer.inner.iter().map(|inner| inner.price.map(|price| price.0)).collect::<Vec<_>>())
            }
            Err(Unread::Truncated) => "truncated".to_owned(),
            Err(Unread::Unusable(cause)) => cause,
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn numbers_are_read_from_text_too() {
        let body = r#"{"inner": [{"price": 1.5}, {"price": 2}, {"price": -3}, {"price": " 0.25 "}, {"price": "1e-3"}, {"price": null}, {}], "x": 1}"#;
        reads(body, "[Some(1.5), Some(2.0), Some(-3.0), Some(0.25), Some(0.001), None, None]");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_field() {
        let price = |value: &str| format!(r#"{{"inner": [{{"price": {value}}}]}}"#);
        let wrong = |found: &str| format!("inner[0].price: {found}, expected a number at line 1 column");
        for (value, found) in [
            ("\"inf\"", "invalid value: string \"inf\""),
            ("\"\"", "invalid value: string \"\""),
            ("true", "invalid type: boolean `true`"),
            ("{}", "invalid type: map"),
            ("[1]", "invalid type: sequence"),
        ] {
            let error = read::<Outer>(price(value).as_bytes()).unwrap_err();
            assert!(matches!(&error, Unread::Unusable(cause) if cause.starts_with(&wrong(found))), "{error:?}");
        }
        reads(r#"{"inner": null}"#, "inner: invalid type: null, expected a sequence at line 1 column 14");
        reads("{}", "missing field `inner` at line 1 column 2");
        reads(
            &price("1e999"),
            "the answer is not JSON (number out of range at line 1 column 26): {\"inner\": [{\"price\": 1e999}]}",
        );
        reads(
            r#"{"inner": []} more"#,
            "the answer is not JSON (trailing characters at line 1 column 15): {\"inner\": []} more",
        );
        reads("<html>\n<body>", "the answer is not JSON (expected value at line 1 column 1): <html> <body>");
    }

    #[test]
    fn an_answer_that_breaks_off_is_told_from_a_wrong_one() {
        for body in ["", "  ", "{", r#"{"inner": [{"price": 1"#, r#"{"inner": [{"price": "1"#] {
            reads(body, "truncated");
        }
    }
}
