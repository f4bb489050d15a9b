//! The table of every configuration key, from the program's own schema, defaults and complaints.
//!
//! Start at [`table`]. Meanings are the schema's descriptions, which are the documentation of the code. What is expected
//! of a value is what the program says when it finds something else there. Defaults are what it takes to be in effect
//! where a file says nothing.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value as Json, json};

use super::program::Program;
use super::table::{header, row};

/// The table, section by section.
pub(super) fn table(program: &Program) -> anyhow::Result<String> {
    let schema = program.schema()?;
    let mut sections = Vec::new();
    gather("", Node::root(&schema), &mut sections);
    let values = Values {
        expected: expected(program, &sections)?,
        effective: program.normalized("client: {assets: [usdc]}\n")?.map_err(anyhow::Error::msg)?,
    };
    let mut table = String::new();
    for section in sections.iter().filter(|section| !section.path.is_empty()) {
        let about = section.node.description()?;
        let names = header(&["key", "meaning", "expected", "default"]);
        table += &format!("## {}\n\n{about}\n\n{names}", section.path);
        for (name, node) in section.keys() {
            table += &values.row(section, name, node).with_context(|| format!("key {}.{name}", section.path))?;
        }
        table.push('\n');
    }
    Ok(table)
}

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

    /// What a list holds, where it holds sections.
    fn sections(self) -> Option<Self> {
        let items = self.at(self.get("items")?);
        items.fields().map(|_| items)
    }

    /// The values to choose from with what each means.
    fn choices(self) -> impl Iterator<Item = (&'s str, &'s str)> {
        let choices = self.layers().into_iter().filter_map(|layer| layer["oneOf"].as_array()).flatten();
        choices.filter_map(|choice| Some((choice["const"].as_str()?, choice["description"].as_str()?)))
    }
}

/// A mapping with keys of its own.
struct Section<'s> {
    path: String,
    node: Node<'s>,
}

impl<'s> Section<'s> {
    fn keys(&self) -> impl Iterator<Item = (&'s str, Node<'s>)> {
        let node = self.node;
        node.fields().into_iter().flatten().map(move |(name, schema)| (name.as_str(), node.at(schema)))
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn requires(&self, name: &str) -> bool {
        self.node.get("required").and_then(Json::as_array).into_iter().flatten().any(|required| required == name)
    }
}

/// All sections from `node` on, in alphabetical order, each before those inside it.
fn gather<'s>(path: &str, node: Node<'s>, sections: &mut Vec<Section<'s>>) {
    let section = Section { path: path.to_owned(), node };
    let inner: Vec<(String, Node<'s>)> = section.keys().map(|(name, node)| (section.path_of(name), node)).collect();
    sections.push(section);
    for (path, node) in inner {
        if node.fields().is_some() {
            gather(&path, node, sections);
        } else if let Some(items) = node.sections() {
            gather(&format!("{path}[]"), items, sections);
        }
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
            let anchor: String = path.replace('.', "");
            return Ok(row(&[&format!("`{name}`"), &meaning, &format!("[section](#{anchor})"), ""]));
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
            None | Some(Json::Null) => "null".to_owned(),
            // What is in effect for the asset of the smallest configuration says nothing about others.
            Some(Json::Object(_)) => "none".to_owned(),
            Some(Json::String(text)) => format!("`{text}`"),
            Some(other) => format!("`{other}`"),
        }
    }
}

/// What the program expects of every key: what it says when it finds something else there.
fn expected(program: &Program, sections: &[Section<'_>]) -> anyhow::Result<BTreeMap<String, String>> {
    let mut expected = BTreeMap::new();
    for wrong in [json!({"nothing": 1}), json!([{"nothing": 1}]), json!("nothing")] {
        let file = wrong_file(sections[0].node, &wrong);
        let Err(faults) = program.normalized(&file.to_string())? else {
            bail!("the program takes a file in which every value is {wrong}");
        };
        // file:line: key: found ..., expected ...
        for fault in faults.lines() {
            let Some((place, what)) = fault.split_once(", expected ") else { continue };
            if let Some(key) = place.splitn(3, ':').nth(2).and_then(|rest| rest.split_once(": found a")) {
                expected.entry(key.0.trim().replace("[0].", "[].")).or_insert_with(|| what.to_owned());
            }
        }
    }
    Ok(expected)
}

/// A file with `wrong` at every key; it is JSON, which is YAML too. A text stands for a list of sections as well.
fn wrong_file(section: Node<'_>, wrong: &Json) -> Json {
    let value = |node: Node<'_>| match (node.fields(), node.sections()) {
        (Some(_), _) => wrong_file(node, wrong),
        (None, Some(items)) if !wrong.is_string() => json!([wrong_file(items, wrong)]),
        (None, _) => wrong.clone(),
    };
    let section = Section { path: String::new(), node: section };
    Json::Object(section.keys().map(|(name, node)| (name.to_owned(), value(node))).collect())
}
