//! The tables of the HTTP API, from its OpenAPI description; a test of the service compares that with its routes.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value as Json;

use super::table::{header, row};
use crate::service::Service;

/// The description, as the service serves it.
pub(super) fn document(root: &Path, service: &Service) -> anyhow::Result<Json> {
    let file = &service.inside(&service.openapi);
    let text = fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))?;
    serde_json::from_str(&text).with_context(|| format!("reading {file}"))
}

/// One table of all addresses, then one section for each.
pub(super) fn table(root: &Path, service: &Service) -> anyhow::Result<String> {
    let document = document(root, service)?;
    let api = Api(&document);
    let mut overview = header(&["", "address", "login", "answers"]);
    let mut details = String::new();
    for (path, methods) in document["paths"].as_object().context("the API has no addresses")? {
        for (method, route) in methods.as_object().context("an address has no method")? {
            let method = method.to_uppercase();
            let summary = route["summary"].as_str().with_context(|| format!("{method} {path} has no summary"))?;
            overview += &row(&[&method, &format!("`{path}`"), login(route), summary]);
            if let Some(section) = api.section(route)? {
                details += &format!("\n## {method} {path}\n\n{summary}.\n{section}");
            }
        }
    }
    let details = details.replace("?.\n", "?\n");
    Ok(format!("{overview}{details}"))
}

fn login(route: &Json) -> &'static str {
    let ways = route["security"].as_array().map_or(&[][..], Vec::as_slice);
    match ways.iter().any(|way| way.as_object().is_some_and(|way| way.is_empty())) {
        _ if ways.is_empty() => "never",
        true => "with `require_for: all`",
        false => "yes",
    }
}

/// The description, and what it refers to inside itself.
struct Api<'d>(&'d Json);

impl<'d> Api<'d> {
    fn resolved(&self, node: &'d Json) -> &'d Json {
        let target = node["$ref"].as_str().and_then(|name| self.0.pointer(name.strip_prefix('#')?));
        target.unwrap_or(node)
    }

    /// Parameters, body and answers of a route; nothing, where there is no more to say than its summary.
    fn section(&self, route: &'d Json) -> anyhow::Result<Option<String>> {
        let mut section = String::new();
        let parameters = route["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let described = parameters.iter().filter(|parameter| parameter["description"].is_string());
        let rows: String =
            described.map(|of| row(&[&format!("`{}`", text(&of["name"])), text(&of["description"])])).collect();
        if !rows.is_empty() {
            section += &format!("\n{}{rows}", header(&["parameter", "meaning"]));
        }
        let body = &route["requestBody"]["content"]["application/json"]["schema"];
        section += &self.fields_table("in the body", body);
        let mut statuses = String::new();
        for (status, answer) in route["responses"].as_object().context("a route has no answers")? {
            let answer = self.resolved(answer);
            statuses += &row(&[status, text(&answer["description"])]);
            if status == "200" {
                section += &self.fields_table("in the answer", &answer["content"]["application/json"]["schema"]);
            }
        }
        let has_more = !section.is_empty();
        Ok(has_more.then(|| format!("{section}\n{}{statuses}", header(&["status", "meaning"]))))
    }

    fn fields_table(&self, title: &str, schema: &'d Json) -> String {
        let mut rows = String::new();
        self.fields("", schema, &mut rows);
        if rows.is_empty() { rows } else { format!("\n{}{rows}", header(&[title, "type", "meaning"])) }
    }

    /// A row for every field, those inside others by their path.
    fn fields(&self, path: &str, schema: &'d Json, rows: &mut String) {
        let schema = self.resolved(schema);
        if let Some(by_name) = schema.get("additionalProperties").filter(|of| of.is_object()) {
            if path.is_empty() {
                self.fields("asset", by_name, rows);
            }
            return;
        }
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let node = self.resolved(field);
            let about = [field, node].into_iter().find_map(|node| node["description"].as_str()).unwrap_or_default();
            *rows += &row(&[&format!("`{path}`"), &self.kind(field), about]);
            let alternatives = node["oneOf"].as_array().map_or(&[][..], Vec::as_slice);
            for inner in std::iter::once(node).chain(alternatives) {
                self.fields(&path, inner, rows);
            }
            if node["items"].is_object() {
                self.fields(&format!("{path}[]"), &node["items"], rows);
            }
        }
    }

    /// What a field can be, in words.
    fn kind(&self, field: &'d Json) -> String {
        let node = self.resolved(field);
        let quoted = |value: &Json| format!("`{}`", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        if let Some(choices) = node["enum"].as_array() {
            return choices.iter().map(quoted).collect::<Vec<_>>().join(", ");
        }
        if let Some(alternatives) = node["oneOf"].as_array() {
            return alternatives.iter().map(|one| self.kind(one)).collect::<Vec<_>>().join(" or ");
        }
        if node["const"].is_string() {
            return quoted(&node["const"]);
        }
        let names = |name: &Json| {
            if node["format"] == "date-time" && name == "string" { "time".into() } else { text(name).to_owned() }
        };
        match &node["type"] {
            Json::Array(kinds) => kinds.iter().map(names).collect::<Vec<_>>().join(" or "),
            kind => names(kind),
        }
    }
}

fn text(node: &Json) -> &str {
    node.as_str().unwrap_or_default()
}
