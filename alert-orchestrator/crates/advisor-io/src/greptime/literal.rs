//! How does a value from outside become part of a statement without changing what the statement does?
//!
//! The only place where a text is written into SQL: its quotes are doubled, which is all that GreptimeDB's dialect wants
//! (a backslash is itself), and control characters other than line ends and tabs are refused.

/// A text in single quotes, or why it has no place in a statement.
pub(super) fn text(value: &str) -> Result<String, String> {
    quoted(value, '\'')
}

/// A text in single quotes, or `NULL`.
pub(super) fn optional_text(value: Option<&str>) -> Result<String, String> {
    value.map_or_else(|| Ok("NULL".into()), text)
}

/// The name of a column, in double quotes.
pub(super) fn name(value: &str) -> Result<String, String> {
    quoted(value, '"')
}

/// A number to the last bit; `NULL` for those that JSON cannot bring back.
pub(super) fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:?}") } else { "NULL".into() }
}

/// A number to the last bit, or `NULL`.
pub(super) fn optional_number(value: Option<f64>) -> String {
    value.map_or_else(|| "NULL".into(), number)
}

fn quoted(value: &str, quote: char) -> Result<String, String> {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push(quote);
    for c in value.chars() {
        if c.is_control() && !matches!(c, '\n' | '\r' | '\t') {
            return Err(format!("a text with the control character U+{:04X} cannot be stored", u32::from(c)));
        }
        literal.extend((c == quote).then_some(c));
        literal.push(c);
    }
    literal.push(quote);
    Ok(literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_nothing_else_is_changed() {
        assert_eq!(text("it's a \"tag\"\\' -- ;\n").unwrap(), "'it''s a \"tag\"\\'' -- ;\n'");
        assert_eq!(name("a\"b'c").unwrap(), "\"a\"\"b'c\"");
        assert_eq!(optional_text(None).unwrap(), "NULL");
        assert_eq!(optional_text(Some("")).unwrap(), "''");
        assert_eq!(text("a\0b").unwrap_err(), "a text with the control character U+0000 cannot be stored");
        assert_eq!(text("a\u{9b}b").unwrap_err(), "a text with the control character U+009B cannot be stored");
    }

    #[test]
    fn numbers_are_written_to_the_last_bit() {
        for value in [0.1, -0.30000000000000004, 5e-324, 9_007_199_254_740_993.0, f64::MAX, 5.0] {
            assert_eq!(number(value).parse::<f64>().unwrap().to_bits(), value.to_bits());
        }
        assert_eq!([number(f64::NAN), number(f64::INFINITY), optional_number(None)], ["NULL"; 3]);
    }
}
