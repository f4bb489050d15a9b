//! The configuration key by key: what each may be, what it is where nothing is said, and what goes with what.

#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod layers;

use std::collections::BTreeSet;
use std::path::Path;

use graphwiz_trader::config::setting::Setting;
use graphwiz_trader::config::{self, Config, Origin, RuleFiles};
use graphwiz_trader::kinds::Registry;
use serde_json::{Value, json};

fn load(text: &str, profile: Option<&str>, set: &[&str]) -> Result<Config, String> {
    let set: Vec<Setting> = set.iter().map(|set| set.parse().expect("a setting")).collect();
    let origin = Origin { path: Path::new("c.yaml"), profile, set: &set };
    let env = |name: &str| match name {
        "FEE" => Some("0.002".to_owned()),
        "LIMITED" => Some("false".to_owned()),
        "DIR" => Some("reports".to_owned()),
        "GRAPHWIZ_ENV" => Some("night".to_owned()).filter(|_| text.contains("environments")),
        _ => None,
    };
    config::load_text(&origin, text, (&Registry::built_in(), RuleFiles::All), &env).map_err(|faults| faults.to_string())
}

/// What stands at these keys where `set` is set over the first run's strategies.
#[track_caller]
fn effective(set: &[&str]) -> Value {
    let config = load("", None, set).unwrap_or_else(|faults| panic!("{set:?}: {faults}"));
    serde_json::to_value(config).expect("JSON")
}

#[track_caller]
fn refused(set: &[&str], expected: &str) {
    let faults = load("", None, set).expect_err("faults");
    assert!(faults.contains(expected), "{set:?}: {expected} in\n{faults}");
}

/// A key, what it may be at its two ends, and what is just beyond them.
type Range = (&'static str, [&'static str; 2], [&'static str; 2]);

const RANGES: &[Range] = &[
    ("trading.max_position_size", ["0.001", "1"], ["0", "1.001"]),
    ("trading.max_daily_loss", ["0.001", "0.149"], ["0.0009", "0.51"]),
    ("trading.max_drawdown", ["0.051", "0.5"], ["0.0009", "0.51"]),
    ("trading.commission_rate", ["0", "0.05"], ["-0.001", "0.051"]),
    ("trading.commission_maker", ["0", "0.05"], ["-0.001", "0.051"]),
    ("trading.slippage_rate", ["0", "0.05"], ["-0.001", "0.051"]),
    ("trading.latency_ms", ["0", "86400000"], ["-1", "86400001"]),
    ("trading.max_volume_share", ["0.001", "1"], ["0", "1.001"]),
    ("risk.max_position_size", ["0.01", "1e15"], ["0", "1.1e15"]),
    ("risk.max_portfolio_exposure", ["0.001", "1"], ["0", "1.001"]),
    ("risk.max_correlation_exposure", ["0.001", "1"], ["0", "1.001"]),
    ("risk.max_open_positions", ["1", "1000"], ["0", "1001"]),
    ("risk.max_trades_per_day", ["1", "1000"], ["0", "1001"]),
    ("risk.sizing.risk_per_trade", ["0.001", "0.10"], ["0.0009", "0.11"]),
    ("risk.sizing.fixed_notional", ["0.01", "1e15"], ["0", "1.1e15"]),
    ("risk.sizing.fixed_risk", ["0.01", "1e15"], ["0", "1.1e15"]),
    ("risk.stop_loss.default_percent", ["0.005", "0.029"], ["0.0049", "0.21"]),
    ("risk.stop_loss.trailing_percent", ["0.001", "0.5"], ["0.0009", "0.51"]),
    ("risk.stop_loss.atr_multiple", ["0.1", "100"], ["0", "101"]),
    ("risk.take_profit.default_percent", ["0.01", "0.50"], ["0.0099", "0.51"]),
    ("risk.cooldown_bars", ["0", "100000"], ["-1", "100001"]),
    ("risk.stop_guard", ["1", "1000"], ["0", "1001"]),
    ("risk.size_stop", ["0.001", "0.5"], ["0.0009", "0.51"]),
    ("backtesting.initial_capital", ["0.01", "1e15"], ["0", "1.1e15"]),
    ("backtesting.commission", ["0", "0.05"], ["-0.001", "0.051"]),
    ("backtesting.slippage", ["0", "0.05"], ["-0.001", "0.051"]),
    ("backtesting.risk_free_rate", ["-0.5", "0.5"], ["-0.51", "0.51"]),
    ("backtesting.seed", ["0", "18446744073709551615"], ["-1", "1.5"]),
    ("data.max_gap_bars", ["0", "100"], ["-1", "101"]),
    ("gates.live.max_drawdown", ["0.01", "0.10"], ["0", "0.101"]),
    ("gates.live.min_profit_factor", ["1.5", "1000"], ["1.49", "1001"]),
    ("gates.live.min_psr", ["0.95", "1"], ["0.949", "1.01"]),
    ("gates.live.min_trips", ["100", "1000000"], ["99", "1000001"]),
    ("gates.live.min_days", ["3", "3650"], ["2.9", "3651"]),
    ("gates.live.min_sharpe", ["-1e15", "1e15"], ["-1.1e15", "1.1e15"]),
    ("gates.live.min_win", ["0", "1"], ["-0.1", "1.1"]),
    ("strategies[].capital_share", ["0.001", "0.5"], ["0", "1.1"]),
    ("strategies[].exits.stop_loss", ["0.005", "0.029"], ["0.0049", "0.21"]),
    ("strategies[].exits.trailing_percent", ["0.001", "0.5"], ["0.0009", "0.51"]),
    ("strategies[].exits.atr_multiple", ["0.1", "100"], ["0", "101"]),
    ("strategies[].exits.cooldown_bars", ["0", "100000"], ["-1", "100001"]),
    ("strategies[].exits.stop_guard", ["1", "1000"], ["0", "1001"]),
    ("strategies[].exits.size_stop", ["0.001", "0.5"], ["0.0009", "0.51"]),
    ("strategies[].exits.partial_targets[].percent", ["0.001", "1"], ["0", "1.001"]),
    ("strategies[].exits.partial_targets[].target", ["0.021", "10"], ["0", "10.1"]), // the stop is 0.02
    ("strategies[].params.NAME", ["5", "49"], ["-1.1e15", "1.1e15"]),                // within what the kind takes
    ("risk.take_profit.partial_targets[].percent", ["0.001", "1"], ["0", "1.001"]),
    ("risk.take_profit.partial_targets[].target", ["0.021", "10"], ["0", "10.1"]),
    ("trading.emergency_shutdown.triggers[].threshold", ["0.001", "0.5"], ["0.0009", "0.51"]),
    ("trading.emergency_shutdown.triggers[].consecutive_errors", ["1", "1000"], ["0", "1001"]),
    ("instruments.NAME.tick", ["1e-18", "1e15"], ["1e-19", "1.1e15"]),
    ("instruments.NAME.lot", ["1e-18", "1e15"], ["1e-19", "1.1e15"]),
    ("instruments.NAME.min_quantity", ["0", "1e15"], ["-1", "1.1e15"]),
    ("instruments.NAME.min_notional", ["0", "1e15"], ["-1", "1.1e15"]),
];

/// What sets a key, and where a fault of it is: one within a list, or below a name, is set with all that is around it.
fn setting(key: &str, value: &str) -> (String, String) {
    if let Some(field) = key.strip_prefix("instruments.NAME.") {
        return (format!("instruments={{'a:B/C': {{{field}: {value}}}}}"), format!("instruments.\"a:B/C\".{field}"));
    }
    let key = key.replace("params.NAME", "params.fast");
    let place = key.replace("[]", "[0]");
    let Some((list, field)) = key.rsplit_once("[].").filter(|(list, _)| *list != "strategies") else {
        return (format!("{key}={value}"), place);
    };
    let beside = match field {
        "percent" => ", target: 0.05",
        "target" => ", percent: 1",
        "threshold" => ", type: max_drawdown",
        "consecutive_errors" => ", type: system_error",
        "seconds" => ", type: connection_lost",
        _ => "",
    };
    (format!("{list}=[{{{field}: {value}{beside}}}]"), place)
}

#[test]
fn every_number_has_its_range_ends_included() {
    for (key, inside, outside) in RANGES {
        for value in inside {
            effective(&[&setting(key, value).0]);
        }
        for value in outside {
            let (set, place) = setting(key, value);
            refused(&[&set], &format!("--set {set}: {place}: found "));
        }
    }
}

#[test]
fn the_upper_end_of_a_seed_is_told() {
    refused(&["backtesting.seed=18446744073709551616"], "a whole number at least 0 and at most 18446744073709551615");
}

#[test]
fn a_number_that_no_type_holds_is_refused_by_its_range() {
    for (key, ..) in RANGES {
        for value in ["2147483648", "4294967296", "9223372036854775808", "18446744073709551616", "1e30", "-1", "1.5"] {
            let (set, place) = setting(key, value);
            if let Err(faults) = load("", None, &[&set]) {
                assert!(faults.contains(&format!("--set {set}: {place}: found ")), "{faults}");
            }
        }
    }
}

/// Keys that are no numbers: one thing they may be, one they may not, and what is said of that.
const OTHERS: &[(&str, &str, &str, &str)] = &[
    ("trading.slippage", "realistic", "none", "expected one of fixed, realistic"),
    ("trading.account_currency", "USD", "1", "expected a string or null"),
    ("trading.enable_position_limits", "false", "1", "expected true or false"),
    ("trading.enable_risk_checks", "false", "1", "expected true or false"),
    ("trading.emergency_shutdown.enabled", "false", "1", "expected true or false"),
    ("trading.emergency_shutdown.flatten", "true", "1", "expected true or false"),
    (
        "trading.emergency_shutdown.triggers",
        "[{type: max_drawdown, threshold: 0.1}, {type: system_error}, {type: connection_lost}]",
        "[{type: drawdown}]",
        "expected one of max_daily_loss, max_drawdown, system_error, connection_lost",
    ),
    (
        "trading.emergency_shutdown.triggers[].type",
        "max_drawdown",
        "drawdown",
        "triggers[0].type: found \"drawdown\", expected one of max_daily_loss, max_drawdown, system_error",
    ),
    ("risk.enabled", "false", "1", "expected true or false"),
    ("risk.sizing.method", "fixed_fractional", "half", "expected one of fixed_fractional, fixed_notional, fixed_risk"),
    ("risk.stop_loss.enabled", "false", "1", "expected true or false"),
    ("risk.take_profit.enabled", "false", "1", "expected true or false"),
    ("risk.take_profit.partial_targets", "[]", "[{percent: 1}]", "missing, expected a number above 0 and at most 10"),
    ("backtesting.fills", "bars", "ticks", "expected one of bars, trades"),
    ("backtesting.intrabar", "pessimistic", "best", "expected one of pessimistic, detail"),
    ("backtesting.data.source", "graph", "neo4j", "expected one of store, graph"),
    ("backtesting.reports.dir", "a", "[]", "expected a string that is not empty"),
    ("backtesting.reports.output_format", "html", "pdf", "expected one of both, json, html"),
    ("backtesting.reports.generate_plots", "false", "1", "expected true or false"),
    ("data.base_path", "a", "[]", "expected a string that is not empty"),
    ("data.import", "[]", "a", "expected a list"),
    ("strategies[].name", "a", "''", "expected a string that is not empty"),
    ("strategies[].kind", "rsi", "''", "expected a string that is not empty"),
    ("strategies[].file", "null", "1", "expected a string or null"),
    ("strategies[].instruments", "['kraken:BTC/USD']", "[]", "expected a list of at least one"),
    ("strategies[].timeframe", "15m", "7m", "expected one of 1m, 5m, 15m, 1h, 4h, 1d"),
    ("strategies[].params", "{fast: 10}", "[]", "expected a mapping"),
    ("strategies[].exits.partial_targets", "null", "1", "expected a list or null"),
    ("instruments", "{'a:B/C': {tick: 1, lot: 1, min_quantity: 0, min_notional: 0, fee_in: base}}", "[]", "a mapping"),
    ("instruments.NAME.fee_in", "base", "both", "fee_in: found \"both\", expected one of quote, base"),
];

#[test]
fn every_other_key_has_its_kind() {
    for (key, good, bad, expected) in OTHERS {
        let name_all_alike = *key == "strategies[].name";
        let good = setting(key, good).0;
        if name_all_alike {
            refused(&[&good], "expected a name that differs from that of strategies[0]");
        } else {
            effective(&[&good]);
        }
        refused(&[&setting(key, bad).0], expected);
    }
}

/// The keys of a schema, with `[]` behind those of lists, and `NAME` for those that anybody may choose.
fn keys(root: &Value, schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        keys(root, root.pointer(&name[1..]).expect("a definition"), path, found);
    }
    for alternative in schema["anyOf"].as_array().into_iter().flatten() {
        keys(root, alternative, path, found);
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        found.insert(path.clone());
        keys(root, inner, &path, found);
    }
    if schema["additionalProperties"].is_object() {
        let path = format!("{path}.NAME");
        found.insert(path.clone());
        keys(root, &schema["additionalProperties"], &path, found);
    }
    if schema["items"].is_object() {
        keys(root, &schema["items"], &format!("{path}[]"), found);
    }
}

#[test]
fn no_key_of_the_schema_is_without_its_test() {
    let schema = config::schema();
    let mut found = BTreeSet::new();
    keys(&schema, &schema, "", &mut found);
    let is_section = |key: &str| found.iter().any(|other| other.starts_with(&format!("{key}.")));
    let is_later = |key: &str| {
        let (set, place) = setting(key, "1");
        let answers = load("", None, &[&set]).map(|config| config.answers).unwrap_or_default();
        let of = [format!("{place}: this version does not do it"), format!("accepted, and without effect: {place}")];
        answers.iter().any(|answer| of.contains(answer))
    };
    let tested: BTreeSet<&str> =
        RANGES.iter().map(|(key, ..)| *key).chain(OTHERS.iter().map(|(key, ..)| *key)).collect();
    let untested: Vec<_> = found
        .iter()
        .filter(|key| !tested.contains(key.as_str()) && !is_section(key) && !is_later(key) && *key != "strategies")
        .collect();
    assert!(untested.is_empty(), "{untested:?}");
}

#[test]
fn what_is_left_out_has_its_default() {
    let all = effective(&[]);
    let at = |path: &str| all.pointer(path).cloned();
    for (path, expected) in [
        ("/trading/max_position_size", json!(0.1)),
        ("/trading/max_daily_loss", json!(0.05)),
        ("/trading/max_drawdown", json!(0.15)),
        ("/trading/commission_rate", json!(0.001)),
        ("/trading/slippage_rate", json!(0.0005)),
        ("/trading/slippage", json!("fixed")),
        ("/trading/latency_ms", json!(0)),
        ("/trading/max_volume_share", json!(0.1)),
        ("/trading/emergency_shutdown/enabled", json!(true)),
        ("/trading/emergency_shutdown/flatten", json!(false)),
        ("/risk/max_position_size", json!(10000)),
        ("/risk/max_portfolio_exposure", json!(0.5)),
        ("/risk/max_correlation_exposure", json!(0.3)),
        ("/risk/max_open_positions", json!(10)),
        ("/risk/max_trades_per_day", json!(100)),
        ("/risk/sizing/method", json!("fixed_fractional")),
        ("/risk/sizing/risk_per_trade", json!(0.01)),
        ("/risk/stop_loss/default_percent", json!(0.02)),
        ("/risk/stop_loss/trailing_percent", json!(0.01)),
        ("/risk/take_profit/default_percent", json!(0.05)),
        ("/risk/take_profit/partial_targets/0", json!({ "percent": 0.5, "target": 0.03 })),
        ("/risk/take_profit/partial_targets/1", json!({ "percent": 1, "target": 0.05 })),
        ("/risk/cooldown_bars", json!(0)),
        ("/risk/size_stop", json!(0.02)),
        ("/backtesting/initial_capital", json!(100_000)),
        ("/backtesting/risk_free_rate", json!(0.02)),
        ("/backtesting/fills", json!("bars")),
        ("/backtesting/intrabar", json!("pessimistic")),
        ("/backtesting/seed", json!(0)),
        ("/backtesting/data/source", json!("store")),
        ("/backtesting/reports/dir", json!("backtests")),
        ("/backtesting/reports/output_format", json!("both")),
        ("/data/base_path", json!("var/graphwiz")),
        ("/data/max_gap_bars", json!(3)),
    ] {
        assert_eq!(at(path), Some(expected), "{path}");
    }
}

#[test]
fn what_is_shown_is_what_is_in_effect_and_gives_it_again() {
    let nulls = |set: &[&str]| effective(set).to_string().matches("null").count();
    assert_eq!(nulls(&[]), 0, "{}", effective(&[]));
    // What belongs to a later version does nothing, and one that is set to its default is as one that is left out.
    let unset = ["trading.mode=paper", "gates.paper={min_trips: 9}", "trading.commission_maker=null"];
    assert_eq!(effective(&unset), effective(&[]));
    // Null says something where the default is another.
    let off = ["risk.stop_loss.trailing_percent=null", "strategies[].exits.trailing_percent=null"];
    assert_eq!(nulls(&off), 3, "one for each strategy");
    for set in [&off[..], &["instruments={'a:B/C': {tick: 5}}", "risk.stop_guard=3", "gates.live.min_win=0.5"]] {
        let shown = effective(set);
        let again = load(&shown.to_string(), None, &[]).expect("a configuration");
        assert_eq!(serde_json::to_value(again).expect("JSON"), shown);
    }
}

#[test]
fn strategies_that_are_left_out_are_those_of_the_first_run() {
    let first_run = include_str!("../../../../../config/graphwiz.yaml");
    let strategies = |text: &str| serde_json::to_value(load(text, None, &[]).expect("a configuration").strategies);
    assert_eq!(strategies("").expect("JSON"), strategies(first_run).expect("JSON"));
    let schema = config::schema();
    assert_eq!(schema["properties"]["strategies"]["default"].as_array().map(Vec::len), Some(2));
    let one = strategies("strategies: [{name: a, kind: rsi}]").expect("JSON");
    let first = &strategies("").expect("JSON")[0];
    for key in ["instruments", "timeframe"] {
        assert_eq!(one[0][key], first[key], "{key}");
    }
    assert_eq!(strategies("strategies: [{}]").expect("JSON")[0], *first);
    let faults =
        load("strategies: [{}, {name: sma_cross}]", None, &["trading.account_currency=EUR"]).expect_err("faults");
    let currency = "instruments: found an instrument in USD, expected EUR, the account's currency";
    let name = "name: found \"sma_cross\", expected a name that differs from that of strategies[0]";
    let expected = [
        format!("c.yaml:1: strategies[0].{currency}"),
        format!("c.yaml:1: strategies[1].{currency}"),
        format!("c.yaml:1: strategies[1].{name}"),
    ];
    assert!(faults.starts_with(&expected.join("\n")), "{faults}");
    let of_program =
        "the first run's configuration: strategies[0].instruments[0]: found an instrument in USD, expected EUR";
    refused(&["trading.account_currency=EUR"], of_program);
}

#[test]
fn keys_go_with_each_other() {
    let drawdown = "trading.max_daily_loss: found 0.05, expected less than trading.max_drawdown, which is 0.05";
    refused(&["trading.max_drawdown=0.05"], drawdown);
    let sum = "strategies[].capital_share: found 1.2 in all, expected a sum of at most 1 (one left out is 0.5)";
    refused(&["strategies[].capital_share=0.6"], sum);
    let amount = "risk.sizing.fixed_risk: missing, expected the amount that fixed_risk takes";
    refused(&["risk.sizing.method=fixed_risk"], amount);
    effective(&["risk.sizing.method=fixed_risk", "risk.sizing.fixed_risk=100"]);
    let rising =
        "risk.take_profit.partial_targets[1].target: found 0.03, expected more than the target before it, 0.03";
    let targets = "[{percent: 0.5, target: 0.03}, {percent: 1, target: 0.03}]";
    refused(&[&format!("risk.take_profit.partial_targets={targets}")], rising);
    let stop = "risk.take_profit: found a target of 0.03, expected more than the stop, which is 0.03; \
                `partial_targets: null` leaves targets out";
    refused(&["risk.stop_loss.default_percent=0.03"], stop);
    for without in ["stop_loss.enabled=false", "take_profit.enabled=false", "stop_loss.atr_multiple=2"] {
        effective(&["risk.stop_loss.default_percent=0.029", &format!("risk.{without}")]);
        // The second strategy has targets of its own: with a stop of its kind they go.
        effective(&["risk.stop_loss.default_percent=0.03", &format!("risk.{without}"), "strategies[].exits={}"]);
    }
    let own = "strategies[1].exits: found a target of 0.03, expected more than the stop, which is 0.04; \
               `partial_targets: null` leaves targets out";
    refused(&["strategies[].exits.stop_loss=0.04"], own);
}

#[test]
fn a_trigger_has_only_the_keys_that_its_type_looks_at() {
    let keys = [("threshold", "0.1"), ("consecutive_errors", "3"), ("seconds", "60")];
    for (kind, own) in [("max_daily_loss", 0), ("max_drawdown", 0), ("system_error", 1), ("connection_lost", 2)] {
        for (at, (key, value)) in keys.into_iter().enumerate() {
            let text =
                format!("trading:\n  emergency_shutdown:\n    triggers:\n      - {{type: {kind}, {key}: {value}}}\n");
            let found = load(&text, None, &[]).map(|_| ());
            let only = ["max_daily_loss or max_drawdown", "system_error", "connection_lost"][at];
            let fault = format!(
                "c.yaml:4: trading.emergency_shutdown.triggers[0].{key}: found {value} for {kind}, expected it for \
                 {only} only; leave it out"
            );
            assert_eq!(found, if at == own { Ok(()) } else { Err(fault) });
        }
        let nulls = keys.map(|(key, _)| format!("{key}: null")).join(", ");
        effective(&[&format!("trading.emergency_shutdown.triggers=[{{type: {kind}, {nulls}}}]")]);
    }
}

#[test]
fn what_would_change_a_backtest_is_refused_in_the_words_of_later_keys() {
    for (set, key) in [
        ("strategies[].kind=agents", "strategies[0].kind"),
        ("risk.sizing.method=kelly", "risk.sizing.method"),
        ("risk.sizing.method=volatility_target", "risk.sizing.method"),
        ("backtesting.fills=trades", "backtesting.fills"),
        ("backtesting.intrabar=detail", "backtesting.intrabar"),
    ] {
        let value = set.split_once('=').expect("a value").1;
        refused(&[set], &format!("--set {set}: {key}: found {value:?}, this version does not do it"));
    }
}

#[test]
fn keys_of_later_versions_are_answered_one_by_one_and_those_that_are_accepted_in_one_line() {
    let text = "logging: {level: DEBUG, structured: true}\nneo4j: {uri: x}\nbudget: 1\nsimulation: []\n\
                exchanges: {binance: {}}\nai: {}\nagents: {}\noptimizer: {}\nlooper: {}\nmonitoring: {}\nsecurity: {}\n\
                web: {}\nknowledge_graph: {}\nperformance: {}\nversion: 1.0\nenvironment: production\ndebug: false\n\
                development: {}\nbacktesting: {engine: x, data: {source: graph, preload: true}}\n\
                trading:\n  emergency_shutdown:\n    triggers: [{type: connection_lost, seconds: 90}]\n";
    let found = load(text, None, &["risk.max_spread=0.01"]).expect("a configuration");
    let sections = "logging neo4j budget simulation exchanges ai agents optimizer looper monitoring security web \
                    knowledge_graph performance risk.max_spread \
                    trading.emergency_shutdown.triggers[0].seconds";
    let mut expected: Vec<_> =
        sections.split_whitespace().map(|key| format!("{key}: this version does not do it")).collect();
    let accepted = "version, environment, debug, development, backtesting.data.preload, backtesting.engine";
    expected.push(format!("accepted, and without effect: {accepted}"));
    assert_eq!(found.answers, expected);
}

#[test]
fn variables_stand_for_texts_numbers_and_booleans() {
    let text = "trading:\n  commission_rate: ${FEE}\n  enable_position_limits: ${LIMITED}\n  max_drawdown: ${NO:-0.2}\n\
                backtesting: {reports: {dir: '${DIR}/of-${NO:-today}'}}\n\
                strategies: [{params: {fast: '${NO:-10}'}}]\n";
    let config = serde_json::to_value(load(text, None, &[]).expect("a configuration")).expect("JSON");
    assert_eq!(config["trading"]["commission_rate"], json!(0.002));
    assert_eq!(config["trading"]["enable_position_limits"], json!(false));
    assert_eq!(config["trading"]["max_drawdown"], json!(0.2));
    assert_eq!(config["backtesting"]["reports"]["dir"], json!("reports/of-today"));
    assert_eq!(config["strategies"][0]["params"], json!({ "fast": 10 }));
    let faults = load("strategies: [{params: {fast: '${FEE}'}}]\ntrading: {slippage: '${NO}'}", None, &[]);
    let expected = "c.yaml:1: strategies[0].params.fast: found 0.002, expected 5 to 50\n\
                    c.yaml:2: trading.slippage: the environment variable NO is not set, expected a value, or a default \
                    as in ${NO:-default}";
    assert_eq!(faults.expect_err("faults"), expected);
}
