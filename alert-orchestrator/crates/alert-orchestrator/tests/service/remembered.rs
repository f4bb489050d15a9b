//! The journal: what is remembered of each round, for how long, and that no decision rests on it.

use advisor_testkit::greptime::Fault;
use jiff::Timestamp;
use serde_json::{Value as Json, json};
use testkit::service::Service;
use testkit::wait_for;

use crate::world::World;

const OFTEN: &str = "  schedule: {interval_minutes: 0.0167}\n"; // 1 s
const FINE: &str = "djed: decision=1, wmax_usd=24.00 (2 wallets)";

fn history(server: &Service, range: &str) -> Json {
    let answer = server.get(&format!("/api/history?asset=djed{range}"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn entries(history: &Json) -> Vec<Timestamp> {
    let entries = history["entries"].as_array().unwrap();
    entries.iter().map(|entry| entry["ts"].as_str().unwrap().parse().unwrap()).collect()
}

/// Puts decisions into a journal that exists, one for each of these instants.
pub(crate) fn remember(world: &World, instants: impl Iterator<Item = Timestamp>) {
    match &world.greptime {
        Some(greptime) => {
            let columns = ["ts", "asset", "replica", "decision", "duration_seconds", "version", "config_hash"];
            let row = |at: Timestamp| (at.as_millisecond(), "djed", "test", 0, 0.5, "0.0.0", "cafe");
            greptime.insert_rows("wo_decisions", &columns, instants.map(row)).unwrap();
        }
        None => {
            let mut store = world.file();
            let all = store.transaction().unwrap();
            let sql = "insert into decisions (journal, asset, ts, replica, decision, duration_seconds, version, config_hash) \
                       values ('wo_decisions', 'djed', ?1, 'test', 0, 0.5, '0.0.0', 'cafe')";
            instants.for_each(|at| {
                all.execute(sql, [at.as_millisecond() * 1_000_000]).unwrap();
            });
            all.commit().unwrap();
        }
    }
}

#[test]
fn every_round_is_remembered_with_its_figures_and_can_be_asked_for_by_time() {
    for world in World::both() {
        world.configure(OFTEN);
        let server = world.serve();
        server.printed(FINE, 4);
        let all = wait_for(|| Some(history(&server, "")).filter(|history| entries(history).len() >= 3)).unwrap();
        let times = entries(&all);
        assert!(times.is_sorted_by(|newer, older| newer > older), "newest first, each once: {times:?}");
        let newest = &all["entries"][0];
        let expected = json!({
            "decision": 1, "code": null, "reason": null, "wmax_usd": 24.0, "g_usd": 48.0, "t0": world.hour(48),
            "t1": world.hour(96), "version": env!("CARGO_PKG_VERSION"),
        });
        for (name, expected) in expected.as_object().unwrap() {
            assert_eq!(&newest[name], expected, "{name}: {newest}");
        }
        assert!(newest["duration_seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{newest}");
        assert_eq!(newest["config_hash"].as_str().map(str::len), Some(12), "{newest}");
        assert!(newest["replica"].as_str().is_some_and(|replica| !replica.is_empty()), "{newest}");

        let one = times[1];
        let range = format!("&from={one}&to={one}");
        assert_eq!(entries(&history(&server, &range)), [one]);
        let early = history(&server, &format!("&to={}", world.hour(0)));
        assert_eq!((entries(&early), &early["truncated"]), (vec![], &json!(false)));
    }
}

#[test]
fn an_answer_has_a_thousand_decisions_at_most_and_says_so() {
    for world in World::both() {
        assert_eq!(world.decision()["decision"], 1); // makes the journal
        let start: Timestamp = world.hour(0).parse().unwrap();
        remember(&world, (0..1100).map(|minute| start + jiff::SignedDuration::from_mins(minute)));
        let server = world.serve();
        server.answers("/startupz", 200);
        let of_range = |minutes: i64| {
            let last = start + jiff::SignedDuration::from_mins(minutes - 1);
            history(&server, &format!("&from={start}&to={last}"))
        };
        let (whole, cut) = (of_range(1000), of_range(1100));
        assert_eq!((entries(&whole).len(), &whole["truncated"]), (1000, &json!(false)));
        assert_eq!((entries(&cut).len(), &cut["truncated"]), (1000, &json!(true)));
        assert_eq!(entries(&cut)[0], start + jiff::SignedDuration::from_mins(1099), "the oldest are left out");
    }
}

#[test]
fn what_is_older_than_it_is_kept_is_forgotten() {
    for world in World::both() {
        assert_eq!(world.decision()["decision"], 1);
        let now = Timestamp::now();
        let ages = [1, 47, 49, 90].map(|hours| now - jiff::SignedDuration::from_hours(hours));
        remember(&world, ages.into_iter());
        world.configure("  journal: {keep_days: 2}\n");
        let server = world.serve();
        server.answers("/startupz", 200);
        let of_test = || {
            let all = history(&server, "&from=2000-01-01");
            let entries = all["entries"].as_array().unwrap();
            entries.iter().filter(|entry| entry["replica"] == "test").count()
        };
        let kept = wait_for(|| Some(of_test()).filter(|kept| *kept < 4));
        assert_eq!(kept, Some(2), "of 1, 47, 49 and 90 hours ago");
        let line = server.logged("decisions from the journal");
        assert!(
            line.contains("removed 2 decisions from the journal, of ") && line.contains("(journal.keep_days: 2)"),
            "{line}"
        );
    }
}

#[test]
fn a_journal_that_is_switched_off_makes_no_table_in_the_users_database() {
    let world = World::greptime();
    let has_journal = || world.tables().contains(&"wo_decisions".to_owned());
    world.configure("  journal: {enabled: false}\n");
    assert_eq!((world.decision()["decision"].clone(), has_journal()), (1.into(), false));
    world.configure("");
    assert_eq!((world.decision()["decision"].clone(), has_journal()), (1.into(), true));
}

#[test]
fn a_journal_that_cannot_be_written_is_a_warning_and_stops_nothing() {
    let world = World::greptime();
    world.configure(OFTEN);
    let greptime = world.greptime.as_ref().unwrap();
    let fault = Fault::error(1004, "read only").always();
    greptime.inject(fault.when_sql_contains("INSERT INTO \"wo_decisions\""));
    let server = world.serve();
    server.printed(FINE, 3);
    let line = server.logged("the decisions could not be written into the journal: ");
    assert!(line.contains("WARNING") && line.contains("wo_decisions") && line.contains("read only"), "{line}");
    server.answers("/readyz", 200);
    greptime.heal();
    wait_for(|| (!entries(&history(&server, "")).is_empty()).then_some(())).expect("to be remembered again");
    let over = server.logged("no longer: the decisions could not be written into the journal: ");
    assert!(over.contains("INFO"), "{over}");
    let said = server.log().iter().filter(|line| line.contains("could not be written into the journal")).count();
    assert_eq!(said, 2, "when it came and when it went, not with every round: {:?}", server.log());
    assert_eq!(world.run(&["--once"]).code, Some(0));

    // Something else has the journal's name.
    let world = World::greptime();
    let greptime = world.greptime.as_ref().unwrap();
    greptime.execute("CREATE TABLE wo_decisions (ts TIMESTAMP(3) TIME INDEX, note STRING)").unwrap();
    let run = world.run(&["--once"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "djed: decision=1, wmax_usd=24.00 (2 wallets)\n"));
    assert!(run.stderr.contains("WARNING the decisions could not be written into the journal"), "{}", run.stderr);
}

#[test]
fn without_a_journal_nothing_is_written() {
    for world in World::both() {
        world.configure("  journal: {enabled: false}\n");
        let server = world.serve();
        server.printed(FINE, 1);
        assert_eq!(entries(&history(&server, "")), []);
        assert!(!world.tables().contains(&"wo_decisions".to_owned()));
    }
}
