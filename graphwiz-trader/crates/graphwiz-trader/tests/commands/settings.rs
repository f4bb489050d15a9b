//! What lies over the configuration: profiles, and what is set on the command line.

use super::{CROSS, Folder, configured, without_fingerprints};
use std::fs;
use std::path::Path;
use std::process::Command;

fn report(folder: &Folder, arguments: &[&str]) -> serde_json::Value {
    let told = folder.told(&[&["backtest", "--out", "-"], arguments].concat());
    serde_json::from_str(&told).expect("JSON")
}

#[test]
fn a_parameter_that_is_set_is_that_of_the_configuration() {
    let folder = configured(CROSS, "");
    let set = report(&folder, &["--set", "fast=10", "--set", "slow=1e2"]);
    let written = configured(&CROSS.replace("5m}", "5m, params: {fast: 10, slow: 100}}"), "");
    assert_eq!(set, report(&written, &[]), "config_hash and fingerprint, too");
    assert_ne!(set["config_hash"], report(&folder, &[])["config_hash"]);
}

#[test]
fn a_key_that_is_set_is_that_of_the_configuration() {
    let folder = configured(CROSS, "");
    let set = report(&folder, &["--set", "strategies[].exits.stop_loss=0.01", "--set", "risk.stop_guard=null"]);
    let written = configured(&CROSS.replace("5m}", "5m, exits: {stop_loss: 0.01}}"), "");
    assert_eq!(set, report(&written, &[]));
    assert_ne!(set["result_hash"], report(&folder, &[])["result_hash"]);
}

#[test]
fn a_hash_is_of_what_takes_effect_and_not_of_how_it_is_written() {
    let written = "  # All that is left out elsewhere.\n  - params: {slow: 50.0, fast: 20}\n    capital_share: 1\n    \
                   exits: {stop_loss: 0.020, trailing_percent: null, partial_targets: null, cooldown_bars: 0}\n    \
                   timeframe: 5m\n    instruments: [\"Bitstamp:btc/usd\"]\n    kind: sma_cross\n    name: a\n";
    let more = "data: {import: [./examples/../examples/market], max_gap_bars: 3}\n\
                gates: {live: {min_trips: 100, max_drawdown: 0.10, min_psr: 0.95, min_days: 3, \
                min_profit_factor: 1.5}}\n\
                backtesting: {commission: 0.0010, slippage: 5e-4, risk_free_rate: 0.02}\n\
                instruments: {\"bitstamp:BTC/USD\": {tick: 0.010, lot: 1e-8, min_quantity: 0, min_notional: 10, \
                fee_in: quote}, \"kraken:BTC/EUR\": {tick: 5}}\n\
                trading:\n  account_currency: USD\n  commission_maker: 0.001\n  emergency_shutdown:\n    \
                triggers:\n    - {type: system_error, consecutive_errors: 5}\n    \
                - {type: max_drawdown, threshold: 0.15}\n    - {type: max_daily_loss}\n";
    let (plain, written) = (configured(CROSS, ""), configured(written, more));
    for arguments in [&[][..], &["--portfolio"], &["--instrument", "BITSTAMP:btc/usd"]] {
        assert_eq!(
            report(&plain, arguments)["fingerprint"],
            report(&written, arguments)["fingerprint"],
            "{arguments:?}"
        );
    }
    let expected = report(&plain, &[])["fingerprint"].clone();
    let absolute = plain.path("config/graphwiz.yaml");
    for path in ["./config/graphwiz.yaml", "config/../config/graphwiz.yaml", absolute.to_str().expect("a text")] {
        assert_eq!(report(&plain, &["--config", path])["fingerprint"], expected, "{path}");
    }
    plain.told(&["strategy", "new", "dip"]);
    let expected = report(&plain, &["--strategy-file", "strategies/dip.yaml"])["fingerprint"].clone();
    let absolute = plain.path("strategies/dip.yaml");
    for path in ["./strategies/dip.yaml", "config/../strategies/dip.yaml", absolute.to_str().expect("a text")] {
        assert_eq!(report(&plain, &["--strategy-file", path])["fingerprint"], expected, "{path}");
    }
    for other in ["fast=21", "risk.stop_guard=3", "gates.live.min_trips=101", "backtesting.risk_free_rate=0.01"] {
        assert_ne!(report(&plain, &["--set", other])["config_hash"], report(&plain, &[])["config_hash"], "{other}");
    }
}

#[test]
fn what_is_set_is_checked_as_what_is_written() {
    let folder = configured(CROSS, "");
    let refused = |set: &[&str]| {
        let set: Vec<_> = set.iter().flat_map(|set| ["--set", set]).collect();
        folder.refused(&[&["backtest"], &set[..]].concat(), 2)
    };
    let text = refused(&["fastest=10"]);
    let unknown =
        r#"a: params.fastest: kind sma_cross has no parameter "fastest", did you mean "fast"? (with --set fastest=10)"#;
    assert!(text.contains(unknown), "{text}");
    assert!(refused(&["fast=60"]).contains("a: params.fast: found 60, expected 5 to 50 (with --set fast=60)"));
    let text = refused(&["fast=30", "slow=25"]);
    assert!(text.contains("a: params: parameter fast is 30, expected less than slow, which is 25"), "{text}");
    assert!(refused(&["fast=ten"]).contains(r#"--set fast=ten: found "ten", expected a number"#));
    let text = refused(&["risk.cooldown_bar=3", "trading.max_drawdown=0.04"]);
    let unknown =
        r#"--set risk.cooldown_bar=3: risk.cooldown_bar: unknown key "cooldown_bar", did you mean "cooldown_bars"?"#;
    let cross = "--set trading.max_drawdown=0.04: trading.max_daily_loss: found 0.05, expected less than";
    assert!(text.contains(unknown) && text.contains(cross), "{text}");
    assert!(refused(&["fast"]).contains("expected NAME=NUMBER for a parameter"));
    // As in the file.
    assert!(
        refused(&["fast=010"]).contains("--set fast=010: found 010 with a leading zero, expected a number without")
    );
    assert!(refused(&["risk.cooldown_bars=010"]).contains("found 010 with a leading zero"));
    assert!(refused(&["fa\u{1b}st=10"]).contains("expected NAME=NUMBER for a parameter"));
    let deep = format!("{}=1", vec!["a"; 20_000].join("."));
    for too_large in [&deep, &format!("risk={}", "[".repeat(20_000)), &format!("{}=1", vec!["a"; 17].join("."))] {
        assert!(refused(&[too_large]).contains("expected at most 1000 bytes, and a key of at most 16 parts"));
    }
}

#[test]
fn the_parameters_of_a_rule_file_are_set_with_its_rules() {
    let folder = Folder::new();
    folder.told(&["strategy", "new", "dip"]);
    let file = ["backtest", "--strategy-file", "strategies/dip.yaml"];
    let name = fs::read_to_string(folder.path("strategies/dip.yaml")).expect("a file");
    let name = name.split_once("params:\n").expect("parameters").1.trim_start().split_once(':').expect("a name").0;
    let text = folder.refused(&[&file[..], &["--set", &format!("{name}=-1")]].concat(), 2);
    assert!(text.contains(&format!("strategy dip: params.{name}: parameter {name} must be")), "{text}");
    let text = folder.refused(&[&file[..], &["--set", "none=1"]].concat(), 2);
    assert!(text.contains("params.none: the rule file has no parameter none"), "{text}");
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_graphwiz-trader");

/// Runs a command in the folder, with this program found by its name, and with these variables and no others.
#[track_caller]
fn run(folder: &Folder, command: &mut Command, variables: &[(&str, &str)]) {
    let programs = Path::new(PROGRAM).parent().expect("a folder").display();
    let command = command.current_dir(folder.path("")).env_clear().env("PATH", format!("{programs}:/usr/bin:/bin"));
    let run = command.envs(variables.iter().copied()).output().expect("a run");
    assert!(run.status.success(), "{command:?}: {}", String::from_utf8_lossy(&run.stderr));
}

/// Runs a line in a shell, in the folder.
#[track_caller]
pub(super) fn shell(folder: &Folder, line: &str, variables: &[(&str, &str)]) {
    run(folder, Command::new("/bin/sh").args(["-c", line]), variables);
}

/// The line that the page of the report `name` has gives its fingerprint again in a shell; it is `expected`.
#[track_caller]
fn gives_it_again(
    folder: &Folder,
    name: &str,
    variables: &[(&str, &str)],
    arguments: &[&str],
    expected: &str,
) -> serde_json::Value {
    let text = |kind: &str| fs::read_to_string(folder.path(&format!("backtests/{name}.{kind}"))).expect("a report");
    let fingerprint = || serde_json::from_str::<serde_json::Value>(&text("json")).expect("JSON")["fingerprint"].clone();
    run(folder, Command::new(PROGRAM).arg("backtest").args(arguments), variables);
    let (first, page) = (fingerprint(), text("html"));
    let line = page.split_once("<pre tabindex=0>").expect("a command").1.split_once("</pre>").expect("its end").0;
    let line = line.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&");
    assert_eq!(line, expected);
    fs::remove_dir_all(folder.path("backtests")).expect("no reports");
    shell(folder, &line, &[]);
    assert_eq!(fingerprint(), first, "{line}");
    first
}

#[test]
fn the_page_has_the_command_that_gives_it_again() {
    let more = "environments: {small: {backtesting: {initial_capital: 1000}}}\n";
    let folder = configured(&(CROSS.to_owned() + &CROSS.replace("name: a", "name: \"-b's $HOME\"")), more);
    let text = fs::read_to_string(folder.path("config/graphwiz.yaml")).expect("a file");
    fs::write(folder.path("mine.yaml"), text.replace("1000", "2000")).expect("a file");

    let of = ["--profile", "swing", "--strategy", "a", "--set", "fast=10", "--set", "risk.stop_guard=null"];
    let expected = "graphwiz-trader backtest --profile swing --strategy a --set fast=10 --set risk.stop_guard=null";
    let plain = gives_it_again(&folder, "a", &[], &of, expected);
    let with = [("GRAPHWIZ_ENV", "small")];
    let small = gives_it_again(&folder, "a", &with, &of, &format!("GRAPHWIZ_ENV=small {expected}"));
    let expected = expected.replacen("backtest", "backtest --config mine.yaml", 1);
    let other = [("GRAPHWIZ_ENV", "small"), ("GRAPHWIZ_CONFIG", "mine.yaml")];
    let other = gives_it_again(&folder, "a", &other, &of, &format!("GRAPHWIZ_ENV=small {expected}"));
    assert!(plain != small && small != other, "{plain} {small} {other}");

    let name = "--strategy=-b's $HOME";
    let expected = r"graphwiz-trader backtest --strategy='-b'\''s $HOME' --from 2026-08-20T00:00Z --seed 7";
    gives_it_again(&folder, "b-s-HOME", &[], &[name, "--from", "2026-08-20", "--seed", "7"], expected);
    let expected = "graphwiz-trader backtest --portfolio --strategy a";
    gives_it_again(&folder, "portfolio", &[], &["--portfolio", "--strategy", "a"], expected);
}

#[test]
fn a_profile_lies_over_the_configuration() {
    let folder = configured(&CROSS.replace("sma_cross", "rsi"), "");
    let told = folder.run(&["backtest", "--profile", "conservative", "--out", "-"]);
    let log = String::from_utf8(told.stderr).expect("a text");
    let answers = ["trading.mode: this version does not do it", "agents: this version does not do it"];
    assert!(answers.iter().all(|answer| log.contains(answer)), "{log}");
    let profiled: serde_json::Value = serde_json::from_slice(&told.stdout).expect("JSON");
    let more = "trading: {max_daily_loss: 0.03, max_drawdown: 0.08}\n\
                risk: {max_position_size: 2000, max_open_positions: 5, max_trades_per_day: 5, \
                stop_loss: {default_percent: 0.03, trailing_percent: 0.04}, \
                take_profit: {default_percent: 0.09, partial_targets: []}}\n";
    let written = configured(&CROSS.replace("sma_cross", "rsi"), more);
    assert_eq!(profiled["config_hash"], report(&written, &[])["config_hash"]);
    assert_eq!(profiled["result_hash"], report(&written, &[])["result_hash"]);
}

#[test]
fn a_profile_beside_the_configuration_wins() {
    let folder = configured(CROSS, "");
    let plain = folder.told(&["backtest"]);
    fs::create_dir(folder.path("config/profiles")).expect("a folder");
    fs::write(folder.path("config/profiles/swing.yaml"), "backtesting: {seed: 0}\n").expect("a file");
    assert_eq!(without_fingerprints(&folder.told(&["backtest", "--profile", "swing"])), without_fingerprints(&plain));
    fs::write(folder.path("config/profiles/mine.yaml"), "risk:\n  cooldown: 1\n").expect("a file");
    let text = folder.refused(&["backtest", "--profile", "mine"], 2);
    let unknown =
        r#"config/profiles/mine.yaml:2: risk.cooldown: unknown key "cooldown", did you mean "cooldown_bars"?"#;
    assert!(text.contains(unknown), "{text}");
    let text = folder.refused(&["config", "show", "--profile", "min"], 2);
    let known = "paper, swing, scalping, aggressive, germany_live, mine, or config/profiles/NAME.yaml with it";
    assert!(text.contains(r#"--profile "min": found no such profile, expected one of conservative, "#), "{text}");
    assert!(text.contains(known), "{text}");
    assert!(text.contains(r#"did you mean "mine"?"#), "{text}");
}

#[test]
fn no_profile_of_the_program_stands_in_for_one_that_cannot_be_looked_for() {
    let folder = configured(CROSS, "risk: {cooldown: 1}\n");
    fs::write(folder.path("config/profiles"), "no folder").expect("a file");
    let text = folder.refused(&["backtest", "--profile", "swing"], 2);
    let fault = r#"--profile "swing": reading the folder config/profiles: Not a directory"#;
    assert!(text.contains(fault) && text.contains("; expected one that can be read, or none"), "{text}");
    assert!(text.contains("risk.cooldown: unknown key"), "told beside the other faults\n{text}");
}

#[test]
fn a_portfolio_says_what_is_left_unused_and_what_counts_as_one_group() {
    let other = CROSS.replace("name: a", "name: b").replace("BTC/USD", "ETH/USD");
    let folder = configured(&(CROSS.to_owned() + &other + &CROSS.replace("name: a", "name: c")), "");
    let name = |base: &str| folder.path(&format!("examples/market/bitstamp_{base}-USD_1m.csv.gz"));
    fs::copy(name("BTC"), name("ETH")).expect("a copy");
    let all = folder.told(&["backtest", "--portfolio"]);
    let group = "risk.max_correlation_exposure: all 2 instruments count as one group, of at most 0.3 of the equity";
    assert_eq!(all.matches(group).count(), 1, "{all}");
    assert!(!all.contains("stay unused"), "{all}");
    // Small enough that no limit clips it.
    let small = ["--set", "risk.sizing.risk_per_trade=0.001"];
    let report = |arguments: &[&str]| report(&folder, &[arguments, &small].concat());
    let part = report(&["--portfolio", "--strategy", "a", "--strategy", "c"]);
    let unused = "2 of 3 configured strategies run, each with the capital_share that it has among all of them; \
                  the shares of the others stay unused";
    assert_eq!(part["warnings"], serde_json::json!([unused]), "one instrument");
    let page = fs::read_to_string(folder.path("backtests/portfolio.html")).expect("a page");
    assert!(page.contains(group), "{page}");
    // A third of the equity each, as with all three: the first entry is as large.
    let first = |report: &serde_json::Value| report["orders"][0]["quantity"].clone();
    assert_eq!(first(&part), first(&report(&["--portfolio"])));
    assert_ne!(first(&part), first(&report(&["--strategy", "a"])));
}

#[test]
fn a_portfolio_of_several_timeframes_is_refused_as_a_configuration() {
    let folder = configured(&(CROSS.to_owned() + &CROSS.replace("name: a", "name: b").replace("5m}", "15m}")), "");
    let text = folder.refused(&["backtest", "--portfolio"], 2);
    assert!(text.contains("strategies of 5m and of 15m, this version does not do it"), "{text}");
    assert!(folder.told(&["backtest"]).contains("b: final="), "alone they run");
}
