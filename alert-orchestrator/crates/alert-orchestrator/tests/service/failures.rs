//! What goes wrong is said where it can be acted on: by line, by reason, by exit code.

use std::fs;

use testkit::folder::Run;

use crate::support::{checkout, configuration};

#[test]
fn a_wrong_configuration_is_answered_with_every_fault_and_exit_code_2() {
    let clone = checkout();
    clone.write("wrong.yaml", "client:\n  assets: [usdc]\norchestrator:\n  safety_factor: {c: 1.5}\n  timezome: UTC\n");
    for command in [&["--once"][..], &["--print-config-normalized"], &["explain", "usdc"], &["import", "examples"]] {
        let Run { code, stdout, stderr } = clone.run(&[&["--config", "wrong.yaml"], command].concat());
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{stderr}");
        let faults: Vec<&str> = stderr.lines().collect();
        assert_eq!(faults.len(), 2, "{stderr}");
        assert!(faults[0].starts_with("wrong.yaml:4: orchestrator.safety_factor.c: found 1.5"), "{stderr}");
        assert!(
            faults[1].starts_with("wrong.yaml:5: orchestrator.timezome") && faults[1].contains("timezone"),
            "{stderr}"
        );
    }
    let Run { code, stdout, .. } = clone.run(&["--config", "wrong.yaml", "check"]);
    assert_eq!((code, stdout.matches("FAIL  configuration").count()), (Some(1), 2), "{stdout}");
}

#[test]
fn a_command_line_that_asks_for_what_cannot_be_ends_with_exit_code_2() {
    let clone = checkout();
    for (arguments, expected) in [
        (&["--onec"][..], "--once"),
        (&["--json"], "--once"),
        (&["--once", "check"], "go with no command"),
        (&["explain", "dai"], "client.assets has: usdc, djed, iusd, usdt, usdm"),
        (&["explain", "usdc", "--wallet", "addr1x"], "wallets that have: addr1"),
        (&["--config", "none.yaml", "--once"], "none.yaml"),
        (&["--once", "--log-level", "LOUD"], "DEBUG, INFO, WARNING, ERROR, CRITICAL"),
    ] {
        let Run { code, stderr, .. } = clone.run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(expected), "{arguments:?}: {expected:?} is missing in\n{stderr}");
    }
}

#[test]
fn an_unreachable_store_is_an_error_of_every_asset() {
    let clone = checkout();
    let port = testkit::closed_port().unwrap();
    clone.write(
        "gone.yaml",
        &configuration(&format!(
            "greptime: {{host: 127.0.0.1, port: {port}, retries: 1, username: ops, password: hunter2}}"
        )),
    );
    let Run { code, stdout, stderr } = clone.run(&["--config", "gone.yaml", "--once"]);
    assert_eq!(code, Some(1), "{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), 6, "{stdout}");
    for line in &lines[1..] {
        assert!(line.contains(": decision=-1, wmax_usd=0.00 [reason: Failed to connect to GreptimeDB"), "{line}");
        assert!(line.contains("after 2 attempts"), "{line}");
    }
    assert!(!stdout.contains("hunter2") && !stderr.contains("hunter2"));
    let explained = clone.run(&["--config", "gone.yaml", "explain", "usdc", "--wallet", "addr1x"]);
    assert!(explained.stdout.contains("usdc: ERROR: Failed to connect to GreptimeDB"), "{}", explained.stderr);
    let check = clone.run(&["--config", "gone.yaml", "check"]);
    assert_eq!(check.code, Some(1));
    assert!(check.stdout.contains("FAIL  store: Failed to connect to GreptimeDB"), "{}", check.stdout);
}

#[test]
fn a_store_file_that_is_something_else_is_left_alone_and_an_error_of_every_asset() {
    let clone = checkout();
    clone.write("notes.txt", "this is no database, and somebody may want it back");
    clone.write("notes.yaml", &configuration("embedded: {path: notes.txt, import: [examples/liqwid]}"));
    let Run { code, stdout, .. } = clone.run(&["--config", "notes.yaml", "--once"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert_eq!(stdout.matches("[reason: store unavailable: embedded store notes.txt: ").count(), 5, "{stdout}");
    let kept = fs::read_to_string(clone.path("notes.txt")).unwrap();
    assert_eq!(kept, "this is no database, and somebody may want it back");
}

#[test]
fn an_asset_that_is_not_there_is_an_error_that_names_those_that_are() {
    let clone = checkout();
    let store = "embedded: {import: [examples/liqwid]}";
    clone.write("usdx.yaml", &configuration(store).replace("usdm]", "usdx]"));
    let Run { code, stdout, .. } = clone.run(&["--config", "usdx.yaml", "--once"]);
    assert_eq!(code, Some(1));
    let reason =
        "usdx: decision=-1, wmax_usd=0.00 [reason: asset not found: usdx; tables: djed, iusd, usdc, usdm, usdt]";
    assert_eq!(stdout.lines().last(), Some(reason));
    assert!(stdout.contains("usdc: decision=1, wmax_usd=212.94"), "the others go on: {stdout}");
}

#[test]
fn a_deposit_file_with_a_bad_line_makes_its_asset_an_error_and_no_other() {
    let clone = checkout();
    let file = clone.path("examples/liqwid/liqwid_deposits_usdc.csv");
    let deposits = fs::read_to_string(&file).unwrap();
    fs::write(&file, deposits.replacen("2500.000000", "2500 USDC", 1)).unwrap();
    let Run { code, stdout, stderr } = clone.run(&["--once"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert!(stdout.contains("usdc: decision=-1, wmax_usd=0.00 [reason: invalid data"), "{stdout}");
    assert!(stdout.contains("usdt: decision=1"), "{stdout}");
    assert!(stderr.contains("line 2") && stderr.contains("2500 USDC"), "{stderr}");

    fs::write(&file, deposits).unwrap();
    assert_eq!(clone.run(&["--once"]).code, Some(0), "mended, it counts again");
}

#[test]
fn a_reader_that_has_read_enough_is_no_failure() {
    let clone = checkout();
    let shell = "\"$0\" --print-config-normalized | head -n 1; exit \"${PIPESTATUS[0]}\"";
    let mut command = std::process::Command::new("bash");
    let output = command
        .args(["-c", shell, env!("CARGO_BIN_EXE_alert-orchestrator")])
        .current_dir(clone.path(""))
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"{\n"[..]));
}
