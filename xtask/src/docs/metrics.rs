//! The table of every metric, read off a running service.
//!
//! Start at [`table`]. Names, types, labels and help are those of the page that Prometheus reads; by which key of
//! `expose` a metric is shown, and whether it is without being asked for, is the configuration's to say.

use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use serde_json::Value as Json;

use super::program::Program;
use super::running::Running;
use super::table::{header, row};

/// The labels of every metric of an asset.
const COMMON: [&str; 2] = ["asset", "alternate_asset_name"];

/// The table.
pub(super) fn table(program: &Program<'_>, running: &Running<'_>) -> anyhow::Result<String> {
    let service = running.service;
    let page = running.get("/metrics", "application/openmetrics-text; version=1.0.0")?;
    let exposition = families(&page)?;
    let shown = Shown::of(program, &service.configuration_section)?;
    let (mut of_assets, mut of_service, mut of_process) = (String::new(), String::new(), String::new());
    let mut seen = BTreeSet::new();
    for family in &exposition {
        let Family { name, kind, help, labels } = family;
        let sample = format!("`{}`", family.sample());
        let own = name.strip_prefix(&service.metrics_prefix);
        match own.and_then(|own| shown.key(own)) {
            Some((key, when)) => {
                let more = labels.strip_prefix(&COMMON.map(str::to_owned));
                let more =
                    more.with_context(|| format!("{name} has the labels {labels:?}, expected {COMMON:?} first"))?;
                let by_key = if name.ends_with(&key) { String::new() } else { format!(" (`{key}`)") };
                of_assets += &row(&[&sample, help, kind, &in_code(more), &format!("{when}{by_key}")]);
                seen.insert(key);
            }
            None if own.is_some() => of_service += &row(&[&sample, help, kind, &in_code(labels)]),
            None => of_process += &row(&[&sample, help, kind]),
        }
    }
    let missing: Vec<&String> = shown.keys().filter(|key| !seen.contains(*key)).collect();
    ensure!(missing.is_empty(), "no metric was shown by expose.{missing:?}");
    Ok(format!(
        "## Of each asset\n\nEach has the labels {}, and where it says so more.\n\n{}{of_assets}\n\
         ## Of the service\n\n{}{of_service}\n## Of the process\n\n{}{of_process}",
        in_code(&COMMON.map(str::to_owned)),
        header(&["metric", "meaning", "type", "more labels", "shown"]),
        header(&["metric", "meaning", "type", "labels"]),
        header(&["metric", "meaning", "type"]),
    ))
}

fn in_code(labels: &[String]) -> String {
    labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ")
}

/// Which metrics are shown, by the keys of `expose`.
struct Shown {
    /// What is in effect where a file says nothing.
    plain: Json,
    /// The same where prices are compared.
    compared: Json,
}

impl Shown {
    fn of(program: &Program<'_>, section: &str) -> anyhow::Result<Self> {
        let expose = |part: &str| {
            let config = program.normalized_part(part)?.map_err(anyhow::Error::msg)?;
            let expose = &config[section]["telemetry"]["expose"];
            ensure!(expose.is_object(), "the configuration has no {section}.telemetry.expose");
            Ok(expose.clone())
        };
        let comparing = format!("{section}: {{price_compare: {{enabled: true}}}}\n");
        Ok(Self { plain: expose("")?, compared: expose(&comparing)? })
    }

    fn keys(&self) -> impl Iterator<Item = &String> {
        self.plain.as_object().into_iter().flat_map(|expose| expose.keys())
    }

    /// By which key a metric is shown, and when it is without being asked for.
    fn key(&self, metric: &str) -> Option<(String, &'static str)> {
        let key = self.keys().find(|key| *key == metric || key.strip_suffix("_by_source") == Some(metric))?;
        let when = match (&self.plain[key], &self.compared[key]) {
            (Json::Bool(true), _) => "yes",
            (_, Json::Bool(true)) => "where prices are compared",
            _ => "on request",
        };
        Some((key.clone(), when))
    }
}

/// One metric of the page.
#[derive(Debug, Default)]
struct Family {
    name: String,
    kind: String,
    help: String,
    labels: Vec<String>,
}

impl Family {
    /// The name by which Prometheus stores it.
    fn sample(&self) -> String {
        let suffix = match self.kind.as_str() {
            "counter" => "_total",
            "info" => "_info",
            "histogram" => "_bucket, _sum, _count",
            _ => "",
        };
        format!("{}{suffix}", self.name)
    }
}

/// The metrics of a page in the OpenMetrics format, in its order.
fn families(page: &str) -> anyhow::Result<Vec<Family>> {
    let mut families: Vec<Family> = Vec::new();
    for line in page.lines() {
        let Some(about) = line.strip_prefix("# ") else {
            let family = families.last_mut().with_context(|| format!("a sample without a family: {line}"))?;
            for label in labels(line).filter(|label| *label != "le") {
                if !family.labels.iter().any(|known| known == label) {
                    family.labels.push(label.to_owned());
                }
            }
            continue;
        };
        let mut words = about.splitn(3, ' ');
        let (Some(word), Some(name)) = (words.next(), words.next()) else { continue }; // the end
        let text = words.next().unwrap_or_default();
        if families.last().is_none_or(|last| last.name != name) {
            families.push(Family { name: name.to_owned(), ..Family::default() });
        }
        let Some(family) = families.last_mut() else { continue };
        match word {
            "TYPE" => text.clone_into(&mut family.kind),
            "HELP" => text.trim_end_matches('.').clone_into(&mut family.help),
            _ => {}
        }
    }
    Ok(families)
}

/// The names of a sample's labels; no value of the service holds a comma or a brace.
fn labels(sample: &str) -> impl Iterator<Item = &str> {
    let inside = sample.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(inside, _)| inside);
    inside
        .into_iter()
        .flat_map(|inside| inside.split(','))
        .filter_map(|pair| pair.split_once('=').map(|(name, _)| name))
}
