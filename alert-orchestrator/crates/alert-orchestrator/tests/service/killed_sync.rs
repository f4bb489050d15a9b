//! A kill in the middle of a pull leaves the gains as they were or lower, never higher.

use std::process::Stdio;
use std::time::Duration;

use advisor_testkit::greptime;
use advisor_testkit::liqwid::Liqwid;
use testkit::scripted::Fault;
use testkit::{Latch, wait_for};

use crate::pulled::{action, apis};
use crate::world::{A, B, DEPOSITS, WITHDRAWALS, World};

/// Each wallet supplied 20 USD and withdrew 10, every time in a transaction of its own: two at once is all that the API gives,
/// so that it takes many requests.
fn liqwid(world: &World) -> Liqwid {
    let liqwid = Liqwid::start();
    liqwid.set_results_max(2);
    for (n, wallet) in (0_u32..).step_by(100).zip([A, B]) {
        for i in 0..10 {
            let time = |minute: u32| world.second(80 * 3600 + i64::from(i * 600 + minute * 60));
            liqwid.add_transaction(wallet, &action("SUPPLY", n + 2 * i + 1, &time(0), 2.0));
            liqwid.add_transaction(wallet, &action("WITHDRAW", n + 2 * i + 2, &time(5), 1.0));
        }
    }
    world.configure(&apis(&liqwid));
    liqwid
}

/// Starts a pull and kills it while the latch holds back what it asked for; whether it ran to its end instead.
fn kill_while_held(world: &World, latch: &Latch) -> bool {
    let mut command = world.clone.command(&world.arguments(&["sync", "--log-level", "ERROR"]));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut is_held_or_over = || {
        let is_over = child.try_wait().unwrap().is_some();
        (is_over || latch.held() == 1).then_some(is_over)
    };
    let is_over = wait_for(&mut is_held_or_over).expect("the request to come, or the end of the pull");
    child.kill().unwrap(); // SIGKILL
    child.wait().unwrap();
    // Who asked is gone, so that nothing is done for it any more.
    wait_for(|| (latch.held() == 0).then_some(())).expect("the request to end");
    is_over
}

/// How many deposits and withdrawals are stored.
fn stored(world: &World) -> (usize, usize) {
    (world.flows(DEPOSITS).len(), world.flows(WITHDRAWALS).len())
}

fn gain(world: &World) -> f64 {
    world.decision()["g_usd"].as_f64().unwrap()
}

/// The gain before the pull, and once all is stored: of 40 USD paid in and 20 taken out.
const GAINS: [f64; 2] = [48.0, 48.0 - 40.0 + 20.0];

#[test]
fn a_pull_that_is_killed_while_it_asks_leaves_the_store_as_it_was() {
    let world = World::embedded();
    let liqwid = liqwid(&world);
    assert_eq!(world.run(&["sync", "--dry-run"]).code, Some(0));
    let requests = u32::try_from(liqwid.request_count()).unwrap();
    assert!(requests >= 40, "{requests} moments");
    assert_eq!((stored(&world), gain(&world)), ((0, 2), GAINS[0]));
    for moment in 0..requests {
        let latch = Latch::closed();
        liqwid.inject(Fault::Delay(Duration::ZERO).times(moment));
        liqwid.inject(Fault::Hold(latch.clone()).always());
        assert!(!kill_while_held(&world, &latch));
        liqwid.heal();
        assert_eq!(stored(&world), (0, 2), "killed at request {moment}");
        let known: i64 = world.file().query_row("select count(*) from coverage", [], |row| row.get(0)).unwrap();
        assert_eq!(known, 0, "killed at request {moment}");
    }
    assert_eq!(gain(&world), GAINS[0]);
    assert_eq!(world.run(&["sync"]).code, Some(0));
    assert_eq!((stored(&world), gain(&world)), ((20, 22), GAINS[1]));
}

#[test]
fn a_pull_that_is_killed_while_it_writes_leaves_gains_too_low_at_most() {
    let mut seen = Vec::new();
    // Every statement is one of the moments, until a pull runs to its end.
    for moment in 0.. {
        let world = World::greptime();
        let _liqwid = liqwid(&world);
        let server = world.greptime.as_ref().unwrap();
        let latch = Latch::closed();
        server.inject(greptime::Fault::Delay(Duration::ZERO).times(moment));
        server.inject(greptime::Fault::Hold(latch.clone()).always());
        let is_over = kill_while_held(&world, &latch);
        server.heal();
        let (flows, gain) = (stored(&world), gain(&world));
        let expected = match flows {
            (0, 2) => GAINS[0],
            (20, 2) => GAINS[1] - 20.0,
            (20, 22) => GAINS[1],
            other => panic!("killed at statement {moment}: {other:?} deposits and withdrawals"),
        };
        assert_eq!(gain, expected, "killed at statement {moment}");
        seen.push(flows);
        if is_over {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen, [(0, 2), (20, 2), (20, 22)], "nothing, all deposits, all");
}
