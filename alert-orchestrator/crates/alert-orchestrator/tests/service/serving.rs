//! Service mode: what it answers, and how it behaves from start to stop.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::folder::Folder;
use testkit::service::Service;

use crate::server;
use crate::support::{checkout, configuration};

/// The shipped examples, served on a free port, with more settings of `orchestrator`.
fn examples(clone: &Folder, orchestrator: &str) -> Service {
    let telemetry = "  telemetry: {listen_port: 0}\n";
    let yaml = format!("{}{telemetry}{orchestrator}", configuration("embedded: {import: [examples/liqwid]}"));
    clone.write("served.yaml", &yaml);
    server::start(clone.command(&["--config", "served.yaml", "--log-level", "DEBUG"]))
}

#[test]
fn the_log_tells_the_start_in_order() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    let expected = [
        "INFO alert-orchestrator ",
        "INFO Loaded configuration from served.yaml",
        "INFO Store: embedded store var/orchestrator.db",
        "INFO Starting HTTP server on http://127.0.0.1:",
        "INFO Prometheus metrics available at http://127.0.0.1:",
        "INFO Dashboard available at http://127.0.0.1:",
        "INFO Running evaluation loop every 60 minutes",
        "INFO First evaluation starting",
    ];
    let log = server.log();
    let places: Vec<usize> =
        expected.iter().map(|text| log.iter().position(|line| line.contains(text)).unwrap_or(usize::MAX)).collect();
    assert!(places.is_sorted() && places.iter().all(|place| *place < log.len()), "{places:?}\n{}", log.join("\n"));
    server.printed("usdc: decision=1, wmax_usd=212.94 (3 wallets)", 1);
}

#[test]
fn the_api_answers_what_once_prints() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    let printed = clone.run(&["--config", "served.yaml", "--once", "--json"]);
    let printed: serde_json::Value = serde_json::from_str(&printed.stdout).unwrap();
    assert_eq!(server.get("/api/decisions").json(), printed);
    let explained = clone.run(&["--config", "served.yaml", "explain", "iusd", "--json"]);
    let explained: serde_json::Value = serde_json::from_str(&explained.stdout).unwrap();
    assert_eq!(server.get("/api/explain?asset=IUSD").json(), explained);
    let addresses = |wallets: &serde_json::Value, name: &str| -> Vec<serde_json::Value> {
        wallets.as_array().unwrap().iter().map(|wallet| wallet[name].clone()).collect()
    };
    let usdc = server.get("/api/explain?asset=usdc").json();
    let decided = addresses(&printed["usdc"]["wallet_breakdown"], "wallet_address");
    assert_eq!(decided.len(), 3);
    for name in ["wallet_address", "address"] {
        assert_eq!(addresses(&usdc["wallets"], name), decided, "{name}");
    }
    let assets = json!({ "assets": ["djed", "iusd", "usdc", "usdm", "usdt"], "selected": "usdt" });
    assert_eq!(server.get("/api/assets?asset=USDT").json(), assets);
    let normalized = clone.run(&["--config", "served.yaml", "--print-config-normalized"]);
    let normalized: serde_json::Value = serde_json::from_str(&normalized.stdout).unwrap();
    assert_eq!(server.get("/api/config/normalized").json(), normalized);
    assert_eq!(server.get("/api/status").json()["config_path"], json!("served.yaml"), "as it was given");
    let history = server.get("/api/history?asset=usdc").json();
    assert_eq!(history["entries"][0]["wmax_usd"], json!(212.94));
    let withdrawals = server.get("/api/withdrawals?asset=usdc").json();
    let marked: Vec<&serde_json::Value> =
        withdrawals["withdrawals"].as_array().unwrap().iter().map(|one| &one["is_reference"]).collect();
    assert!(marked.contains(&&json!(true)) && marked.contains(&&json!(false)), "{withdrawals}");
}

#[test]
fn every_view_of_a_drawing_has_its_columns() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    for (view, unit) in [("corrected", "USD"), ("position", "USD"), ("rate", "USD per unit"), ("residual", "USD")] {
        let series = server.get(&format!("/api/series?asset=usdc&view={view}")).json();
        assert_eq!((&series["view"], &series["unit"]), (&json!(view), &json!(unit)));
        assert_eq!(series["series"].is_null(), view == "residual", "{series}");
        let residuals = &series["residual"];
        let (ts, values) = (residuals["ts"].as_array().unwrap(), residuals["value"].as_array().unwrap());
        assert_eq!((ts.len(), values.len()), (31, 31)); // 30 days of daily samples, both ends included
    }
    let corrected = server.get("/api/series?asset=usdc&view=corrected").json();
    let explained = server.get("/api/explain?asset=usdc").json();
    assert_eq!(corrected["gain"]["usd"], explained["totals"]["gain_usd"]);
    let empty = server.get("/api/series?asset=usdc&view=heat");
    assert_eq!((empty.status, &empty.json()["status"]), (400, &json!("error")));
}

#[test]
fn an_answer_that_the_client_has_is_not_sent_again_and_others_are_compressed() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    for path in ["/api/decisions", "/api/series?asset=usdc", "/dashboard"] {
        let plain = server.get(path);
        let packed = server.ask("GET", path, &[("accept-encoding", "gzip")], b"");
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(packed.body.len() < plain.body.len() && packed.body.starts_with(&[0x1f, 0x8b]), "{path}");
        let again = server.ask("GET", path, &[("if-none-match", plain.header("etag").unwrap())], b"");
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
}

#[test]
fn errors_are_json_and_name_what_is_wrong() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    for (method, path, body, status, text) in [
        ("GET", "/nothing", "", 404, "Not Found"),
        ("GET", "/api/explain?asset=dai", "", 404, "dai"),
        ("GET", "/api/history?asset=usdc&from=yesterday", "", 400, "RFC 3339"),
        ("GET", "/api/history?asset=usdc&from=2026-02-01&to=2026-01-01", "", 400, "from"),
        ("GET", "/charts/..%2f..%2fserved.yaml", "", 404, "no file"),
        ("GET", "/charts/missing.png", "", 404, "no file"),
        ("GET", "/assets/../../Cargo.toml", "", 404, ""),
        ("POST", "/api/decisions", "", 405, ""),
        ("POST", "/api/reference", "{}", 403, "alert-orchestrator tag"),
    ] {
        let answer = server.ask(method, path, &[], body.as_bytes());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let json = answer.json();
        assert_eq!(json["status"], "error", "{method} {path}");
        assert!(json["error"].as_str().unwrap().contains(text), "{method} {path}: {json}");
        assert!(answer.header("x-request-id").is_some() && answer.header("content-security-policy").is_some());
    }
}

#[test]
fn every_address_takes_the_described_methods_and_no_other() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    let description = server.get("/api/openapi.json").json();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let status = server.ask(method, &path.replace("{file}", "x.png"), &[], b"").status;
            let is_described = methods.get(method.to_lowercase()).is_some();
            assert_eq!(status != 405, is_described, "{method} {path}: {status}");
        }
    }
}

#[test]
fn a_post_of_another_origin_is_refused() {
    let clone = checkout();
    let server = examples(&clone, "");
    let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    assert_eq!(server.ask("POST", "/api/sync/transactions", &foreign, b"").status, 403);
}

#[test]
fn sigterm_ends_in_order_with_exit_code_0() {
    let clone = checkout();
    for signal in ["TERM", "INT"] {
        let mut server = examples(&clone, "");
        server.answers("/startupz", 200);
        server.signal(signal);
        assert_eq!(server.ended(), Some(0));
        server.logged("Stopped");
    }
}

#[test]
fn sighup_reads_the_configuration_again_and_refuses_a_bad_one() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    let good = std::fs::read_to_string(clone.path("served.yaml")).unwrap();

    clone.write("served.yaml", &good.replace("lookback_hours: 720", "lookback_hours: -1"));
    server.signal("HUP");
    server.logged("the configuration read before stays in effect");
    assert!(server.get("/metrics").text().contains("wo_config_last_reload_successful 0"));
    assert!(server.log().iter().any(|line| line.contains("orchestrator.decision_gate.lookback_hours: found -1")));

    let changed =
        good.replace("  assets: [usdc, djed,", "  assets: [djed,").replace("listen_port: 0", "listen_port: 1");
    clone.write("served.yaml", &changed);
    server.signal("HUP");
    server.logged("Reloaded configuration from served.yaml");
    server.logged("that takes effect after a restart");
    let normalized = server.get("/api/config/normalized").json();
    assert_eq!(normalized["orchestrator"]["telemetry"]["listen_port"], json!(0));
    assert_eq!(server.get("/api/assets").json()["assets"], json!(["djed", "iusd", "usdm", "usdt"]));
    assert!(server.get("/metrics").text().contains("wo_config_last_reload_successful 1"));
}

#[test]
fn a_changed_file_is_read_again_where_that_is_asked_for() {
    let clone = checkout();
    let server = examples(&clone, "  reload_on_change: true\n  schedule: {interval_minutes: 60}\n");
    server.answers("/startupz", 200);
    let good = std::fs::read_to_string(clone.path("served.yaml")).unwrap();
    clone.write("served.yaml", &good.replace("interval_minutes: 60", "interval_minutes: 0.02"));
    server.logged("Reloaded configuration from served.yaml");
    server.printed("usdc: decision=1", 3); // once an hour before
}

#[test]
fn metrics_show_what_was_decided_and_nothing_of_what_could_not_be() {
    let clone = checkout();
    std::fs::remove_file(clone.path("examples/liqwid/liqwid_deposits_usdt.csv")).unwrap();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    let text = server.get("/metrics").text().to_owned();
    let line = |start: &str| text.lines().find(|line| line.starts_with(start)).unwrap_or_default().to_owned();
    let usdc = r#"{asset="usdc",alternate_asset_name="USDC",ref_mode="keyword"}"#;
    assert_eq!(line(&format!("wo_decision{usdc}")), format!("wo_decision{usdc} 1.0"));
    assert_eq!(line(&format!("wo_wmax_usd{usdc}")), format!("wo_wmax_usd{usdc} 212.94"));
    let of_usdt: BTreeSet<&str> = text.lines().filter(|line| line.contains(r#"asset="usdt""#)).collect();
    let expected = [
        r#"wo_decision{asset="usdt",alternate_asset_name="USDT",ref_mode="null"} -1.0"#,
        r#"wo_hold{asset="usdt",alternate_asset_name="USDT",code="invalid_data"} 1.0"#,
    ];
    assert_eq!(of_usdt, expected.into());
    // A text is what a label can be; where null can be said, it is.
    let [decided, explained] = ["/api/decisions", "/api/explain?asset=usdt"].map(|path| server.get(path).json());
    assert_eq!((&decided["usdt"]["ref_mode"], &explained["ref_mode"]), (&json!(null), &json!(null)));
    assert_eq!(line("wo_evaluations_total{result=\"error\"}"), "wo_evaluations_total{result=\"error\"} 1");
    let open = server.ask("GET", "/metrics", &[("accept", "application/openmetrics-text; version=1.0.0")], b"");
    assert!(open.header("content-type").unwrap().starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(open.text().ends_with("# EOF\n"));
}

#[test]
fn the_shown_threshold_is_what_the_residual_must_exceed_floors_included() {
    let clone = checkout();
    let server = examples(&clone, "");
    server.answers("/startupz", 200);
    let text = server.get("/metrics").text().to_owned();
    let of = |metric: &str, asset: &str| -> Option<f64> {
        let start = format!("wo_{metric}{{asset=\"{asset}\",");
        text.lines().find(|line| line.starts_with(&start))?.split(' ').next_back()?.parse().ok()
    };
    let threshold = |asset| of("residual_threshold_usd", asset);
    let band = |asset| Some(of("k_sigma", asset)? * of("sigma_usd", asset)?);
    assert_eq!((threshold("iusd"), of("residual_trigger", "iusd")), (band("iusd"), Some(1.0)));
    // usdt is beyond k·σ; the floor of 10 basis points of the position keeps it quiet.
    let explained = server.get("/api/explain?asset=usdt").json();
    assert_eq!(threshold("usdt"), explained["gate"]["bps_floor"].as_f64());
    let residual = of("residual_usd", "usdt").map(f64::abs);
    assert!(band("usdt") < residual && residual < threshold("usdt"), "{residual:?}");
    assert_eq!(of("residual_trigger", "usdt"), Some(0.0));
    assert_eq!((threshold("usdm"), of("residual_trigger", "usdm")), (None, None), "too few points to judge");
}
