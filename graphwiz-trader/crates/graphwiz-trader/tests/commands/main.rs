//! The program as its users run it: a folder of its own, the real data, and what it prints.

#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod data;
mod json;
mod ran;
mod reports;
mod settings;
mod strategies;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// A folder with the configuration and the data of the first run.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        let clone = Path::new(ROOM).join("..");
        for (from, to) in [
            ("config/graphwiz.yaml", "config/graphwiz.yaml"),
            ("examples/market/bitstamp_BTC-USD_1m.csv.gz", "examples/market/bitstamp_BTC-USD_1m.csv.gz"),
        ] {
            let to = folder.path(to);
            fs::create_dir_all(to.parent().expect("a parent")).expect("a folder");
            fs::copy(clone.join(from), to).expect("a copy");
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(Path::new(env!("CARGO_BIN_EXE_graphwiz-trader")), arguments).output().expect("a run")
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.0.path()).env_remove("GRAPHWIZ_ENV");
        command
    }

    /// Standard output of a run that ends well.
    #[track_caller]
    fn told(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("a text")
    }

    /// What a run that ends with this code says on standard error, without its log.
    #[track_caller]
    fn refused(&self, arguments: &[&str], code: i32) -> String {
        let run = self.run(&[&["--log-level", "ERROR"], arguments].concat());
        let text = String::from_utf8(run.stderr).expect("a text");
        assert_eq!(run.status.code(), Some(code), "{text}");
        text
    }
}

/// Without the hashes, which follow from everything.
fn without_fingerprints(told: &str) -> String {
    let shorten = |line: &str| match line.split_once(", fingerprint ") {
        Some((report, fingerprint)) => {
            assert_eq!(fingerprint.len(), 64, "{fingerprint}");
            format!("{report}, fingerprint …\n")
        }
        None => format!("{line}\n"),
    };
    told.lines().map(shorten).collect()
}

#[test]
fn the_first_run_prints_the_figures_of_the_contract_to_the_cent() {
    let folder = Folder::new();
    let expected = fs::read_to_string(Path::new(ROOM).join("tests/first_run.txt")).expect("the expected lines");
    assert_eq!(without_fingerprints(&folder.told(&["backtest"])), expected);
    let report = fs::read_to_string(folder.path("backtests/sma_cross.json")).expect("a report");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    assert_eq!(report["account"]["equity"], "100176.9255373505");
    assert_eq!(report["exits"], serde_json::json!({ "signal": 44, "stop": 1 }));
}

#[test]
fn strategies_of_several_timeframes_share_a_file() {
    let folder = Folder::new();
    let strategy = |name, frame| {
        format!("  - {{ name: {name}, kind: sma_cross, instruments: [\"bitstamp:BTC/USD\"], timeframe: {frame} }}\n")
    };
    let strategies = [strategy("minutes", "1m"), strategy("longer", "5m"), strategy("again", "1m")].concat();
    fs::write(folder.path("config/graphwiz.yaml"), format!("strategies:\n{strategies}")).expect("written");
    let of_store = folder.told(&["backtest"]);
    assert_eq!(of_store.matches("final=").count(), 3, "{of_store}");
    assert_eq!(folder.told(&["backtest", "--data", "examples/market"]), of_store);
}

#[test]
fn the_store_and_the_files_as_they_are_give_one_fingerprint() {
    let folder = Folder::new();
    let of_store = folder.told(&["backtest"]);
    assert_eq!(of_store, folder.told(&["backtest"]), "run twice");
    let of_files = folder.told(&["backtest", "--data", "examples/market"]);
    assert_eq!(of_store, of_files);
}

#[test]
fn a_result_does_not_change_when_data_from_its_end_on_are_removed() {
    let folder = Folder::new();
    let within = ["backtest", "--strategy", "sma_cross", "--to", "2026-08-24T00:02Z", "--out", "-"];
    let of_within = folder.told(&within);
    let part = ["backtest", "--strategy", "sma_cross", "--to", "2026-08-24", "--out", "-"];
    let of_part = folder.told(&part);
    let report: serde_json::Value = serde_json::from_str(&of_part).expect("JSON");
    assert_eq!(report["span"]["bars"], 7 * 288);
    let end = 1_787_529_600_000_i64; // 2026-08-24T00:00Z
    assert_eq!(report["span"]["to"], end);
    let name = "bitstamp_BTC-USD_1m.csv.gz";
    let cut = folder.told(&["data", "cut", "--to", "2026-08-24", &format!("examples/market/{name}"), name]);
    assert_eq!(cut, format!("{name}: 10080 lines kept, 10080 left out\n")); // 7 · 1440 of each
    let of_cut = ["backtest", "--strategy", "sma_cross", "--data", name, "--out", "-"];
    assert_eq!(of_part, folder.told(&of_cut));
    assert_eq!(of_part, of_within, "no bar is made of what is not to be known");
}

#[test]
fn finer_prices_after_the_end_of_a_run_make_no_finer_tick() {
    let folder = Folder::new();
    let name = "bitstamp_BTC-USD_5m.csv";
    // It rises and falls by turns, in whole units.
    let bar = |i: i64| {
        let price = 1000 + (i % 160 - 80).abs();
        format!("{},{price},{price},{price},{price},1000\n", 1_787_011_200_000 + i * 300_000)
    };
    let text = format!("ts,open,high,low,close,volume\n{}", (0..576).map(bar).collect::<String>()); // two days
    fs::write(folder.path(name), &text).expect("a file");
    let part = ["backtest", "--strategy", "sma_cross", "--data", name, "--to", "2026-08-20", "--out", "-"];
    let before = folder.told(&part);
    let report: serde_json::Value = serde_json::from_str(&before).expect("JSON");
    assert!(report["metrics"]["trades"].as_u64() > Some(2), "{}", report["metrics"]);
    let later = 1_787_184_000_000_i64; // 2026-08-20T00:00Z
    fs::write(folder.path(name), format!("{text}{later},1.00001,1.00001,1.00001,1.00001,1.000000001\n"))
        .expect("a file");
    assert_eq!(folder.told(&part), before);
}

#[test]
fn a_time_without_its_offset_is_refused_and_is_no_day() {
    let folder = Folder::new();
    for time in ["2026-08-20T13:00", "2026-08-20T13:00[Europe/Berlin]", "20260820"] {
        let text = folder.refused(&["backtest", "--from", time], 2);
        assert!(text.contains("expected a time as 2026-08-17T00:00Z, or a day"), "{time}: {text}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_of_reports_whose_name_is_no_text_is_written_to() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;
    let folder = Folder::new();
    let name = OsStr::from_bytes(b"r\xff");
    let program = env!("CARGO_BIN_EXE_graphwiz-trader");
    let mut run = Command::new(program);
    let run = run.args(["backtest", "--json", "--report-dir"]).arg(name).current_dir(folder.0.path()).output();
    let run = run.expect("a run");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(folder.0.path().join(name).join("sma_cross.html").exists());
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let folder = Folder::new();
    let text = folder.refused(&["backtest", "--strategy", "sma_crossing"], 2);
    assert!(text.contains(r#"no strategy "sma_crossing" in the configuration, did you mean "sma_cross"?"#), "{text}");
    let text = folder.refused(&["backtest", "--instrument", "bitstamp:ETH/USD"], 1);
    assert!(text.contains("bitstamp:ETH/USD 5m is not stored"), "{text}");
    let text = folder.refused(&["backtest", "--from", "2026-09-30"], 1);
    assert!(text.contains("no bars of bitstamp:BTC/USD 5m in the span"), "{text}");
    let text = folder.refused(&["backtest", "--from", "2026-08-30T23:00Z", "--to", "2026-08-30T23:00Z"], 2);
    assert!(text.contains("--from 2026-08-30T23:00Z is not before --to 2026-08-30T23:00Z"), "{text}");
    let text = folder.refused(&["backtest", "--out", "one.json"], 2);
    assert!(text.contains("--out one.json takes one report, and 2 strategies run"), "{text}");
    let text = folder.refused(&["backtest", "--timeframe", "1d"], 1);
    assert!(text.contains("warm-up needs 51 bars, got 14"), "{text}");
}

#[test]
fn every_fault_of_a_configuration_is_named_at_once() {
    let folder = Folder::new();
    let faulty = "strategies:\n  - {name: a, kind: agents, instruments: [BTCUSD], timeframe: 7m}\n\
                  trading: {max_daily_loss: 0.2, mode: live, commission_rates: 0.1}\n\
                  backtesting: {fills: trades}\nweb: {port: 1}\n";
    fs::write(folder.path("config/graphwiz.yaml"), faulty).expect("a file");
    let text = folder.refused(&["backtest"], 2);
    for expected in [
        r#"graphwiz.yaml:2: strategies[0].kind: found "agents", this version does not do it"#,
        r#"graphwiz.yaml:2: strategies[0].instruments[0]: found "BTCUSD", expected an instrument as venue:BASE/QUOTE"#,
        "graphwiz.yaml:2: strategies[0].timeframe: found",
        r#"trading.commission_rates: unknown key "commission_rates", did you mean "commission_rate"?"#,
        "trading.max_daily_loss: found 0.2, expected less than trading.max_drawdown, which is 0.15",
        r#"graphwiz.yaml:4: backtesting.fills: found "trades", this version does not do it"#,
    ] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn keys_of_later_versions_are_answered_and_change_nothing() {
    let folder = Folder::new();
    let before = folder.told(&["backtest", "--strategy", "sma_cross"]);
    let path = folder.path("config/graphwiz.yaml");
    let text = fs::read_to_string(&path).expect("a file");
    let later = "web: {port: 1, any: thing}\ntrading: {mode: live}\ngates: {proposal: {min_trips: 50}}\n";
    fs::write(&path, format!("{text}\n{later}")).expect("a file");
    let run = folder.run(&["backtest", "--strategy", "sma_cross"]);
    let log = String::from_utf8(run.stderr).expect("a text");
    for key in ["web", "trading.mode", "gates.proposal"] {
        assert!(log.contains(&format!("{key}: this version does not do it")), "{log}");
    }
    let told = String::from_utf8(run.stdout).expect("a text");
    assert!(told.ends_with(before.rsplit_once("fingerprint").expect("one").1), "{told}");
    assert!(!told.contains("this version does not do it"), "the log said it: {told}");
}

#[test]
fn a_configuration_of_the_advisor_is_recognised() {
    let folder = Folder::new();
    fs::write(folder.path("config/graphwiz.yaml"), "client: {assets: [djed]}\norchestrator: {}\n").expect("a file");
    let text = folder.refused(&["backtest"], 2);
    assert!(
        text.contains("this is a configuration of the Alert Orchestrator, expected one of GraphWiz Trader"),
        "{text}"
    );
}

/// A configuration with these strategies, in place of the first run's.
fn configured(strategies: &str, more: &str) -> Folder {
    let folder = Folder::new();
    fs::write(folder.path("config/graphwiz.yaml"), format!("strategies:\n{strategies}{more}")).expect("a file");
    folder
}

const CROSS: &str = "  - {name: a, kind: sma_cross, instruments: [\"bitstamp:BTC/USD\"], timeframe: 5m}\n";

#[test]
fn an_instrument_is_the_same_however_it_is_written() {
    let expected = configured(CROSS, "").told(&["backtest"]);
    let written = CROSS.replace("bitstamp:BTC/USD", "Bitstamp:btc/usd");
    let found = configured(&written, "").told(&["backtest"]);
    assert_eq!(without_fingerprints(&found), without_fingerprints(&expected));
    let filtered = configured(CROSS, "instruments: {\"Bitstamp:btc/usd\": {min_notional: 1000000}}\n");
    assert!(filtered.told(&["backtest"]).contains("trades=0"));
    let text = configured(CROSS, "instruments: {BTCUSD: {tick: 5}}\n").refused(&["backtest"], 2);
    assert!(text.contains("graphwiz.yaml:3: instruments.BTCUSD: found another name, expected an instrument"), "{text}");
    let twice = CROSS.replace("[\"bitstamp:BTC/USD\"]", "[\"bitstamp:BTC/USD\", \"BITSTAMP:BTC/USD\"]");
    let text = configured(&twice, "").refused(&["backtest"], 2);
    let again = "found \"BITSTAMP:BTC/USD\" again, expected it once (first at strategies[0].instruments[0])";
    assert!(text.contains(&format!("strategies[0].instruments[1]: {again}")), "{text}");
    let twice = "instruments:\n  bitstamp:BTC/USD: {tick: 0.1}\n  bitstamp:btc/usd: {tick: 0.5}\n";
    let text = configured(CROSS, twice).refused(&["backtest"], 2);
    let other = "yaml:5: instruments.\"bitstamp:btc/usd\": found bitstamp:BTC/USD in other letters, expected it once";
    assert!(text.contains(other), "{text}");
}

#[test]
fn an_instrument_of_another_currency_than_the_accounts_is_refused_wherever_it_is_named() {
    let folder = configured(CROSS, "trading: {account_currency: usd}\n");
    let text = folder.refused(&["backtest", "--instrument", "bitstamp:BTC/EUR"], 2);
    let expected = "--instrument bitstamp:BTC/EUR: found an instrument in EUR, expected USD, the account's currency";
    assert!(text.contains(expected), "{text}");
    folder.told(&["backtest", "--instrument", "bitstamp:BTC/USD"]);
    let configured = configured(&CROSS.replace("BTC/USD", "BTC/EUR"), "trading: {account_currency: usd}\n");
    let text = configured.refused(&["backtest"], 2);
    assert!(text.contains("found an instrument in EUR, expected USD, the account's currency"), "{text}");
}

#[test]
fn what_cannot_be_run_is_a_fault_of_the_configuration() {
    let of = |from: &str, to: &str, more: &str| configured(&CROSS.replace(from, to), more).refused(&["backtest"], 2);
    let text = of("kind: sma_cross", "kind: sma_crossing", "");
    let kind = r#"graphwiz.yaml:2: strategies[0].kind: unknown kind "sma_crossing", did you mean "sma_cross"?"#;
    assert!(text.contains(kind), "{text}");
    let text = of("5m}", "5m, params: {fast: 60,\n      fastest: 1}}", "");
    let unknown = r#"strategies[0].params.fastest: kind sma_cross has no parameter "fastest", did you mean "fast"?"#;
    let place = |line: &str| line.trim_start_matches("config/").to_owned();
    let lines: Vec<_> = text.lines().map(place).collect();
    let range = "graphwiz.yaml:2: strategies[0].params.fast: found 60, expected 5 to 50".to_owned();
    assert_eq!(lines, [range, format!("graphwiz.yaml:3: {unknown}")]);
    let text = of("5m}", "5m, params: {fast: 30, slow: 25}}", "");
    let both = "graphwiz.yaml:2: strategies[0].params: parameter fast is 30, expected less than slow, which is 25";
    assert!(text.contains(both), "{text}");
    let text = of("5m}", "5m, exits: {stop_loss: 0.1, partial_targets: [{percent: 1, target: 0.05}]}}", "");
    let within =
        "graphwiz.yaml:2: strategies[0].exits: found a target of 0.05, expected more than the stop, which is 0.1";
    assert!(text.contains(within), "{text}");
    let text = of("kind: sma_cross", "kind: rsi", "risk: {stop_loss: {default_percent: 0.04}}\n");
    let within = "graphwiz.yaml:3: risk.take_profit: found a target of 0.03, expected more than the stop, which is 0.04; \
         `partial_targets: null` leaves targets out";
    assert_eq!(text.trim(), format!("config/{within}"), "told once, not for each strategy");
    let text = of("kind: sma_cross", "kind: rules", "");
    assert!(text.contains("strategies[0].file: missing, expected the rule file"), "{text}");
    let text = of("kind: sma_cross", "kind: rules, file: a.yaml", "");
    assert!(text.contains("strategies[0].file: reading the rule file config/a.yaml: No such file"), "{text}");
    let text =
        configured(&(CROSS.to_owned() + &CROSS.replace("name: a", "name: \"A!\"")), "").refused(&["backtest"], 2);
    assert!(
        text.contains(r#"strategies[1].name: found "A!", expected a name that differs from that of strategies[0]"#),
        "{text}"
    );
}

#[test]
fn steps_that_cannot_be_counted_are_named() {
    let of = |filters: &str| {
        let more = format!("instruments: {{\"bitstamp:BTC/USD\": {{{filters}}}}}\n");
        configured(CROSS, &more).refused(&["backtest"], 1)
    };
    let text = of("tick: 1e-14, lot: 1e-18");
    assert!(text.contains("a capital of 100000 cannot be counted in steps of 10^-32"), "{text}");
    let text = of("tick: 100000");
    assert!(text.contains("the tick 100000 is above the lowest price of its bars, 62689.89"), "{text}");
}

#[test]
fn a_portfolio_of_one_has_its_share() {
    let folder = configured(&CROSS.replace("5m}", "5m, capital_share: 0.01}"), "");
    let report = |arguments: &[&str]| -> serde_json::Value {
        let told = folder.told(&[&["backtest", "--out", "-"], arguments].concat());
        serde_json::from_str(&told).expect("JSON")
    };
    let (alone, shared) = (report(&[]), report(&["--portfolio"]));
    assert_eq!(alone["account"]["equity"], "100176.9255373505");
    assert_ne!(shared["account"]["equity"], alone["account"]["equity"]);
    assert_ne!(shared["config_hash"], alone["config_hash"]);
}

#[test]
fn the_environment_names_the_configuration_and_lays_over_it() {
    let folder = configured(CROSS, "environments: {small: {backtesting: {initial_capital: 1000}}}\n");
    fs::rename(folder.path("config/graphwiz.yaml"), folder.path("mine.yaml")).expect("renamed");
    let run = Command::new(env!("CARGO_BIN_EXE_graphwiz-trader"))
        .args(["backtest", "--out", "-"])
        .current_dir(folder.0.path())
        .env("GRAPHWIZ_CONFIG", "mine.yaml")
        .env("GRAPHWIZ_ENV", "small")
        .output()
        .expect("a run");
    let report: serde_json::Value = serde_json::from_slice(&run.stdout).expect("JSON");
    assert_eq!(report["account"]["initial"], "1000");
}

#[test]
fn research_goes_on_after_an_emergency_and_says_until_when() {
    let more = "trading: {max_daily_loss: 0.001, max_drawdown: 0.002}\n";
    let folder = configured(CROSS, more);
    let ended = folder.told(&["backtest"]);
    assert!(ended.contains("a: emergency at ") && ended.contains("; no entries after\n"), "{ended}");
    let went_on = folder.told(&["backtest", "--emergency", "continue"]);
    assert!(went_on.contains("T00:00Z\n") && !went_on.contains("; no entries after\n"), "{went_on}");
    let trades = |told: &str| -> usize {
        let (_, rest) = told.split_once("trades=").expect("a count");
        rest.split(',').next().and_then(|count| count.parse().ok()).expect("a count")
    };
    assert!(trades(&ended) < trades(&went_on), "{ended}{went_on}");
}

#[test]
fn a_rule_file_does_what_the_built_in_does() {
    let folder = Folder::new();
    let report = |arguments: &[&str]| -> serde_json::Value {
        let told = folder.told(&[&["backtest", "--out", "-"], arguments].concat());
        serde_json::from_str(&told).expect("JSON")
    };
    for name in ["sma_cross", "rsi", "momentum", "mean_reversion"] {
        let line =
            format!("strategies: [{{name: a, kind: {name}, instruments: [\"bitstamp:BTC/USD\"], timeframe: 5m}}]\n");
        fs::write(folder.path("config/graphwiz.yaml"), line).expect("a file");
        let built_in = report(&[]);
        let rules = Path::new(ROOM).join(format!("strategies/{name}.yaml"));
        let of_file = report(&["--strategy-file", rules.to_str().expect("a text")]);
        assert_eq!(of_file["result_hash"], built_in["result_hash"], "{name}");
        assert!(built_in["orders"].as_array().is_some_and(|orders| orders.len() > 5), "{name}");
        assert_ne!(of_file["config_hash"], built_in["config_hash"], "{name}");
    }
}

#[test]
fn a_new_rule_file_runs_as_it_is_and_keeps_its_word() {
    let folder = Folder::new();
    let told = folder.told(&["strategy", "new", "dip"]);
    assert!(told.starts_with("strategies/dip.yaml: written"), "{told}");
    assert!(folder.refused(&["strategy", "new", "dip"], 1).contains("making the rule file strategies/dip.yaml"));
    assert!(folder.refused(&["strategy", "new", "Dip"], 2).contains("is no name"));
    let run = folder.told(&["backtest", "--strategy-file", "strategies/dip.yaml"]);
    assert!(run.contains("dip: final="), "{run}");
    let checked = folder.told(&["strategy", "check", "strategies/dip.yaml"]);
    let on = "on 4032 bars of bitstamp:BTC/USD 5m\n";
    assert!(checked.contains(&format!("ok   look-ahead {on}ok   start-up {on}")), "{checked}");
    fs::write(folder.path("strategies/bad.yaml"), "name: bad\nenter: rsi14 < 30\n").expect("a file");
    for arguments in
        [["strategy", "check", "strategies/bad.yaml"], ["backtest", "--strategy-file", "strategies/bad.yaml"]]
    {
        let text = folder.refused(&arguments, 2);
        assert!(text.contains("strategies/bad.yaml:2:8: unknown name rsi14; did you mean rsi(14)?"), "{text}");
    }
}

#[test]
fn a_rule_file_of_the_configuration_lies_beside_it() {
    let folder = configured(&CROSS.replace("kind: sma_cross", "kind: rules, file: mine.yaml, params: {fast: 10}"), "");
    let rules = fs::read_to_string(Path::new(ROOM).join("strategies/sma_cross.yaml")).expect("a rule file");
    fs::write(folder.path("config/mine.yaml"), rules).expect("a file");
    assert!(folder.told(&["backtest"]).contains("a: final="));
    let text = fs::read_to_string(folder.path("config/graphwiz.yaml")).expect("a file").replace("10}", "60}");
    fs::write(folder.path("config/graphwiz.yaml"), text).expect("a file");
    let text = folder.refused(&["backtest"], 2);
    let range = "graphwiz.yaml:2: strategies[0].params.fast: parameter fast must be 5 to 50, found 60";
    assert!(text.contains(range), "{text}");
    fs::write(folder.path("config/mine.yaml"), "name: a\nenter: rsi14 < 30\nexit: close\n").expect("a file");
    let text = folder.refused(&["backtest"], 2);
    let at = "graphwiz.yaml:2: strategies[0].file: config/mine.yaml:";
    assert!(text.contains(&format!("{at}2:8: unknown name rsi14; did you mean rsi(14)?")), "{text}");
    assert!(text.contains(&format!("{at}3:7: exit must be a bool")), "{text}");
}
