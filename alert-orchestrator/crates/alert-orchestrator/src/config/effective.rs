//! What does a clean file mean? Names in one spelling, days as instants, and what keys take from each other.
//!
//! Start at [`resolve`]. Works on checked content, so nothing here can fail: what the file does not say is left to the
//! defaults of the types.

use std::collections::HashSet;
use std::path::Path;

use jiff::tz::TimeZone;
use platform::config::text::instant;
use serde_json::{Map, Value as Json, json};

use super::telemetry::Expose;

type Section = Map<String, Json>;

/// The keys of a price comparison that single assets may change.
const COMPARISON: [&str; 4] = ["epsilon_mode", "tolerance_epsilon", "persistence_threshold", "action_on_mismatch"];

/// Completes the content of the file at `path`.
pub(super) fn resolve(content: Json, path: &Path) -> Json {
    let Json::Object(mut content) = content else { return content };
    let mut client = taken(&mut content, "client");
    let mut orchestrator = taken(&mut content, "orchestrator");
    let zone = orchestrator.get("timezone").and_then(Json::as_str).unwrap_or("UTC");
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);

    lower_names(client.get_mut("assets"));
    let assets = client.get("assets").and_then(Json::as_array).into_iter().flatten();
    let assets: Vec<String> = assets.filter_map(Json::as_str).map(str::to_owned).collect();
    if client.get("greptime").is_none_or(Json::is_null) && client.get("embedded").is_none_or(Json::is_null) {
        client.insert("embedded".into(), json!({}));
    }
    edit(&mut client, "date_range", |range| instants(range, &["start", "end"], &zone));
    edit(&mut client, "output", |output| edit(output, "smoothing", |smoothing| smooth(smoothing, &assets)));

    edit(&mut orchestrator, "decision_gate", |gate| gates(gate, &assets));
    edit(&mut orchestrator, "price_compare", |compare| {
        let singles = taken(compare, "per_asset_overrides");
        let base = compare.iter().filter(|(key, _)| COMPARISON.contains(&key.as_str()));
        let base = base.map(|(key, value)| (key.clone(), value.clone())).collect();
        compare.insert("per_asset_overrides".into(), completed(&assets, &base, singles).into());
    });
    expose(&mut orchestrator);
    clean_up(&mut orchestrator, &zone);
    edit(&mut orchestrator, "transaction_sync", |sync| instants(sync, &["start_date", "end_date"], &zone));
    // The default stands beside the file, other relative paths begin in the working directory.
    let beside = || path.with_file_name("token_registry.csv").to_string_lossy().into_owned().into();
    orchestrator.entry("token_registry").or_insert_with(beside);
    json!({ "client": client, "orchestrator": orchestrator })
}

/// Removes a section; an absent one is empty.
fn taken(of: &mut Section, key: &str) -> Section {
    match of.remove(key) {
        Some(Json::Object(section)) => section,
        _ => Section::new(),
    }
}

/// Changes a section in place; an absent one begins empty.
fn edit(of: &mut Section, key: &str, change: impl FnOnce(&mut Section)) {
    let mut section = taken(of, key);
    change(&mut section);
    of.insert(key.into(), section.into());
}

/// For every asset the keys of `base`, replaced by those of the asset's own entry in `singles`.
fn completed(assets: &[String], base: &Section, singles: Section) -> Section {
    let mut completed: Section = assets.iter().map(|asset| (asset.clone(), base.clone().into())).collect();
    for (name, single) in singles {
        if let (Some(Json::Object(whole)), Json::Object(single)) = (completed.get_mut(&name.to_lowercase()), single) {
            whole.extend(single);
        }
    }
    completed
}

fn smooth(smoothing: &mut Section, assets: &[String]) {
    let default = taken(smoothing, "default");
    *smoothing = completed(assets, &default, std::mem::take(smoothing));
    smoothing.insert("default".into(), default.into());
}

fn gates(gate: &mut Section, assets: &[String]) {
    let singles = taken(gate, "per_asset");
    lower_names(gate.get_mut("whitelist"));
    let whitelist = gate.remove("whitelist");
    let mut singles = completed(assets, gate, singles);
    let named = whitelist.as_ref().and_then(Json::as_array);
    let named: Option<HashSet<&str>> = named.map(|names| names.iter().filter_map(Json::as_str).collect());
    for (asset, single) in &mut singles {
        lower_names(single.get_mut("whitelist"));
        // Of the common list an asset takes what concerns it: the square of the assets would not fit into memory.
        let own = named.as_ref().map(|named| Vec::from_iter(named.get(asset.as_str()).copied()).into());
        if let (Json::Object(single), Some(own)) = (single, own) {
            single.entry("whitelist").or_insert(own);
        }
    }
    gate.extend(whitelist.map(|whitelist| ("whitelist".to_owned(), whitelist)));
    gate.insert("per_asset".into(), singles.into());
}

/// Metrics of prices are shown where prices are compared, unless the file says otherwise.
fn expose(orchestrator: &mut Section) {
    let is_compared = orchestrator.get("price_compare").and_then(|compare| compare.get("enabled")).cloned();
    edit(orchestrator, "telemetry", |telemetry| {
        edit(telemetry, "expose", |expose| {
            for key in Expose::OF_PRICES {
                expose.entry(key).or_insert_with(|| is_compared.clone().unwrap_or(false.into()));
            }
        });
    });
}

fn clean_up(orchestrator: &mut Section, zone: &TimeZone) {
    let dir = orchestrator.get("diagnostics").and_then(|charts| charts.get("dir")).cloned();
    edit(orchestrator, "output_cleanup", |cleanup| {
        instants(cleanup, &["expire_before"], zone);
        if cleanup.get("expire_before").is_none_or(Json::is_null) {
            cleanup.entry("expire_before_relative").or_insert_with(|| "7d".into());
        }
        cleanup.entry("paths").or_insert_with(|| vec![dir.unwrap_or_else(|| "output".into())].into());
    });
}

/// Writes days as the instants at which they begin in `zone`.
fn instants(section: &mut Section, keys: &[&str], zone: &TimeZone) {
    for key in keys {
        let Some(value) = section.get_mut(*key) else { continue };
        if let Some(instant) = value.as_str().and_then(|text| instant(text, zone)) {
            *value = instant.to_string().into();
        }
    }
}

fn lower_names(list: Option<&mut Json>) {
    for name in list.and_then(Json::as_array_mut).into_iter().flatten() {
        if let Some(text) = name.as_str() {
            *name = text.to_lowercase().into();
        }
    }
}
