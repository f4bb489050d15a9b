//! A mark that is set beside the running service, or taken off: it counts without waiting for the next round, and nothing
//! else that is written makes an evaluation.

use std::fs;

use advisor_testkit::greptime::Fault;
use advisor_testkit::liqwid::Liqwid;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use testkit::service::Service;
use testkit::{Latch, wait_for};

use crate::prices::Apis;
use crate::pulled::{action, apis};
use crate::remembered::remember;
use crate::world::{A, PAYROLL, POSITIONS, WITHDRAWALS, World};

/// Marks a withdrawal by the command line, beside the service.
fn tag(world: &World, arguments: &[&str]) {
    let arguments = world.arguments(&[&["tag", "--log-level", "ERROR", "--asset", "djed"], arguments].concat());
    let run = world.clone.answer(&arguments, "y\n");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
}

/// Puts another memo in place of that of the newest withdrawal, as somebody may who knows the database.
fn set_memo(world: &World, memo: &str) {
    match &world.greptime {
        Some(greptime) => {
            let ts = world.hour(72).parse::<Timestamp>().unwrap().as_millisecond();
            let columns = ["ts", "wallet_address", "amount", "memo", "tx_hash"];
            greptime.insert_rows(WITHDRAWALS, &columns, [(ts, A, 3.0, memo, PAYROLL)]).unwrap();
        }
        None => {
            let sql = "insert or replace into memos select table_id, wallet_id, ts, tx_hash, amount, memo, nth, ?1 \
                       from flows where tx_hash = ?2";
            assert_eq!(world.file().execute(sql, [memo, PAYROLL]).unwrap(), 1);
        }
    }
}

/// The value of a metric without labels of its own, or of djed.
fn metric(server: &Service, name: &str) -> f64 {
    let metrics = server.get("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with(&format!("wo_{name}"))).map(str::to_owned);
    let value = line.as_deref().and_then(|line| line.rsplit(' ').next());
    value.unwrap_or_else(|| panic!("no {name} in {}", metrics.text())).parse().unwrap()
}

/// Waits until there were so many evaluations of djed: what came of one is published before it is counted.
#[track_caller]
fn counts_evaluations(server: &Service, expected: f64) {
    let counted = wait_for(|| Some(evaluations(server)).filter(|count| *count >= expected));
    assert_eq!(counted, Some(expected));
}

/// How many evaluations of djed there were.
fn evaluations(server: &Service) -> f64 {
    let metrics = server.get("/metrics");
    let counts = metrics.text().lines().filter(|line| line.starts_with("wo_evaluations_total{"));
    counts.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

/// Waits until the page would show gains that count from this hour.
#[track_caller]
fn counts_from(world: &World, server: &Service, hour: i64) -> Json {
    let decision =
        || Some(server.get("/api/decisions").json()["djed"].clone()).filter(|of| of["t0_ts"] == world.hour(hour));
    match wait_for(decision) {
        Some(decision) => decision,
        None => panic!("gains do not count from hour {hour}:\n{}", server.log().join("\n")),
    }
}

#[test]
fn a_tag_counts_on_page_and_metrics_without_a_round() {
    for world in World::both() {
        let server = world.serve();
        server.answers("/startupz", 200);
        counts_from(&world, &server, 48);
        let status = |key: &str| server.get("/api/status").json()[key].clone();
        let (last, next) = (status("last_evaluation"), status("next_evaluation"));
        let rounds = metric(&server, "evaluation_duration_seconds_count");
        let last_seconds = metric(&server, "last_eval_timestamp_seconds");

        tag(&world, &["--latest"]);
        let decision = counts_from(&world, &server, 72);
        assert_eq!(decision["wmax_usd"], 12.0);
        assert_eq!(metric(&server, "wmax_usd{"), 12.0, "at the same time");
        let t0 = world.hour(72).parse::<Timestamp>().unwrap().as_second() as f64;
        assert_eq!(metric(&server, "t0_timestamp_seconds{"), t0);
        assert_eq!(server.get("/api/explain?asset=djed").json()["t0"], world.hour(72));
        server.printed("djed: decision=1, wmax_usd=12.00 (2 wallets)", 1);
        assert!(server.logged("evaluated djed anew").contains("a withdrawal was marked, or is no longer"));

        tag(&world, &["--tx", PAYROLL, "--remove"]);
        assert_eq!(counts_from(&world, &server, 48)["wmax_usd"], 24.0);
        counts_evaluations(&server, 3.0); // one of the round, and one for each change
        // Neither is a round.
        assert_eq!((status("last_evaluation"), status("next_evaluation")), (last, next));
        assert_eq!(metric(&server, "evaluation_duration_seconds_count"), rounds);
        assert_eq!(metric(&server, "last_eval_timestamp_seconds"), last_seconds);
        // What was decided is remembered.
        let remembered = || {
            let entries = server.get("/api/history?asset=djed").json()["entries"].clone();
            let decisions = entries.as_array()?.iter().filter(|entry| entry["code"] != "mark_changed");
            let entries: Vec<Json> = decisions.map(|entry| entry["t0"].clone()).collect();
            (entries.len() == 3).then_some(entries)
        };
        assert_eq!(wait_for(remembered), Some([48, 72, 48].map(|hour| json!(world.hour(hour))).to_vec()));
    }
}

#[test]
fn in_the_embedded_store_nobody_has_to_look() {
    let world = World::embedded();
    let server = world.serve();
    server.answers("/startupz", 200);
    tag(&world, &["--latest"]);
    server.printed("djed: decision=1, wmax_usd=12.00 (2 wallets)", 1);
}

#[test]
fn a_mark_of_principal_counts_too() {
    for world in World::both() {
        let server = world.serve();
        server.answers("/startupz", 200);
        let withdrawn = |usd: f64| {
            let of_djed = || server.get("/api/decisions").json()["djed"]["withdrawn_since_reference_usd"].as_f64();
            wait_for(|| of_djed().filter(|found| *found == usd)).unwrap_or_else(|| panic!("{:?}", of_djed()))
        };
        withdrawn(3.0);
        set_memo(&world, "payroll principal_withdrawal");
        withdrawn(0.0);
        set_memo(&world, "payroll");
        withdrawn(3.0);
        counts_evaluations(&server, 3.0);
    }
}

#[test]
fn nothing_but_a_mark_makes_an_evaluation() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        assert_eq!(world.decision()["decision"], 1); // makes the journal
        let server = world.serve();
        server.answers("/startupz", 200);
        counts_from(&world, &server, 48);
        // Each of these writes; what a comparison would find is found before, or together with, the mark at the end.
        for n in 1..=3 {
            remember(&world, std::iter::once(Timestamp::now() - SignedDuration::from_mins(n)));
            liqwid.add_transaction(A, &action("WITHDRAW", n.try_into().unwrap(), &world.second(96 * 3600 + n), 0.01));
            assert_eq!(world.run(&["sync"]).code, Some(0));
            if world.greptime.is_none() {
                let file = world.clone.path("data/liqwid_deposits_djed.csv");
                let rows = fs::read_to_string(&file).unwrap();
                fs::write(&file, format!("{rows}{},{A},0.01,,import{n}\n", world.second(96 * 3600 + n))).unwrap();
                assert_eq!(world.run(&["import", "data"]).code, Some(0));
            }
            assert_eq!(world.run(&["--once"]).code, Some(0), "another process writes its journal");
            set_memo(&world, &format!("payroll {n}"));
        }
        if let Some(greptime) = &world.greptime {
            // The comparison alone reads what is newer than the reference, and nothing else of them.
            let compared = |sql: &str| sql.contains(&format!("FROM \"{WITHDRAWALS}\" WHERE (\"ts\" >="));
            let count = || greptime.queries().iter().filter(|query| compared(&query.sql)).count();
            let before = count();
            let asked = || Some(server.get("/api/decisions").status == 200 && count() > before).filter(|more| *more);
            wait_for(asked).expect("the marks to be compared again");
            assert_eq!(evaluations(&server), 1.0);
        }
        tag(&world, &["--tx", PAYROLL]);
        counts_from(&world, &server, 72);
        counts_evaluations(&server, 2.0); // that of the round and that of the mark
    }
}

#[test]
fn what_is_marked_through_the_service_needs_no_round_either() {
    for world in World::both() {
        world.configure(crate::logins::AUTH);
        let server = world.serve();
        server.answers("/startupz", 200);
        let next = server.get("/api/status").json()["next_evaluation"].clone();
        let wish = json!({"asset": "DJED", "tx": "latest"}).to_string();
        let answer = server.ask("POST", "/api/reference", &[crate::logins::ANNA], wish.as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        server.printed("djed: decision=1, wmax_usd=12.00 (2 wallets)", 1); // without a question for the decisions
        assert_eq!(metric(&server, "evaluation_duration_seconds_count"), 1.0);
        assert_eq!(server.get("/api/status").json()["next_evaluation"], next);
    }
}

#[test]
fn a_mark_counts_no_comparison_of_prices() {
    let world = World::embedded();
    let apis = Apis::start(1.0, 1.8);
    world.configure(&apis.settings("persistence_threshold: 2"));
    let server = world.serve();
    server.answers("/startupz", 200);
    counts_from(&world, &server, 48);
    for (arguments, hour) in [(&["--latest"][..], 72), (&["--tx", PAYROLL, "--remove"], 48)] {
        tag(&world, arguments);
        let decision = counts_from(&world, &server, hour);
        assert_eq!((&decision["price_mismatch"], &decision["decision"]), (&json!(1), &json!(1)), "{decision}");
    }
    server.signal("HUP"); // a round, the second
    server.printed("price mismatch (", 1);
}

#[test]
fn a_round_that_began_before_the_mark_does_not_undo_it() {
    let world = World::greptime();
    world.configure("  schedule: {interval_minutes: 0.05}\n"); // 3 s
    let greptime = world.greptime.as_ref().unwrap();
    let server = world.serve();
    server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 1);
    // The next round has read the withdrawals, and waits for the samples.
    let latch = Latch::closed();
    greptime.inject(Fault::Hold(latch.clone()).times(1).when_sql_contains(POSITIONS));
    latch.wait_until_held();
    tag(&world, &["--latest"]);
    assert_eq!(counts_from(&world, &server, 72)["wmax_usd"], 12.0);
    latch.open();
    server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 2); // what that round had found
    assert_eq!(server.get("/api/decisions").json()["djed"]["t0_ts"], world.hour(72));
}
