//! What does a rule file hold? YAML as a tree whose every value and every character knows its place in the file.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Options, Spanned};

/// The deepest key of a rule file lies four levels down.
const MAX_DEPTH: usize = 16;
/// Values of a rule file: far more than it can mean anything by.
const MAX_NODES: usize = 10_000;

/// A value and where it stands in the file.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) at: Range<usize>,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    /// A text, or a number or a bool as the file writes it.
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key of a mapping with its value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) key: String,
    /// Where the key stands.
    pub(super) at: usize,
    pub(super) node: Node,
}

/// A text, and which part of the file each of its characters comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Scalar {
    pub(super) text: String,
    /// For each byte of the text, and for its end, the offset in the file.
    places: Vec<usize>,
}

impl Scalar {
    /// Where in the file the byte at `offset` stands.
    pub(super) fn place(&self, offset: usize) -> usize {
        self.places.get(offset).or(self.places.last()).copied().unwrap_or_default()
    }

    /// `text` as the file writes it at `at`: as it stands, over several lines, or between quotation marks.
    fn new(text: String, at: &Range<usize>, file: &str) -> Self {
        let written = file.get(at.clone()).unwrap_or_default();
        let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
        let quote = if solid(written) == solid(&text) { None } else { written.chars().next() };
        let mut offset = quote.map_or(0, char::len_utf8);
        let mut places = Vec::with_capacity(text.len() + 1);
        for c in text.chars() {
            if !c.is_whitespace() {
                offset += blank(&written[offset..], quote);
            }
            places.extend(std::iter::repeat_n(at.start + offset, c.len_utf8()));
            if !c.is_whitespace() {
                offset += length_of_one(&written[offset..], quote);
            }
        }
        places.push(at.start + offset);
        Self { text, places }
    }
}

/// Bytes of white space at the start, written plainly or by an escape.
fn blank(written: &str, quote: Option<char>) -> usize {
    let mut rest = written.trim_start();
    while quote == Some('"') && rest.starts_with('\\') {
        let is_blank = rest[1..].starts_with(['n', 't', 'r', ' ', '_', '\n', '\r', 'N', 'L', 'P', 'v', 'f', '\t']);
        if !is_blank {
            break;
        }
        rest = rest[2..].trim_start();
    }
    written.len() - rest.len()
}

/// Bytes that the first character takes where it is written.
fn length_of_one(written: &str, quote: Option<char>) -> usize {
    let first = written.chars().next().map_or(0, char::len_utf8);
    let length = match (quote, written.as_bytes()) {
        (Some('\''), [b'\'', b'\'', ..]) => 2,
        (Some('"'), [b'\\', b'x', ..]) => 4,
        (Some('"'), [b'\\', b'u', ..]) => 6,
        (Some('"'), [b'\\', b'U', ..]) => 10,
        (Some('"'), [b'\\', second, ..]) if second.is_ascii() => 2,
        _ => first,
    };
    if written.is_char_boundary(length) { length } else { first }
}

/// Why a text is not YAML: line and column, from 1, and what was found.
pub(super) struct NotYaml {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) text: String,
}

/// Reads one YAML document; an empty one is null. Aliases are refused: a small text could stand for a large one.
pub(super) fn parse(text: &str) -> Result<Node, NotYaml> {
    let read: Result<Spanned<Raw>, _> = serde_saphyr::from_str_with_options(text, options());
    let root = read.map(|root| placed(root, text)).map_err(|error| {
        let place = error.location();
        let number = |part: fn(&Location) -> u64| {
            let number = place.as_ref().map_or(1, part);
            usize::try_from(number).unwrap_or(1).max(1)
        };
        let (line, column) = (number(Location::line), number(Location::column));
        match tag_in(text.lines().nth(line - 1).unwrap_or_default(), column, &error) {
            Some(column) => NotYaml { line, column, text: tag_fault(text, line) },
            None => NotYaml { line, column, text: reason(&error) },
        }
    })?;
    match lone_tag(&root, text) {
        None => Ok(root),
        Some(at) => {
            let (line, column) = super::fault::place(text, at);
            Err(NotYaml { line, column, text: tag_fault(text, line) })
        }
    }
}

/// Where a `!` stands alone before a value: the parser takes it for a tag and drops it, and `! a` would read as `a`.
fn lone_tag(node: &Node, file: &str) -> Option<usize> {
    match &node.value {
        Value::Null => None,
        Value::List(items) => items.iter().find_map(|item| lone_tag(item, file)),
        Value::Map(entries) => entries.iter().find_map(|entry| lone_tag(&entry.node, file)),
        Value::Scalar(_) => {
            let before = file[..node.at.start].trim_end().strip_suffix('!')?;
            let line = before.rsplit('\n').next().unwrap_or_default();
            let is_alone = before.ends_with(|c: char| c.is_whitespace() || "[{,:".contains(c));
            (is_alone && !line.contains('#')).then_some(before.len())
        }
    }
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_depth: MAX_DEPTH, max_nodes: MAX_NODES },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 0 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
        reject_unsupported_tags: true, // it would be dropped: `! a` would read as `a`
    }
}

/// The column of the `!` that a line was not read for: it was read as a tag.
fn tag_in(line: &str, column: usize, error: &serde_saphyr::Error) -> Option<usize> {
    let is_tag = matches!(error, serde_saphyr::Error::UnsupportedTag { .. });
    let value = line.find(": ").map_or(0, |colon| colon + 1);
    let start = line.len() - line[value..].trim_start().len();
    let before = line.char_indices().nth(column).map_or(line.len(), |(end, _)| end);
    // A value that begins with a tag may also end the reading later in its line.
    let at = if line[start..].starts_with('!') { start } else { line[..before].rfind('!').filter(|_| is_tag)? };
    Some(line[..at].chars().count() + 1)
}

/// A text that begins with `!` is that text with a tag to YAML. In an expression it was meant as `not`.
fn tag_fault(text: &str, line: usize) -> String {
    const OF_EXPRESSIONS: [&str; 6] = ["require", "let", "enter", "exit", "size", "limit"];
    let is_key = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphabetic());
    let section = text.lines().take(line).filter(is_key).last().and_then(|line| line.split(':').next());
    let is_expression = section.is_some_and(|section| OF_EXPRESSIONS.contains(&section.trim_end()));
    let remedy = if is_expression { "write not" } else { "put the text in quotes" };
    format!("found !, which begins a tag in YAML; {remedy}")
}

fn reason(error: &serde_saphyr::Error) -> String {
    match error {
        serde_saphyr::Error::MultipleDocuments { .. } => "found a second document, expected one".into(),
        serde_saphyr::Error::NullIntoString { .. } => "found null as a key, expected a name".into(),
        other => {
            let text = other.to_string();
            if text.starts_with("alias replay") {
                return "found an alias, which rule files do not have".into();
            }
            // The parser ends its text with the place, which the fault has already.
            let text = text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text);
            let remedy = if text.contains("mapping values are not allowed") {
                "; put a value that has a colon and a blank in it in quotes, and write if(c, a, b) for c ? a : b"
            } else {
                ""
            };
            format!("not YAML: {}{remedy}", super::fault::shortened(text))
        }
    }
}

/// A value before it is known where it stands.
enum Raw {
    Null,
    Text(String),
    /// A number or a bool, which the file is asked for.
    Bare,
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

/// Not deeper than `MAX_DEPTH`.
fn placed(spanned: Spanned<Raw>, file: &str) -> Node {
    let at = range(&spanned.defined, file);
    let value = match spanned.value {
        Raw::Null => Value::Null,
        Raw::Text(text) => Value::Scalar(Scalar::new(text, &at, file)),
        Raw::Bare => Value::Scalar(Scalar::new(file[at.clone()].trim_end().to_owned(), &at, file)),
        Raw::List(items) => Value::List(items.into_iter().map(|item| placed(item, file)).collect()),
        Raw::Map(entries) => {
            let entry = |(key, node): (Spanned<String>, _)| Entry {
                at: range(&key.defined, file).start,
                key: key.value,
                node: placed(node, file),
            };
            Value::Map(entries.into_iter().map(entry).collect())
        }
    };
    Node { at, value }
}

/// The part of the file that a value is, always within it.
fn range(location: &Location, file: &str) -> Range<usize> {
    let span = location.span();
    let number = |number: Option<u64>| number.and_then(|number| usize::try_from(number).ok()).unwrap_or_default();
    let start = file.floor_char_boundary(number(span.byte_offset()));
    start..file.floor_char_boundary(start.saturating_add(number(span.byte_len()))).max(start)
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, number, true, false, null, list or mapping")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Bare)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Bare)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Bare)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Bare)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where each character of the value of `key` stands, as the file's own characters.
    fn seen(file: &str) -> (String, String) {
        let Ok(Node { value: Value::Map(entries), .. }) = parse(file) else { panic!("no mapping: {file:?}") };
        let Value::Scalar(scalar) = &entries[0].node.value else { panic!("no text: {file:?}") };
        let solid = scalar.text.char_indices().filter(|(_, c)| !c.is_whitespace());
        let at = solid.map(|(offset, _)| file[scalar.place(offset)..].chars().next().unwrap_or('?'));
        (scalar.text.clone(), at.collect())
    }

    #[test]
    fn each_character_knows_its_place_however_the_text_is_written() {
        assert_eq!(seen("a: x > 5 # c\n"), ("x > 5".into(), "x>5".into()));
        assert_eq!(seen("a: x\n  > 5\n"), ("x > 5".into(), "x>5".into()));
        assert_eq!(seen("a: |\n  x # one\n  > 5\nb: 1\n"), ("x # one\n> 5\n".into(), "x#one>5".into()));
        assert_eq!(seen("a: >-\n  \"x\"\n  > 5\nb: 1\n"), ("\"x\" > 5".into(), "\"x\">5".into()));
        assert_eq!(seen("a: 'ü''s > 5'\n"), ("ü's > 5".into(), "ü's>5".into()));
        assert_eq!(seen("a: \"\\\"x\\\"\\n\\t\\u0041 5\"\n"), ("\"x\"\n\tA 5".into(), "\\x\\\\5".into()));
        assert_eq!(seen("a: 1.50\n"), ("1.50".into(), "1.50".into()));
        assert_eq!(seen("a: True\n"), ("True".into(), "True".into()));
    }
}
