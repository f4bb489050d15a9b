//! What a newcomer sees: the shipped configuration on the shipped examples, through the real binary.

use std::fs;

use serde_json::Value;
use testkit::folder::Run;

use crate::support::{checkout, repository};

#[track_caller]
fn close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - expected).abs() < 0.005, "found {found}, expected {expected} to the cent");
}

#[test]
fn the_first_run_prints_the_decisions_that_the_readme_shows() {
    let clone = checkout();
    let Run { code, stdout, stderr } = clone.run(&["--once"]);
    assert_eq!(
        stdout,
        fs::read_to_string(repository().join("alert-orchestrator/tests/first_run.txt")).unwrap(),
        "{stderr}"
    );
    assert_eq!(code, Some(0));
    for page in ["README.md", "alert-orchestrator/README.md"] {
        let readme = fs::read_to_string(repository().join(page)).unwrap();
        assert!(readme.contains(&stdout), "{page} shows other decisions than\n{stdout}");
    }
}

#[test]
fn the_log_tells_the_start_in_order_and_a_second_run_imports_nothing() {
    let clone = checkout();
    let first = clone.run(&["--once"]).stderr;
    let mut rest = first.as_str();
    for step in [
        concat!("alert-orchestrator ", env!("CARGO_PKG_VERSION")),
        "Loaded configuration from config/orchestrator_config.yaml",
        "Store: embedded store var/orchestrator.db",
        "as of 2026-01-29T00:00:00Z",
        "imported examples/liqwid/liqwid_deposits_djed.csv",
        "fallback data_range, gains count from the asset's first sample, 2024-09-10T00:00:00Z",
    ] {
        let at = rest.find(step).unwrap_or_else(|| panic!("{step:?} is missing, or too early, in\n{first}"));
        rest = &rest[at..];
    }
    assert!(!clone.run(&["--once"]).stderr.contains("imported"), "imported again although no file changed");
}

#[test]
fn json_decisions_carry_the_figures_of_every_kind_of_answer() {
    let clone = checkout();
    let run = clone.run(&["--once", "--json", "--log-level", "ERROR"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let decisions: Value = serde_json::from_str(&run.stdout).unwrap();

    let usdc = &decisions["usdc"];
    assert_eq!((&usdc["decision"], &usdc["ref_mode"], &usdc["reason"]), (&1.into(), &"keyword".into(), &Value::Null));
    close(&usdc["wmax_usd"], 212.94); // half of 339.81 and of 86.09, each rounded down; the third took 350.00, more than its 172.33
    close(&usdc["g_usd"], 598.23);
    assert_eq!(usdc["t0_ts"], "2025-11-15T00:00:00Z");
    assert_eq!(usdc["wallet_breakdown"].as_array().unwrap().len(), 3);

    let djed = &decisions["djed"];
    assert_eq!((&djed["decision"], &djed["reason"]["code"]), (&0.into(), &"no_gain".into()));
    close(&djed["g_usd"], -60.43); // −22.17 − 8.95 − 29.31
    assert_eq!(djed["wallet_breakdown"][0]["wmax_usd"], 0.0);

    let iusd = &decisions["iusd"];
    assert_eq!((&iusd["reason"]["code"], &iusd["residual_trigger"]), (&"off_peg".into(), &1.into()));
    close(&iusd["residual_usd"], -222.19);
    close(&iusd["sigma_usd"], 61.69); // 222.19 / 61.69 = 3.6
    assert_eq!(iusd["wallet_breakdown"], Value::Array(vec![]));

    let usdt = &decisions["usdt"];
    assert_eq!((&usdt["decision"], &usdt["ref_mode"]), (&1.into(), &"data_range".into()));
    close(&usdt["wmax_usd"], 2737.29);
    close(&usdt["withdrawn_since_reference_usd"], 1200.00);

    let usdm = &decisions["usdm"];
    // Day 8 was the newest; order 2 and k = 2 take 11.
    let message =
        "insufficient points for residual gate (8 < 10); at one a day there are enough at 2026-02-01T00:00:00Z";
    assert_eq!(usdm["reason"]["message"], message);
    assert_eq!(usdm["residual_trigger"], Value::Null);
}

#[test]
fn explain_shows_the_figures_of_the_decision() {
    let clone = checkout();
    let text = clone.run(&["explain", "djed"]).stdout;
    for figure in ["djed: HOLD: non-positive gains since t0 (clamped)", "= -22.17 USD", "= -8.95 USD", "= -29.31 USD"] {
        assert!(text.contains(figure), "{figure:?} is missing in\n{text}");
    }
    let decisions: Value = serde_json::from_str(&clone.run(&["--once", "--json"]).stdout).unwrap();
    let explained: Value = serde_json::from_str(&clone.run(&["explain", "DJED", "--json"]).stdout).unwrap();
    assert_eq!(explained["totals"]["gain_usd"], decisions["djed"]["g_usd"]);
    assert_eq!(explained["gate"]["sigma"], decisions["djed"]["sigma_usd"]);

    let wallet = explained["wallets"][1]["address"].as_str().unwrap();
    let one = clone.run(&["explain", "djed", "--wallet", wallet]).stdout;
    assert_eq!(one.matches("\nwallet ").count(), 1, "{one}");
}

#[test]
fn check_finds_everything_in_place() {
    let clone = checkout();
    let Run { code, stdout, .. } = clone.run(&["check"]);
    assert_eq!(code, Some(0), "{stdout}");
    let beginnings: Vec<&str> = stdout.lines().map(|line| line.split(": ").next().unwrap()).collect();
    let expected = ["configuration", "token registry", "store", "clock", "store's file"];
    // What the shipped data are like: two assets have no reference, one of them little history.
    let told = |line: &str, text: &str| stdout.lines().any(|found| found.starts_with(line) && found.contains(text));
    assert!(told("WARN  usdt: reference: 2024-09-10T00:00:00Z (data_range)", "no withdrawal's memo"), "{stdout}");
    assert!(
        told("WARN  usdm: gate: 8 of the 11 points that it takes in the last 720 h; at one a day there are enough", ""),
        "{stdout}"
    );
    assert!(told("ok    djed: newest sample: 2026-01-29T00:00:00Z, 0.0 h old; wallets: 3", ""), "{stdout}");
    assert!(told("ok    djed: gate: 31 points in its window, enough to judge by", ""), "{stdout}");
    assert!(told("ok    djed: flows: 0 without wallet, 0 of wallets without samples", ""), "{stdout}");
    assert_eq!(beginnings.len(), 5 + 5 * 5, "{stdout}");
    assert_eq!(beginnings[..5], expected.map(|what| format!("ok    {what}")));
}
