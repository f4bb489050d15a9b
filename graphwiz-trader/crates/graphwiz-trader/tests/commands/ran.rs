//! What a run says of itself: what was run, what became of orders, and why there is no trip.

use std::fs;

use serde_json::{Value, json};

use super::{CROSS, configured};

/// Runs these rules on the first run's hours: what is printed of trips that there are none of, and the report.
fn without_trips(rules: &str, more: &str) -> (String, Value) {
    let folder = configured(&CROSS.replace("5m}", "1h}"), more);
    fs::create_dir(folder.path("strategies")).expect("a folder");
    fs::write(folder.path("strategies/quiet.yaml"), format!("name: quiet\n{rules}\n")).expect("a file");
    let told = folder.told(&["backtest", "--strategy-file", "strategies/quiet.yaml"]);
    let line = told.lines().find_map(|line| line.strip_prefix("quiet: no trip: "));
    let report = fs::read(folder.path("backtests/quiet.json")).expect("a report");
    (line.unwrap_or_else(|| panic!("{told}")).to_owned(), serde_json::from_slice(&report).expect("JSON"))
}

#[test]
fn a_run_without_a_trip_says_why() {
    let line = |rules, more| without_trips(rules, more).0;
    for rules in ["enter: close < 0", "enter: true\nsize: 0"] {
        assert_eq!(line(rules, ""), "no BUY signal with a size above 0 on 336 bars");
    }
    let minimum = "instruments: {\"bitstamp:BTC/USD\": {min_notional: 1000000}}\n";
    let refused = "the risk layer refused every entry (336 viable_minimum); \
                   the first: risk refused viable_minimum: 10000.00 < 1071428.57";
    assert_eq!(line("enter: true", minimum), refused);
}

#[test]
fn what_is_still_held_is_told_everywhere() {
    let folder = configured(&CROSS.replace("5m}", "1h}"), "");
    fs::write(folder.path("late.yaml"), "name: a\nenter: hour == 23 and day == 30\n").expect("a file");
    let told = folder.told(&["backtest", "--strategy-file", "late.yaml"]);
    let held = "0.1275179 of bitstamp:BTC/USD";
    let lines =
        ["a: no trip: what was bought is still held\n", &format!("a: still held, counted at the last close: {held}\n")];
    assert!(lines.iter().all(|line| told.contains(line)), "{told}");
    let page = fs::read_to_string(folder.path("backtests/a.html")).expect("a page");
    assert!(page.contains(&format!("<p>Still held at the end: {held}. It counts at the last close")), "{page}");
    let report: Value =
        serde_json::from_slice(&fs::read(folder.path("backtests/a.json")).expect("a report")).expect("JSON");
    assert_eq!(report["held"], json!([{ "strategy": "a", "instrument": "bitstamp:BTC/USD", "quantity": "0.1275179" }]));
}

#[test]
fn entries_that_were_never_filled_are_counted_by_what_became_of_them() {
    let (line, report) = without_trips("enter: true\nlimit: close / 2", "");
    let orders = report["orders"].as_array().expect("orders");
    // One a bar, but none is sent at 24:00 of the last day for the day after it.
    let expired = orders.iter().filter(|order| order["unfilled"] == "time").count();
    assert!(expired > 300 && orders.len() == expired + 1, "{expired} of {}", orders.len());
    let expected = "no entry was filled: 1 open at the end, 335 with a limit that the price did not fall below in time";
    assert_eq!(line, expected);
    assert_eq!((&orders[0]["state"], &orders[0]["filled"]), (&json!("expired"), &json!("0")));
    assert_eq!(orders[0]["clipped_by"], "max_position_size");
    assert_eq!(report["signals"], json!({ "buy": 336, "buy_on_flagged": 0, "sell": 0 }));
}

#[test]
fn a_strategy_that_warms_up_for_long_is_told_with_when_it_can_decide() {
    let folder = configured(&CROSS.replace("5m}", "1h, params: {slow: 100}}"), "");
    let waits = "a: the first 100 of 336 bars of bitstamp:BTC/USD only warm it up, so that it decides nothing before \
                 2026-08-21T04:00Z; holding is counted from the first of them\n";
    let told = folder.told(&["backtest"]);
    assert!(told.contains(waits), "{told}");
    let later = folder.told(&["backtest", "--from", "2026-08-21T04:00Z"]);
    assert!(!later.contains("warm it up"), "bars before it warm it up: {later}");
    assert!(later.contains(" rejected (20160 bars of 1m), traded from 2026-08-21T04:00Z\n"), "{later}");
    assert!(!told.contains("traded from"), "{told}");
}

#[test]
fn exits_are_told_with_who_said_them() {
    let folder = configured(&CROSS.replace("5m}", "1h, params: {fast: 10}, exits: {trailing_percent: 0.03}}"), "");
    folder.told(&["backtest"]);
    let report = fs::read(folder.path("backtests/a.json")).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let strategy = &report["strategies"][0];
    assert_eq!(strategy["params"], json!({ "fast": "10", "slow": "50" }));
    let exits = json!({
        "stop_loss": { "value": "0.02", "from": "kind" },
        "trailing_percent": { "value": "0.03", "from": "strategy" },
        "partial_targets": { "value": null, "from": "kind" },
        "cooldown_bars": { "value": "0", "from": "risk" },
        "stop_guard": { "value": null, "from": "risk" },
    });
    assert_eq!(strategy["exits"], exits);
}

#[test]
fn a_stop_that_a_rule_files_stop_replaces_is_named() {
    let rules = CROSS.replace("sma_cross", "rules, file: wide.yaml").replace("5m}", "1h, exits: {stop_loss: 0.01}}");
    let folder = configured(&rules, "");
    let text = "name: wide\nenter: close > open\nexits: {atr_multiple: 3}\n";
    fs::write(folder.path("config/wide.yaml"), text).expect("a file");
    let expected = "strategy a: exits.stop_loss: 0.01 has no effect, as atr_multiple, 3, takes its place; \
                    `atr_multiple: null` beside it makes it count\n";
    let (checked, ran) = (folder.told(&["check"]), folder.told(&["backtest"]));
    assert!(checked.contains(&format!("note strategy: {expected}")), "{checked}");
    assert!(ran.contains(expected), "{ran}");
    let counts = rules.replace("stop_loss: 0.01", "stop_loss: 0.01, atr_multiple: null");
    fs::write(folder.path("config/graphwiz.yaml"), format!("strategies:\n{counts}")).expect("a file");
    assert!(!folder.told(&["check"]).contains("no effect"));
}

#[test]
fn what_several_strategies_still_hold_is_told_with_their_names() {
    let one = CROSS.replace("sma_cross", "rules, file: late.yaml").replace("5m}", "1h}");
    let folder = configured(&format!("{one}{}", one.replace("name: a", "name: b")), "risk: {enabled: false}\n");
    fs::write(folder.path("config/late.yaml"), "name: late\nenter: hour == 23 and day == 30\n").expect("a file");
    let told = folder.told(&["backtest", "--portfolio"]);
    let line = told.lines().find(|line| line.contains("still held, counted")).unwrap_or_else(|| panic!("{told}"));
    let page = fs::read_to_string(folder.path("backtests/portfolio.html")).expect("a page");
    for text in [line, &page] {
        assert!(["a", "b"].iter().all(|name| text.contains(&format!(" of bitstamp:BTC/USD ({name})"))), "{text}");
    }
}
