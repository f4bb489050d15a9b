//! What a file means: overrides, names, days, paths, and the files that are shipped.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use alert_orchestrator::config::client::WindowType;
use alert_orchestrator::config::gate::Peg;
use alert_orchestrator::config::orchestrator::ReferenceFallback;
use alert_orchestrator::config::{Config, Store, load, schema};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{HASH, load_text, loads, no_environment};

/// A file of the repository.
fn shipped(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..").join(path)
}

#[test]
fn an_assets_own_keys_replace_the_common_ones() {
    let config = loads(
        "client:
  assets: [djed, iUSD, usdm]
  output: { smoothing: { default: { window_size_hours: 6 }, IUSD: { window_type: none } } }
orchestrator:
  decision_gate:
    k_sigma: 3
    whitelist: [DJED, iusd]
    peg: { target_usd: 1, max_deviation_bps: 100 }
    per_asset:
      Iusd: { k_sigma: 2.5, peg: null }
      usdm: { whitelist: [usdm] }
  price_compare: { tolerance_epsilon: 0.02, retries: 4, per_asset_overrides: { djed: { epsilon_mode: absolute } } }
",
    );
    assert_eq!(config.client.assets, ["djed", "iusd", "usdm"], "names are lower case throughout");
    let peg = Some(Peg { target_usd: 1.0, max_deviation_bps: 100.0 });
    let gates = ["djed", "iusd", "usdm"].map(|asset| {
        let gate = config.gate_for(asset);
        (gate.k_sigma, gate.peg.clone(), gate.holds(asset), gate.min_points)
    });
    assert_eq!(gates, [(3.0, peg.clone(), true, 10), (2.5, None, true, 10), (3.0, peg, true, 10)]);
    assert!(!config.gate_for("djed").holds("usdm"));
    let smoothing = &config.client.output.smoothing.per_asset;
    let windows = ["djed", "iusd"].map(|asset| (smoothing[asset].window_type, smoothing[asset].window_size_hours));
    assert_eq!(windows, [(WindowType::Polynomial, 6.0), (WindowType::None, 6.0)]);
    let normalized = serde_json::to_value(&config).unwrap();
    let gate = &normalized["orchestrator"]["decision_gate"];
    assert_eq!(gate["whitelist"], json!(["djed", "iusd"]));
    let whitelists = ["djed", "iusd", "usdm"].map(|asset| gate["per_asset"][asset]["whitelist"].clone());
    assert_eq!(whitelists, [json!(["djed"]), json!(["iusd"]), json!(["usdm"])], "what concerns each, not all of all");
    assert_eq!(
        normalized["orchestrator"]["price_compare"]["per_asset_overrides"]["djed"],
        json!({ "epsilon_mode": "absolute", "tolerance_epsilon": 0.02, "persistence_threshold": 1, "action_on_mismatch": "hold" })
    );
}

#[test]
fn days_begin_at_midnight_in_the_configured_zone() {
    let config = loads(
        "client: {assets: [djed], date_range: {start: 2026-03-29, end: 2026-03-30T00:00:00+02:00}}
orchestrator:
  timezone: Europe/Berlin
  output_cleanup: {expire_before: 2026-07-01}
  transaction_sync: {end_date: 2026-01-01}
",
    );
    let normalized = serde_json::to_value(&config).unwrap();
    let at = |path: &str| normalized.pointer(path).cloned().unwrap();
    assert_eq!(at("/client/date_range"), json!({ "start": "2026-03-28T23:00:00Z", "end": "2026-03-29T22:00:00Z" }));
    assert_eq!(at("/orchestrator/output_cleanup/expire_before"), "2026-06-30T22:00:00Z");
    assert_eq!(at("/orchestrator/output_cleanup/expire_before_relative"), Json::Null, "no default beside an instant");
    assert_eq!(at("/orchestrator/transaction_sync/end_date"), "2025-12-31T23:00:00Z");
}

#[test]
fn the_fallback_may_be_null_in_either_spelling() {
    for (text, expected) in [
        ("'null'", ReferenceFallback::Null),
        ("null", ReferenceFallback::Null),
        ("data_range", ReferenceFallback::DataRange),
    ] {
        let text = format!("client: {{assets: [djed]}}\norchestrator: {{reference_keyword_fallback: {text}}}");
        assert_eq!(loads(&text).orchestrator.reference_keyword_fallback, expected);
    }
}

#[test]
fn a_host_is_taken_in_every_shape_and_its_port_wins() {
    for (host, expected) in [
        ("localhost", "http://localhost:4001/"),
        ("localhost:5000", "http://localhost:5000/"),
        ("https://db.example.org:443/greptime/", "https://db.example.org/greptime/"),
        ("::1", "http://[::1]:4001/"),
    ] {
        let config = loads(&format!("client: {{assets: [djed], greptime: {{host: '{host}', port: 4001}}}}"));
        let Store::Greptime(greptime) = config.client.store() else { panic!("GreptimeDB was configured") };
        assert_eq!(greptime.base_url().unwrap().as_str(), expected, "{host}");
    }
    for host in ["", " ", "http://", "a b", "db:x", "db:99999", "db?x=1", "ftp://db", "http:///x", "u@c"] {
        let text = format!("client: {{assets: [djed], greptime: {{host: '{host}'}}}}");
        let faults = load_text(&text, &no_environment).expect_err(host);
        assert!(faults.contains("client.greptime.host: found"), "{host}: {faults}");
    }
}

#[test]
fn the_store_is_the_embedded_one_unless_greptime_is_given() {
    for text in
        ["client: {assets: [djed]}", "client: {assets: [djed], greptime: null}", "client: {assets: [djed], embedded: }"]
    {
        let config = loads(text);
        let Store::Embedded(embedded) = config.client.store() else { panic!("{text}") };
        assert_eq!((embedded.path, embedded.import.len()), (PathBuf::from("var/orchestrator.db"), 0));
    }
}

#[test]
fn metrics_of_prices_are_shown_where_prices_are_compared() {
    let config = loads(
        "client: {assets: [djed]}\norchestrator: {price_compare: {enabled: true}, telemetry: {expose: {rate_ada: false}}}",
    );
    let expose = &config.orchestrator.telemetry.expose;
    assert!(
        expose.price_usd_by_source && expose.price_mismatch && expose.rate_usd && !expose.rate_ada && !expose.g_usd
    );
}

#[test]
fn charts_are_cleaned_up_where_they_are_drawn() {
    let config = loads("client: {assets: [djed]}\norchestrator: {diagnostics: {dir: charts}}");
    assert_eq!(config.orchestrator.output_cleanup.paths, [PathBuf::from("charts")]);
    let age = config.orchestrator.output_cleanup.expire_before_relative.unwrap();
    assert_eq!(age.length().as_hours(), 7 * 24);
}

#[test]
fn numbers_and_switches_may_come_from_the_environment() {
    let env = |name: &str| match name {
        "PORT" => Some("9000".to_owned()),
        "MINUTES" => Some("0.5".to_owned()),
        "ON" => Some("true".to_owned()),
        _ => None,
    };
    let text = "client: {assets: ['${ASSET:-djed}'], date_range: {end: '${END:-}'}}
orchestrator:
  schedule: {interval_minutes: '${MINUTES}'}
  telemetry:
    listen_port: ${PORT:-9808}
    trusted_proxies: ['${PROXY:-10.0.0.0/8}']
  reload_on_change: ${ON}
  reference_keyword: '$${tag} $5'
";
    let config = load_text(text, &env).unwrap();
    let orchestrator = &config.orchestrator;
    assert_eq!((orchestrator.telemetry.listen_port, orchestrator.schedule.interval_minutes), (9000, 0.5));
    assert_eq!((orchestrator.reload_on_change, orchestrator.reference_keyword.as_str()), (true, "${tag} $5"));
    assert_eq!((config.client.assets, config.client.date_range.end), (vec!["djed".to_owned()], None));
    assert_eq!(orchestrator.telemetry.trusted_proxies[0].net().to_string(), "10.0.0.0/8");
}

/// The normalized form says everything: read again, it means the same.
#[track_caller]
fn round_trips(config: &Config) {
    let text = serde_json::to_string(&config).unwrap();
    let again = loads(&text);
    assert_eq!(serde_json::to_string(&again).unwrap(), text);
}

#[test]
fn the_normalized_form_is_a_configuration_that_means_the_same() {
    round_trips(&loads("client: {assets: [djed]}"));
    round_trips(&loads(
        "client: {assets: [djed, iusd], max_sample_age_hours: null, date_range: {end: 2026-01-29}}
orchestrator: {timezone: Asia/Tokyo, decision_gate: {per_asset: {iusd: {peg: {target_usd: 1, max_deviation_bps: 5}}}}}",
    ));
    round_trips(&load(&shipped("config/orchestrator_config.yaml"), &no_environment).unwrap());
}

#[test]
fn the_shipped_configuration_works_as_it_is() {
    let config =
        load(&shipped("config/orchestrator_config.yaml"), &no_environment).unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.client.assets, ["usdc", "djed", "iusd", "usdt", "usdm"]);
    let Store::Embedded(embedded) = config.client.store() else { panic!("the embedded store") };
    assert_eq!(
        (embedded.path, embedded.import),
        ("var/orchestrator.db".into(), vec![PathBuf::from("examples/liqwid")])
    );
    assert_eq!(config.client.date_range.end.unwrap().to_string(), "2026-01-29T00:00:00Z");
    assert_eq!(config.client.date_range.start, None);
    for asset in &config.client.assets {
        let gate = config.gate_for(asset);
        assert_eq!((gate.lookback_hours, gate.min_residual_bps, gate.min_points), (720.0, 10.0, 10));
        assert_eq!(gate.peg, Some(Peg { target_usd: 1.0, max_deviation_bps: 100.0 }));
    }
    let expose = &config.orchestrator.telemetry.expose;
    assert!(expose.g_usd && expose.v_ref_usd && expose.v_t1_usd && !expose.price_t1_usd);
}

#[test]
fn the_start_for_production_needs_one_secret_and_names_it() {
    let set = HashMap::from([("ORCHESTRATOR_PASSWORD_HASH", HASH)]);
    let env = |name: &str| set.get(name).map(|value| (*value).to_owned());
    let config = load(&shipped("alert-orchestrator/deploy/config/production.yaml"), &env)
        .unwrap_or_else(|faults| panic!("{faults}"));
    let Store::Greptime(greptime) = config.client.store() else { panic!("GreptimeDB") };
    assert_eq!(greptime.base_url().unwrap().as_str(), "http://localhost:4000/");
    assert_eq!(greptime.username, None);
    assert_eq!(config.client.date_range.end, None);
    assert!(config.orchestrator.auth.enabled);
    let tokens = config.tokens.expect("the shipped registry is read");
    assert!(config.client.assets.iter().all(|asset| tokens.id(asset).is_some()));

    let faults = load(&shipped("alert-orchestrator/deploy/config/production.yaml"), &no_environment)
        .expect_err("the hash is not set")
        .to_string();
    assert!(
        faults.contains(
            "orchestrator.auth.password_hash: the environment variable ORCHESTRATOR_PASSWORD_HASH is not set"
        )
    );
    assert_eq!(faults.lines().count(), 1, "{faults}");
}

#[test]
fn staging_reads_a_database_of_its_own_and_has_the_login_of_production() {
    let set = HashMap::from([
        ("ORCHESTRATOR_PASSWORD_HASH", HASH),
        ("LIQWID_API_URL", "http://10.0.0.9/graphql"),
        ("ORCHESTRATOR_TRUSTED_PROXY", "10.0.0.0/8"),
    ]);
    let env = |name: &str| set.get(name).map(|value| (*value).to_owned());
    let config = load(&shipped("alert-orchestrator/deploy/config/staging.yaml"), &env)
        .unwrap_or_else(|faults| panic!("{faults}"));
    let Store::Greptime(greptime) = config.client.store() else { panic!("GreptimeDB") };
    assert_eq!(greptime.database, "liqwid_staging");
    let staging = &config.orchestrator;
    assert_eq!((staging.schedule.interval_minutes, staging.auth.enabled), (30.0, true));
    assert_eq!(staging.apis.liqwid_graphql.as_ref().unwrap().url().as_str(), "http://10.0.0.9/graphql");
    assert!(staging.telemetry.trusted_proxies.iter().any(|proxy| proxy.net().to_string() == "10.0.0.0/8"));
    let production = load(&shipped("alert-orchestrator/deploy/config/production.yaml"), &env).unwrap().orchestrator;
    assert_eq!(staging.decision_gate, production.decision_gate, "what is rehearsed is what is played");

    let faults = load(&shipped("alert-orchestrator/deploy/config/staging.yaml"), &no_environment)
        .expect_err("the hash is not set");
    assert!(faults.to_string().contains("ORCHESTRATOR_PASSWORD_HASH is not set"), "{faults}");
}

#[test]
fn development_needs_nothing_but_the_examples() {
    let config = load(&shipped("alert-orchestrator/deploy/config/development.yaml"), &no_environment).unwrap();
    let Store::Embedded(embedded) = config.client.store() else { panic!("the embedded store") };
    assert_eq!(embedded.import, vec![PathBuf::from("examples/liqwid")]);
    let development = &config.orchestrator;
    assert_eq!((development.schedule.interval_minutes, development.auth.enabled), (5.0, false));
    assert_eq!(development.diagnostics.dir, PathBuf::from("output"));
}

#[test]
fn the_schema_is_json_schema_with_every_definition_it_refers_to() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let text = schema.to_string();
    for (_, rest) in text.match_indices("\"#/$defs/").map(|(start, found)| text.split_at(start + found.len())) {
        let name = rest.split('"').next().unwrap();
        assert!(schema["$defs"][name].is_object(), "{name}");
    }
    let c = &schema["$defs"]["SafetyFactor"]["properties"]["c"];
    assert_eq!((&c["exclusiveMinimum"], &c["maximum"], &c["default"]), (&json!(0), &json!(1), &json!(0.5)));
    assert_eq!(schema["$defs"]["Greptime"]["properties"]["password"]["writeOnly"], true);
}

#[test]
fn ten_thousand_assets_may_each_say_all_there_is_to_say() {
    let names: Vec<String> = (0..10_000).map(|i| format!("a{i:05}")).collect();
    let each = |value: &str| names.iter().map(|name| format!("      {name}: {value}\n")).collect::<String>();
    let gate = "{enabled: true, whitelist: null, basis: corrected_position, method: median, polynomial_order: 1, \
                k_sigma: 2.5, min_residual_bps: 10, max_band_bps: 400, min_points: 12, lookback_hours: 720, apply_in_fallback: true, \
                exclude_last_for_sigma: true, sigma_epsilon: 1e-6, threshold_mode: stddev, central_confidence: 0.9, \
                peg: {target_usd: 1.0, max_deviation_bps: 100}}";
    let comparison =
        "{epsilon_mode: relative, tolerance_epsilon: 0.02, persistence_threshold: 2, action_on_mismatch: alert}";
    let smoothing = "{window_type: boxcar, window_size_hours: 48, polynomial_order: 1}";
    let config = loads(&format!(
        "client:\n  assets: [{}]\n  output:\n    smoothing:\n{}orchestrator:\n  decision_gate:\n    per_asset:\n{}  \
         price_compare:\n    per_asset_overrides:\n{}",
        names.join(", "),
        each(smoothing),
        each(gate),
        each(comparison),
    ));
    assert_eq!(config.client.assets.len(), 10_000);
    assert_eq!(config.gate_for("a09999").k_sigma, 2.5);
    assert_eq!(config.orchestrator.price_compare.per_asset_overrides["a00000"].persistence_threshold, 2);
}

proptest! {
    /// Any finite factor of the allowed range is read as the number that was written.
    #[test]
    fn numbers_are_read_to_the_last_bit(c in 1e-300..=1.0_f64, hours in 1e-3..876_000.0_f64) {
        let config = loads(&format!(
            "client: {{assets: [djed], max_sample_age_hours: {hours:?}}}\norchestrator: {{safety_factor: {{c: {c:?}}}}}"
        ));
        prop_assert_eq!(config.orchestrator.safety_factor.c.to_bits(), c.to_bits());
        prop_assert_eq!(config.client.max_sample_age_hours.map(f64::to_bits), Some(hours.to_bits()));
    }
}
