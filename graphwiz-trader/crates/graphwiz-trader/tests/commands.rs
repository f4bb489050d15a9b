//! The program as its users run it: a folder of its own, the real data, and what it prints.

#![allow(clippy::expect_used, reason = "a test that cannot set itself up has failed")]

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
        let program = env!("CARGO_BIN_EXE_graphwiz-trader");
        Command::new(program)
            .args(arguments)
            .current_dir(self.0.path())
            .env_remove("GRAPHWIZ_ENV")
            .output()
            .expect("a run")
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
}

#[test]
fn what_is_not_there_is_named_with_what_is() {
    let folder = Folder::new();
    let text = folder.refused(&["backtest", "--strategy", "sma_crossing"], 2);
    assert!(text.contains(r#"no strategy "sma_crossing" in the configuration, did you mean "sma_cross"?"#), "{text}");
    let text = folder.refused(&["backtest", "--instrument", "bitstamp:ETH/USD"], 1);
    assert!(text.contains("bitstamp:ETH/USD 5m is not stored"), "{text}");
    let text = folder.refused(&["backtest", "--from", "2026-08-30T23:00Z", "--to", "2026-08-30T23:00Z"], 1);
    assert!(text.contains("no bars of bitstamp:BTC/USD 5m in the span"), "{text}");
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
    fs::write(&path, format!("{text}\nweb: {{port: 1, any: thing}}\ntrading: {{mode: live}}\n")).expect("a file");
    let run = folder.run(&["backtest", "--strategy", "sma_cross"]);
    let log = String::from_utf8(run.stderr).expect("a text");
    assert!(
        log.contains("web: this version does not do it") && log.contains("trading.mode: this version does not do it"),
        "{log}"
    );
    let told = String::from_utf8(run.stdout).expect("a text");
    assert!(told.ends_with(before.rsplit_once("fingerprint").expect("one").1), "{told}");
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

#[test]
fn data_say_what_is_stored_and_whether_it_is_sound() {
    let folder = Folder::new();
    folder.told(&["data", "import", "examples/market"]);
    folder.told(&["data", "resample", "bitstamp:BTC/USD", "1h"]);
    let listed = folder.told(&["data", "list"]);
    assert!(listed.contains("bitstamp:BTC/USD 1m: 20160 bars, 2026-08-17T00:00Z to 2026-08-30T23:59Z"), "{listed}");
    assert!(listed.contains("bitstamp:BTC/USD 1h: 336 bars"), "{listed}");
    let verified = folder.told(&["data", "verify"]);
    assert!(verified.contains("20160 bars") && verified.contains("0 broken, 0 that disagree"), "{verified}");
}

#[test]
fn files_of_users_come_in_with_what_they_say_of_them() {
    let folder = Folder::new();
    fs::write(folder.path("prices.csv"), "26.08.2026 12:00;1\n").expect("a file");
    let refused = folder.refused(&["data", "import", "prices.csv"], 1);
    assert!(refused.contains("neither its name says whose bars it has"), "{refused}");
    let rows = "Date;Last;High;Low;Open\n2026-08-26 12:05;2;2.5;1.5;1.8\n2026-08-26 12:00;1.8;2;1;1.5\n";
    fs::write(folder.path("prices.csv"), rows).expect("a file");
    let of =
        ["--venue", "kraken", "--instrument", "ETH/EUR", "--timeframe", "5m", "--map", "Last=close", "--tz", "UTC"];
    let told = folder.told(&[&["data", "import", "prices.csv"], &of[..]].concat());
    assert!(told.starts_with("prices.csv: kraken:ETH/EUR 5m: 2 lines, 2 bars added, 0 stored already"), "{told}");
    let again = folder.told(&[&["data", "import", "prices.csv"], &of[..]].concat());
    assert!(again.contains("0 bars added, 2 stored already"), "{again}");
}
