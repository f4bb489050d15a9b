//! What the commands say about files: what was left out, what the store has of them, and how rows are got rid of.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use crate::world::{A, NEWEST, World};

const W: &str = "data/liqwid_withdrawals_djed.csv";
const HEADER: &str = "ts,wallet_address,amount,memo,tx_hash\n";

/// The lines of the log about `text`, without their times.
fn about<'a>(log: &'a str, text: &str) -> Vec<&'a str> {
    log.lines()
        .filter(|line| line.contains(text))
        .filter_map(|line| line.split_once(' ').map(|(_, said)| said))
        .collect()
}

#[test]
fn a_line_of_positions_that_is_left_out_is_named_by_the_automatic_import_too() {
    let world = World::embedded();
    let file = "data/liqwid_supply_positions_djed.csv";
    let rows = fs::read_to_string(world.clone.path(file)).unwrap();
    let lines = rows.lines().count();
    world.clone.write(file, &(rows + "tomorrow,addr1qx,1,1,1\n"));
    let log = world.run(&["--once"]).stderr;
    let said = about(&log, "1 lines rejected: ");
    assert!(said.len() == 1 && said[0].contains(&format!(": line {}: ts \"tomorrow\"", lines + 1)), "{log}");
}

#[test]
fn the_name_of_a_folder_cannot_begin_a_line() {
    let world = World::embedded();
    let folder = "odd\n    9 rows  there  liqwid_deposits_usdx  /x";
    fs::create_dir_all(world.clone.path(folder)).unwrap();
    let file = format!("{folder}/liqwid_deposits_usdc.csv");
    world.clone.write(&file, &format!("{HEADER}{},addr1qx,5,,aa\n", world.hour(1)));
    let shown = r"odd\n    9 rows  there  liqwid_deposits_usdx  /x/liqwid_deposits_usdc.csv";
    for arguments in [&["import", folder][..], &["files"]] {
        let run = world.run(arguments);
        assert!(run.stdout.contains(shown) && !run.stdout.contains("\n    9 rows"), "{arguments:?}: {}", run.stdout);
    }
    let missing = world.run(&["forget", "no\nwhere.csv"]);
    assert!(missing.stderr.contains(r"no file no\nwhere.csv; "), "{}", missing.stderr);
}

#[test]
fn a_wrong_row_moved_to_another_folder_and_mended_there_is_found_and_forgotten() {
    let world = World::embedded();
    world.configure("");
    assert_eq!(world.run(&["--once"]).code, Some(0));
    let folder = fs::canonicalize(world.clone.path("data")).unwrap();
    let wrong = folder.join("liqwid_withdrawals_djed.csv");
    let text = fs::read_to_string(&wrong).unwrap();
    fs::create_dir(world.clone.path("mended")).unwrap();
    fs::remove_file(&wrong).unwrap();
    let mended = text.replace(",3,payroll,", ",30,payroll,");
    assert_ne!(mended, text);
    world.clone.write("mended/liqwid_withdrawals_djed.csv", &mended);
    world.clone.write(
        "world.yaml",
        &fs::read_to_string(world.clone.path("world.yaml"))
            .unwrap()
            .replace("import: [data]", "import: [data, mended]"),
    );

    for _ in 0..2 {
        let log = world.run(&["--once"]).stderr;
        let said = about(&log, "the file is gone");
        assert!(
            said.len() == 1 && said[0].starts_with("WARN") && said[0].contains(&wrong.display().to_string()),
            "{log}"
        );
    }
    let files = world.run(&["files"]).stdout;
    let line = |there: &str, path: &str| {
        files.lines().any(|line| line.trim_start().starts_with(&format!("2 rows  {there}")) && line.contains(path))
    };
    assert!(
        line("gone", &wrong.display().to_string()) && line("there", "mended/liqwid_withdrawals_djed.csv"),
        "{files}"
    );

    let forget = world.arguments(&["forget", "data/liqwid_withdrawals_djed.csv"]);
    let no = world.clone.answer(&forget, "n\n");
    assert_eq!(no.code, Some(1), "{}{}", no.stdout, no.stderr);
    assert!(no.stdout.ends_with("nothing changed\n") && world.run(&["files"]).stdout == files, "{}", no.stdout);
    let yes = world.clone.answer(&forget, "y\n");
    assert_eq!(yes.code, Some(0), "{}{}", yes.stdout, yes.stderr);
    let said = "liqwid_withdrawals_djed: 1 rows are gone, 1 stay: another file has them, or the service wrote them\n";
    assert!(yes.stdout.ends_with(said), "{}", yes.stdout);
    assert!(about(&world.run(&["--once"]).stderr, "the file is gone").is_empty());
    let again = world.clone.answer(&forget, "y\n");
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("`alert-orchestrator files` lists those it has"), "{}", again.stderr);
    let there = world.clone.answer(&world.arguments(&["forget", "mended/liqwid_withdrawals_djed.csv"]), "n\n");
    assert!(there.stdout.contains("the next round reads it again; move it away first"), "{}", there.stdout);
}

#[test]
fn files_that_no_asset_reads_are_named_once_for_each_process() {
    let world = World::embedded();
    world.configure("  schedule: {interval_minutes: 0.02}\n");
    world.clone.write("data/liqwid_deposits_dai_2026.csv", "no,columns\n");
    fs::create_dir(world.clone.path("data/old")).unwrap();
    world.clone.write("data/old/liqwid_deposits_djed.csv", HEADER);
    world.clone.write("data/notes.csv", "");
    let service = world.serve();
    service.printed("djed: decision=", 3);
    let log = service.log().join("\n");
    for (text, said) in [
        (
            "dai_2026.csv",
            "no asset of client.assets has this name, so that nothing reads it; nothing imported: without column",
        ),
        ("old/liqwid_deposits_djed.csv", "folders in a folder are not looked into"),
        ("notes.csv", "its name is no table's"),
    ] {
        let lines = about(&log, text);
        assert!(lines.len() == 1 && lines[0].starts_with("WARN") && lines[0].contains(said), "{text}: {lines:?}");
    }
    assert!(!log.contains("ERROR"), "{log}");
}

#[test]
fn a_last_line_that_is_left_out_is_said() {
    let world = World::embedded();
    world.configure("");
    let text = fs::read_to_string(world.clone.path(W)).unwrap();
    world.clone.write(W, text.trim_end());
    let run = world.run(&["import", W]);
    assert_eq!(run.code, Some(1), "not every line was taken");
    let said = about(&run.stderr, "line 3 is left out: it has no line end");
    assert!(
        said.len() == 1 && said[0].contains("end the line, or import the file again in a minute"),
        "{}",
        run.stderr
    );
    assert!(run.stdout.contains("1 rows (1 new"), "{}", run.stdout);
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options().write(true).open(world.clone.path(W)).unwrap().set_modified(hour_ago).unwrap();
    let run = world.run(&["import", W]);
    assert!(run.code == Some(0) && run.stdout.contains("2 rows (1 new"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn a_store_made_on_first_use_is_private_and_a_warning_with_its_path() {
    let world = World::embedded();
    world.configure("");
    let path = fs::canonicalize(world.clone.path(".")).unwrap().join("var/orchestrator.db");
    let first = world.run(&["--once"]).stderr;
    let said = about(&first, "made a new embedded store at");
    assert!(said.len() == 1 && said[0].starts_with("WARN") && said[0].contains(&path.display().to_string()), "{first}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(about(&world.run(&["--once"]).stderr, "made a new").is_empty());
}

#[test]
fn check_names_what_an_operator_looks_for() {
    let world = World::embedded();
    world.configure("");
    world.clone.write("data/liqwid_deposits_djed.csv", &format!("{HEADER}{},addr1qstranger,5,,d1\n", world.hour(90)));
    fs::create_dir(world.clone.path("var")).unwrap();
    world.clone.write("var/.backup-left", "");
    let run = world.run(&["check"]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    for said in [
        "WARN  var/.backup-left: left by a backup, restore or migration that was killed, or is running; delete it if none is",
        "ok    store's file: undamaged, says SQLite's quick_check",
        "WARN  djed: flows: 0 without wallet, 1 of wallets without samples",
        " (keyword): newest withdrawal whose memo contains",
        " h old; wallets: 2",
        " points in its window, enough to judge by",
    ] {
        assert!(run.stdout.contains(said), "{said}: {}", run.stdout);
    }

    // A page of the store that is none.
    let path = world.clone.path("var/orchestrator.db");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xaa);
    fs::write(&path, bytes).unwrap();
    let run = world.run(&["check"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("FAIL  store"), "{}{}", run.stdout, run.stderr);
}

#[test]
fn check_fails_by_what_an_evaluation_errs_by() {
    let positions = "liqwid_supply_positions_djed";
    for (table, second, rest) in [
        ("withdrawals", 80 * 3600, "50000,,cc"), // of 10,000
        ("deposits", 24 * 30 * 3600, "5,,dd"),
        ("supply_positions", NEWEST * 3600 + 30, "10000,15000,1"),
    ] {
        let world = World::embedded();
        let file = format!("data/liqwid_{table}_djed.csv");
        let rows = fs::read_to_string(world.clone.path(&file)).unwrap();
        world.clone.write(&file, &format!("{rows}{},{A},{rest}\n", world.second(second)));
        let reason = world.decision()["reason"].clone();
        assert_eq!(reason["code"], "invalid_data", "{table}: {reason}");
        let check = world.run(&["check"]);
        let fails = format!("FAIL  djed: evaluation: {}", reason["message"].as_str().unwrap());
        assert_eq!(check.code, Some(1), "{}{}", check.stdout, check.stderr);
        assert!(check.stdout.contains(&fails) && check.stdout.contains(positions), "{fails}: {}", check.stdout);
        assert!(!check.stdout.contains("reference: none found"), "there is one: {}", check.stdout);
    }
}

#[test]
fn a_file_that_was_left_out_is_named_where_its_rows_are_missed() {
    let positions = "data/liqwid_supply_positions_djed";
    let moved = |to: &str| {
        let world = World::embedded();
        world.configure("");
        let to = world.clone.path(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(world.clone.path(&format!("{positions}.csv")), to).unwrap();
        let decision = world.decision();
        (decision["reason"]["code"].clone(), decision["reason"]["message"].as_str().unwrap().to_owned())
    };
    let (none, place) = ("asset not found: djed; the store has no position tables; ", "put it in place of");
    for (to, said) in [
        (
            format!("{positions}(1).csv"),
            format!("{positions}(1).csv was left out: its name is that of a copy; if it is the newer one, {place}"),
        ),
        (
            format!("{positions}.csv.part"),
            format!("{positions}.csv.part was left out: its name is that of a file that is still"),
        ),
        (
            "data/old/liqwid_supply_positions_djed.csv".to_owned(),
            "data/old/liqwid_supply_positions_djed.csv was left out: folders in a folder".to_owned(),
        ),
        (
            "data/treasury.xlsx".to_owned(),
            "data/treasury.xlsx was left out: it is in a spreadsheet's own format".to_owned(),
        ),
    ] {
        let (code, message) = moved(&to);
        assert!(code == "asset_not_found" && message.starts_with(&format!("{none}{said}")), "{message}");
    }

    // The table is there, but without the newest samples; what is another asset's, or of flows, is nothing to it.
    let world = World::days_ago(3);
    for name in
        ["liqwid_supply_positions_djed (2).csv", "liqwid_deposits_djed (1).csv", "liqwid_supply_positions_usdm (1).csv"]
    {
        world.clone.write(&format!("data/{name}"), "");
    }
    let message = world.decision()["reason"]["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("stale data")
            && message.contains("; data/liqwid_supply_positions_djed (2).csv was left out: "),
        "{message}"
    );
    assert!(!message.contains("more file"), "{message}");

    let world = World::embedded();
    world.configure("");
    fs::rename(
        world.clone.path("data/liqwid_deposits_djed.csv"),
        world.clone.path("data/liqwid_deposits_djed.csv.txt"),
    )
    .unwrap();
    let message = world.decision()["reason"]["message"].as_str().unwrap().to_owned();
    let said = "no table liqwid_deposits_djed: without it deposits would count as gains; \
                data/liqwid_deposits_djed.csv.txt was left out: ";
    assert!(message.contains(said), "{message}");
}

#[test]
fn thousands_of_files_with_one_fault_are_one_warning() {
    let world = World::embedded();
    world.configure("");
    (0..3000).for_each(|i| world.clone.write(&format!("data/liqwid_deposits_djed ({i:04}).csv"), ""));
    let log = world.run(&["--once"]).stderr;
    let said = about(&log, "its name is that of a copy");
    let expected =
        "3000 files are like this one, data/liqwid_deposits_djed (0000).csv: left out, its name is that of a copy";
    assert!(said.len() == 1 && said[0].contains(expected), "{said:?}");
}
