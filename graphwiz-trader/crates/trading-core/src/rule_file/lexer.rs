//! Which words is an expression made of?

use std::ops::Range;

use super::fault::{Found, shortened};
use super::names::WORDS;
use super::yaml::Scalar;

/// A word of an expression.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Word {
    Number(f64),
    Name(String),
    /// `$name`.
    Parameter(String),
    /// `"text"`.
    Text(String),
    /// An operator, a bracket, a comma or a point.
    Sign(&'static str),
    End,
}

/// A word and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) word: Word,
    pub(super) at: Range<usize>,
}

/// Longer ones first.
const SIGNS: [&str; 14] = ["<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", ",", "."];

/// What other languages write, and what stands for it here. Longer ones first.
const FOREIGN: [(&str, &str); 16] = [
    ("&&", "write and"),
    ("&", "write and"),
    ("||", "write or"),
    ("|", "write or"),
    ("!", "write not"),
    ("=>", "write >="),
    ("=<", "write <="),
    ("=", "write == to compare; there is no assignment"),
    ("[", "write prev(close, 1) for the close of the bar before"),
    ("%", "write 0.30 for 30 %"),
    ("?", "write if(c, a, b)"),
    ("^", "write x * x"),
    ("**", "write x * x"),
    ("<>", "write !="),
    (";", "leave it out; an expression ends with its text"),
    ("'", "write \"4h\" for a text"),
];

/// The words of `scalar`, the last of which is [`Word::End`]; `None` where there is a fault, which is told.
pub(super) fn words(scalar: &Scalar, found: &mut Found<'_>) -> Option<Vec<Token>> {
    let text = scalar.text.as_str();
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        at += blank(&text[at..]);
        let rest = &text[at..];
        if rest.is_empty() {
            let end = scalar.place(at);
            tokens.push(Token { word: Word::End, at: end..end });
            return Some(tokens);
        }
        match word(rest) {
            Ok((word, length)) => {
                tokens.push(Token { word, at: scalar.place(at)..scalar.place(at + length) });
                at += length;
            }
            Err(text) => {
                found.add(scalar.place(at), || text);
                return None;
            }
        }
    }
}

/// Bytes of white space and comments at the start.
fn blank(text: &str) -> usize {
    let mut rest = text.trim_start();
    while rest.starts_with('#') {
        rest = rest.find('\n').map_or("", |end| &rest[end..]).trim_start();
    }
    text.len() - rest.len()
}

/// The first word of a text that is not blank, with its length in bytes.
fn word(text: &str) -> Result<(Word, usize), String> {
    let sign = SIGNS.into_iter().find(|sign| text.starts_with(sign));
    let foreign = FOREIGN.into_iter().find(|(foreign, _)| text.starts_with(foreign));
    // The longer one is meant: == is no assignment, and <> no comparison.
    match (sign, foreign) {
        (sign, Some((foreign, instead))) if sign.is_none_or(|sign| sign.len() < foreign.len()) => {
            return Err(format!("found {foreign}, {instead}"));
        }
        (Some(sign), _) => return Ok((Word::Sign(sign), sign.len())),
        (None, _) => {}
    }
    match text.as_bytes()[0] {
        b'0'..=b'9' => number(text),
        b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
            let length = name_length(text);
            let (name, small) = (&text[..length], text[..length].to_lowercase());
            if name != small && WORDS.contains(&small.as_str()) {
                return Err(format!("found {name}, write {small}"));
            }
            Ok((Word::Name(name.to_owned()), length))
        }
        b'$' => match name_length(&text[1..]) {
            0 => Err("expected the name of a parameter after $".to_owned()),
            length => Ok((Word::Parameter(text[1..=length].to_owned()), length + 1)),
        },
        b'"' => quoted(text),
        _ => {
            let first = text.chars().next().map(String::from).unwrap_or_default();
            Err(format!("found {}, which no expression has", shortened(&first)))
        }
    }
}

fn name_length(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// digits [ "." digits ] [ "e" [ "-" ] digits ]
fn number(text: &str) -> Result<(Word, usize), String> {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    if text[length..].starts_with('.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if text[length..].starts_with('e') {
        let sign = usize::from(text[length + 1..].starts_with('-'));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    let written = &text[..length];
    let unit = text[length..][..name_length(&text[length..])].to_lowercase();
    if matches!(unit.as_str(), "m" | "h" | "d" | "w") {
        let (frame, found) = (format!("{written}{unit}"), &text[..length + 1]);
        return Err(format!("found {}, write \"{}\" for a frame", shortened(found), shortened(&frame)));
    }
    match written.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok((Word::Number(number), length)),
        _ => Err(format!("{} is too large for a number", shortened(written))),
    }
}

/// Letters and digits between quotation marks.
fn quoted(text: &str) -> Result<(Word, usize), String> {
    let length = text[1..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len() - 1);
    if text[1 + length..].starts_with('"') {
        return Ok((Word::Text(text[1..=length].to_owned()), length + 2));
    }
    Err("expected letters and digits between \" and \"".to_owned())
}
