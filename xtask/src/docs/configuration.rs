//! The table of every configuration key, from the program's own schema, defaults and complaints.
//!
//! Start at [`table`]. Meanings are the schema's descriptions, which are the documentation of the code. What is
//! expected of a value is what the program says when it finds something else there. Defaults are what it takes to be in
//! effect where a file says nothing. Keys whose schema allows anything are those of later versions; they are named and
//! no more.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json, json};

use super::markdown::anchor;
use super::program::Program;
use super::table::{header, row};

/// The table, section by section.
pub(super) fn table(program: &Program<'_>) -> anyhow::Result<String> {
    let schema = program.schema()?;
    let mut sections = Vec::new();
    gather(Section { path: String::new(), node: Node::root(&schema) }, &mut sections);
    let values = Values {
        expected: expected(program, &sections)?,
        effective: program.normalized_part("")?.map_err(anyhow::Error::msg)?,
    };
    let mut table = String::new();
    let has_rows = |section: &&Section<'_>| !section.path.is_empty() && section.keys().next().is_some();
    for section in sections.iter().filter(has_rows) {
        let about = section.node.description()?;
        let names = header(&["key", "meaning", "expected", "default"]);
        table += &format!("## {}\n\n{about}\n\n{names}", section.path);
        for (name, node) in section.keys() {
            table += &values.row(section, name, node).with_context(|| format!("key {}.{name}", section.path))?;
        }
        table.push('\n');
    }
    let later: Vec<String> = sections.iter().flat_map(Section::later).map(|path| format!("`{path}`")).collect();
    if !later.is_empty() {
        table += &format!("{LATER}{}.\n", later.join(", "));
    }
    Ok(table)
}

const LATER: &str = "## Keys of later versions\n\nKnown by name, so that a file that has them loads. In this version \
                     they may hold anything, and change nothing.\n\n";
/// What stands in a path for a key that people choose.
const CHOSEN: &str = "NAME";

/// A place of the schema.
#[derive(Clone, Copy)]
struct Node<'s> {
    root: &'s Json,
    schema: &'s Json,
}

impl<'s> Node<'s> {
    fn root(schema: &'s Json) -> Self {
        Self { root: schema, schema }
    }

    fn at(self, schema: &'s Json) -> Self {
        Self { schema, ..self }
    }

    /// Itself and what it refers to, the nearest first.
    fn layers(self) -> Vec<&'s Json> {
        let mut layers = vec![self.schema];
        let alternatives = ["anyOf", "oneOf"].iter().filter_map(|key| self.schema[key].as_array()).flatten();
        let reference = std::iter::once(self.schema).chain(alternatives).find_map(|schema| schema["$ref"].as_str());
        if let Some(target) = reference.and_then(|name| self.root.pointer(name.strip_prefix('#')?)) {
            layers.push(target);
        }
        layers
    }

    fn get(self, keyword: &str) -> Option<&'s Json> {
        self.layers().into_iter().find_map(|layer| layer.get(keyword))
    }

    fn description(self) -> anyhow::Result<&'s str> {
        self.get("description").and_then(Json::as_str).with_context(|| format!("no description: {}", self.schema))
    }

    /// The keys of a section; nothing, where this is a value.
    fn fields(self) -> Option<&'s Map<String, Json>> {
        self.get("properties").and_then(Json::as_object)
    }

    /// What a list holds, or a mapping whose keys people choose, where that is sections.
    fn sections(self) -> Option<Sections<'s>> {
        let list = self.get("items").map(|items| Sections::List(self.at(items)));
        let of = list.or_else(|| Some(Sections::Map(self.at(self.get("additionalProperties")?))))?;
        of.node().fields().map(|_| of)
    }

    /// Whether anything may stand here: it is for a later version to say more.
    fn is_open(self) -> bool {
        !["type", "$ref", "anyOf", "oneOf", "enum", "const"].iter().any(|keyword| self.schema.get(keyword).is_some())
    }

    /// The values to choose from with what each means.
    fn choices(self) -> impl Iterator<Item = (&'s str, &'s str)> {
        let choices = self.layers().into_iter().filter_map(|layer| layer["oneOf"].as_array()).flatten();
        choices.filter_map(|choice| Some((choice["const"].as_str()?, choice["description"].as_str()?)))
    }
}

/// Several sections that are alike.
#[derive(Clone, Copy)]
enum Sections<'s> {
    List(Node<'s>),
    Map(Node<'s>),
}

impl<'s> Sections<'s> {
    fn node(self) -> Node<'s> {
        let (Self::List(node) | Self::Map(node)) = self;
        node
    }

    /// One of them, of those at `path`.
    fn one(self, path: &str) -> Section<'s> {
        let path = match self {
            Self::List(_) => format!("{path}[]"),
            Self::Map(_) => format!("{path}.{CHOSEN}"),
        };
        Section { path, node: self.node() }
    }

    /// A value with `wrong` at every key of one of them. A text stands for a list of them itself, and a number for one
    /// that lies inside another, which no text reaches.
    fn wrong(self, path: &str, wrong: &Json) -> Json {
        let one = || wrong_file(&self.one(path), wrong);
        let is_whole = wrong.is_string() || wrong.is_number() && path.contains("[]");
        match self {
            Self::List(_) if !is_whole => json!([one()]),
            Self::Map(_) if !wrong.is_array() => json!({ CHOSEN: one() }),
            _ => wrong.clone(),
        }
    }
}

/// A mapping with keys of its own.
struct Section<'s> {
    path: String,
    node: Node<'s>,
}

impl<'s> Section<'s> {
    fn all_keys(&self) -> impl Iterator<Item = (&'s str, Node<'s>)> {
        let node = self.node;
        node.fields().into_iter().flatten().map(move |(name, schema)| (name.as_str(), node.at(schema)))
    }

    /// The keys that do something.
    fn keys(&self) -> impl Iterator<Item = (&'s str, Node<'s>)> {
        self.all_keys().filter(|(_, node)| !node.is_open())
    }

    /// The paths of the other keys.
    fn later(&self) -> impl Iterator<Item = String> {
        self.all_keys().filter(|(_, node)| node.is_open()).map(|(name, _)| self.path_of(name))
    }

    /// The sections that one of its values holds. A mapping whose keys people choose has sections of its own at the
    /// root only: one further down says for a name what the section around it says for all.
    fn sections_in(&self, value: Node<'s>) -> Option<Sections<'s>> {
        value.sections().filter(|sections| self.path.is_empty() || matches!(sections, Sections::List(_)))
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn requires(&self, name: &str) -> bool {
        self.node.get("required").and_then(Json::as_array).into_iter().flatten().any(|required| required == name)
    }
}

/// All sections from this one on, in alphabetical order, each before those inside it.
fn gather<'s>(section: Section<'s>, sections: &mut Vec<Section<'s>>) {
    let inner = |(name, node): (&str, Node<'s>)| match (node.fields(), section.sections_in(node)) {
        (Some(_), _) => Some(Section { path: section.path_of(name), node }),
        (None, inner) => Some(inner?.one(&section.path_of(name))),
    };
    let inner: Vec<Section<'s>> = section.keys().filter_map(inner).collect();
    sections.push(section);
    for section in inner {
        gather(section, sections);
    }
}

/// What the program says of values.
struct Values {
    /// By key: what it expects; of the items of a list at `key[0]`.
    expected: BTreeMap<String, String>,
    /// What is in effect where a file says nothing.
    effective: Json,
}

impl Values {
    fn row(&self, section: &Section<'_>, name: &str, node: Node<'_>) -> anyhow::Result<String> {
        let path = section.path_of(name);
        let meaning = node.description()?.to_owned();
        if node.fields().is_some() {
            return Ok(row(&[&format!("`{name}`"), &meaning, &format!("[section](#{})", anchor(&path)), ""]));
        }
        let expected = self.expected.get(&path).context("the program did not say what it expects")?;
        let items = self.expected.get(&format!("{path}[0]")).map(|items| format!(": {items}")).unwrap_or_default();
        let choices: Vec<String> = node.choices().map(|(value, about)| format!("`{value}`: {about}")).collect();
        let meaning = [&[meaning][..], &choices].concat().join("<br>");
        Ok(row(&[&format!("`{name}`"), &meaning, &format!("{expected}{items}"), &self.default(section, name, node)]))
    }

    fn default(&self, section: &Section<'_>, name: &str, node: Node<'_>) -> String {
        if section.requires(name) {
            return "required".to_owned();
        }
        let effective = self.effective.pointer(&format!("/{}", section.path_of(name).replace('.', "/")));
        match effective.or(node.get("default")) {
            Some(Json::Null) => "null".to_owned(),
            // What is in effect for the asset of the smallest configuration says nothing about others.
            None | Some(Json::Object(_)) => "none".to_owned(),
            Some(Json::String(text)) => format!("`{text}`"),
            Some(other) => format!("`{other}`"),
        }
    }
}

/// What the program expects of every key: what it says when it finds something else there.
fn expected(program: &Program<'_>, sections: &[Section<'_>]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut expected = BTreeMap::new();
    for wrong in [json!({"nothing": 1}), json!([{"nothing": 1}]), json!("nothing"), json!(0)] {
        let file = wrong_file(&sections[0], &wrong);
        let Err(faults) = program.normalized(&file.to_string())? else {
            bail!("the program takes a file in which every value is {wrong}");
        };
        // file:line: key: found ..., expected ...
        for fault in faults.lines() {
            let Some((place, what)) = fault.split_once(", expected ") else { continue };
            if let Some(key) = place.splitn(3, ':').nth(2).and_then(|rest| rest.split_once(": found ")) {
                expected.entry(key.0.trim().replace("[0].", "[].")).or_insert_with(|| what.to_owned());
            }
        }
    }
    Ok(expected)
}

/// A file with `wrong` at every key; it is JSON, which is YAML too.
fn wrong_file(section: &Section<'_>, wrong: &Json) -> Json {
    let value = |name: &str, node| match (Node::fields(node), section.sections_in(node)) {
        (Some(_), _) => wrong_file(&Section { path: section.path_of(name), node }, wrong),
        (None, Some(inner)) => inner.wrong(&section.path_of(name), wrong),
        (None, None) => wrong.clone(),
    };
    Json::Object(section.keys().map(|(name, node)| (name.to_owned(), value(name, node))).collect())
}
