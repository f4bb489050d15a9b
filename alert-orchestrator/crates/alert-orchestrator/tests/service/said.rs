//! What is said of a round, and where: errors and warnings in the log, reasons, and whether the service passes for
//! ready.

use std::fmt::Write as _;
use std::fs;

use jiff::Timestamp;
use serde_json::json;
use testkit::service::Service;
use testkit::wait_for;

use crate::world::{A, PAYROLL, TAGGED, WITHDRAWALS, World};

const FINE: &str = "djed: decision=1, wmax_usd=24.00 (2 wallets)";
const UNREAD: &str = "djed: decision=-1, wmax_usd=0.00 [reason: store unavailable: ";

/// Makes another round, and waits for what it prints.
fn round(server: &Service, printed: &str) {
    let seen = server.count(printed);
    server.signal("HUP");
    server.printed(printed, seen + 1);
}

fn lines(log: &[String], text: &str) -> Vec<String> {
    log.iter().filter(|line| line.contains(text)).cloned().collect()
}

#[test]
fn an_asset_in_error_is_an_error_in_the_log_of_each_round_with_its_reason() {
    let world = World::embedded();
    let configured = fs::read_to_string(world.clone.path("world.yaml")).unwrap().replace("[djed]", "[djed, usdx]");
    world.clone.write("world.yaml", &configured);
    let reason = "asset not found: usdx; tables: djed";
    let expected = format!(" ERROR {reason}, asset=usdx, code=asset_not_found");

    let run = world.run(&["--once"]);
    let said = lines(&run.stderr.lines().map(str::to_owned).collect::<Vec<_>>(), "ERROR");
    assert!(said.len() == 1 && said[0].ends_with(&expected), "{}", run.stderr);

    let server = world.serve();
    server.printed(reason, 1);
    round(&server, reason);
    let said = wait_for(|| Some(lines(&server.log(), "ERROR")).filter(|said| said.len() >= 2)).unwrap_or_default();
    assert!(said.len() == 2 && said.iter().all(|line| line.ends_with(&expected)), "{said:?}");
}

#[test]
fn a_warning_that_stands_is_logged_when_it_comes_and_when_it_goes() {
    const UNTAGGED: &str = "no withdrawal is tagged \"alert_driven_withdrawal\": fallback data_range";
    let world = World::embedded();
    let file = world.clone.path("data/liqwid_withdrawals_djed.csv");
    let tagged = fs::read_to_string(&file).unwrap();
    fs::write(&file, tagged.replace("(alert_driven_withdrawal)", "")).unwrap();
    for _ in 0..2 {
        let once = world.run(&["--once"]).stderr;
        assert_eq!(once.matches(UNTAGGED).count(), 1, "one round says all: {once}");
    }
    let server = world.serve();
    server.printed("djed: decision=1", 1);
    (0..3).for_each(|_| round(&server, "djed: decision=1"));
    assert_eq!(lines(&server.log(), UNTAGGED).len(), 1, "{:?}", server.log());
    let shown = server.get("/api/explain?asset=djed").json()["warnings"].to_string();
    assert!(shown.contains("no withdrawal is tagged"), "the page shows what stands: {shown}");

    fs::write(&file, tagged).unwrap();
    server.signal("HUP");
    let gone = server.logged("no longer: ");
    assert!(gone.contains(&format!("INFO no longer: {UNTAGGED}")) && gone.contains("asset=djed, since="), "{gone}");
}

#[test]
fn the_service_is_not_ready_while_no_asset_can_be_read() {
    let world = World::embedded();
    let server = world.serve();
    server.printed(FINE, 1);
    server.answers("/readyz", 200);
    let (folder, away) = (world.clone.path("data"), world.clone.path("away"));
    fs::rename(&folder, &away).unwrap();
    round(&server, UNREAD);
    let ready = server.answers("/readyz", 503).json();
    // The file itself can be read, so that only the round tells.
    assert_eq!(ready["checks"]["store"], "ok");
    let cause = ready["checks"]["evaluation"].as_str().unwrap().to_owned();
    assert!(cause.starts_with("no asset could be read: store unavailable: embedded store "), "{cause}");
    assert!(server.logged("ERROR store unavailable").contains("asset=djed, code=store_unavailable"));

    fs::rename(&away, &folder).unwrap();
    round(&server, FINE);
    server.answers("/readyz", 200);
}

#[test]
fn what_everybody_may_read_names_no_folder_of_the_machine() {
    let world = World::embedded();
    let root = world.clone.path("").display().to_string();
    let root = root.trim_end_matches('/');
    let relative = fs::read_to_string(world.clone.path("world.yaml")).unwrap();
    let absolute = format!("embedded: {{path: {root}/var/some.db, import: [{root}/data]}}");
    world.clone.write("world.yaml", &relative.replace("embedded: {import: [data]}", &absolute));
    let server = world.serve();
    server.logged(&format!("Store: embedded store {root}/var/some.db"));
    server.printed(FINE, 1);
    let says = |reason: &str| {
        round(&server, reason);
        let ready = server.answers("/readyz", 503).text().to_owned();
        let decisions = server.get("/api/decisions").text().to_owned();
        let withdrawals = server.get("/api/withdrawals?asset=djed");
        for text in [&ready, &decisions, withdrawals.text(), server.get("/metrics").text()] {
            assert!(!text.contains(root), "{text}");
        }
        assert!(decisions.contains(reason) && ready.contains(reason), "{decisions}\n{ready}");
    };
    fs::rename(world.clone.path("data"), world.clone.path("away")).unwrap();
    says("store unavailable: embedded store some.db: client.embedded.import: reading data failed: No such file");
    fs::rename(world.clone.path("away"), world.clone.path("data")).unwrap();
    fs::rename(world.clone.path("var/some.db"), world.clone.path("var/other.db")).unwrap();
    says("the file is gone, expected it where it was opened");
    assert_eq!(server.count(root), 0, "nor is one printed");
    fs::rename(world.clone.path("var/other.db"), world.clone.path("var/some.db")).unwrap();
    drop(server);
    let deposits = "data/liqwid_deposits_djed.csv";
    let rows = fs::read_to_string(world.clone.path(deposits)).unwrap();
    world.clone.write(deposits, &(rows + "when,,1,,\n"));
    let run = world.run(&["--once"]);
    let reason = "[reason: invalid data: table liqwid_deposits_djed: liqwid_deposits_djed.csv could not be imported: ";
    assert!(run.stdout.contains(reason), "{}", run.stdout);
}

#[test]
fn the_reference_is_listed_however_many_withdrawals_came_since() {
    let world = World::embedded();
    let file = world.clone.path("data/liqwid_withdrawals_djed.csv");
    let mut rows = fs::read_to_string(&file).unwrap();
    for n in 0..250 {
        let second = 73 * 3600 + 30 * n; // after hour 72, too far apart to be taken for one
        writeln!(rows, "{},{A},0.0001,principal_withdrawal,{n:064x}", world.second(second)).unwrap();
    }
    fs::write(&file, rows).unwrap();
    let server = world.serve();
    server.answers("/startupz", 200);
    let listed = server.get("/api/withdrawals?asset=djed").json();
    let listed = listed["withdrawals"].as_array().unwrap();
    let references: Vec<usize> = (0..listed.len()).filter(|n| listed[*n]["is_reference"] == json!(true)).collect();
    assert_eq!((listed.len(), references), (201, vec![200]));
    assert_eq!(listed[200]["tx_hash"], json!(TAGGED));
}

#[test]
fn names_and_memos_can_neither_begin_a_line_nor_turn_one() {
    let world = World::embedded();
    let file = world.clone.path("data/liqwid_withdrawals_djed.csv");
    let rows = fs::read_to_string(&file).unwrap();
    fs::write(&file, rows.replace("payroll", "\"pay\u{202e}llor\u{2066}\nroll\"")).unwrap();
    let server = world.serve();
    server.printed(FINE, 1);
    let shown = "pay\\u{202e}llor\\u{2066}\\nroll";
    let listed = server.get("/api/withdrawals?asset=djed").json();
    let memos: Vec<&str> =
        listed["withdrawals"].as_array().unwrap().iter().filter_map(|one| one["memo"].as_str()).collect();
    assert!(memos.contains(&shown), "{memos:?}");
    let tag = world.clone.answer(&world.arguments(&["tag", "--asset", "djed", "--tx", PAYROLL]), "n\n");
    assert!(tag.stdout.contains(shown), "{}", tag.stdout);
}

#[test]
fn a_row_that_is_no_flow_is_named_on_one_line_and_not_at_any_length() {
    let world = World::greptime();
    let ts = world.hour(60).parse::<Timestamp>().unwrap().as_millisecond();
    let wallet = format!("addr1\u{202e}\n{}", "q".repeat(300));
    let insert = format!("INSERT INTO {WITHDRAWALS} VALUES ({ts}, '{wallet}', 7, '', 'a\nb')");
    world.greptime.as_ref().unwrap().execute(&insert).unwrap();
    let run = world.run(&["--once"]);
    let expected = format!(
        "of wallet \"addr1\\u{{202e}}\\n{}\"… of amount 7 (tx \"a\\nb\") has no usable wallet",
        "q".repeat(113)
    );
    assert!(run.stdout.contains(&expected) && run.stdout.lines().count() == 1, "{}", run.stdout);
    let said = run.stderr.lines().filter(|line| line.contains(" ERROR ")).collect::<Vec<_>>();
    assert!(said.len() == 1 && said[0].contains(&expected), "{}", run.stderr);
}

#[test]
fn an_asset_that_is_asked_for_is_named_as_far_as_a_name_goes() {
    let world = World::embedded();
    let server = world.serve();
    server.printed(FINE, 1);
    let answer = server.get(&format!("/api/explain?asset={}", "x".repeat(500)));
    let expected = format!("asset \"{}\"… is not configured; there are djed", "x".repeat(64));
    assert_eq!((answer.status, answer.json()["error"].as_str()), (404, Some(expected.as_str())));
}

#[test]
fn what_the_store_says_is_said_once() {
    let world = World::embedded();
    fs::create_dir(world.clone.path("var")).unwrap();
    world.clone.write("var/orchestrator.db", &"no database".repeat(100));
    let fault = "var/orchestrator.db is not an SQLite database or is damaged; expected the embedded store, or no file \
                 at that path: file is not a database";
    let reason = format!("[reason: store unavailable: embedded store var/orchestrator.db: {fault}]\n");
    let once = world.run(&["--once"]);
    assert!(once.stdout.ends_with(&reason), "{}", once.stdout);
    let import = world.run(&["import", "data"]);
    assert_eq!(import.stderr.lines().last().unwrap(), format!("alert-orchestrator: {fault}"), "{}", import.stderr);

    // Names the store once, where the cause names it, too.
    fs::remove_file(world.clone.path("var/orchestrator.db")).unwrap();
    fs::create_dir(world.clone.path("var/orchestrator.db")).unwrap();
    let once = world.run(&["--once"]).stdout;
    let reason = "store unavailable: embedded store var/orchestrator.db: opening it for reading and writing failed: \
                  unable to open database file: ./var/orchestrator.db]\n";
    assert!(once.ends_with(reason), "{once}");
}
