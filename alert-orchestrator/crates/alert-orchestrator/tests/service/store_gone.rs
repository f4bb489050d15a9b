//! A store that is away, slow or in the middle of something: what is said, what goes on, and how it ends.

use std::time::{Duration, Instant};

use advisor_testkit::greptime::{Fault, Greptime};
use jiff::{SignedDuration, Timestamp};
use testkit::service::Service;
use testkit::{Latch, wait_for};

use crate::world::World;

const FINE: &str = "djed: decision=1, wmax_usd=24.00 (2 wallets)";
const GONE: &str = "djed: decision=-1, wmax_usd=0.00 [reason: Failed to connect to GreptimeDB at http://127.0.0.1:";

fn store(world: &World) -> &Greptime {
    world.greptime.as_ref().unwrap()
}

/// How long the service waits for what is in progress; the rest of the ten seconds that it may take is for the end itself. A
/// busy machine may need longer for that, but nothing waits twice.
const DRAIN: Duration = Duration::from_secs(8);

/// Rounds every second.
const INTERVAL: SignedDuration = SignedDuration::from_millis(1002);
const OFTEN: &str = "  schedule: {interval_minutes: 0.0167}\n";

/// Holds back every statement with this text in it; waits for one where that is `asked`.
fn hold(world: &World, text: &str) -> Latch {
    let latch = Latch::closed();
    store(world).inject(Fault::Hold(latch.clone()).always().when_sql_contains(text));
    latch
}

/// What is answered while the store is away, and that no figure of before is among it.
fn assert_store_is_missed(server: &Service) {
    let missed = || {
        let ready = server.get("/readyz");
        let text = ready.json()["checks"]["store"].as_str().unwrap().to_owned();
        // What it said a moment ago counts for as long.
        Some((ready.status, ready.json()["status"].clone(), text)).filter(|(.., text)| text != "ok")
    };
    let (status, verdict, text) = wait_for(missed).expect("the store to be missed");
    assert_eq!((status, verdict), (503, "not ready".into()), "{text}");
    assert!(text.contains("GreptimeDB at http://127.0.0.1:"), "{text}");
    for path in ["/livez", "/startupz", "/health", "/dashboard"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    let decision = &server.get("/api/decisions").json()["djed"];
    assert_eq!((&decision["decision"], &decision["reason"]["code"]), (&(-1).into(), &"store_unavailable".into()));
    let metrics = server.get("/metrics");
    let figures: Vec<&str> = metrics.text().lines().filter(|line| line.contains("asset=\"djed\"")).collect();
    let expected = [
        "wo_decision{asset=\"djed\",alternate_asset_name=\"DJED\",ref_mode=\"null\"} -1.0",
        "wo_hold{asset=\"djed\",alternate_asset_name=\"DJED\",code=\"store_unavailable\"} 1.0",
    ];
    assert_eq!(figures, expected, "no stale figures");
    assert!(metrics.text().contains("wo_store_requests_total{backend=\"greptime\",result=\"failed\"}"));
}

#[test]
fn a_store_that_is_gone_at_the_start_and_again_later_is_found_again_without_a_restart() {
    let mut world = World::greptime();
    world.configure(OFTEN);
    world.greptime.as_mut().unwrap().stop().unwrap();
    let server = world.serve();
    server.printed(GONE, 1);
    assert_store_is_missed(&server);

    world.greptime.as_mut().unwrap().resume().unwrap();
    server.printed(FINE, 1);
    assert_eq!(server.answers("/readyz", 200).json()["checks"]["store"], "ok");
    let before = server.count(GONE);
    world.greptime.as_mut().unwrap().stop().unwrap();
    server.printed(GONE, before + 3);
    assert_store_is_missed(&server);

    let before = server.count(FINE);
    world.greptime.as_mut().unwrap().resume().unwrap();
    server.printed(FINE, before + 1);
    server.answers("/readyz", 200);
    let metrics = server.get("/metrics");
    assert!(metrics.text().contains("wo_wmax_usd{") && !metrics.text().contains("store_unavailable"));
    let said_no = server.log().into_iter().filter(|line| line.contains("path=/readyz, status=503")).collect::<Vec<_>>();
    let is_quiet = said_no.iter().all(|line| line.contains(" DEBUG request, "));
    assert!(!said_no.is_empty() && is_quiet, "a probe that says no is no failed request: {said_no:?}");
}

#[test]
fn a_store_that_answers_with_errors_is_unavailable_with_its_words() {
    let world = World::greptime();
    world.configure(OFTEN);
    store(&world).inject(Fault::error(6001, "too many queries").always());
    let server = world.serve();
    server.printed("djed: decision=-1, wmax_usd=0.00 [reason: store unavailable: GreptimeDB at http://", 2);
    server.printed("too many queries (code 6001) after 2 attempts", 2);
    store(&world).heal();
    server.printed(FINE, 1);
}

#[test]
fn a_store_that_does_not_answer_keeps_nobody_else_waiting() {
    let world = World::greptime();
    let server = world.serve();
    server.printed(FINE, 1);
    let latch = hold(&world, "");
    server.signal("HUP"); // another round
    latch.wait_until_held();
    std::thread::scope(|scope| {
        let history = scope.spawn(|| server.get("/api/history?asset=djed")); // asks the store
        wait_for(|| (latch.held() > 1).then_some(())).expect("the store to be asked for the history");
        for path in
            ["/metrics", "/livez", "/health", "/dashboard", "/api/decisions", "/api/series?asset=djed", "/api/explain"]
        {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
        let ready = server.answers("/readyz", 503).json();
        assert_eq!(ready["checks"]["store"], "no answer within 2 s");
        assert!(latch.held() > 0, "all that was answered while the store was not");
        latch.open();
        assert_eq!(history.join().unwrap().status, 200);
    });
    server.printed(FINE, 2);
}

#[test]
fn an_evaluation_that_waits_for_the_store_does_not_keep_the_service_from_stopping() {
    let world = World::greptime();
    for signal in ["TERM", "INT"] {
        let latch = hold(&world, "SELECT");
        let mut server = world.serve();
        latch.wait_until_held();
        let asked = Instant::now();
        server.signal(signal);
        assert_eq!(server.ended(), Some(0));
        assert!(asked.elapsed() < 2 * DRAIN, "{:?}", asked.elapsed());
        server.logged("Stopped");
        store(&world).heal();
    }
}

#[test]
fn an_embedded_store_that_somebody_locked_does_not_keep_the_service_from_stopping() {
    let world = World::embedded();
    world.configure(OFTEN);
    let mut server = world.serve();
    server.printed(FINE, 1);
    let file = world.file();
    file.execute_batch("begin immediate").unwrap();
    // Every round has something to write: once the newest is three intervals old, one waits for the lock.
    let held_up = || {
        let status = server.get("/api/status").json();
        let [now, last] =
            ["now", "last_evaluation"].map(|at| status[at].as_str().unwrap().parse::<Timestamp>().unwrap());
        (now.duration_since(last) >= 3 * INTERVAL).then_some(())
    };
    wait_for(held_up).expect("a round that waits for the lock");
    let asked = Instant::now();
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    assert!(asked.elapsed() < 2 * DRAIN, "{:?}", asked.elapsed());
}

#[test]
fn a_request_that_waits_for_the_store_is_cut_off_within_ten_seconds() {
    let world = World::greptime();
    let mut server = world.serve();
    server.printed(FINE, 1);
    let latch = hold(&world, "wo_decisions");
    let address = server.address();
    let request = std::thread::spawn(move || {
        let mut connection = std::net::TcpStream::connect(address).unwrap();
        std::io::Write::write_all(&mut connection, b"GET /api/history?asset=djed HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let mut answer = Vec::new();
        // Whether it is reset or just ends.
        let _cut = std::io::Read::read_to_end(&mut connection, &mut answer);
    });
    latch.wait_until_held();
    let asked = Instant::now();
    server.signal("TERM");
    assert_eq!(server.ended(), Some(0));
    assert!(asked.elapsed() < 2 * DRAIN, "{:?}", asked.elapsed());
    server.logged(&format!("requests and writes in progress have {} s to finish", DRAIN.as_secs()));
    request.join().unwrap();
}

#[test]
fn a_store_is_usable_after_the_service_was_killed_while_it_wrote() {
    let world = World::greptime();
    let latch = hold(&world, "INSERT INTO \"wo_decisions\"");
    let server = world.serve();
    latch.wait_until_held();
    drop(server); // SIGKILL
    latch.open();
    store(&world).heal();
    assert_eq!(world.decision()["wmax_usd"], 24.0);

    // Nobody can say when the embedded store is in the middle of it: often enough is now and then.
    let world = World::embedded();
    for rounds in 1..=8 {
        let server = world.serve();
        for n in 1..=rounds {
            server.printed(FINE, n);
            server.signal("HUP"); // another
        }
        drop(server);
        let sound: String = world.file().query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(sound, "ok");
    }
    assert_eq!(world.decision()["wmax_usd"], 24.0);
}

/// The statements of each round, from `SHOW TABLES` on.
fn rounds(world: &World) -> Vec<Vec<String>> {
    let mut rounds: Vec<Vec<String>> = Vec::new();
    for query in store(world).queries() {
        if query.sql == "SHOW TABLES" {
            rounds.push(Vec::new());
        }
        let kind = query.sql.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        rounds.last_mut().expect("a round to begin with its tables").push(kind);
    }
    rounds
}

#[test]
fn rounds_that_take_longer_than_the_interval_follow_one_another() {
    let world = World::greptime();
    world.configure(OFTEN);
    store(&world)
        .inject(Fault::Delay(Duration::from_millis(1200)).always().when_sql_contains("liqwid_supply_positions"));
    let server = world.serve();
    server.printed(FINE, 5);
    drop(server);
    let rounds = rounds(&world);
    // The first describes the tables, makes the journal and forgets what is old; the last was cut off.
    let steady = &rounds[2..rounds.len() - 1];
    assert!(steady.len() >= 2, "{rounds:?}");
    for round in steady {
        assert_eq!(round, &steady[0], "the statements of two rounds are mixed: {rounds:?}");
    }
}

#[test]
fn rounds_that_were_missed_are_not_made_up_for() {
    let world = World::greptime();
    world.configure(OFTEN);
    let server = world.serve();
    server.printed(FINE, 2);
    let latch = hold(&world, "liqwid_withdrawals_djed");
    latch.wait_until_held();
    let began = rounds(&world).len();
    // Four rounds are missed; the service's own clock says when.
    let now = || server.get("/api/status").json()["now"].as_str().unwrap().parse::<Timestamp>().unwrap();
    let until = now() + 4 * INTERVAL;
    wait_for(|| (now() >= until).then_some(())).unwrap();
    assert_eq!(rounds(&world).len(), began, "a round begins when the one before has ended");
    let seen = server.count(FINE);
    let opened = Instant::now();
    latch.open();
    server.printed(FINE, seen + 3);
    // The held one ends; the other two come when they would have been due, an interval apart.
    assert!(opened.elapsed() > INTERVAL.unsigned_abs(), "{:?}", opened.elapsed());
}
