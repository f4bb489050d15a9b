//! Where transactions are pulled before every round: what is decided where Liqwid does not say all of them?

use std::time::Duration;

use advisor_testkit::liqwid::Liqwid;
use serde_json::{Value as Json, json};
use testkit::scripted::{Fault, Injection};
use testkit::service::Service;

use crate::pulled::{action, apis};
use crate::world::{A, B, DEPOSITS, World};

/// Lets a configuration pull before every round, as these settings want.
fn pulling(world: &World, liqwid: &Liqwid, settings: &str) {
    world.configure(&(apis(liqwid) + &format!("  transaction_sync: {{enabled: true{settings}}}\n")));
}

/// Code and sentence of the decision of one round.
fn reason(world: &World) -> (String, String) {
    let reason = &world.decision()["reason"];
    let text = |field: &str| reason[field].as_str().unwrap_or_default().to_owned();
    (text("code"), text("message"))
}

#[track_caller]
fn holds(world: &World, parts: &[&str]) {
    let (code, sentence) = reason(world);
    assert_eq!(code, "flows_incomplete", "{sentence}");
    assert!(sentence.starts_with("transactions of addr1qx"), "{sentence}");
    for part in parts {
        assert!(sentence.contains(part), "{part:?} is not in: {sentence}");
    }
}

#[track_caller]
fn passes(world: &World) {
    assert_eq!(reason(world), (String::new(), String::new()));
}

/// What a failing Liqwid does, and what is said of it.
fn failures() -> Vec<(Injection, &'static str)> {
    let always = |fault: Fault| fault.always();
    let error = r#"{"errors":[{"message":"too complex"}],"data":null}"#;
    let partial =
        r#"{"data":{"historical":{"transactions":{"totalCount":0,"results":[]}}},"errors":[{"message":"late"}]}"#;
    // More than come of one second, which cannot be asked for in parts.
    let endless = r#"{"data":{"historical":{"transactions":{"totalCount":101,"results":[]}}}}"#;
    vec![
        (always(Fault::status(403)), "answered 403 Forbidden"),
        (always(Fault::status(429)), "answered 429 Too Many Requests"),
        (always(Fault::body(error)), "answered with errors: too complex"),
        (always(Fault::body(partial)), "answered with errors: late"),
        (always(Fault::html()), "the answer is not JSON"),
        (always(Fault::body(r#"{"data": null}"#)), "data: invalid type: null"),
        (always(Fault::body(r#"{"data":{"historical":{"transactions":{"totalCount":3,"results":null}}}}"#)), "results"),
        (always(Fault::body(endless)), "the range cannot be split any further"),
        (Fault::status(403).always().when_request_contains(B), "answered 403 Forbidden"),
    ]
}

#[test]
fn a_pull_that_fails_in_any_way_holds_with_its_cause() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        pulling(&world, &liqwid, "");
        for (fault, cause) in failures() {
            liqwid.inject(fault);
            holds(&world, &[cause, "Liqwid at http://", &world.hour(48)]);
            liqwid.heal();
        }
        passes(&world);
    }
}

#[test]
fn no_answer_at_all_holds() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    pulling(&world, &liqwid, ", timeout_seconds: 0.2");
    // Each is asked for four times.
    for (fault, cause) in [
        (Fault::Reset, "connection reset after 4 attempts"),
        (Fault::body(""), "the answer broke off after 0 bytes after 4 attempts"),
        (Fault::Delay(Duration::from_secs(600)), "no complete answer within 0.2 s after 4 attempts"),
    ] {
        liqwid.inject(fault.always());
        holds(&world, &[cause]);
        liqwid.heal();
    }
}

#[test]
fn what_was_pulled_before_is_known_until_samples_go_on_without() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    pulling(&world, &liqwid, "");
    liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(60), 4.0));
    let pull = |from: i64, to: i64| {
        let (from, to) = (world.hour(from), world.hour(to));
        let run = world.run(&["sync", "--start", &from, "--end", &to]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    };
    let fail = || liqwid.inject(Fault::status(403).always());
    // The newest sample is of hour 96, and flows may be six hours late: up to hour 90 they must be known.
    pull(40, 60);
    fail();
    holds(&world, &["answered 403", "; 1 more wallet is like it", &format!("only up to {}:", world.hour(60))]);
    liqwid.heal();
    pull(70, 90);
    fail();
    holds(&world, &[&format!("only up to {}:", world.hour(60))]);
    liqwid.heal();
    pull(60, 70);
    fail();
    passes(&world);
    assert_eq!(world.decision()["wmax_usd"], 22.0, "(48 − 4) / 2");
    let explained = world.run(&["explain", "djed"]);
    assert_eq!(explained.code, Some(0), "{}", explained.stderr);
}

#[test]
fn what_the_configuration_leaves_out_holds_with_its_key() {
    let liqwid = Liqwid::start();
    // Each in a world of its own: what pulls have reached adds up.
    let left_out = |settings: fn(&World) -> String, expected: fn(&World) -> String| {
        for world in World::both() {
            pulling(&world, &liqwid, &settings(&world));
            holds(&world, &[&expected(&world)]);
        }
    };
    left_out(
        |_| format!(", wallets: [{A}]"),
        |world| format!("{B} are known only up to {}: transaction_sync.wallets leaves it out", world.hour(48)),
    );
    left_out(
        |world| format!(", start_date: \"{}\"", world.hour(49)),
        |world| {
            let [start, baseline] = [49, 48].map(|hour| world.hour(hour));
            format!(
                "only up to {baseline}: transaction_sync.start_date is {start}, and its gain counts from {baseline} on"
            )
        },
    );
    left_out(
        |world| format!(", end_date: \"{}\"", world.hour(89)),
        |world| format!("only up to {0}: transaction_sync.end_date is {0}", world.hour(89)),
    );
    for world in World::both() {
        pulling(&world, &liqwid, &format!(", start_date: \"{}\"", world.hour(48)));
        passes(&world);
    }
}

#[test]
fn what_cannot_be_stored_as_liqwid_knows_it_is_not_known() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    pulling(&world, &liqwid, "");
    liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(60), 4.0));
    let row = format!("ts,wallet_address,amount,memo,tx_hash\n{},{A},4,,\n", world.hour(60));
    world.clone.write("data/liqwid_deposits_djed.csv", &row);
    holds(&world, &[A, "name no transaction, and they would count twice"]);
    assert_eq!(world.flows(DEPOSITS).len(), 1);
}

#[test]
fn where_nothing_can_be_pulled_as_it_is_configured_the_sentence_says_so() {
    let world = World::embedded();
    world.configure("  transaction_sync: {enabled: true}\n");
    holds(&world, &["orchestrator.apis.liqwid_graphql is not set"]);
    let liqwid = Liqwid::start();
    let settings = apis(&liqwid) + "  transaction_sync: {enabled: true}\n";
    world.configure_client("  transactions: {amount_unit: usd}\n", &settings);
    holds(&world, &["client.transactions.amount_unit is usd"]);
    // Without the pulls nothing of this matters.
    world.configure(&apis(&liqwid));
    passes(&world);
}

fn served(server: &Service) -> Json {
    server.get("/api/decisions").json()["djed"].clone()
}

#[test]
fn the_service_says_it_everywhere_and_goes_on_when_liqwid_does() {
    for world in World::both() {
        // A store that was judged before there was a coverage.
        world.configure("");
        passes(&world);
        let liqwid = Liqwid::start();
        liqwid.inject(Fault::status(403).always());
        pulling(&world, &liqwid, "");
        let server = world.serve();
        server.printed("djed: decision=0, wmax_usd=0.00 [reason: transactions of addr1qx", 1);
        server.logged("WARNING pulling transactions from Liqwid: wallet addr1qx");
        server.answers("/startupz", 200);
        assert_eq!(served(&server)["reason"]["code"], "flows_incomplete");
        let explained = server.get("/api/explain?asset=djed");
        assert!(explained.text().contains("are known only up to"), "{}", explained.text());
        let metrics = server.get("/metrics");
        let held = |line: &str| line.starts_with("wo_hold{") && line.contains("code=\"flows_incomplete\"} 1");
        assert!(metrics.text().lines().any(held), "{}", metrics.text());
        assert!(!metrics.text().contains("wo_sync_last_success_timestamp_seconds 1"), "{}", metrics.text());
        let explained = world.run(&["explain", "djed"]);
        // A line may end between the words.
        let said = explained.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("answered 403 Forbidden"), "{}{}", explained.stdout, explained.stderr);

        liqwid.heal();
        let answer = server.ask("POST", "/api/sync/transactions", &[], json!({}).to_string().as_bytes());
        assert_eq!((answer.status, &answer.json()["status"]), (200, &json!("success")), "{}", answer.text());
        drop(server);
        let server = world.serve();
        server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 1);
        assert_eq!(server.count("flows_incomplete"), 0);
    }
}

#[test]
fn unknown_types_and_assets_are_named_once_and_those_of_loans_never() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    for (n, kind) in ["BORROW", "REPAY", "LIQUIDATION", "DEPOSIT", "DEPOSIT"].into_iter().enumerate() {
        let n = u32::try_from(n).unwrap();
        [A, B].iter().for_each(|wallet| liqwid.add_transaction(wallet, &action(kind, n, &world.hour(60), 1.0)));
    }
    let mut other = action("SUPPLY", 9, &world.hour(61), 7.0);
    other["displayName"] = json!("SNEK");
    [A, B].iter().for_each(|wallet| liqwid.add_transaction(wallet, &other));
    let server = world.serve();
    server.answers("/startupz", 200);
    for _ in 0..2 {
        let answer = server.ask("POST", "/api/sync/transactions", &[], b"");
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let log = server.log();
    for (named, times) in
        [("type \"DEPOSIT\"", 1), ("asset \"SNEK\"", 1), ("BORROW", 0), ("REPAY", 0), ("LIQUIDATION", 0)]
    {
        let count = log.iter().filter(|line| line.contains("WARNING") && line.contains(named)).count();
        assert_eq!(count, times, "{named}: {log:?}");
    }
}
