//! Several processes on one store.

use std::thread;

use advisor_testkit::liqwid::Liqwid;
use serde_json::json;
use testkit::Latch;
use testkit::scripted::Fault;
use testkit::service::Service;

use crate::both_stores;
use crate::pulled::{action, apis, synced};
use crate::server;
use crate::support::{checkout, configuration};
use crate::world::{A, DEPOSITS, World};

/// What the service answers, without when it did.
fn decisions(server: &Service) -> String {
    server.answers("/startupz", 200);
    server.get("/api/decisions").text().to_owned()
}

#[test]
fn two_on_one_store_decide_alike_to_the_last_byte() {
    let clone = checkout();
    let greptime = both_stores::examples(&clone);
    let stores =
        ["embedded: {import: [examples/liqwid]}".to_owned(), format!("greptime: {{host: \"{}\"}}", greptime.url())];
    for store in stores {
        clone.write("replica.yaml", &(configuration(&store) + "  telemetry: {listen_port: 0}\n"));
        let replicas = [(), ()].map(|()| server::start(clone.command(&["--config", "replica.yaml"])));
        let [first, second] = replicas.each_ref().map(decisions);
        assert_eq!(first, second);
        assert!(first.contains("\"wmax_usd\":2737.29"), "{first}");
    }
}

#[test]
fn two_pulls_into_greptimedb_at_once_store_everything_once() {
    let world = World::greptime();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    for n in 1..=20 {
        liqwid.add_transaction(A, &action("SUPPLY", n, &world.hour(i64::from(n)), 1.0));
    }
    // Both are let go once both have found out what there is to do.
    let latch = Latch::closed();
    liqwid.inject(Fault::Hold(latch.clone()).always());
    let runs = thread::scope(|scope| {
        let pulls = [(), ()].map(|()| scope.spawn(|| world.run(&["sync", "--log-level", "ERROR"])));
        while latch.held() < 2 && pulls.iter().all(|pull| !pull.is_finished()) {
            thread::yield_now();
        }
        latch.open();
        pulls.map(|pull| pull.join().unwrap())
    });
    for run in runs {
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    }
    let expected: Vec<_> = (1..=20).map(|n| synced(n, f64::from(n), A, 1.0)).collect();
    assert_eq!(world.flows(DEPOSITS), expected);
}

#[test]
fn the_embedded_store_lets_one_process_pull_at_a_time() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(10), 1.0));
    let latch = Latch::closed();
    let server = world.serve();
    server.answers("/startupz", 200);
    liqwid.inject(Fault::Hold(latch.clone()).always());
    thread::scope(|scope| {
        let first = scope.spawn(|| world.run(&["sync"]));
        latch.wait_until_held();
        let busy = "another process is pulling transactions into the embedded store var/orchestrator.db; try again when that is done";
        let second = world.run(&["sync"]);
        assert_eq!(second.code, Some(1));
        assert!(second.stderr.contains(busy), "{}", second.stderr);
        let answer = server.ask("POST", "/api/sync/transactions", &[], b"{}");
        assert_eq!((answer.status, answer.json()), (409, json!({"error": busy, "status": "error"})));
        latch.open();
        assert_eq!(first.join().unwrap().code, Some(0));
    });
    assert_eq!(world.flows(DEPOSITS), [synced(1, 10.0, A, 1.0)]);
    assert_eq!(server.ask("POST", "/api/sync/transactions", &[], b"{}").status, 200, "the right has ended");
}
