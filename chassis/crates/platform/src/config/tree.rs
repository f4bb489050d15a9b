//! What does the file say, and on which line? YAML as a tree whose every value knows its place.
//!
//! Start at [`parse`]. Nothing is judged here but YAML itself: a syntax error ends the reading, everything else
//! becomes part of the tree, duplicate keys and non-finite numbers too, so that all faults can be reported together.

use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number};
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Error, Options, Spanned};

use super::fault::{Fault, Line};

/// Nesting of a configuration file: the deepest known key lies five levels down.
const MAX_DEPTH: usize = 32;
/// Values of a configuration file, anchors replayed by aliases included; stops alias bombs. Ten thousand entries that
/// say all there is to say of each are two thirds of it.
const MAX_NODES: usize = 1_000_000;

/// A value of the file and the line on which it stands (with an alias, the line of what it stands for).
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    pub(super) line: Line,
    /// Where the value begins in the text, in bytes.
    pub(super) start: usize,
    pub(super) value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    /// A number that depends on who reads it: as the file writes it, and why.
    Doubtful(String, Doubt),
    Text(Text),
    List(Vec<Node>),
    Map(Vec<Entry>),
    /// A string that could not be expanded: already reported, so nothing more is said about it.
    Faulty,
}

/// Why readers of YAML disagree about a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    LeadingZero,
    Underscore,
    Base,
}

impl Doubt {
    /// What goes on behind the number.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::LeadingZero => "with a leading zero, which is octal to some readers of YAML and decimal to others",
            Self::Underscore => "with an underscore, which some readers of YAML skip, and to others makes a text of it",
            Self::Base => "in hexadecimal, octal or binary, which is a number to some readers of YAML only",
        }
    }
}

/// A string; where variables were expanded in it, `written` keeps what the file says, which is what may be shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) written: Option<String>,
}

/// A key of a mapping with its value, in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub(super) key: String,
    pub(super) line: Line,
    pub(super) node: Node,
}

impl Entry {
    /// The key as written.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The line of the key.
    pub fn line(&self) -> Line {
        self.line
    }

    /// The value.
    pub fn node(&self) -> &Node {
        &self.node
    }
}

impl Node {
    /// What stands for a section or value that the file leaves out.
    pub(super) fn left_out(line: Line, value: Value) -> Self {
        Self { line, start: usize::MAX, value }
    }

    /// The line on which the value stands.
    pub fn line(&self) -> Line {
        self.line
    }

    /// The value below `path` (keys joined by dots); `None` where a part of it is missing or no mapping.
    pub fn at(&self, path: &str) -> Option<&Node> {
        path.split('.').try_fold(self, |node, key| node.entries().iter().find(|e| e.key == key).map(Entry::node))
    }

    /// Takes the value of a key out of a mapping.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let Value::Map(entries) = &mut self.value else { return None };
        let at = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(at).node)
    }

    /// Lays `over` over this value: mappings are merged key by key, anything else is replaced. What stands at the key
    /// `name[]` is laid over each item of the list `name`.
    pub(super) fn merge(&mut self, over: &Node) {
        let (Value::Map(entries), Value::Map(others)) = (&mut self.value, &over.value) else {
            self.clone_from(over);
            return;
        };
        for other in others {
            let each = other.key.strip_suffix("[]");
            match entries.iter_mut().find(|entry| entry.key == each.unwrap_or(&other.key)) {
                Some(Entry { node: Node { value: Value::List(items), .. }, .. }) if each.is_some() => {
                    items.iter_mut().for_each(|item| item.merge(&other.node));
                }
                Some(entry) if each.is_none() => entry.node.merge(&other.node),
                _ => entries.push(other.clone()),
            }
        }
    }

    /// Has all lines below be of another source, before which so many others come.
    pub(super) fn move_behind(&mut self, sources: usize) {
        self.line = self.line.behind(sources);
        match &mut self.value {
            Value::List(items) => items.iter_mut().for_each(|item| item.move_behind(sources)),
            Value::Map(entries) => entries.iter_mut().for_each(|entry| {
                entry.line = entry.line.behind(sources);
                entry.node.move_behind(sources);
            }),
            _ => {}
        }
    }

    /// The value as a `T`; `None` where it is none.
    pub fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.to_json()).ok()
    }

    /// The entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The values of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a string, variables expanded.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(&text.text),
            _ => None,
        }
    }

    /// The text of a string in which no variable was expanded, which may be printed.
    pub fn public_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(Text { text, written: None }) => Some(text),
            _ => None,
        }
    }

    /// The value of a number.
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Value::Int(value) => Some(value as f64),
            Value::Float(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the value is a mapping, or one whose entries are all commented out.
    pub(super) fn is_section(&self) -> bool {
        matches!(self.value, Value::Map(_) | Value::Null)
    }

    /// Whether the value is `true`.
    pub fn is_true(&self) -> bool {
        self.value == Value::Bool(true)
    }

    /// Whether the value is null.
    pub fn is_null(&self) -> bool {
        self.value == Value::Null
    }

    /// What a fault may say about a value that is no secret: kind and size, or the scalar as the file writes it.
    pub fn shown(&self) -> String {
        match &self.value {
            Value::Null => "null".into(),
            Value::Bool(value) => value.to_string(),
            Value::Int(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Doubtful(written, _) => written.clone(),
            Value::Text(text) => quoted(text.written.as_deref().unwrap_or(&text.text)),
            Value::List(_) | Value::Map(_) | Value::Faulty => self.kind().into(),
        }
    }

    /// The kind of the value, for faults at keys whose values are secret.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Int(_) | Value::Float(_) | Value::Doubtful(..) => "a number",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Faulty => "a string that cannot be expanded",
        }
    }

    /// The tree as JSON; a number that JSON cannot hold becomes null, which the checks have ruled out before.
    pub(super) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null | Value::Doubtful(..) | Value::Faulty => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => Number::from_i128(*value).map_or(serde_json::Value::Null, Into::into),
            Value::Float(value) => (*value).into(),
            Value::Text(text) => text.text.clone().into(),
            Value::List(items) => items.iter().map(Self::to_json).collect(),
            Value::Map(entries) => {
                entries.iter().map(|e| (e.key.clone(), e.node.to_json())).collect::<Map<_, _>>().into()
            }
        }
    }
}

/// `text` in quotes on one line: control characters escaped, at most 60 characters, and what stands before an `@` (user
/// name and password of a URL) or after a `?` or `#` (where
/// a URL carries keys, as `name=value`) left out.
pub(super) fn quoted(text: &str) -> String {
    const MAX_CHARS: usize = 60;
    let mut public = match text.rsplit_once('@') {
        Some((_, host)) => format!("[redacted]@{host}"),
        None => text.to_owned(),
    };
    if let Some(query) = public.find(['?', '#']).filter(|_| text.contains('=')) {
        public.replace_range(query + 1.., "[redacted]");
    }
    let short = match public.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &public[..end]),
        None => public,
    };
    format!("{short:?}")
}

/// Reads one YAML document; an empty one is null.
///
/// # Errors
/// The first fault of syntax, or that a limit (depth, size after aliases) is exceeded, with its line. Its text names
/// what the parser met, never the values around it.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    parse_within(text, MAX_NODES)
}

/// The same within a limit of so many values.
pub(super) fn parse_within(text: &str, max_nodes: usize) -> Result<Node, Fault> {
    let read: Result<Spanned<Node>, _> = serde_saphyr::from_str_with_options(text, options(max_nodes));
    let mut root = read.map(placed).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        Fault::new(line, "", syntax(&error, max_nodes))
    })?;
    mark_doubtful(&mut root, text);
    Ok(root)
}

/// The parser tells numbers, not how they are written; that is in the text where they begin.
fn mark_doubtful(node: &mut Node, text: &str) {
    match &mut node.value {
        Value::Int(_) | Value::Float(_) => {
            let written = text.get(node.start..).unwrap_or_default();
            let end = written.find(|c: char| !c.is_ascii_alphanumeric() && !"+-._".contains(c));
            let written = &written[..end.unwrap_or(written.len())];
            if let Some(doubt) = doubt(written) {
                node.value = Value::Doubtful(written.to_owned(), doubt);
            }
        }
        Value::List(items) => items.iter_mut().for_each(|item| mark_doubtful(item, text)),
        Value::Map(entries) => entries.iter_mut().for_each(|entry| mark_doubtful(&mut entry.node, text)),
        _ => {}
    }
}

/// Whether readers disagree about a number: `010`, `-01.5`, `1_000`, `0x1F`, not `0`, `0.5` or `1e3`.
pub(super) fn doubt(number: &str) -> Option<Doubt> {
    let digits = number.strip_prefix(['+', '-']).unwrap_or(number);
    match digits.strip_prefix('0') {
        _ if digits.contains('_') => Some(Doubt::Underscore),
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => Some(Doubt::LeadingZero),
        Some(rest) if rest.starts_with(['x', 'X', 'o', 'O', 'b', 'B']) => Some(Doubt::Base),
        _ => None,
    }
}

fn options(max_nodes: usize) -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: max_nodes,
            // Each list and mapping has an end, too.
            max_events: 2 * max_nodes,
            // One anchor may serve as many entries as there can be: what they bring counts, and is limited.
            enforce_alias_anchor_ratio: false,
            max_aliases: max_nodes,
            max_merge_keys: max_nodes,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: max_nodes },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        with_snippet: false,
    }
}

fn syntax(error: &Error, max_nodes: usize) -> String {
    match error {
        Error::AliasError { error, .. } => syntax(error, max_nodes),
        Error::MultipleDocuments { .. } => "found a second document, expected one".into(),
        Error::NullIntoString { .. } => "found null as a key, expected a string".into(),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            format!("found a value more than {MAX_DEPTH} levels deep, expected at most that")
        }
        Error::Budget { .. } | Error::AliasReplayLimitExceeded { .. } => format!(
            "found more than {max_nodes} values, those that aliases repeat included, expected at most that; \
             leave out what only repeats a default"
        ),
        other => {
            let text = other.to_string();
            // The parser ends its text with the place, which the fault already carries.
            format!("not YAML: {}", text.rsplit_once(" at line ").map_or(&*text, |(text, _)| text))
        }
    }
}

/// Moves the place, known only once the value has been read, into the value.
fn placed(spanned: Spanned<Node>) -> Node {
    let start = spanned.defined.span().byte_offset().and_then(|start| start.try_into().ok());
    Node { line: spanned.defined.line().max(1).into(), start: start.unwrap_or(usize::MAX), ..spanned.value }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(ValueVisitor)?;
        Ok(Self { line: Line::from(0), start: usize::MAX, value })
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, number, true, false, null, list or mapping")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(Text { text: text.to_owned(), written: None }))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(placed(item));
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, node)) = map.next_entry::<Spanned<String>, Spanned<Node>>()? {
            entries.push(Entry { line: key.defined.line().max(1).into(), key: key.value, node: placed(node) });
        }
        Ok(Value::Map(entries))
    }
}
