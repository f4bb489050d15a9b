//! Bars of users: where they are looked for, what is assumed of them, and what is said where they are not.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use super::{CROSS, Folder, configured};

const IMPORT: &str = "data: {import: [in]}\n";

#[test]
fn a_folder_of_the_configuration_that_is_not_there_is_named_with_its_key() {
    let folder = configured(CROSS, IMPORT);
    let expected = "data.import names in, expected a file or folder of bars, by a path from the working directory or an \
                    absolute one; it is `data: {import: []}` where bars come in by `data import` alone: No such file or directory";
    let text = folder.refused(&["backtest"], 1);
    assert!(text.contains(expected), "{text}");
    let run = folder.run(&["check"]);
    let told = String::from_utf8(run.stdout).expect("a text");
    assert_eq!(run.status.code(), Some(1), "{told}");
    assert!(told.contains(&format!("FAIL data.import: {expected}")), "{told}");
}

#[test]
fn check_reads_the_bars_that_strategies_trade() {
    let folder = configured(CROSS, IMPORT);
    write_bars(&folder, FIVES, 0..200, 100);
    folder.told(&["data", "import", "in"]);
    let store = rusqlite::Connection::open(folder.path("var/graphwiz/market.db")).expect("the store");
    store.execute_batch("update blocks set records = substr(records, 1, 20)").expect("damaged");
    let run = folder.run(&["check"]);
    let told = String::from_utf8(run.stdout).expect("a text");
    let damage = told.lines().find(|line| line.starts_with("FAIL bars: ")).expect("a fault");
    assert!(damage.contains("bitstamp:BTC/USD 5m is damaged") && run.status.code() == Some(1), "{told}");
    assert!(folder.refused(&["backtest"], 1).contains("bitstamp:BTC/USD 5m is damaged"), "as a run says");
}

#[test]
fn a_folder_in_the_place_of_the_store_is_told_as_one() {
    let folder = configured(CROSS, "");
    fs::create_dir_all(folder.path("var/graphwiz/market.db")).expect("a folder");
    let expected = "var/graphwiz/market.db is a folder, expected the market store, or nothing at that path";
    assert!(folder.refused(&["backtest"], 1).contains(expected));
}

#[test]
fn check_finds_out_whether_strategies_have_their_bars() {
    let folder = configured(CROSS, IMPORT);
    write_bars(&folder, FIVES, 0..200, 100);
    let found = folder.told(&["check"]);
    let expected = "ok   data.import: in: 1 file of bars\nok   bars: bitstamp:BTC/USD 5m\n";
    assert!(found.ends_with(expected), "a run would import them: {found}");
    folder.told(&["data", "import", "in"]);
    fs::remove_file(folder.path(FIVES)).expect("removed");
    let found = folder.told(&["check"]);
    assert!(
        found.contains("in: 0 files of bars\nnote") && found.ends_with("ok   bars: bitstamp:BTC/USD 5m\n"),
        "they are stored: {found}"
    );

    let strategies = format!("{CROSS}{}", CROSS.replace("name: a", "name: b").replace("5m", "1m"));
    fs::write(folder.path("config/graphwiz.yaml"), format!("strategies:\n{strategies}data: {{import: []}}\n"))
        .expect("a file");
    let run = folder.run(&["check"]);
    let told = String::from_utf8(run.stdout).expect("a text");
    assert_eq!(run.status.code(), Some(1), "{told}");
    let missing = "FAIL bars: bitstamp:BTC/USD 1m is not stored, and nothing shorter that it could be made of; \
                   stored is bitstamp:BTC/USD 5m; `data import` brings bars in\n";
    assert!(told.ends_with(&format!("ok   bars: bitstamp:BTC/USD 5m\n{missing}")), "{told}");
}

#[test]
fn files_that_are_passed_over_are_named_with_the_name_that_is_expected() {
    let expected = "expected CSV files whose names say venue, instrument and timeframe, as binance_BTC-USDT_1h.csv.gz";
    let folder = configured(CROSS, IMPORT);
    write_bars(&folder, FIVES, 0..200, 100);
    write_bars(&folder, "in/prices.csv", 0..200, 100);
    let run = folder.run(&["backtest"]);
    let log = String::from_utf8(run.stderr).expect("a text");
    assert!(run.status.success(), "{log}");
    assert!(log.contains(&format!("data.import: passed over in in: prices.csv; {expected}")), "{log}");
    let checked = folder.told(&["check"]);
    assert!(checked.contains(&format!("note data.import: passed over in in: prices.csv; {expected}")), "{checked}");

    fs::create_dir(folder.path("other")).expect("a folder");
    let text = folder.refused(&["data", "import", "other"], 1);
    assert!(text.contains(&format!("no files in other, {expected}")), "{text}");
    fs::copy(folder.path(FIVES), folder.path("other/bitstamp_BTC-USD_5m.txt")).expect("a copy");
    let text = folder.refused(&["data", "import", "other"], 1);
    assert!(
        text.contains(&format!("no files of bars in other, {expected}; there are bitstamp_BTC-USD_5m.txt")),
        "{text}"
    );
    fs::copy(folder.path(FIVES), folder.path("other/bitstamp_BTC-USD_5m.csv")).expect("a copy");
    let run = folder.run(&["data", "import", "other"]);
    let log = String::from_utf8(run.stderr).expect("a text");
    assert!(log.contains("passed over in other: bitstamp_BTC-USD_5m.txt"), "{log}");
}

#[test]
fn steps_and_minima_that_are_assumed_are_said_once_and_only_those() {
    let folder = configured(CROSS, "instruments: {\"bitstamp:BTC/USD\": {lot: 0.001}}\n");
    write_long_ago(&folder, FIVES, "ts,open,high,low,close,volume\n1786924800,1.25,2,1,1,9\n");
    let assumed = "assumed, as nobody says otherwise in the configuration: \
                   `instruments: {\"bitstamp:BTC/USD\": {tick: 0.01, min_notional: 10}}`";
    let told = folder.told(&["data", "import", FIVES]);
    assert_eq!(told.lines().nth(1), Some(format!("  {assumed}").as_str()), "{told}");
    write_long_ago(&folder, FIVES, "ts,open,high,low,close,volume\n1786925100,1.25,2,1,1,9\n");
    let told = folder.told(&["data", "import", FIVES]);
    assert!(told.contains("1 bar added") && !told.contains("assumed"), "{told}");
}

#[test]
fn bars_that_are_most_likely_of_a_longer_timeframe_are_told() {
    let folder = configured(CROSS, "data: {import: []}\n");
    write_bars(&folder, FIVES, 0..200, 100);
    let doubt = "these bars are said to be of 1m, but look like bars of 5m: every one opens when a bar of 5m does; if \
                 they are, ";
    let expected = format!("{doubt}import the file into a new store, with 5m in its name or by --timeframe 5m\n");
    let told = folder.told(&["data", "import", FIVES, "--timeframe", "1m"]);
    assert!(told.contains(&format!("  {expected}")), "{told}");
    let run = folder.told(&["backtest", "--timeframe", "1m"]);
    assert!(run.contains(&format!("bitstamp:BTC/USD: {expected}")), "{run}");
    let told = folder.told(&["data", "import", FIVES]);
    assert!(!told.contains("look like"), "{told}");
    let minutes = "other/bitstamp_BTC-USD_1m.csv";
    write_bars(&folder, minutes, 0..200, 100);
    let run = folder.told(&["backtest", "--timeframe", "1m", "--data", minutes]);
    assert!(run.contains(&format!("{doubt}write 5m into the name of the file\n")), "{run}");
}

#[test]
fn a_file_without_volumes_is_told() {
    let folder = configured(CROSS, "");
    write_long_ago(&folder, FIVES, "ts,open,high,low,close,menge\n1786924800,1.25,2,1,1,9\n");
    let told = folder.told(&["data", "import", FIVES]);
    let expected = "no column volume, v, vol or volume_btc: fills will not be limited; --map NAME=volume names another";
    assert!(told.contains(expected), "{told}");
    assert!(!folder.told(&["data", "import", FIVES, "--map", "Menge=volume"]).contains("fills"));
}

#[test]
fn who_asks_for_what_is_not_stored_hears_what_is() {
    let folder = configured(CROSS, "data: {import: []}\n");
    let text = folder.refused(&["data", "verify", "bitstamp:BTC/USDT"], 1);
    assert!(text.contains("nothing is stored, neither of bitstamp:BTC/USDT nor of another"), "{text}");
    folder.told(&["data", "import", "examples/market"]);
    let text = folder.refused(&["data", "verify", "bitstamp:BTC/USDT"], 1);
    assert!(text.contains("nothing of bitstamp:BTC/USDT is stored; stored is bitstamp:BTC/USD 1m"), "{text}");
    let text = folder.refused(&["backtest", "--instrument", "kraken:BTC/USD"], 1);
    assert!(text.contains("kraken:BTC/USD 5m is not stored, and nothing shorter"), "{text}");
    assert!(text.contains("; stored is bitstamp:BTC/USD 1m; `data import`"), "{text}");
    let text = folder.refused(&["backtest", "--instrument", "kraken:BTC/USD", "--data", "examples/market"], 1);
    assert!(text.contains("no bars of kraken:BTC/USD for 5m; the files have bitstamp:BTC/USD 1m"), "{text}");
}

#[test]
fn a_store_that_may_only_be_read_is_read_and_said_to_be_so() {
    let folder = configured(CROSS, IMPORT);
    write_bars(&folder, FIVES, 0..200, 100);
    let (store, home) = (folder.path("var/graphwiz/market.db"), folder.path("var/graphwiz"));
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("its mode");
    let as_reader = as_reader(&folder);
    let told = |arguments: &[&str]| {
        let run = as_reader(arguments);
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("a text")
    };
    let refused = |arguments: &[&str]| {
        let run = as_reader(arguments);
        let text = String::from_utf8(run.stderr).expect("a text");
        assert_eq!(run.status.code(), Some(1), "{text}");
        text
    };
    let before = told(&["backtest"]);
    mode(&store, 0o444);
    assert_eq!(told(&["backtest"]), before);
    assert!(told(&["data", "verify"]).contains("200 bars"));
    write_bars(&folder, FIVES, 0..201, 100);
    let text = refused(&["data", "import", "in"]);
    assert!(text.contains("importing into the market store var/graphwiz/market.db failed: this user may not write it"));
    // What the runs before left beside the file would do for a reader.
    for left in ["market.db-wal", "market.db-shm"] {
        fs::remove_file(home.join(left)).expect("removed");
    }
    mode(&home, 0o555);
    let run = as_reader(&["data", "list"]);
    mode(&home, 0o755); // before anything may fail: the folder could not be removed
    let text = String::from_utf8_lossy(&run.stderr);
    assert!(text.contains("this user needs the permission to write the market store and its folder"), "{text}");
}

/// What runs the program with arguments.
type Running<'f> = Box<dyn Fn(&[&str]) -> Output + 'f>;

/// Runs the program as one whom permissions bind: as somebody else where they do not bind this user. All that the
/// folder has, and a copy of the program, is theirs then.
fn as_reader(folder: &Folder) -> Running<'_> {
    const NOBODY: u32 = 65534;
    let probe = folder.path("probe");
    fs::write(&probe, "").expect("a file");
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o444)).expect("its mode");
    let is_bound = fs::File::options().write(true).open(&probe).is_err();
    if is_bound {
        return Box::new(|arguments| folder.run(arguments));
    }
    let program = folder.path("program");
    fs::copy(env!("CARGO_BIN_EXE_graphwiz-trader"), &program).expect("a copy");
    let owner = format!("{NOBODY}:{NOBODY}");
    let given = Command::new("chown").args(["-R", &owner]).arg(folder.path("")).status().expect("a run");
    assert!(given.success());
    Box::new(move |arguments| folder.command(&program, arguments).uid(NOBODY).gid(NOBODY).output().expect("a run"))
}

#[test]
fn names_of_files_do_not_steer_a_terminal() {
    let folder = configured(CROSS, "");
    let name = "a\n\u{1b}[31mb.csv";
    write_bars(&folder, name, 0..2, 100);
    let text = folder.refused(&["data", "import", name], 1);
    assert!(text.contains(r"nothing of a\n\u{1b}[31mb.csv was taken"), "{text:?}");
    let of = ["--venue", "kraken", "--instrument", "ETH/EUR", "--timeframe", "5m"];
    let told = folder.told(&[&["data", "import", name], &of[..]].concat());
    assert!(told.starts_with(r"a\n\u{1b}[31mb.csv: kraken:ETH/EUR 5m: 2 lines"), "{told:?}");
    let listed = folder.told(&["data", "list"]);
    assert!(listed.contains(r"/a\n\u{1b}[31mb.csv, hash") && listed.lines().count() == 1, "{listed:?}");
    let cut = folder.told(&["data", "cut", "--to", "2026-08-18", name, "c\n.csv"]);
    assert!(cut.starts_with(r"c\n.csv: 2 lines kept"), "{cut:?}");
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

#[test]
fn two_files_of_one_series_are_not_mixed() {
    let folder = Folder::new();
    for name in ["jan", "feb"] {
        fs::create_dir(folder.path(name)).expect("a folder");
        let from = folder.path("examples/market/bitstamp_BTC-USD_1m.csv.gz");
        fs::copy(from, folder.path(name).join("bitstamp_BTC-USD_1m.csv.gz")).expect("a copy");
    }
    let text = folder.refused(&["backtest", "--data", "jan", "--data", "feb"], 1);
    assert!(text.contains("have bars of bitstamp:BTC/USD 1m, expected one file"), "{text}");
}

/// The line of facts of a run, and its log.
#[track_caller]
fn facts_and_log(folder: &Folder) -> (String, String) {
    let run = folder.run(&["backtest"]);
    let log = String::from_utf8(run.stderr).expect("a text");
    assert!(run.status.success(), "{log}");
    let told = String::from_utf8(run.stdout).expect("a text");
    (told.lines().next().unwrap_or_default().to_owned(), log)
}

#[test]
fn a_file_of_the_configuration_is_taken_when_it_changes_and_when_it_is_added() {
    let folder = configured(CROSS, "data: {import: [in]}\n");
    write_bars(&folder, FIVES, 0..200, 100);
    let (facts, log) = facts_and_log(&folder);
    assert!(facts.starts_with("bitstamp:BTC/USD 5m: 200 bars"), "{facts}");
    assert!(log.contains("in/bitstamp_BTC-USD_5m.csv: 200 bars imported into"), "{log}");
    let (_, log) = facts_and_log(&folder);
    assert!(!log.contains("imported"), "a file that nobody wrote to is not read again: {log}");

    write_bars(&folder, FIVES, 0..201, 100);
    let (facts, log) = facts_and_log(&folder);
    assert!(facts.starts_with("bitstamp:BTC/USD 5m: 201 bars") && log.contains("1 bar imported"), "{facts} {log}");

    let text = fs::read_to_string(folder.path("config/graphwiz.yaml")).expect("a file");
    fs::write(folder.path("config/graphwiz.yaml"), text.replace("[in]", "[in, more]")).expect("a file");
    write_bars(&folder, "more/bitstamp_BTC-USD_5m.csv", 200..204, 101);
    let (facts, log) = facts_and_log(&folder);
    assert!(facts.starts_with("bitstamp:BTC/USD 5m: 204 bars"), "{facts}");
    assert!(log.contains("1 bar took the place of stored ones: 2026-08-17T16:40Z: open 101 instead of 100"), "{log}");
    let (again, log) = facts_and_log(&folder);
    assert!(again == facts && !log.contains("imported"), "{again} {log}");
}

#[test]
fn a_changed_file_that_cannot_be_taken_stops_a_run() {
    let folder = configured(CROSS, "data: {import: [in]}\n");
    write_bars(&folder, FIVES, 0..200, 100);
    facts_and_log(&folder);
    write_long_ago(&folder, FIVES, "ts,open,high,low,close\n1786924800,1,2,3,4\n");
    let text = folder.refused(&["backtest"], 1);
    assert!(text.contains("nothing of in/bitstamp_BTC-USD_5m.csv was taken: its one line is no bar"), "{text}");
}

#[test]
fn every_run_says_how_many_lines_were_rejected() {
    let folder = configured(CROSS, "data: {import: [in]}\n");
    write_bars(&folder, FIVES, 0..200, 100);
    let text = fs::read_to_string(folder.path(FIVES)).expect("a file");
    write_long_ago(&folder, FIVES, &format!("{text}1786924800,0,0,0,0,1\n"));
    let (first, log) = facts_and_log(&folder);
    assert!(first.ends_with("0 gaps, 1 rejected"), "{first}");
    assert!(log.contains("1 line rejected: line 202: open 0 is not above 0"), "{log}");
    let (second, _) = facts_and_log(&folder);
    assert_eq!(second, first);
    let told = folder.told(&["backtest", "--data", "in"]);
    assert_eq!(told.lines().next(), Some(first.as_str()), "files as they are say the same");
}

/// A file of bars of five minutes, of `price`, at these places from 2026-08-17 on; it was written long ago.
fn write_bars(folder: &Folder, name: &str, places: std::ops::Range<i64>, price: i64) {
    let line = |place: i64| format!("{},{price},{price},{price},{price},1\n", 1_786_924_800 + 300 * place);
    let text = format!("ts,open,high,low,close,volume\n{}", places.map(line).collect::<String>());
    write_long_ago(folder, name, &text);
}

fn write_long_ago(folder: &Folder, name: &str, text: &str) {
    let path = folder.path(name);
    fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
    fs::write(&path, text).expect("a file");
    let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_788_000_000 + text.len() as u64);
    fs::File::options().write(true).open(&path).expect("the file").set_modified(long_ago).expect("its time");
}

const FIVES: &str = "in/bitstamp_BTC-USD_5m.csv";
