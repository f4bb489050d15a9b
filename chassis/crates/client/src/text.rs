//! How much of a foreign text goes into our own sentences?

/// The most characters of a server's text that are repeated.
const CHARS_MAX: usize = 200;

/// The beginning of `text` on one line: white space and control characters become single spaces.
pub fn shorten(text: &str) -> String {
    let mut short = String::new();
    let mut chars = text.chars();
    for c in chars.by_ref().take(CHARS_MAX) {
        match c {
            c if !c.is_control() && !c.is_whitespace() => short.push(c),
            _ if short.ends_with(' ') || short.is_empty() => {}
            _ => short.push(' '),
        }
    }
    short.truncate(short.trim_end().len());
    if chars.next().is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_after_two_hundred_characters_and_kept_on_one_line() {
        assert_eq!(shorten(" \u{1b}[31mTable\r\n\tnot   found\n"), "[31mTable not found");
        assert_eq!(shorten(&"ä".repeat(201)), "ä".repeat(200) + "…");
        assert_eq!(shorten(&"ä".repeat(200)), "ä".repeat(200));
    }
}
