//! Every key alone: its default, a valid value, one out of range, one of the wrong kind, a typo.

use std::collections::BTreeSet;

use alert_orchestrator::config::schema;
use serde_json::{Value as Json, json};

use super::{HASH, load_text, no_environment};

/// A key, its default in the normalized form, a valid value, a value out of range and what is expected instead.
struct Case {
    path: String,
    default: Json,
    valid: Json,
    bad: Json,
    expected: String,
}

/// `(key, default, valid, out of range, expected)`; the values in JSON, which is YAML too.
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

const INSTANT: &str = "a time such as 2026-01-29T00:00:00Z or a day such as 2026-01-29 or null";
const URL: &str = "an http or https URL without user, query or fragment or null";
const PREFIX: &str = "a prefix of at most 64 letters, digits and _";
const HOURS: &str = "a number above 0 and at most 876000";
const SECONDS: &str = "a number above 0 and at most 3600";
const TEXT: &str = "a string that is not empty";

const CLIENT: &[Row] = &[
    ("client.assets", r#"["usdc"]"#, r#"["usdc"]"#, "[]", "a list of at least one"),
    (
        "client.greptime.host",
        r#""localhost""#,
        r#""https://db:1/x""#,
        r#""ftp://db""#,
        "a host such as localhost, http://10.0.0.5 or https://db.example.org:4000/path, without user or query",
    ),
    ("client.greptime.port", "4000", "4001", "0", "a whole number from 1 to 65535"),
    (
        "client.greptime.database",
        r#""public""#,
        r#""liqwid""#,
        r#""a b""#,
        "a name of at most 64 letters, digits, _, - and .",
    ),
    ("client.greptime.timeout", "10.0", "0.5", "0", SECONDS),
    ("client.greptime.retries", "3", "0", "21", "a whole number from 0 to 20"),
    ("client.greptime.username", "null", r#""reader""#, "[]", "a string or null"),
    ("client.greptime.password", "null", r#""x""#, "[]", "a string or null"),
    ("client.embedded.path", r#""var/orchestrator.db""#, r#""a.db""#, r#""""#, TEXT),
    ("client.embedded.import", "[]", r#"["a"]"#, r#""a""#, "a list"),
    ("client.table_asset_prefix", r#""liqwid_supply_positions_""#, r#""p_""#, r#""p-""#, PREFIX),
    ("client.deposits_prefix", r#""liqwid_deposits_""#, r#""d_""#, r#""d'""#, PREFIX),
    ("client.withdrawals_prefix", r#""liqwid_withdrawals_""#, r#""w_""#, r#""w;""#, PREFIX),
    ("client.date_range.start", "null", r#""2026-01-29T00:00:00Z""#, r#""2026-02-30""#, INSTANT),
    ("client.date_range.end", "null", r#""2026-01-29T00:00:00Z""#, r#""yesterday""#, INSTANT),
    ("client.max_sample_age_hours", "24.0", "0.5", "0", "a number above 0 and at most 876000 or null"),
    ("client.max_clock_skew_minutes", "5.0", "60.5", "-1", "a number from 0 to 5256000 or null"),
    (
        "client.transactions.alignment_method",
        r#""none""#,
        r#""detect_spike""#,
        r#""left_open""#,
        "one of none, right_open, snap_to_prev_pos, snap_to_next_pos, snap_to_nearest_pos, detect_spike",
    ),
    ("client.transactions.amount_unit", r#""underlying""#, r#""usd""#, r#""eur""#, "one of underlying, usd"),
    ("client.transactions.max_supply_apy", "1.5", "null", "0", "a number above 0 and at most 1000 or null"),
    ("client.transactions.flow_lag_hours", "6.0", "0.0", "-1", "a number from 0 to 876000"),
];

const SMOOTHING: &[Row] = &[
    ("window_type", r#""polynomial""#, r#""boxcar""#, r#""hann""#, "one of polynomial, gaussian, boxcar, none"),
    ("window_size_hours", "24.0", "1.5", "0", HOURS),
    ("polynomial_order", "2", "8", "9", "a whole number from 0 to 8"),
];

const GATE: &[Row] = &[
    ("enabled", "true", "false", r#""maybe""#, "true or false"),
    ("whitelist", "null", r#"["usdc"]"#, r#""usdc""#, "a list or null"),
    (
        "basis",
        r#""corrected_position""#,
        r#""change_rate_usd""#,
        r#""value""#,
        "one of corrected_position, change_rate_usd",
    ),
    ("method", r#""polynomial_fit""#, r#""median""#, r#""mean""#, "one of polynomial_fit, median"),
    ("polynomial_order", "2", "0", "9", "a whole number from 0 to 8"),
    ("k_sigma", "2.0", "0.5", "0", "a number above 0"),
    ("min_residual_bps", "0.0", "10.0", "-1", "a number from 0 to 10000"),
    ("max_band_bps", "500.0", "null", "0", "a number above 0 or null"),
    ("min_points", "10", "3", "0", "a whole number from 1 to 1000000"),
    ("lookback_hours", "48.0", "720.0", "0", HOURS),
    ("apply_in_fallback", "true", "false", "1", "true or false"),
    ("exclude_last_for_sigma", "false", "true", "1", "true or false"),
    ("sigma_epsilon", "1e-6", "0.0", "-1e-6", "a number at least 0"),
    ("threshold_mode", r#""stddev""#, r#""percentile""#, r#""mad""#, "one of stddev, percentile"),
    ("central_confidence", "0.95", "0.5", "1", "a number above 0 and below 1"),
    ("peg.target_usd", "1.0", "0.5", "0", "a number above 0"),
    ("peg.max_deviation_bps", "100.0", "50.0", "0", "a number above 0 and at most 10000"),
];

const COMPARISON: &[Row] = &[
    ("epsilon_mode", r#""relative""#, r#""absolute""#, r#""log""#, "one of relative, absolute"),
    ("tolerance_epsilon", "0.01", "0.0", "-0.01", "a number at least 0"),
    ("persistence_threshold", "1", "3", "0", "a whole number from 1 to 1000000"),
    ("action_on_mismatch", r#""hold""#, r#""alert""#, r#""stop""#, "one of hold, alert"),
];

const PRICES: &[Row] = &[
    ("enabled", "false", "true", r#""maybe""#, "true or false"),
    ("sources", r#"["liqwid","minswap"]"#, r#"["minswap"]"#, "[]", "a list of at least one"),
    ("request_timeout_seconds", "5.0", "0.5", "601", "a number above 0 and at most 600"),
    ("retries", "1", "0", "-1", "a whole number from 0 to 20"),
    ("currency", r#""usd""#, r#""usd""#, r#""eur""#, "usd"),
];

const SOURCES: &str = "one of liqwid_graphql, greptime(liqwid), minswap_aggregator, greptime(minswap)";

const ORCHESTRATOR: &[Row] = &[
    ("reference_keyword", r#""alert_driven_withdrawal""#, r#""tag""#, r#"" ""#, TEXT),
    ("principal_keyword", r#""principal_withdrawal""#, r#""capital""#, r#"" ""#, TEXT),
    ("reference_keyword_fallback", r#""data_range""#, r#""null""#, r#""none""#, "one of data_range, null"),
    ("safety_factor.c", "0.5", "1.0", "1.5", "a number above 0 and at most 1"),
    (
        "timezone",
        r#""UTC""#,
        r#""Europe/Berlin""#,
        r#""Europe/Atlantis""#,
        "a time zone of the IANA database such as UTC or Europe/Berlin",
    ),
    ("schedule.interval_minutes", "60.0", "0.25", "0", "a number above 0 and at most 525600"),
    ("token_registry", r#""token_registry.csv""#, r#""t.csv""#, r#""""#, TEXT),
    ("reload_on_change", "false", "true", r#""maybe""#, "true or false"),
    (
        "telemetry.listen_address",
        r#""127.0.0.1""#,
        r#""::""#,
        r#""0.0.0.0:80""#,
        "an address or host name without port, such as 127.0.0.1, :: or localhost",
    ),
    ("telemetry.listen_port", "9808", "0", "65536", "a whole number from 0 to 65535"),
    (
        "telemetry.path",
        r#""/metrics""#,
        r#""/m/x""#,
        r#""/{m}""#,
        "a path such as /metrics, of letters, digits, _, -, . and ~",
    ),
    (
        "telemetry.metric_prefix",
        r#""wo_""#,
        r#""""#,
        r#""1_""#,
        "a prefix of at most 64 letters, digits, _ and :, not starting with a digit",
    ),
    (
        "telemetry.price_source_priority.liqwid",
        r#"["liqwid_graphql","greptime(liqwid)"]"#,
        r#"["greptime(liqwid)"]"#,
        r#""liqwid_graphql""#,
        "a list",
    ),
    (
        "telemetry.price_source_priority.minswap",
        r#"["minswap_aggregator","greptime(minswap)"]"#,
        "[]",
        r#""minswap_aggregator""#,
        "a list",
    ),
    ("telemetry.trusted_proxies", "[]", r#"["10.0.0.0/8"]"#, r#""10.0.0.0/8""#, "a list"),
    ("telemetry.allowed_hosts", "[]", r#"["home.example.org", ".example.com"]"#, r#""home.example.org""#, "a list"),
    ("diagnostics.dir", r#""output""#, r#""charts""#, r#""""#, TEXT),
    ("diagnostics.lookback_hours_override", "null", "12.0", "0", "a number above 0 and at most 876000 or null"),
    ("diagnostics.hist_samples_per_bin", "10", "1", "0", "a whole number from 1 to 1000000"),
    (
        "output_cleanup.expire_before_relative",
        r#""7d""#,
        r#""2w""#,
        r#""0d""#,
        "a length of time such as 90m, 48h, 7d or 2w, above 0 and at most a century or null",
    ),
    ("output_cleanup.expire_before", "null", r#""2026-01-29T00:00:00Z""#, r#""7d""#, INSTANT),
    ("output_cleanup.paths", r#"["output"]"#, r#"["charts"]"#, r#""charts""#, "a list"),
    ("output_cleanup.extensions", r#"[".png"]"#, r#"[".svg"]"#, "[]", "a list of at least one"),
    ("transaction_sync.start_date", "null", r#""2026-01-29T00:00:00Z""#, r#""2026-13-01""#, INSTANT),
    ("transaction_sync.end_date", "null", r#""2026-01-29T00:00:00Z""#, r#""2026-1-1""#, INSTANT),
    ("transaction_sync.timeout_seconds", "10.0", "0.5", "0", SECONDS),
    ("transaction_sync.wallets", "[]", r#"["addr1"]"#, r#""addr1""#, "a list"),
    ("journal.keep_days", "365", "1", "0", "a whole number from 1 to 36500"),
    ("apis.liqwid_graphql", "null", r#""https://a/graphql""#, r#""a/graphql""#, URL),
    ("apis.minswap_aggregator", "null", "null", r#""https://a/?key""#, URL),
    ("apis.koios", "null", r#""https://koios:8443/api/v1""#, r#""ftp://koios""#, URL),
    ("auth.username", "null", r#""admin""#, "[]", "a string or null"),
    ("auth.password_hash", "null", r#""sha256:""#, "[]", "a string or null"),
    ("auth.users[0].username", r#""u""#, r#""v""#, "[]", "a string"),
    ("auth.users[0].password_hash", r#""[redacted]""#, r#""x""#, "[]", "a string"),
    ("auth.require_for", r#""sensitive""#, r#""all""#, r#""some""#, "one of sensitive, all"),
];

/// Keys that are true or false, with their defaults.
const SWITCHES: &[(&str, bool)] = &[
    ("telemetry.enabled", true),
    ("telemetry.expose.decision", true),
    ("telemetry.expose.wmax_usd", true),
    ("telemetry.expose.residual_usd", true),
    ("telemetry.expose.residual_threshold_usd", true),
    ("telemetry.expose.sigma_usd", true),
    ("telemetry.expose.k_sigma", true),
    ("telemetry.expose.residual_trigger", true),
    ("telemetry.expose.t0_timestamp_seconds", true),
    ("telemetry.expose.t1_timestamp_seconds", true),
    ("telemetry.expose.v_ref_usd", false),
    ("telemetry.expose.v_t1_usd", false),
    ("telemetry.expose.g_usd", false),
    ("telemetry.expose.price_t1_usd", false),
    ("telemetry.expose.wallets", true),
    ("telemetry.expose.hold", true),
    ("telemetry.expose.price_usd_by_source", false),
    ("telemetry.expose.rate_usd", false),
    ("telemetry.expose.rate_ada", false),
    ("telemetry.expose.price_delta_abs", false),
    ("telemetry.expose.price_delta_rel", false),
    ("telemetry.expose.price_mismatch", false),
    ("telemetry.expose.price_compare_unavailable", false),
    ("diagnostics.enabled", false),
    ("diagnostics.include_sigma_band", true),
    ("diagnostics.include_k_sigma_band", true),
    ("output_cleanup.enabled", false),
    ("transaction_sync.enabled", false),
    ("journal.enabled", true),
    ("auth.enabled", false),
];

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut add = |prefix: &str, rows: &[Row]| {
        for (key, default, valid, bad, expected) in rows {
            let json = |text: &str| serde_json::from_str::<Json>(text).unwrap();
            cases.push(Case {
                path: format!("{prefix}{key}"),
                default: json(default),
                valid: json(valid),
                bad: json(bad),
                expected: (*expected).to_owned(),
            });
        }
    };
    add("", CLIENT);
    for of in ["default", "usdc"] {
        add(&format!("client.output.smoothing.{of}."), SMOOTHING);
    }
    for of in ["", "per_asset.usdc."] {
        add(&format!("orchestrator.decision_gate.{of}"), GATE);
    }
    for of in ["", "per_asset_overrides.usdc."] {
        add(&format!("orchestrator.price_compare.{of}"), COMPARISON);
    }
    add("orchestrator.price_compare.", PRICES);
    add("orchestrator.", ORCHESTRATOR);
    for (key, default) in SWITCHES {
        let (path, expected) = (format!("orchestrator.{key}"), "true or false".to_owned());
        cases.push(Case { path, default: json!(default), valid: json!(!default), bad: json!("perhaps"), expected });
    }
    cases
}

/// The smallest file in which the key at `path` may stand.
fn base(path: &str) -> Json {
    let mut base = json!({ "client": { "assets": ["usdc"] } });
    let peg = json!({ "target_usd": 1, "max_deviation_bps": 100 });
    if path.starts_with("client.greptime") {
        base["client"]["greptime"] = json!({ "host": "localhost" });
    } else if path.starts_with("orchestrator.decision_gate.peg") {
        base["orchestrator"]["decision_gate"]["peg"] = peg;
    } else if path.starts_with("orchestrator.decision_gate.per_asset.usdc.peg") {
        base["orchestrator"]["decision_gate"]["per_asset"]["usdc"]["peg"] = peg;
    } else if path.starts_with("orchestrator.auth.users") {
        base["orchestrator"]["auth"]["users"] = json!([{ "username": "u", "password_hash": HASH }]);
    } else if path == "orchestrator.auth.enabled" {
        base["orchestrator"]["auth"] = json!({ "username": "u", "password_hash": HASH });
    }
    base
}

fn parts(path: &str) -> Vec<String> {
    path.replace("[0]", ".0").split('.').map(str::to_owned).collect()
}

/// `document` with `value` at `path`; `None` removes what is there.
fn with(mut document: Json, path: &str, value: Option<Json>) -> Json {
    let mut at = &mut document;
    let parts = parts(path);
    let (last, sections) = parts.split_last().unwrap();
    for part in sections {
        at = match part.parse::<usize>() {
            Ok(index) => &mut at[index],
            Err(_) => &mut at[part.as_str()],
        };
        if at.is_null() {
            *at = json!({});
        }
    }
    match value {
        Some(value) => at[last.as_str()] = value,
        None => drop(at.as_object_mut().unwrap().remove(last)),
    }
    // One is not to be had without the other.
    match path {
        "client.greptime.username" => document["client"]["greptime"]["password"] = json!("p"),
        "client.greptime.password" => document["client"]["greptime"]["username"] = json!("u"),
        _ => {}
    }
    document
}

fn normalized(document: &Json) -> Result<Json, String> {
    load_text(&document.to_string(), &no_environment).map(|config| serde_json::to_value(config).unwrap())
}

fn at<'a>(document: &'a Json, path: &str) -> &'a Json {
    document.pointer(&format!("/{}", parts(path).join("/"))).unwrap_or_else(|| panic!("{path} is in {document}"))
}

/// The keys a schema knows, with `usdc` for the name of an asset.
fn leaves(root: &Json, schema: &Json, path: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        return leaves(root, root.pointer(&name[1..]).unwrap(), path, found);
    }
    let some = schema["anyOf"].as_array().into_iter().flatten().find(|one| one["type"] != "null");
    if let Some(some) = some {
        return leaves(root, some, path, found);
    }
    let dot = if path.is_empty() { "" } else { "." };
    if let Some(properties) = schema["properties"].as_object() {
        for (key, schema) in properties {
            leaves(root, schema, &format!("{path}{dot}{key}"), found);
        }
    }
    let item = schema["items"]["$ref"].as_str().and_then(|name| root.pointer(&name[1..]));
    if schema["additionalProperties"].is_object() {
        leaves(root, &schema["additionalProperties"], &format!("{path}.usdc"), found);
    } else if let Some(item) = item.filter(|item| item["properties"].is_object()) {
        leaves(root, item, &format!("{path}[0]"), found);
    } else if schema["properties"].is_null() {
        found.insert(path.to_owned());
    }
}

#[test]
fn every_key_of_the_schema_has_a_case_and_every_case_a_key() {
    let schema = schema();
    let mut known = BTreeSet::new();
    leaves(&schema, &schema, "", &mut known);
    let tested: BTreeSet<String> = cases().into_iter().map(|case| case.path).collect();
    assert_eq!(known, tested);
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn described(schema: &Json, path: &str) {
        for (key, property) in schema["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{path}.{key} has no description");
        }
    }
    let schema = schema();
    described(&schema, "");
    for (name, part) in schema["$defs"].as_object().unwrap() {
        described(part, name);
    }
}

#[test]
fn a_missing_key_takes_its_default() {
    for Case { path, default, .. } in cases() {
        let found = normalized(&base(&path)).unwrap_or_else(|faults| panic!("{path}: {faults}"));
        let found = at(&found, &path);
        // The registry's default stands beside the file, which here is in a folder of its own.
        let is_default = *found == default
            || path.ends_with("token_registry") && found.as_str().unwrap().ends_with("/token_registry.csv");
        assert!(is_default, "{path}: {found} is not {default}");
    }
}

#[test]
fn a_missing_key_without_default_is_a_fault() {
    for (path, expected) in [
        ("client.assets", "missing, expected a list of at least one"),
        ("client.greptime.host", "missing, expected a host such as localhost"),
        ("orchestrator.decision_gate.peg.target_usd", "missing, expected a number above 0"),
        ("orchestrator.decision_gate.peg.max_deviation_bps", "missing, expected a number above 0 and at most 10000"),
        ("orchestrator.auth.users[0].username", "missing, expected a string"),
        ("orchestrator.auth.users[0].password_hash", "missing, expected a string"),
    ] {
        let faults = normalized(&with(base(path), path, None)).expect_err(path);
        assert!(faults.starts_with(&format!("config.yaml:1: {path}: {expected}")), "{faults}");
        assert_eq!(faults.lines().count(), 1, "{faults}");
    }
    assert!(normalized(&json!({})).unwrap_err().starts_with("config.yaml:1: client.assets: missing"));
}

#[test]
fn a_valid_value_takes_effect() {
    for Case { path, valid, .. } in cases() {
        let found = normalized(&with(base(&path), &path, Some(valid.clone())));
        let found = found.unwrap_or_else(|faults| panic!("{path}: {faults}"));
        let shown = if path.contains("password") { json!("[redacted]") } else { valid };
        assert_eq!(*at(&found, &path), shown, "{path}");
    }
}

#[test]
fn a_value_out_of_range_is_a_fault_that_says_what_was_expected() {
    for Case { path, bad, expected, .. } in cases() {
        let faults = normalized(&with(base(&path), &path, Some(bad.clone()))).expect_err(&path);
        let found = match &bad {
            Json::Array(_) if path.contains("password") => "a list".to_owned(), // of a secret only its kind is named
            Json::Array(_) => "an empty list".to_owned(),
            bad => bad.to_string(),
        };
        let found = if found == "-1e-6" { "-0.000001".to_owned() } else { found };
        let line = format!("config.yaml:1: {path}: found {found}, expected {expected}");
        assert!(faults == line || faults == format!("{line}; put it in quotes"), "{faults}\n{line}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_is_a_fault() {
    for Case { path, expected, .. } in cases() {
        let faults = normalized(&with(base(&path), &path, Some(json!({ "a": 1 })))).expect_err(&path);
        let line = format!("config.yaml:1: {path}: found a mapping, expected {expected}");
        assert_eq!(faults, line);
    }
}

#[test]
fn a_typo_names_the_key_that_was_meant() {
    for Case { path, valid, .. } in cases() {
        let key = path.rsplit('.').next().unwrap();
        let typo = format!("{path}x");
        let faults = normalized(&with(base(&path), &typo, Some(valid.clone()))).expect_err(&typo);
        let line = format!("config.yaml:1: {typo}: unknown key \"{key}x\", did you mean \"{key}\"?");
        assert!(faults.lines().any(|fault| fault == line), "{faults}\n{line}");
    }
}

#[test]
fn prices_and_their_metrics_are_checked_item_by_item() {
    super::fails(
        "client: {assets: [a b]}\norchestrator:\n  telemetry:\n    price_source_priority:\n      liqwid: [liqwid]\n    \
         trusted_proxies: [10.0.0.0/33]\n  output_cleanup: {extensions: [png]}\n",
        &[
            "1: client.assets[0]: found \"a b\", expected a name of at most 64 letters, digits and _",
            &format!("5: orchestrator.telemetry.price_source_priority.liqwid[0]: found \"liqwid\", expected {SOURCES}"),
            "6: orchestrator.telemetry.trusted_proxies[0]: found \"10.0.0.0/33\", \
             expected an address such as 10.0.0.5 or a network such as 10.0.0.0/8",
            "7: orchestrator.output_cleanup.extensions[0]: found \"png\", expected an extension such as .png",
        ],
    );
}

#[test]
fn a_host_is_a_name_without_anything_around_it() {
    let hosts = ["home.example.org:9808", "http://home.example.org", "*.example.org", "", "a..b", "home.example.org/x"];
    let yaml: String = hosts.iter().map(|host| format!("      - '{host}'\n")).collect();
    let expected =
        "a name such as home.example.org, or .example.org for all names below it, without scheme, port and *";
    let faults: Vec<String> = hosts
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let line = index + 5;
            format!("{line}: orchestrator.telemetry.allowed_hosts[{index}]: found {host:?}, expected {expected}")
        })
        .collect();
    let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
    super::fails(
        &format!("client: {{assets: [usdc]}}\norchestrator:\n  telemetry:\n    allowed_hosts:\n{yaml}"),
        &faults,
    );
}
