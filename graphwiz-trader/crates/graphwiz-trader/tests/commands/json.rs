//! `--json`: one document on standard output, and nothing else.

use super::{CROSS, Folder, configured};
use serde_json::{Value, json};
use std::fs;

#[track_caller]
fn document(folder: &Folder, arguments: &[&str]) -> Value {
    serde_json::from_str(&folder.told(&[arguments, &["--json"]].concat())).expect("one document")
}

#[test]
fn a_backtest_tells_its_runs() {
    let folder = Folder::new();
    let told = document(&folder, &["backtest"]);
    let facts =
        "bitstamp:BTC/USD 5m: 4032 bars, 2026-08-17T00:00Z to 2026-08-30T23:55Z, 0 gaps, 0 rejected (20160 bars of 1m)";
    assert_eq!(told["data"], json!([facts]));
    let [first, second] = told["runs"].as_array().expect("runs").as_slice() else { panic!("{told}") };
    assert_eq!([&first["name"], &second["name"]], ["sma_cross", "sma_cross, default exits"]);
    assert_eq!(first["account"]["equity"], "100176.9255373505");
    assert_eq!(first["metrics"]["trades"], 45);
    assert_eq!(first["reports"], json!(["backtests/sma_cross.html", "backtests/sma_cross.json"]));
    let report = fs::read_to_string(folder.path("backtests/sma_cross.json")).expect("a report");
    let report: Value = serde_json::from_str(&report).expect("JSON");
    for key in ["fingerprint", "gate_unmet", "emergency", "warnings"] {
        assert_eq!(first[key], report[key], "{key}");
    }
    let text = folder.refused(&["backtest", "--json", "--out", "-"], 2);
    assert!(text.contains("--json and --out - both print JSON on standard output"), "{text}");
}

#[test]
fn data_tell_what_came_in_and_what_is_there() {
    let folder = Folder::new();
    let rows = "ts,open,high,low,close,volume\n2026-08-26T12:00Z,1,2,0.5,1.5,9\n2026-08-26T12:15Z,1,2,0.5,1.5,9\n\
                2026-08-26T12:20Z,1,0.9,0.5,1.5,9\n";
    fs::write(folder.path("kraken_ETH-EUR_5m.csv"), rows).expect("a file");
    let imported = document(&folder, &["data", "import", "kraken_ETH-EUR_5m.csv", "--allow-rejects"]);
    let none = json!({ "count": 0, "first": [] });
    let rejected = json!({ "count": 1, "first": ["line 4: high 0.9 is below open 1"] });
    let notes = ["assumed, as nobody says otherwise in the configuration: \
         `instruments: {\"kraken:ETH/EUR\": {tick: 0.1, lot: 0.00000001, min_notional: 10}}`"];
    let expected = json!([{
        "file": "kraken_ETH-EUR_5m.csv", "series": "kraken:ETH/EUR 5m", "lines": 3, "added": 2, "equal": 0,
        "replaced": none, "rejected": rejected, "contradicted": none, "notes": notes,
    }]);
    assert_eq!(imported, expected);
    let listed = document(&folder, &["data", "list"]);
    let first = 1_787_745_600_000_i64; // 2026-08-26T12:00Z
    assert_eq!(
        (&listed[0]["bars"], &listed[0]["first"], &listed[0]["last"]),
        (&json!(2), &json!(first), &json!(first + 900_000))
    );
    assert_eq!(listed[0]["hash"].as_str().map(str::len), Some(64));
    let verified = document(&folder, &["data", "verify"]);
    assert_eq!(verified[0]["gaps"], json!([{ "from": first + 300_000, "to": first + 900_000, "bars": 2 }]));
    assert_eq!((&verified[0]["is_sound"], &verified[0]["broken"]), (&json!(true), &none));
    let resampled = document(&folder, &["data", "resample", "kraken:ETH/EUR", "15m"]);
    let expected = json!({
        "series": "kraken:ETH/EUR 15m", "added": 2, "replaced": 0, "made_of": { "timeframe": "5m", "bars": 2 },
    });
    assert_eq!(resampled, expected);
    let cut = document(&folder, &["data", "cut", "--to", "2026-08-26T12:15Z", "kraken_ETH-EUR_5m.csv", "cut.csv"]);
    assert_eq!(cut, json!({ "file": "cut.csv", "kept": 1, "left_out": 2, "unreadable": 0 }));
}

#[test]
fn an_import_that_ends_with_an_error_tells_what_came_in_before() {
    let folder = Folder::new();
    let rows = "ts,open,high,low,close,volume\n2026-08-26T12:00Z,1,2,0.5,1.5,9\n";
    fs::write(folder.path("kraken_ETH-EUR_5m.csv"), rows).expect("a file");
    fs::write(folder.path("kraken_XRP-EUR_5m.csv"), rows.replace("0.5", "5")).expect("a file");
    fs::copy(folder.path("kraken_ETH-EUR_5m.csv"), folder.path("kraken_LTC-EUR_5m.csv")).expect("a copy");
    let files = ["kraken_ETH-EUR_5m.csv", "kraken_XRP-EUR_5m.csv", "kraken_LTC-EUR_5m.csv"];
    let run = folder.run(&[&["data", "import", "--json"], &files[..]].concat());
    assert_eq!(run.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let told: Vec<_> = told.as_array().expect("a list").iter().map(|one| (&one["file"], &one["added"])).collect();
    assert_eq!(told, [(&json!(files[0]), &json!(1))]);
    let log = String::from_utf8(run.stderr).expect("a text");
    assert!(log.contains("nothing of kraken_XRP-EUR_5m.csv was taken"), "{log}");
    let listed = document(&folder, &["data", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "the third was not read: {listed}");
    assert_eq!(listed[0]["series"], "kraken:ETH/EUR 5m");
}

#[test]
fn a_backtest_that_ends_with_an_error_tells_the_runs_before() {
    let other = CROSS.replace("name: a", "name: b").replace("BTC/USD", "ETH/USD");
    let folder = configured(&(CROSS.to_owned() + &other), "");
    let run = folder.run(&["backtest", "--json"]);
    assert_eq!(run.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let names: Vec<_> = told["runs"].as_array().expect("runs").iter().map(|run| &run["name"]).collect();
    assert_eq!(names, ["a"]);
    assert!(folder.path("backtests/a.json").exists());
    let run = folder.run(&["backtest", "--json", "--strategy", "b"]);
    assert_eq!((run.status.code(), run.stdout.len()), (Some(1), 0), "there is nothing to tell");
}

#[test]
fn check_tells_each_thing() {
    let folder = configured(CROSS, "web: {port: 1}\nversion: 2\n");
    let told = document(&folder, &["check"]);
    let note = |text: &str| json!({ "about": "configuration", "is_ok": null, "text": text });
    assert_eq!(told[0], json!({ "about": "configuration", "is_ok": true, "text": "config/graphwiz.yaml" }));
    assert_eq!(told[1], note("web: this version does not do it"));
    assert_eq!(told[2], note("accepted, and without effect: version"));
    let strategy = "a, of kind sma_cross, needs 51 bars of 5m";
    assert_eq!(told[3], json!({ "about": "strategy", "is_ok": true, "text": strategy }));
    assert_eq!(told[4], json!({ "about": "market store", "is_ok": true, "text": "var/graphwiz/market.db" }));
    let folder = configured(&CROSS.replace("sma_cross", "sma"), "trading: {commission: 1}\n");
    let run = folder.run(&["check", "--json"]);
    assert_eq!(run.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let text = |index: usize| told[index]["text"].as_str().unwrap_or_default().to_owned();
    assert!(text(0).starts_with(r#"config/graphwiz.yaml:2: strategies[0].kind: unknown kind "sma""#), "{told}");
    assert!(text(1).starts_with(r#"config/graphwiz.yaml:3: trading.commission: unknown key"#), "{told}");
}

#[test]
fn other_commands_have_their_document_or_say_that_they_have_none() {
    let folder = Folder::new();
    let version = document(&folder, &["version"]);
    assert_eq!(version["name"], "graphwiz-trader");
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document(&folder, &["strategy", "new", "dip"]), json!({ "file": "strategies/dip.yaml" }));
    assert_eq!(document(&folder, &["schema"])["title"], "Config");
    assert_eq!(document(&folder, &["config", "show"])["backtesting"]["seed"], 0);
    let text = folder.refused(&["completions", "bash", "--json"], 2);
    assert!(text.contains("completions prints a script for a shell; it goes without --json"), "{text}");
}

/// The keys of a document, in their order within it; of what stands at `account` and the like the report has its own.
fn keys(value: &Value, found: &mut Vec<String>) {
    const OF_THE_REPORT: [&str; 4] = ["account", "metrics", "gate_unmet", "emergency"];
    for (key, inner) in value.as_object().into_iter().flatten() {
        found.push(key.clone());
        if !OF_THE_REPORT.contains(&key.as_str()) {
            keys(inner, found);
        }
    }
    value.as_array().into_iter().flatten().for_each(|inner| keys(inner, found));
}

#[test]
fn the_help_of_a_command_names_each_key_of_its_document() {
    let folder = Folder::new();
    folder.told(&["strategy", "new", "dip"]);
    for (command, arguments) in [
        (&["data", "import"][..], &["examples/market"][..]),
        (&["data", "list"], &[]),
        (&["data", "verify"], &[]),
        (&["data", "resample"], &["bitstamp:BTC/USD", "1h"]),
        (&["data", "cut"], &["--to", "2026-08-24", "examples/market/bitstamp_BTC-USD_1m.csv.gz", "cut.csv"]),
        (&["backtest"], &[]),
        (&["strategy", "list"], &[]),
        (&["strategy", "new"], &["other"]),
        (&["strategy", "check"], &["dip"]),
        (&["check"], &[]),
        (&["version"], &[]),
    ] {
        let help = folder.told(&[command, &["--help"]].concat());
        let help = help.split_once("\n--json: ").expect("what it holds").1;
        let words: Vec<_> = help.split(|c: char| !c.is_ascii_lowercase() && c != '_').collect();
        let mut found = Vec::new();
        keys(&document(&folder, &[command, arguments].concat()), &mut found);
        found.retain(|key| !words.contains(&key.as_str()));
        assert!(found.is_empty(), "{command:?}: {found:?} are not in {help}");
    }
}
