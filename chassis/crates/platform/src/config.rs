//! How does a YAML file become a value a program can trust, or a list of everything that is wrong with it?
//!
//! Start at [`Document::read`]; then [`Document::check`] against the JSON Schema of the configuration's type, which is
//! the one definition of its keys; then whatever only the program knows, through [`Document::root`] and
//! [`Document::report`]; then [`Document::finish`] and [`typed`]. A syntax error ends the reading, all other faults are
//! reported together, each as `file:line: key.path: what was found, expected what`.
//!
//! No fault holds what a variable was expanded to, nor anything that stands at a key marked `writeOnly`
//! ([`crate::Secret`]).

mod check;
mod expand;
mod fault;
mod shape;
pub mod text;
mod tree;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

pub use check::{child, did_you_mean};
use fault::Source;
pub use fault::{Fault, Faults, Line};
pub use shape::Format;
pub use tree::{Entry, Node};
use tree::{Text, Value};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// A configuration file as read, and what was found wrong with it so far.
#[derive(Debug, Clone)]
pub struct Document {
    /// The file, and what was laid over it.
    sources: Vec<Source>,
    root: Node,
    faults: Vec<Fault>,
}

impl Document {
    /// Reads `file`, at most 1 MiB, and expands the variables in its strings, which `lookup` answers.
    ///
    /// # Errors
    /// The file cannot be read, is too large, or is not one YAML document in UTF-8.
    pub fn read(file: &Path, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let text = read_text(file).map_err(|message| Faults::new(file, vec![Fault::new(1, "", message)]))?;
        Self::parse(file, &text, lookup)
    }

    /// As [`Document::read`], with the text of the file given.
    ///
    /// # Errors
    /// The text is not one YAML document.
    pub fn parse(file: &Path, text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut document = Self::parse_in(Source::File(file.to_owned()), text, lookup)?;
        if document.root.is_null() {
            document.root.value = Value::Map(Vec::new()); // an empty file has no keys
        }
        Ok(document)
    }

    /// As [`Document::parse`], of a value that stands in no file: faults begin with `name` alone.
    ///
    /// # Errors
    /// The text is not one YAML document.
    pub fn parse_named(name: &str, text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        Self::parse_in(Source::Named(name.to_owned()), text, lookup)
    }

    fn parse_in(source: Source, text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, Faults> {
        let mut root = tree::parse(text).map_err(|fault| Faults::of(vec![source.clone()], vec![fault]))?;
        let mut faults = Vec::new();
        check::duplicates(&root, "", &mut faults);
        expand_strings(&mut root, "", lookup, &mut faults);
        Ok(Self { sources: vec![source], root, faults })
    }

    /// Compares the file with a JSON Schema as schemars writes it; `own` are the checks behind the `format`s that it
    /// has besides those of [`text`].
    pub fn check(&mut self, schema: &Json, own: &[Format]) {
        let formats = [text::FORMATS, own].concat();
        self.faults.extend(check::check(schema, &formats, &mut self.root));
    }

    /// Takes out the section of environments and lays the one of this name over the rest of the file: mappings are
    /// merged key by key, anything else takes the place of what was there. Without a name the section is only taken
    /// out; a name that it does not have is a fault, and so is a section or environment that is no mapping. Variables
    /// of the other environments need not be there.
    pub fn lay_over(&mut self, section: &str, name: Option<&str>) {
        let own = name.map(|name| child(section, name));
        let is_own = |fault: &Fault| own.as_ref().is_some_and(|own| fault.is_at(own));
        self.faults.retain(|fault| !fault.is_of_variable() || !fault.is_at(section) || is_own(fault));
        let environments = self.root.take(section).unwrap_or(Node::left_out(Line::from(1), Value::Null));
        if !environments.is_section() {
            let message = format!("found {}, expected a mapping of names to parts of this file", environments.shown());
            return self.faults.push(Fault::new(environments.line, section, message));
        }
        let Some(name) = name else { return };
        match environments.entries().iter().find(|entry| entry.key == name) {
            // One whose keys are all commented out changes nothing.
            Some(Entry { node, .. }) if node.is_null() => {}
            Some(Entry { node, .. }) if node.is_section() => self.root.merge(node),
            Some(Entry { node, .. }) => {
                let message = format!("found {}, expected a mapping, as a part of this file", node.shown());
                self.faults.push(Fault::new(node.line, child(section, name), message));
            }
            None => {
                let known: Vec<_> = environments.entries().iter().map(|entry| entry.key.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let message = format!("found no environment {}, expected one of {known}", tree::quoted(name));
                self.faults.push(Fault::new(environments.line, section, message));
            }
        }
    }

    /// Lays another document over this one, as an environment; what stands at a key `name[]` is laid over each item of
    /// the list `name`. Its faults are this one's, too, each with its own place.
    pub fn lay_document_over(&mut self, mut over: Self) {
        let sources = self.sources.len();
        over.root.move_behind(sources);
        self.root.merge(&over.root);
        self.faults.extend(over.faults.into_iter().map(|fault| fault.behind(sources)));
        self.sources.extend(over.sources);
    }

    /// Lays another document under this one: what this one says counts, the rest is the other's.
    pub fn lay_under(&mut self, mut under: Self) {
        let sources = self.sources.len();
        under.root.move_behind(sources);
        under.root.merge(&self.root);
        self.root = under.root;
        self.faults.extend(under.faults.into_iter().map(|fault| fault.behind(sources)));
        self.sources.extend(under.sources);
    }

    /// Moves the whole document below these keys, joined by dots.
    #[must_use]
    pub fn below(mut self, path: &str) -> Self {
        for key in path.rsplit('.') {
            let line = self.root.line;
            let node = std::mem::replace(&mut self.root, Node::left_out(line, Value::Null));
            self.root.value = Value::Map(vec![Entry { key: key.to_owned(), line, node }]);
        }
        self
    }

    /// Takes out sections that are not checked.
    pub fn take_out(&mut self, sections: &[&str]) {
        for section in sections {
            self.root.take(section);
        }
    }

    /// The file's content, for checks that a schema cannot express.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Adds faults found by such checks.
    pub fn report(&mut self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.extend(faults);
    }

    /// Every fault found since the reading.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The content as JSON, if nothing was wrong with it.
    ///
    /// # Errors
    /// Every fault found since the reading.
    pub fn finish(self) -> Result<Json, Faults> {
        if self.faults.is_empty() { Ok(self.root.to_json()) } else { Err(Faults::of(self.sources, self.faults)) }
    }
}

/// Turns checked content into the type whose schema it was checked against.
///
/// # Errors
/// The key whose value the type refuses although the schema allowed it; that is a defect, reported like a fault.
pub fn typed<T: DeserializeOwned>(file: &Path, content: Json) -> Result<T, Faults> {
    serde_path_to_error::deserialize(content).map_err(|error| {
        let message = "the value keeps to the schema and still cannot be used, which is a defect of this program";
        Faults::new(file, vec![Fault::new(1, error.path().to_string(), message)])
    })
}

fn read_text(file: &Path) -> Result<String, String> {
    let read = |file: &Path| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(file)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read(file).map_err(|error| {
        format!("cannot read the configuration: {error}, expected a file that can be read at this path")
    })?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("the configuration is larger than {MAX_BYTES} bytes, expected at most that"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("found a byte at offset {at} that is not UTF-8, expected UTF-8 text")
    })
}

fn expand_strings(node: &mut Node, path: &str, lookup: &dyn Fn(&str) -> Option<String>, faults: &mut Vec<Fault>) {
    match &mut node.value {
        Value::Text(Text { text, written }) => match expand::expand(text, lookup) {
            Ok(None) => {}
            Ok(Some(expanded)) => *written = Some(std::mem::replace(text, expanded)),
            Err(error) => {
                let fault = Fault::new(node.line, path, error.to_string());
                faults.push(if error.is_of_variable() { fault.of_variable() } else { fault });
                node.value = Value::Faulty;
            }
        },
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                expand_strings(item, &format!("{path}[{index}]"), lookup, faults);
            }
        }
        Value::Map(entries) => {
            for entry in entries {
                expand_strings(&mut entry.node, &child(path, &entry.key), lookup, faults);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
