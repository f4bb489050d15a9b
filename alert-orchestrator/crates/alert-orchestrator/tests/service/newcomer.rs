//! What a newcomer meets in the first hour: `init`, files as spreadsheets and browsers leave them, and a history that
//! is short.

use std::fs;
use std::process::Output;

use jiff::Timestamp;
use testkit::folder::{Folder, Run};

use crate::server;

/// A test vector of CIP-19. The wallets of the examples are made so that their checksums do not fit.
const ADDRESS: &str = "addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8";
const POSITIONS: &str = "my/data/liqwid_supply_positions_usdc.csv";
const DEPOSITS: &str = "my/data/liqwid_deposits_usdc.csv";
const POSITIONS_HEADER: &str = "ts,wallet_address,underlying_units,usd_value,price_usd\n";
const CALM: &str = "usdc: decision=1, wmax_usd=27.50 (1 wallet)\n";

/// What `init` wrote, and the files that are put there.
struct Begun {
    folder: Folder,
    /// Seconds since the epoch: a minute ago.
    newest: i64,
}

impl Begun {
    fn new() -> Self {
        let begun = Self { folder: empty(), newest: Timestamp::now().as_second() - 60 };
        let init = begun.folder.run(&["init", "my", "--asset", "usdc"]);
        assert_eq!(init.code, Some(0), "{}", init.stderr);
        begun
    }

    fn run(&self, arguments: &[&str]) -> Run {
        self.folder.run(&[&["--config", "my/orchestrator.yaml"], arguments].concat())
    }

    /// Samples of one wallet, which gains 5 USD from one to the next; the newest was a minute ago.
    fn samples(&self, count: i64, step_hours: i64) -> String {
        let row = |i: i64| {
            let (ts, units) = (self.newest - (count - 1 - i) * step_hours * 3600, 1_000_000 + 5 * i);
            format!("{ts},{ADDRESS},{units},{units},1.0\n")
        };
        POSITIONS_HEADER.to_owned() + &(0..count).map(row).collect::<String>()
    }

    fn at(&self, hours_later: i64) -> Timestamp {
        Timestamp::from_second(self.newest + hours_later * 3600).unwrap()
    }

    /// The same where it is a whole minute, else the next one.
    fn minute_after(&self, hours_later: i64) -> Timestamp {
        Timestamp::from_second((self.at(hours_later).as_second() + 59) / 60 * 60).unwrap()
    }
}

fn empty() -> Folder {
    Folder::new(env!("CARGO_BIN_EXE_alert-orchestrator"))
}

/// Everything below a folder, by its path from there.
fn files(folder: &Folder, below: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder.path(below)).unwrap() {
        let (name, is_dir) = entry.map(|entry| (entry.file_name(), entry.path().is_dir())).unwrap();
        let path = format!("{below}/{}", name.to_str().unwrap());
        if is_dir { found.extend(files(folder, &path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn what_init_writes_is_taken_from_any_folder_and_says_what_is_missing() {
    let folder = empty();
    let init = folder.run(&["init", "my treasury", "--asset", "USDC", "--asset", "djed", "--wallet", ADDRESS]);
    assert_eq!(init.code, Some(0), "{}", init.stderr);
    let tables = ["liqwid_deposits", "liqwid_supply_positions", "liqwid_withdrawals"];
    let csv =
        tables.iter().flat_map(|table| ["djed", "usdc"].map(|asset| format!("my treasury/data/{table}_{asset}.csv")));
    let expected: Vec<String> = csv.chain(["my treasury/orchestrator.yaml".to_owned()]).collect();
    assert_eq!(files(&folder, "my treasury"), expected);

    let config = folder.path("my treasury/orchestrator.yaml").canonicalize().unwrap();
    let config = config.to_str().unwrap();
    for step in ["check", "--once", ""] {
        let command = format!("\n     alert-orchestrator --config '{config}' {step}");
        assert!(init.stdout.contains(command.trim_end()), "{command}: {}", init.stdout);
    }
    assert!(init.stdout.contains("a sample every 4.8 h or more often.\n"), "{}", init.stdout);
    let elsewhere = |arguments: &[&str]| -> Output {
        let mut command = folder.command(&[&["--config", config], arguments].concat());
        command.current_dir("/").output().unwrap()
    };
    let check = elsewhere(&["check"]);
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    let once = elsewhere(&["--once"]);
    assert_eq!(once.status.code(), Some(0), "{once:?}");
    let said = String::from_utf8(once.stdout).unwrap();
    for asset in ["usdc", "djed"] {
        let held = format!("{asset}: decision=0, wmax_usd=0.00 [reason: No position data available for {asset} up to ");
        let outlook = "; the gate takes 11 points in 48 h: a sample every 4.8 h or more often]";
        let line = said.lines().find(|line| line.starts_with(&held));
        assert!(line.is_some_and(|line| line.ends_with(outlook)), "{said}");
    }
    let normalized = String::from_utf8(elsewhere(&["--print-config-normalized"]).stdout).unwrap();
    let normalized: serde_json::Value = serde_json::from_str(&normalized).unwrap();
    assert_eq!(normalized["orchestrator"]["transaction_sync"]["wallets"], serde_json::json!([ADDRESS]));
}

#[test]
fn a_folder_of_any_name_can_be_begun() {
    let folder = empty();
    let name = "odd ${HOME} it's \"#1\": ä";
    let init = folder.run(&["init", name, "--asset", "usdc"]);
    assert_eq!(init.code, Some(0), "{}", init.stderr);
    let check = folder.run(&["--config", &format!("{name}/orchestrator.yaml"), "check"]);
    assert_eq!(check.code, Some(0), "{}{}", check.stdout, check.stderr);
    assert!(folder.path(&format!("{name}/var/orchestrator.db")).exists());
}

#[test]
fn init_names_what_is_there_and_writes_nothing() {
    let folder = empty();
    fs::create_dir_all(folder.path("my/data")).unwrap();
    folder.write(DEPOSITS, "mine");
    folder.write("my/other.txt", "");
    let init = folder.run(&["init", "my", "--asset", "djed", "--asset", "usdc"]);
    assert_eq!((init.code, init.stdout.as_str()), (Some(1), ""));
    let said =
        format!("nothing was written: {} is there already; name another folder", folder.path(DEPOSITS).display());
    assert!(init.stderr.contains(&said), "{}", init.stderr);
    assert_eq!(files(&folder, "my"), [DEPOSITS, "my/other.txt"]);
    assert_eq!(fs::read_to_string(folder.path(DEPOSITS)).unwrap(), "mine");
    // What does not collide may be there.
    assert_eq!(folder.run(&["init", "my", "--asset", "djed"]).code, Some(0));
    let again = folder.run(&["init", "my", "--asset", "djed"]);
    assert!(again.stderr.contains("orchestrator.yaml are there already"), "{}", again.stderr);
}

#[test]
fn init_leaves_nothing_behind_where_it_cannot_write_all() {
    let folder = empty();
    folder.write("my", "a file in the place of the folder");
    let init = folder.run(&["init", "my", "--asset", "usdc"]);
    assert_eq!(init.code, Some(1));
    assert!(init.stderr.contains("liqwid_supply_positions_usdc.csv; no file was left behind: "), "{}", init.stderr);
    assert_eq!(files(&folder, "."), ["./my"]);
}

#[test]
fn what_cannot_be_a_wallet_or_an_asset_is_refused_with_the_reason() {
    let folder = empty();
    for (arguments, said) in [
        (["--wallet", "addr1q89…ngpze"], "for '--wallet <ADDRESS>': it is shortened; give the whole address"),
        (["--wallet", "addr1qyexample"], "its checksum does not fit: a letter is wrong or missing; copy it again"),
        (["--asset", "us/dc"], "for '--asset <NAME>': expected a name of at most 64 letters, digits and _"),
    ] {
        let init = folder.run(&[&["init", "my", "--asset", "usdc"], &arguments[..]].concat());
        assert!(init.code == Some(2) && init.stderr.contains(said), "{}", init.stderr);
    }
    assert!(files(&folder, ".").is_empty());
}

#[test]
fn a_short_history_is_told_when_it_is_long_enough() {
    let begun = Begun::new();
    let outlook = format!("at one an hour there are enough at {}", begun.minute_after(4)); // 7 + 4
    begun.folder.write(POSITIONS, &begun.samples(7, 1));
    let import = begun.run(&["import", "my/data"]);
    assert_eq!(import.code, Some(0), "{}", import.stderr);
    let said = format!("\nusdc: 7 of the 11 points that it takes in the last 48 h; {outlook}\n");
    assert!(import.stdout.ends_with(&said), "{}", import.stdout);
    let once = begun.run(&["--once"]);
    let reason = format!("[reason: insufficient points for residual gate (7 < 10); {outlook}]\n");
    assert!(once.stdout.ends_with(&reason), "{}", once.stdout);
    let check = begun.run(&["check"]);
    assert!(
        check
            .stdout
            .contains(&format!("WARN  usdc: gate: 7 of the 11 points that it takes in the last 48 h; {outlook}\n"))
    );

    begun.folder.write(POSITIONS, &begun.samples(12, 1));
    let import = begun.run(&["import", "my/data"]);
    assert!(!import.stdout.contains("points in the last"), "{}", import.stdout);
    assert_eq!(begun.run(&["--once"]).stdout, CALM);
}

#[test]
fn daily_samples_are_told_to_raise_the_window_and_to_what() {
    let begun = Begun::new();
    begun.folder.write(POSITIONS, &begun.samples(30, 24));
    let said = "at one a day 48 h do not hold enough: raise decision_gate.lookback_hours to 264";
    for arguments in [&["import", "my/data"][..], &["--once"], &["check"]] {
        let run = begun.run(arguments);
        assert!(run.stdout.contains(said), "{arguments:?}: {}", run.stdout);
    }
    let config = fs::read_to_string(begun.folder.path("my/orchestrator.yaml")).unwrap();
    begun.folder.write("my/orchestrator.yaml", &config.replace("lookback_hours: 48\n", "lookback_hours: 264\n"));
    let once = begun.run(&["--once"]);
    assert!(once.stdout.starts_with("usdc: decision=1"), "{}", once.stdout);
}

#[test]
fn an_import_of_nothing_but_columns_says_what_is_to_come() {
    let begun = Begun::new();
    let import = begun.run(&["import", "my/data"]);
    let said = "\nusdc: 0 of the 11 points that it takes in the last 48 h; the gate takes 11 points in 48 h: \
                a sample every 4.8 h or more often\n";
    assert!(import.code == Some(0) && import.stdout.ends_with(said), "{}{}", import.stdout, import.stderr);
}

#[test]
fn a_file_without_a_usable_line_is_the_reason_of_the_hold_wherever_it_is_said() {
    let begun = Begun::new();
    let rows = (1..=242).map(|i| format!("23.11.2026 15:{:02},{ADDRESS},1000,1000,1\n", i % 60)).collect::<String>();
    begun.folder.write(POSITIONS, &format!("{POSITIONS_HEADER}{rows}"));
    let cause = "line 2: ts \"23.11.2026 15:01\" looks like 2026-11-23 15:01:00 without an offset; expected RFC 3339 \
                 with an offset, such as 2026-11-23T15:01:00Z, or seconds or milliseconds since 1970";
    let reason = format!("all 242 lines of liqwid_supply_positions_usdc.csv were refused ({cause})");

    let import = begun.run(&["import", POSITIONS]);
    assert_eq!(import.code, Some(1), "not every line was taken");
    assert!(import.stderr.contains(&format!("{POSITIONS}: all 242 lines were refused ({cause})")), "{}", import.stderr);
    for _ in 0..2 {
        let once = begun.run(&["--once"]);
        assert!(
            once.stdout.starts_with("usdc: decision=0, wmax_usd=0.00 [reason: No position data available for usdc")
        );
        assert!(once.stdout.ends_with(&format!("; {reason}]\n")), "{}", once.stdout);
        assert!(once.stderr.contains("242 unusable position rows left out (242 without time, "));
        assert!(once.stderr.contains(&reason), "{}", once.stderr);
    }
    let check = begun.run(&["check"]);
    assert!(check.stdout.contains(&format!("WARN  usdc: files: {reason}\n")), "{}", check.stdout);
    let service = server::start(begun.folder.command(&["--config", "my/orchestrator.yaml"]));
    service.printed("usdc: decision=0", 1);
    let shown = service.get("/api/decisions").json();
    assert!(shown["usdc"]["reason"]["message"].as_str().unwrap().ends_with(&reason), "{shown}");
    drop(service);

    // Mended, nothing is left of it.
    begun.folder.write(POSITIONS, &begun.samples(12, 1));
    let once = begun.run(&["--once"]);
    assert!(once.stdout == CALM && !once.stderr.contains("refused"), "{}{}", once.stdout, once.stderr);
}

#[test]
fn a_file_of_deposits_without_a_usable_line_is_the_reason_of_the_error() {
    let begun = Begun::new();
    begun.folder.write(POSITIONS, &begun.samples(12, 1));
    let amount = "amount \"1.234,56\" has a decimal comma, or one between thousands; expected a number such as 1234.56";
    begun.folder.write(DEPOSITS, &format!("ts,wallet_address,amount\n{0},{ADDRESS},\"1.234,56\"\n", begun.newest));
    let once = begun.run(&["--once"]);
    let reason = format!(
        "usdc: decision=-1, wmax_usd=0.00 [reason: invalid data: table liqwid_deposits_usdc: \
         liqwid_deposits_usdc.csv could not be imported: the only line was refused (line 2: {amount})]\n"
    );
    assert_eq!((once.code, once.stdout), (Some(1), reason), "{}", once.stderr);
}

#[test]
fn what_separates_columns_is_named() {
    for (header, said) in [
        ("ts;wallet_address;amount", "columns are separated by semicolons; expected commas"),
        ("ts\twallet_address\tamount", "columns are separated by tabs; expected commas"),
        ("sep=;\nts;wallet_address;amount", "says that columns are separated by semicolons; expected commas"),
    ] {
        let begun = Begun::new();
        begun.folder.write(DEPOSITS, &format!("{header}\n"));
        for arguments in [&["--once"][..], &["check"]] {
            let run = begun.run(arguments);
            assert!(run.code == Some(1) && run.stdout.contains(said), "{arguments:?}: {}", run.stdout);
        }
    }
}

#[test]
fn what_spreadsheets_add_is_passed_over() {
    let begun = Begun::new();
    let quoted = begun.samples(12, 1).replace(ADDRESS, &format!("\"{ADDRESS}\"")).replace('\n', "\r\n");
    begun.folder.write(POSITIONS, &format!("\u{feff}sep=,\r\n{quoted},,,,\r\n,,,,\r\n"));
    fs::rename(begun.folder.path(POSITIONS), begun.folder.path("my/data/LIQWID_SUPPLY_POSITIONS_USDC.CSV")).unwrap();
    begun.folder.write(DEPOSITS, "\u{feff}\"ts\",\"wallet_address\",\"amount\"\r\n,,\r\n");
    let import = begun.run(&["import", "my/data"]);
    assert!(
        import.code == Some(0) && import.stdout.contains(": 12 rows (12 new"),
        "{}{}",
        import.stdout,
        import.stderr
    );
    let once = begun.run(&["--once"]);
    assert_eq!(once.stdout, CALM, "{}", once.stderr);
}

#[test]
fn files_that_seem_to_be_meant_are_named_with_what_to_do() {
    let begun = Begun::new();
    fs::create_dir(begun.folder.path("my/data/old")).unwrap();
    let left_out = [
        (
            "liqwid_deposits_usdc (1).csv",
            "its name is that of a copy; if it is the newer one, put it in place of liqwid_",
        ),
        (
            "liqwid_deposits_usdc.csv.txt",
            "its name has an ending too many, which file managers may hide; rename it to liqwid_",
        ),
        (
            "liqwid_deposits_usdc.xlsx",
            "it is in a spreadsheet's own format; save the sheet as CSV in UTF-8, separated by commas",
        ),
        (
            "old/liqwid_deposits_usdc.csv",
            "folders in a folder are not looked into; move the file, or name its folder, too",
        ),
    ];
    for (name, _) in left_out {
        begun.folder.write(&format!("my/data/{name}"), "");
    }
    let once = begun.run(&["--once"]);
    for (name, what) in left_out {
        let said = format!("my/data/{name}: left out, {what}");
        assert_eq!(once.stderr.matches(&said).count(), 1, "{said}: {}", once.stderr);
    }
    let import = begun.run(&["import", "my/data/liqwid_deposits_usdc.xlsx"]);
    let said = "liqwid_deposits_usdc.xlsx is not imported, it is in a spreadsheet's own format; \
                save the sheet as CSV in UTF-8, separated by commas, named liqwid_deposits_usdc.csv";
    assert!(import.code == Some(1) && import.stderr.contains(said), "{}", import.stderr);
    fs::create_dir(begun.folder.path("sheets")).unwrap();
    begun.folder.write("sheets/liqwid_deposits_usdc.xlsx", "");
    let import = begun.run(&["import", "sheets"]);
    let said = "; of sheets/liqwid_deposits_usdc.xlsx nothing is taken, it is in a spreadsheet's own format; ";
    assert!(import.code == Some(1) && import.stderr.contains(said), "{}", import.stderr);
}
