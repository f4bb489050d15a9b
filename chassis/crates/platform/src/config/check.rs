//! Does the tree keep to the schema? All faults, each with its line, key path and what was expected instead.
//!
//! Start at [`check`]. Besides judging, it settles what a schema alone can decide: an expanded `${PORT}` becomes a
//! number where one is expected, `10.0` a whole number, and a section without entries an empty mapping.

use std::collections::HashMap;

use serde_json::Value as Json;

use super::fault::{Fault, Line};
use super::shape::{Format, Shape};
use super::text;
use super::tree::{Entry, Node, Text, Value, doubt, quoted};

/// Compares `node` with `schema`; the faults come in the order of the schema's walk.
pub(super) fn check(schema: &Json, formats: &[Format], node: &mut Node) -> Vec<Fault> {
    let mut checker = Checker { root: schema, formats, faults: Vec::new() };
    checker.node(schema, node, "");
    checker.faults
}

struct Checker<'a> {
    root: &'a Json,
    formats: &'a [Format],
    faults: Vec<Fault>,
}

impl Checker<'_> {
    fn node(&mut self, schema: &Json, node: &mut Node, path: &str) {
        let shape = match Shape::of(self.root, schema, self.formats) {
            Ok(shape) => shape,
            Err(unknown) => {
                let message = format!("the schema's {unknown} is not understood, which is a defect of this program");
                self.faults.push(Fault::new(node.line, path, message));
                return;
            }
        };
        settle(&shape, node);
        if !fits(&shape, node) {
            self.found_other(&shape, node, path);
            return;
        }
        match &mut node.value {
            Value::List(items) => self.list(&shape, items, path),
            Value::Map(_) => self.map(&shape, node, path),
            _ => {}
        }
    }

    fn found_other(&mut self, shape: &Shape<'_>, node: &Node, path: &str) {
        let found = match &node.value {
            // `users: admin:password` stands where a section with a secret was expected.
            _ if self.holds_secret(shape) => node.kind().to_owned(),
            Value::List(items) if items.is_empty() => "an empty list".to_owned(),
            _ => node.shown(),
        };
        let hint = hint(shape, node);
        let why = match &node.value {
            Value::Doubtful(_, doubt) => format!(" {}", doubt.why()),
            _ => String::new(),
        };
        let message = format!("found {found}{why}, expected {}{hint}", shape.expected());
        self.faults.push(Fault::new(node.line, path, message));
    }

    /// Whether the value itself, or one somewhere below it, is a secret.
    fn holds_secret(&self, shape: &Shape<'_>) -> bool {
        let below =
            shape.properties.into_iter().flat_map(|known| known.values()).chain(shape.items).chain(shape.others);
        let of = |schema| Shape::of(self.root, schema, self.formats).is_ok_and(|inner| self.holds_secret(&inner));
        shape.secret || below.into_iter().any(of)
    }

    fn list(&mut self, shape: &Shape<'_>, items: &mut [Node], path: &str) {
        if let Some(schema) = shape.items {
            for (index, item) in items.iter_mut().enumerate() {
                self.node(schema, item, &format!("{path}[{index}]"));
            }
        }
        if !shape.unique {
            return;
        }
        // By what they stand for: a variable may say again what is written out.
        let mut firsts = HashMap::with_capacity(items.len());
        // What no kind is known of says nothing that another could say again.
        let is_known = |(_, item): &(usize, &Node)| !matches!(item.value, Value::Doubtful(..) | Value::Faulty);
        for (index, item) in items.iter().enumerate().filter(is_known) {
            let first = *firsts.entry(item.to_json().to_string()).or_insert(index);
            if first < index {
                let message = format!("found {} again, expected it once (first at {path}[{first}])", item.shown());
                self.faults.push(Fault::new(item.line, format!("{path}[{index}]"), message));
            }
        }
    }

    fn map(&mut self, shape: &Shape<'_>, node: &mut Node, path: &str) {
        let line = node.line;
        let Value::Map(entries) = &mut node.value else { return };
        for entry in entries.iter_mut() {
            let path = child(path, &entry.key);
            match shape.properties.and_then(|known| known.get(&entry.key)).or(shape.others) {
                Some(schema) => self.node(schema, &mut entry.node, &path),
                // Where any kind will do, nothing is known of keys either.
                None if shape.kinds.is_empty() => {}
                None => self.faults.push(Fault::new(entry.line, path, unknown_key(shape, &entry.key))),
            }
        }
        for key in &shape.required {
            if !entries.iter().any(|entry| entry.key == *key) {
                self.missing(shape, key, line, path);
            }
        }
    }

    /// Reports a missing key; a missing section is reported by the keys it would have to hold.
    fn missing(&mut self, shape: &Shape<'_>, key: &str, line: Line, path: &str) {
        let path = child(path, key);
        let Some(schema) = shape.properties.and_then(|known| known.get(key)) else { return };
        match Shape::of(self.root, schema, self.formats) {
            Ok(inner) if inner.allows("object") && !inner.required.is_empty() => {
                self.node(schema, &mut Node::left_out(line, Value::Map(Vec::new())), &path);
            }
            Ok(inner) => self.faults.push(Fault::new(line, path, format!("missing, expected {}", inner.expected()))),
            Err(_) => self.node(schema, &mut Node::left_out(line, Value::Null), &path),
        }
    }
}

/// The remedy, where it is not plain from what was expected: of a number that was meant as a text, or as a time.
fn hint(shape: &Shape<'_>, node: &Node) -> String {
    let (text, is_bare) = match &node.value {
        Value::Int(number) => (number.to_string(), true),
        Value::Float(number) => (number.to_string(), true),
        Value::Bool(value) => (value.to_string(), true),
        Value::Doubtful(written, _) => (written.clone(), true),
        Value::Text(Text { text, written: None }) => (text.clone(), false),
        _ => return String::new(),
    };
    if let Some(meant) = text::meant_instant(&text).filter(|_| shape.format.is_some_and(text::is_instant)) {
        return format!("; {meant}");
    }
    let is_meant = is_bare && shape.allows("string") && shape.choices.is_empty();
    let would_do = shape.format.is_none_or(|format| (format.accepts)(&text));
    if is_meant && would_do { "; put it in quotes".to_owned() } else { String::new() }
}

/// The path of `key` below `path`; whatever a file may hold as a key, it stays on one line.
pub fn child(path: &str, key: &str) -> String {
    let key = match key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) && key.len() <= 60 {
        true => key.to_owned(),
        false => quoted(key),
    };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn unknown_key(shape: &Shape<'_>, key: &str) -> String {
    let known = shape.properties.into_iter().flat_map(|known| known.keys()).map(String::as_str);
    format!("unknown key {}{}", quoted(key), did_you_mean(key, known))
}

/// `, did you mean "…"?` with the nearest of `known`; empty where nothing is known.
pub fn did_you_mean<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    // Beyond this length no name of ours is near, and the distance would be slow to compute.
    let name: String = name.to_lowercase().chars().take(100).collect();
    let nearest = known.min_by_key(|candidate| strsim::osa_distance(&name, candidate));
    nearest.map_or(String::new(), |nearest| format!(", did you mean {}?", quoted(nearest)))
}

/// Duplicate keys anywhere below `node`, each at the line of the later one.
pub(super) fn duplicates(node: &Node, path: &str, faults: &mut Vec<Fault>) {
    let mut firsts = HashMap::with_capacity(node.entries().len());
    for entry in node.entries() {
        let path = child(path, &entry.key);
        let first: &Entry = firsts.entry(entry.key.as_str()).or_insert(entry);
        if !std::ptr::eq(first, entry) {
            let message = format!("found the key twice, expected it once (first on line {})", first.line);
            faults.push(Fault::new(entry.line, path.clone(), message));
        }
        duplicates(&entry.node, &path, faults);
    }
    for (index, item) in node.items().iter().enumerate() {
        duplicates(item, &format!("{path}[{index}]"), faults);
    }
}

/// Gives the value the kind the schema expects where the file can only mean that.
fn settle(shape: &Shape<'_>, node: &mut Node) {
    let settled = match &node.value {
        // A section whose entries are all commented out.
        Value::Null if shape.kinds == ["object"] => Value::Map(Vec::new()),
        Value::Float(value) => match whole(*value) {
            Some(whole) if shape.allows("integer") && !shape.allows("number") => Value::Int(whole),
            _ => return,
        },
        Value::Text(Text { text, written: Some(written) }) => match scalar(text, written, shape) {
            Some(value) => value,
            None => return,
        },
        _ => return,
    };
    node.value = settled;
}

/// What the text of an expanded variable means where no string, or also null, is expected.
fn scalar(text: &str, written: &str, shape: &Shape<'_>) -> Option<Value> {
    if text.is_empty() && shape.kinds.contains(&"null") {
        return Some(Value::Null);
    }
    if shape.allows("string") {
        return None;
    }
    let text = text.trim();
    if shape.kinds.contains(&"boolean") {
        return text.to_ascii_lowercase().parse().ok().map(Value::Bool);
    }
    let number = text.parse().ok().filter(|value: &f64| value.is_finite());
    if let Some(doubt) = number.and_then(|_| doubt(text)) {
        return Some(Value::Doubtful(quoted(written), doubt));
    }
    match text.parse() {
        Ok(whole) => Some(Value::Int(whole)),
        Err(_) if shape.allows("number") => number.map(Value::Float),
        Err(_) => number.and_then(whole).map(Value::Int),
    }
}

/// `value` as a whole number where that loses nothing.
fn whole(value: f64) -> Option<i128> {
    const EXACT: f64 = 9_007_199_254_740_992.0; // 2^53
    #[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
    (value.fract() == 0.0 && value.abs() <= EXACT).then_some(value as i128)
}

/// Whether kind, range, length, choice and format of the value itself are as expected (not what it contains).
fn fits(shape: &Shape<'_>, node: &Node) -> bool {
    match &node.value {
        Value::Null => shape.allows("null"),
        Value::Bool(_) => shape.allows("boolean"),
        Value::Int(value) => (shape.allows("integer") || shape.allows("number")) && in_range(shape, *value as f64),
        Value::Float(value) => shape.allows("number") && value.is_finite() && in_range(shape, *value),
        Value::Text(text) => shape.allows("string") && text_fits(shape, &text.text),
        Value::List(items) => shape.allows("array") && !(shape.non_empty && items.is_empty()),
        Value::Map(_) => shape.allows("object"),
        Value::Doubtful(..) => false,
        Value::Faulty => true,
    }
}

fn in_range(shape: &Shape<'_>, value: f64) -> bool {
    shape.minimum.is_none_or(|low| value >= low)
        && shape.above.is_none_or(|low| value > low)
        && shape.maximum.is_none_or(|high| value <= high)
        && shape.below.is_none_or(|high| value < high)
}

fn text_fits(shape: &Shape<'_>, text: &str) -> bool {
    if !shape.choices.is_empty() {
        return shape.choices.contains(&text);
    }
    !(shape.non_empty && text.trim().is_empty()) && shape.format.is_none_or(|format| (format.accepts)(text))
}
