//! What do the keys of a rule file say? Its parameters, expressions and numbers, read into a [`Draft`].
//!
//! Start at [`read`]. Every fault is told; a file that has one gives no draft.

use rust_decimal::Decimal;

use super::compile::{Compiler, Scope};
use super::exits::Exits;
use super::fault::{Found, shortened};
use super::graph::{Frame, Graph, NodeId, Type};
use super::names::{is_name, is_taken};
use super::parameters::{Parameter, ParameterRange};
use super::reader::{Amount, Bounds, Reader, shown};
use super::syntax;
use super::yaml::{Entry, Node, Value};
use crate::time::Timeframe;

pub(super) const MAX_PARAMETERS: usize = 32;
pub(super) const MAX_LETS: usize = 64;
pub(super) const KEYS: [&str; 11] =
    ["name", "description", "params", "require", "let", "enter", "exit", "size", "limit", "valid_bars", "exits"];
pub(super) const PARAMETER_KEYS: [&str; 4] = ["default", "min", "max", "step"];

/// What a file without a fault says.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) parameters: Vec<Parameter>,
    pub(super) frames: Vec<Timeframe>,
    /// Line and column of the first use of each.
    pub(super) frame_places: Vec<(usize, usize)>,
    pub(super) graph: Graph,
    pub(super) require: Vec<Requirement>,
    pub(super) enter: NodeId,
    pub(super) exit: Option<NodeId>,
    pub(super) size: Option<NodeId>,
    pub(super) limit: Option<NodeId>,
    pub(super) valid_bars: Amount,
    pub(super) exits: Exits,
}

/// What must be true of the parameters.
#[derive(Debug, Clone)]
pub(super) struct Requirement {
    pub(super) rule: NodeId,
    /// As it is written.
    pub(super) written: String,
    /// Where.
    pub(super) at: usize,
}

/// Reads a file's tree.
pub(super) fn read<'t>(text: &'t str, root: &Node) -> Result<Draft, Found<'t>> {
    let mut reader = Reader { compiler: Compiler::new(text) };
    let draft = reader.draft(root);
    match draft {
        Some(draft) if reader.compiler.found.is_empty() => Ok(draft),
        _ => Err(reader.compiler.found),
    }
}

impl Reader<'_> {
    fn draft(&mut self, root: &Node) -> Option<Draft> {
        let entries = self.mapping("a rule file", root, &KEYS)?;
        let node = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| &entry.node);
        let name = self.name(root, node("name"));
        let description = node("description").map_or(Some(String::new()), |node| self.text("description", node));
        if let Some(node) = node("params") {
            self.parameters(node);
        }
        let require = node("require").map_or(Vec::new(), |node| self.require(node));
        if let Some(node) = node("let") {
            self.lets(node);
        }
        if node("enter").is_none() {
            self.fault(root.at.start, "enter is missing: a bool, true on the bars to buy at");
        }
        let mut rule = |key, kind| node(key).and_then(|node| self.rule(key, node, kind, Scope::Rule(Frame::Own)));
        let (enter, exit) = (rule("enter", Type::Bool), rule("exit", Type::Bool));
        let (size, limit) = (rule("size", Type::Number), rule("limit", Type::Number));
        let valid_bars = match node("valid_bars") {
            None => Some(Amount::Number(Decimal::ONE)),
            Some(valid_bars) => {
                if node("limit").is_none() {
                    self.fault(valid_bars.at.start, "valid_bars is for entries with a limit; this file has none");
                }
                self.amount("valid_bars", valid_bars, Bounds::whole(1, 100))
            }
        };
        let exits = node("exits").map_or_else(Exits::default, |node| Exits::read(self, node));
        Some(Draft {
            name: name?,
            description: description?,
            parameters: self.compiler.parameters.clone(),
            frames: self.compiler.frames.clone(),
            frame_places: self.compiler.frame_places.clone(),
            graph: self.compiler.graph.clone(),
            require,
            enter: enter?,
            exit,
            size,
            limit,
            valid_bars: valid_bars?,
            exits,
        })
    }

    fn name(&mut self, root: &Node, node: Option<&Node>) -> Option<String> {
        let Some(node) = node else {
            self.fault(root.at.start, "name is missing");
            return None;
        };
        let name = self.text("name", node)?;
        if !is_name(&name) {
            let name = shortened(&name);
            self.fault(node.at.start, &format!("name must be a letter a-z and up to 31 of a-z, 0-9, _; found {name}"));
        }
        Some(name)
    }

    fn rule(&mut self, key: &str, node: &Node, kind: Type, scope: Scope) -> Option<NodeId> {
        let scalar = self.scalar(key, "an expression", node)?;
        let expr = syntax::parse(scalar, &mut self.compiler.found)?;
        self.compiler.rule(key, &expr, kind, scope)
    }

    /// Tells a name that is none.
    fn is_name(&mut self, entry: &Entry) -> bool {
        let is_name = is_name(&entry.key);
        if !is_name {
            let found = shortened(&entry.key);
            self.fault(entry.at, &format!("a name must be a letter a-z and up to 31 of a-z, 0-9, _; found {found}"));
        }
        is_name
    }

    /// Tells a name that is none, or that the language has. Parameters may have those: their $ tells them apart.
    fn is_free_name(&mut self, entry: &Entry) -> bool {
        let is_taken = is_taken(&entry.key);
        if is_taken {
            self.fault(entry.at, &format!("{} is a word of the language; choose another name", entry.key));
        }
        self.is_name(entry) && !is_taken
    }

    fn parameters(&mut self, node: &Node) {
        let Some(entries) = self.named_entries("params", node) else { return };
        if let Some(entry) = entries.get(MAX_PARAMETERS) {
            self.fault(entry.at, &format!("found {} parameters, expected at most {MAX_PARAMETERS}", entries.len()));
        }
        for entry in entries.into_iter().take(MAX_PARAMETERS) {
            if let (true, Some(parameter)) = (self.is_name(entry), self.one_parameter(entry)) {
                self.compiler.parameters.push(parameter);
            }
        }
    }

    fn one_parameter(&mut self, entry: &Entry) -> Option<Parameter> {
        let (name, place) = (&entry.key, entry.node.at.start);
        let keys = self.mapping(&format!("parameter {name}"), &entry.node, &PARAMETER_KEYS)?;
        let [default, min, max, step] = PARAMETER_KEYS.map(|key| keys.iter().find(|entry| entry.key == key));
        let read = |reader: &mut Self, entry: &Entry| reader.decimal(&format!("{name}.{}", entry.key), &entry.node);
        let Some(default) = default else {
            self.fault(place, &format!("parameter {name} needs a default"));
            return None;
        };
        let default = read(self, default);
        let range = match (min, max, step) {
            (None, None, None) => None,
            (Some(min), Some(max), Some(step)) => {
                let [min, max, step] = [min, max, step].map(|entry| read(self, entry));
                Some(ParameterRange { min: min?, max: max?, step: step? })
            }
            _ => {
                self.fault(place, &format!("parameter {name} needs min, max and step together, or none of them"));
                return None;
            }
        };
        let default = default?;
        if let Some(ParameterRange { min, max, step }) = range {
            if !(min <= default && default <= max) {
                self.fault(
                    place,
                    &format!("parameter {name} needs min <= default <= max, found {min}, {default}, {max}"),
                );
            }
            if step <= Decimal::ZERO {
                self.fault(place, &format!("parameter {name} needs step > 0, found {step}"));
            }
        }
        Some(Parameter { name: name.clone(), default, range })
    }

    fn require(&mut self, node: &Node) -> Vec<Requirement> {
        let Value::List(items) = &node.value else {
            self.fault(node.at.start, &format!("require must be a list of bools, found {}", shown(node)));
            return Vec::new();
        };
        let mut rules = Vec::new();
        for item in items {
            if let Some(rule) = self.rule("require", item, Type::Bool, Scope::Require)
                && let Value::Scalar(scalar) = &item.value
            {
                rules.push(Requirement { rule, written: shortened(&scalar.text), at: item.at.start });
            }
        }
        rules
    }

    fn lets(&mut self, node: &Node) {
        let Some(entries) = self.named_entries("let", node) else { return };
        if let Some(entry) = entries.get(MAX_LETS) {
            self.fault(entry.at, &format!("found {} lets, expected at most {MAX_LETS}", entries.len()));
        }
        self.compiler.later = entries.iter().map(|entry| entry.key.clone()).collect();
        for entry in entries.into_iter().take(MAX_LETS) {
            let is_named = self.is_free_name(entry);
            let scalar = self.scalar(&format!("let {}", shortened(&entry.key)), "an expression", &entry.node);
            let expr = scalar.and_then(|scalar| syntax::parse(scalar, &mut self.compiler.found));
            if is_named {
                self.compiler.define(entry.key.clone(), expr);
            }
        }
    }
}
