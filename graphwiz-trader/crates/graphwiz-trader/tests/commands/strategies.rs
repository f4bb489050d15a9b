//! `strategy list` and `strategy check`, of kinds, configured strategies and rule files.

use super::settings::shell;
use super::{CROSS, Folder, ROOM, configured};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

#[test]
fn kinds_and_files_are_listed_with_parameters_warm_up_and_hash() {
    let folder = Folder::new();
    folder.told(&["strategy", "new", "dip"]);
    let told = folder.told(&["strategy", "list"]);
    let kind = "sma_cross: fast 20 (5 to 50), slow 50 (20 to 200); warm-up 51 bars, settles in 51; hash ";
    assert_eq!(told.matches(kind).count(), 2, "the kind and the rule file\n{told}");
    assert!(told.contains("\nrsi: n 14 (5 to 30), low 30 (15 to 40), high 70 (60 to 85); warm-up 16 bars"), "{told}");
    let all: Value = serde_json::from_str(&folder.told(&["strategy", "list", "--json"])).expect("JSON");
    let names = |key: &str| -> Vec<_> {
        let listed = all[key].as_array().expect("a list");
        listed.iter().map(|one| one["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(names("kinds"), ["dca", "mean_reversion", "momentum", "rsi", "sma_cross"]);
    assert_eq!(names("files"), ["sma_cross", "rsi", "momentum", "mean_reversion", "dip"]);
    assert_eq!(all["files"][4]["file"], "strategies/dip.yaml");
    // sha256sum graphwiz-trader/strategies/sma_cross.yaml
    let text = fs::read(Path::new(ROOM).join("strategies/sma_cross.yaml")).expect("a rule file");
    fs::write(folder.path("strategies/copy.yaml"), text).expect("a copy");
    let all: Value = serde_json::from_str(&folder.told(&["strategy", "list", "--json"])).expect("JSON");
    assert_eq!(all["files"][4]["hash"], all["files"][0]["hash"], "the same bytes");
    assert_ne!(all["files"][4]["hash"], all["files"][5]["hash"]);
}

#[test]
fn a_name_that_stands_in_rule_files_called_otherwise_is_told_with_all_of_them() {
    let folder = Folder::new();
    fs::create_dir(folder.path("strategies")).expect("a folder");
    for file in ["a", "b"] {
        fs::write(folder.path(&format!("strategies/{file}.yaml")), "name: twice\nenter: true\n").expect("a file");
    }
    let told = folder.told(&["strategy", "list"]);
    assert!(told.contains("\ntwice (strategies/a.yaml): ") && told.contains("\ntwice (strategies/b.yaml): "), "{told}");
    let text = folder.refused(&["strategy", "check", "twice"], 2);
    let hint = "strategies/twice.yaml is not there either; name: twice stands in strategies/a.yaml and strategies/b.yaml, \
                give the path";
    assert!(text.contains(hint), "{text}");
    folder.told(&["strategy", "check", "strategies/b.yaml"]);
}

#[test]
fn a_rule_file_with_faults_is_listed_with_them() {
    let folder = Folder::new();
    fs::create_dir(folder.path("strategies")).expect("a folder");
    fs::write(folder.path("strategies/bad.yaml"), "name: bad\nenter: rsi14 < 30\n").expect("a file");
    let run = folder.run(&["strategy", "list"]);
    assert_eq!(run.status.code(), Some(1));
    let told = String::from_utf8(run.stdout).expect("a text");
    let fault = "  strategies/bad.yaml:2:8: unknown name rsi14; did you mean rsi(14)?\n";
    assert!(told.contains("FAIL bad (strategies/bad.yaml): hash ") && told.ends_with(fault), "{told}");
}

#[test]
fn a_folder_of_rule_files_that_cannot_be_read_is_not_an_empty_one() {
    let folder = Folder::new();
    std::os::unix::fs::symlink("strategies", folder.path("strategies")).expect("a link to itself");
    let text = folder.refused(&["strategy", "list"], 1);
    assert!(text.contains("reading the folder strategies: "), "{text}");
}

#[test]
fn what_is_configured_and_every_kind_keep_their_word() {
    let folder = configured(&CROSS.replace("name: a", "name: mine").replace("5m}", "1h, params: {fast: 10}}"), "");
    let told = folder.told(&["strategy", "check", "mine"]);
    let on = "on 336 bars of bitstamp:BTC/USD 1h\n"; // 14 · 24
    let signals = "on 336 bars of bitstamp:BTC/USD 1h: 3 BUY and 3 SELL, if nothing is held\n";
    let told_of =
        "the configured strategy mine, of kind sma_cross: no fault\nok   warm-up: 51 bars, 51 until it settles";
    let expected = format!("{told_of}\nok   signals {signals}ok   look-ahead {on}ok   start-up {on}");
    assert_eq!(told, expected);
    for kind in ["dca", "mean_reversion", "momentum", "rsi", "sma_cross"] {
        let told = folder.told(&["strategy", "check", kind]);
        assert!(told.starts_with(&format!("the kind {kind}, with its defaults: no fault\n")), "{told}");
        assert!(told.contains(&format!("ok   look-ahead {on}ok   start-up {on}")), "{told}");
    }
    folder.told(&["strategy", "new", "dip"]);
    let told = folder.told(&["strategy", "check", "dip"]);
    assert_eq!(told, folder.told(&["strategy", "check", "strategies/dip.yaml"]));
    assert!(told.starts_with("the rule file strategies/dip.yaml: no fault\n"), "{told}");
    let text = folder.refused(&["strategy", "check", "mind"], 2);
    let hint =
        r#"no strategy, kind or rule file "mind"; strategies/mind.yaml is not there either, did you mean "mine"?"#;
    assert!(text.contains(hint), "{text}");
}

#[test]
fn what_is_checked_in_place_of_a_file_is_said_and_no_new_file_hides_behind_it() {
    let folder = configured(&CROSS.replace("name: a", "name: rsi"), "");
    fs::create_dir(folder.path("strategies")).expect("a folder");
    for (name, what) in [
        ("rsi", "the configured strategy rsi, of kind sma_cross"),
        ("momentum", "the kind momentum, with its defaults"),
    ] {
        fs::write(folder.path(&format!("strategies/{name}.yaml")), "broken").expect("a file");
        let told = folder.told(&["strategy", "check", name]);
        assert!(told.starts_with(&format!("{what}: no fault\n")), "{told}");
        let told = folder.told(&["strategy", "check", name, "--json"]);
        assert_eq!(serde_json::from_str::<Value>(&told).expect("JSON")["checked"], what);
    }
    let text = folder.refused(&["strategy", "new", "dca"], 2);
    assert!(text.contains(r#""dca" is the name of a kind, which `strategy check dca` checks in place of"#), "{text}");
    let folder = configured(&CROSS.replace("name: a", "name: dip"), &CROSS.replace("name: a", "name: dca"));
    let text = folder.refused(&["strategy", "new", "dip"], 2);
    assert!(text.contains(r#""dip" is the name of a strategy of config/graphwiz.yaml, which"#), "{text}");
    let text = folder.refused(&["strategy", "new", "dca"], 2);
    assert!(text.contains("the name of a kind and the name of a strategy of config/graphwiz.yaml, which"), "{text}");
    assert!(!folder.path("strategies").exists(), "nothing was written");
    fs::remove_dir_all(folder.path("config")).expect("no configuration");
    folder.told(&["strategy", "new", "dip"]);
}

#[test]
fn a_rule_file_with_faults_stops_those_who_run_it_and_nobody_else() {
    let rules = |name: &str| {
        CROSS.replace("name: a, kind: sma_cross", &format!("name: {name}, kind: rules, file: {name}.yaml"))
    };
    let folder = configured(&[CROSS.to_owned(), rules("missing"), rules("broken")].concat(), "");
    fs::write(folder.path("config/broken.yaml"), "name: broken\nenter: rsi14 < 30\n").expect("a file");
    folder.told(&["strategy", "new", "dip"]);
    for fine in [
        &["data", "import", "examples/market"][..],
        &["data", "list"],
        &["backtest", "--strategy", "a"],
        &["backtest", "--portfolio", "--strategy", "a"],
        &["backtest", "--strategy-file", "strategies/dip.yaml"],
        &["strategy", "check", "a"],
        &["strategy", "check", "dip"],
        &["strategy", "check", "rsi"],
    ] {
        folder.told(fine);
    }
    let missing = "config/graphwiz.yaml:3: strategies[1].file: reading the rule file config/missing.yaml: No such file";
    let broken = "config/graphwiz.yaml:4: strategies[2].file: config/broken.yaml:2:8: unknown name rsi14";
    for (stopped, faults) in [
        (&["backtest"][..], &[missing, broken][..]),
        (&["backtest", "--portfolio"], &[missing, broken]),
        (&["backtest", "--strategy", "broken", "--strategy", "a"], &[broken]),
        (&["strategy", "check", "missing"], &[missing]),
        (&["config", "show"], &[missing, broken]),
    ] {
        let text = folder.refused(stopped, 2);
        for fault in [missing, broken] {
            assert_eq!(text.contains(fault), faults.contains(&fault), "{stopped:?}: {text}");
        }
    }
    let run = folder.run(&["check"]);
    let told = String::from_utf8(run.stdout).expect("a text");
    assert!(run.status.code() == Some(1) && told.contains(missing) && told.contains(broken), "{told}");
}

#[test]
fn too_few_bars_are_no_proof() {
    let folder = configured(&CROSS.replace("5m}", "4h}"), ""); // 84 bars
    let run = folder.run(&["strategy", "check", "rsi", "--json"]);
    assert_eq!(run.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let on = &told["series"][0];
    assert_eq!((&on["bars"], &on["look_ahead"]), (&json!(84), &Value::Null));
    let settle = told["warm_up"]["settle"].as_u64().expect("a count");
    let remedy = "import more bars, or give the strategy \"a\" of config/graphwiz.yaml a shorter timeframe or another \
                  instrument";
    let needed = settle + 5; // five starts
    let told = format!("the data are too short to tell: {needed} bars are needed, got 84; {remedy}");
    assert_eq!((&on["start_up"], &on["too_few_bars"]), (&json!(told), &json!(true)));
    let run = folder.run(&["strategy", "check", "rsi"]);
    let text = String::from_utf8(run.stdout).expect("a text");
    assert!(text.ends_with(&format!("skip start-up on 84 bars of bitstamp:BTC/USD 4h: {told}\n")), "{text}");
    assert!(run.status.code() == Some(1) && !text.contains("FAIL"), "{text}");
    let folder = configured(&CROSS.replace("5m}", "1d}"), ""); // 14 bars
    let text = folder.refused(&["strategy", "check", "a"], 1);
    assert!(text.contains(&format!("warm-up needs 51 bars, got 14 of bitstamp:BTC/USD 1d; {remedy}")), "{text}");
}

/// What `strategy new dip` prints: its commands, and the lines of YAML.
#[track_caller]
fn next_steps(folder: &Folder, config: &[&str]) -> (Vec<String>, String) {
    let told = folder.told(&[config, &["strategy", "new", "dip"]].concat());
    let (commands, others): (Vec<_>, Vec<_>) = told.lines().partition(|line| line.starts_with("  graphwiz-trader "));
    let is_yaml = |line: &&&str| line.starts_with("  ") || line.starts_with("strategies:");
    let yaml = others.iter().filter(is_yaml).map(|line| format!("{line}\n")).collect();
    (commands.into_iter().map(str::to_owned).collect(), yaml)
}

#[test]
fn the_next_steps_of_a_new_rule_file_work_word_for_word() {
    let folder = Folder::new();
    let (commands, yaml) = next_steps(&folder, &[]);
    commands.iter().for_each(|command| shell(&folder, command, &[]));
    let config = fs::read_to_string(folder.path("config/graphwiz.yaml")).expect("a configuration");
    let config = config.replace("\nbacktesting:", &format!("{yaml}\nbacktesting:"));
    fs::write(folder.path("config/graphwiz.yaml"), config).expect("a configuration");
    let told = folder.told(&["backtest"]);
    assert!(told.contains("sma_cross: final=") && told.contains("\ndip: final="), "{told}");

    for (config, place) in [(&[][..], "config/graphwiz.yaml"), (&["--config", "my own.yaml"], "my own.yaml")] {
        let folder = Folder::new();
        fs::remove_dir_all(folder.path("config")).expect("no configuration");
        let (commands, yaml) = next_steps(&folder, config);
        fs::create_dir(folder.path("config")).expect("a folder");
        fs::write(folder.path(place), yaml).expect("a configuration");
        commands.iter().for_each(|command| shell(&folder, command, &[]));
        assert!(folder.told(&[config, &["backtest"]].concat()).contains("\ndip: final="));
    }
}

#[test]
fn a_configuration_that_lies_elsewhere_names_a_new_rule_file_as_it_can() {
    let folder = Folder::new();
    fs::rename(folder.path("config"), folder.path("examples/config")).expect("moved");
    std::os::unix::fs::symlink("examples/config", folder.path("config")).expect("a link");
    let (_, yaml) = next_steps(&folder, &[]);
    let file = fs::canonicalize(folder.path("strategies/dip.yaml")).expect("a path");
    assert!(yaml.contains(&format!("\n    file: \"{}\"\n", file.display())), "{yaml}");
}

#[test]
fn a_rule_file_that_never_buys_is_told_with_the_reason() {
    let folder = Folder::new();
    fs::create_dir(folder.path("strategies")).expect("a folder");
    let told = |rules: &str| {
        fs::write(folder.path("strategies/t.yaml"), format!("name: t\n{rules}\n")).expect("a file");
        let told = folder.told(&["strategy", "check", "t"]);
        let line = told.lines().find(|line| line.contains(" signals on ")).expect("a line");
        line.replace(" signals on 4032 bars of bitstamp:BTC/USD 5m: ", " ").replace(", if nothing is held", "")
    };
    assert_eq!(told("enter: true\nexit: close > 0"), "ok   4032 BUY and 0 SELL"); // to enter goes first
    assert_eq!(told("enter: close < 0\nexit: close > 0"), "warn no BUY and 4032 SELL; enter was false on every bar");
    let partly = "warn no BUY and 0 SELL; enter was false on 4013 bars and undefined on 19"; // 20 - 1
    assert_eq!(told("enter: sma(20) < 0"), partly);
    assert!(told("enter: profit > 0.1").contains("enter was undefined on every bar; look for held_bars and profit"));
    assert!(told("enter: true\nsize: 0").contains("enter was true on 4032 bars, but size or limit was undefined"));
    let json: Value = serde_json::from_str(&folder.told(&["strategy", "check", "t", "--json"])).expect("JSON");
    let on = &json["series"][0];
    assert_eq!((&on["buys"], &on["sells"], on["no_buy"].is_string()), (&json!(0), &json!(0), true));
}

#[test]
fn sales_are_not_counted_where_exit_asks_for_what_is_held() {
    let folder = Folder::new();
    fs::create_dir(folder.path("strategies")).expect("a folder");
    let told = |exit: &str| {
        let rules = format!("name: t\nlet: {{ gain: profit, unused: held_bars }}\nenter: true\nexit: {exit}\n");
        fs::write(folder.path("strategies/t.yaml"), rules).expect("a file");
        let told = folder.told(&["strategy", "check", "t"]);
        told.lines().find(|line| line.contains(" signals on ")).expect("a line").to_owned()
    };
    let begin = "ok   signals on 4032 bars of bitstamp:BTC/USD 5m: 4032 BUY";
    let asks = |names: &str| {
        format!(
            "{begin}, if nothing is held; SELL is not counted, as exit asks for {names}: `backtest` shows when it sells"
        )
    };
    assert_eq!(told("gain > 0.01"), asks("profit"));
    assert_eq!(told("in_position and close > 0 or held_bars > 3"), asks("in_position and held_bars"));
    let json: Value = serde_json::from_str(&folder.told(&["strategy", "check", "t", "--json"])).expect("JSON");
    let on = &json["series"][0];
    assert_eq!((&on["sells"], &on["exit_asks"]), (&Value::Null, &json!(["in_position", "held_bars"])));
    assert_eq!(told("close < 0"), format!("{begin} and 0 SELL, if nothing is held"));
}

#[test]
fn what_is_no_file_is_named_and_neither_waited_for_nor_in_the_way_of_others() {
    let folder = Folder::new();
    folder.told(&["strategy", "new", "dip"]);
    let pipe = std::process::Command::new("mkfifo").arg(folder.path("strategies/pipe.yaml")).status();
    assert!(pipe.expect("a run").success());
    std::os::unix::fs::symlink("nowhere", folder.path("strategies/link.yaml")).expect("a link");
    let large = fs::File::create(folder.path("strategies/large.yaml")).expect("a file");
    large.set_len(1 << 30).expect("a hole");
    let run = folder.run(&["strategy", "list"]);
    let told = String::from_utf8(run.stdout).expect("a text");
    assert!(run.status.code() == Some(1) && told.contains("\ndip (strategies/dip.yaml): "), "{told}");
    for (name, fault) in [
        ("pipe", "reading the rule file strategies/pipe.yaml: found a pipe or a device, expected a file"),
        ("large", "reading the rule file strategies/large.yaml: the file has more than 65536 bytes"),
        ("link", "reading the rule file strategies/link.yaml: found a link to nowhere, which cannot be followed"),
    ] {
        assert!(told.contains(&format!("FAIL {name} (strategies/{name}.yaml): not read\n  {fault}")), "{told}");
        if name == "pipe" {
            continue; // who names one waits for whoever writes
        }
        let file = format!("strategies/{name}.yaml");
        for arguments in [&["strategy", "check", name][..], &["backtest", "--strategy-file", &file]] {
            let text = folder.refused(arguments, 2);
            assert!(text.contains(fault), "{text}");
        }
    }
    folder.told(&["strategy", "check", "dip"]);
}

#[test]
fn a_pipe_that_is_named_is_read_once_and_as_a_file_would_be() {
    let folder = Folder::new();
    folder.told(&["strategy", "new", "dip"]);
    let piped = |arguments: &str| {
        let program = env!("CARGO_BIN_EXE_graphwiz-trader");
        let line = format!("cat strategies/dip.yaml | {program} {arguments}");
        let run = std::process::Command::new("sh").args(["-c", &line]).current_dir(folder.path("")).output();
        let run = run.expect("a run");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("a text")
    };
    let of_file = folder.told(&["backtest", "--strategy-file", "strategies/dip.yaml"]);
    assert_eq!(piped("backtest --strategy-file /dev/stdin"), of_file);
    assert!(piped("strategy check /dev/stdin").starts_with("the rule file /dev/stdin: no fault\n"));
}

#[test]
fn names_are_told_on_one_line_and_no_longer_than_they_are_worth() {
    let folder = Folder::new();
    let long = "a".repeat(300);
    for (arguments, code) in
        [(["new", &long], 2), (["new", "a\n\u{1b}b"], 2), (["check", &long], 1), (["check", "a\u{1b}b"], 2)]
    {
        let text = folder.refused(&[&["strategy"], &arguments[..]].concat(), code);
        assert!(text.len() < 300 && text.lines().count() == 1 && !text.contains('\u{1b}'), "{text:?}");
    }
    fs::create_dir(folder.path("strategies")).expect("a folder");
    for name in [long.as_str(), "\"a\\n\\eb\""] {
        fs::write(folder.path("strategies/t\u{1b}.yaml"), format!("name: {name}\nenter: true\n")).expect("a file");
        let run = folder.run(&["strategy", "list"]);
        let told = String::from_utf8(run.stdout).expect("a text");
        let fault = "  strategies/t\\u{1b}.yaml:1:7: name must be a letter a-z and up to 31 of a-z, 0-9, _; found a";
        let line = told.lines().last().expect("a line");
        assert!(line.starts_with(fault) && line.len() < 200 && !told.contains('\u{1b}'), "{told:?}");
    }
}

#[test]
fn a_rule_file_where_a_configured_strategy_is_expected_is_named_with_its_flag() {
    let folder = Folder::new();
    folder.told(&["strategy", "new", "dip"]);
    for name in ["dip", "strategies/dip.yaml"] {
        let text = folder.refused(&["backtest", "--strategy", name], 2);
        let hint = "in the configuration; --strategy-file strategies/dip.yaml runs that rule file";
        assert!(text.contains(hint), "{text}");
    }
}

#[test]
fn no_rule_file_begins_with_a_name_that_no_run_takes() {
    let folder = Folder::new();
    let text = folder.refused(&["strategy", "new", "portfolio"], 2);
    assert!(text.contains("expected another name: the report of --portfolio has this one"), "{text}");
    assert!(!folder.path("strategies").exists());
}
