//! What is asked of the service, or done to it, while something else takes its time.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::TcpStream;

use advisor_testkit::greptime;
use advisor_testkit::liqwid::Liqwid;
use serde_json::json;
use testkit::scripted::Fault;
use testkit::service::Service;
use testkit::{Latch, wait_for};

use crate::logins::{ANNA, AUTH};
use crate::pulled::apis;
use crate::world::{A, B, DEPOSITS, PAYROLL, WITHDRAWALS, World};

fn supply(liqwid: &Liqwid, wallet: &str, n: u32, time: &str, amount: f64) {
    let id = format!("{n:064x}");
    let action = json!({"id": id, "type": "SUPPLY", "displayName": "DJED", "time": time, "amount": amount});
    liqwid.add_transaction(wallet, &action);
}

/// Asks and goes away.
pub(crate) fn ask_and_leave(server: &Service, request: &str) -> TcpStream {
    let mut connection = TcpStream::connect(server.address()).unwrap();
    connection.write_all(request.as_bytes()).unwrap();
    connection
}

#[test]
fn a_log_that_cannot_be_written_takes_nothing_with_it() {
    let world = World::embedded();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let mut command = world.clone.command(&world.arguments(&["--once", "--log-level", "DEBUG"]));
    let output = command.stderr(full).output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "djed: decision=1, wmax_usd=24.00 (2 wallets)\n");
}

#[test]
fn a_wallet_whose_history_takes_too_long_keeps_no_other_from_being_asked_about() {
    for slow in [A, B] {
        let world = World::embedded();
        let liqwid = Liqwid::start();
        world.configure(&(apis(&liqwid) + "  transaction_sync: {timeout_seconds: 2}\n"));
        supply(&liqwid, A, 1, &world.hour(90), 1.0);
        supply(&liqwid, B, 2, &world.hour(90), 1.0);
        liqwid.inject(Fault::Hold(Latch::closed()).always().when_request_contains(slow));
        let run = world.run(&["sync"]);
        assert!(
            run.stdout.contains("1 deposits and 0 withdrawals of 2 wallets stored"),
            "{}{}",
            run.stdout,
            run.stderr
        );
        let wallets: Vec<String> = world.flows(DEPOSITS).into_iter().map(|flow| flow.wallet).collect();
        assert_eq!(wallets, [if slow == A { B } else { A }]);
    }
}

#[test]
fn a_pull_that_is_asked_for_sees_what_was_written_into_the_files_before() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    let server = world.serve();
    server.answers("/startupz", 200);
    let file = world.clone.path(&format!("data/{DEPOSITS}.csv"));
    let rows = fs::read_to_string(&file).unwrap() + &format!("{},{A},5,by hand,\n", world.hour(90));
    fs::write(&file, rows).unwrap();
    supply(&liqwid, A, 1, &world.hour(90), 5.0);
    let answer = server.ask("POST", "/api/sync/transactions", &[], b"{}").json();
    assert_eq!(answer["deposits_inserted"], 0, "the same deposit twice: {answer}");
    assert_eq!(world.flows(DEPOSITS).len(), 1);
}

#[test]
fn a_pull_of_a_round_is_finished_before_the_service_stops() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&(apis(&liqwid) + "  transaction_sync: {enabled: true}\n"));
        supply(&liqwid, A, 1, &world.hour(90), 1.0);
        let latch = Latch::closed();
        liqwid.inject(Fault::Hold(latch.clone()).always());
        let mut server = world.serve();
        latch.wait_until_held();
        server.signal("TERM");
        server.logged("Stopping: ");
        latch.open();
        assert_eq!(server.ended(), Some(0));
        assert_eq!(world.flows(DEPOSITS).len(), 1);
    }
}

#[test]
fn a_mark_is_written_although_who_asked_went_away_and_the_service_stops() {
    let world = World::greptime();
    world.configure(AUTH);
    let mut server = world.serve();
    server.answers("/startupz", 200);
    let latch = Latch::closed();
    let store = world.greptime.as_ref().unwrap();
    store.inject(
        greptime::Fault::Hold(latch.clone()).always().when_sql_contains("INSERT INTO \"liqwid_withdrawals_djed\""),
    );
    let body = json!({"asset": "djed", "tx": PAYROLL}).to_string();
    let (header, login) = ANNA;
    let head =
        format!("POST /api/reference HTTP/1.1\r\nhost: x\r\n{header}: {login}\r\ncontent-length: {}", body.len());
    let connection = ask_and_leave(&server, &format!("{head}\r\n\r\n{body}"));
    latch.wait_until_held();
    drop(connection);
    server.signal("TERM");
    server.logged("Stopping: ");
    latch.open();
    assert_eq!(server.ended(), Some(0));
    let memos: Vec<String> = world.flows(WITHDRAWALS).into_iter().map(|flow| flow.memo).collect();
    assert_eq!(memos, ["gain (alert_driven_withdrawal)", "payroll alert_driven_withdrawal"]);
}

#[test]
fn more_questions_than_the_store_can_answer_leave_room_for_others() {
    let world = World::greptime();
    let server = world.serve();
    server.answers("/startupz", 200);
    let latch = Latch::closed();
    let store = world.greptime.as_ref().unwrap();
    store.inject(greptime::Fault::Hold(latch.clone()).always().when_sql_contains("wo_decisions"));
    let ask = || ask_and_leave(&server, "GET /api/history?asset=djed HTTP/1.1\r\nhost: x\r\n\r\n");
    // 4 are asked at once, 64 wait.
    let waiting: Vec<TcpStream> = std::iter::repeat_with(ask).take(80).collect();
    let refused = || server.log().iter().filter(|line| line.contains("/api/history") && line.contains("503")).count();
    wait_for(|| (refused() >= 12).then_some(())).expect("the others to be refused");
    assert_eq!((refused(), server.get("/api/decisions").status), (12, 200));
    latch.open();
    drop(waiting);
    server.answers("/api/history?asset=djed", 200);
}

#[test]
fn a_reload_does_not_wait_for_the_store() {
    let world = World::greptime();
    let server = world.serve();
    server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 1);
    let latch = Latch::closed();
    world.greptime.as_ref().unwrap().inject(greptime::Fault::Hold(latch.clone()).always());
    server.signal("HUP"); // the round that follows is held
    latch.wait_until_held();
    let good = fs::read_to_string(world.clone.path("world.yaml")).unwrap();
    world.clone.write("world.yaml", "client: {assets: []}\n");
    server.signal("HUP");
    server.logged("was refused; the configuration read before stays in effect");
    world.clone.write("world.yaml", &good.replace("{enabled: false}", "{enabled: false}\n  safety_factor: {c: 0.25}"));
    server.signal("HUP");
    latch.open();
    server.printed("djed: decision=1, wmax_usd=12.00 (2 wallets)", 1);
}

#[test]
fn what_was_refused_for_a_file_it_names_is_read_again_when_that_file_is_mended() {
    let world = World::embedded();
    world.configure("  reload_on_change: true\n");
    let server = world.serve();
    server.answers("/startupz", 200);
    world.clone.write("tokens.csv", "asset,policy_id,token_name_hex\n");
    let compare = "  reload_on_change: true\n  price_compare: {enabled: true}\n  token_registry: tokens.csv\n  \
                   apis: {minswap_aggregator: \"http://127.0.0.1:9\"}\n";
    world.configure(compare);
    server.logged("was refused; the configuration read before stays in effect");
    world.clone.write("tokens.csv", &format!("asset,policy_id,token_name_hex\ndjed,{},44\n", "0".repeat(56)));
    server.logged("Reloaded configuration from world.yaml");
}
