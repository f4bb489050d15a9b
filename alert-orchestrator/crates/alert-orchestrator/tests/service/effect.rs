//! What a mark costs or frees, as it is said before it is set: by the API and by the command.

use std::fs;
use std::thread;

use advisor_testkit::greptime::Fault;
use advisor_testkit::liqwid::Liqwid;
use serde_json::{Value as Json, json};
use testkit::service::{Answer, Service};
use testkit::{Latch, wait_for};

use crate::logins::{ANNA, AUTH};
use crate::meanwhile::ask_and_leave;
use crate::prices::Apis;
use crate::pulled::apis;
use crate::tagging::{post, tag, withdraw, withdraw_at};
use crate::world::{A, B, NEWEST, PAYROLL, POSITIONS, TAGGED, WITHDRAWALS, World};

const C: &str = "addr1qxcarolcarolcarolcarolcarolcarolcarolcarolcarolcccc";

/// A third wallet, which earns as the other two do.
fn third_wallet(world: &World) {
    let samples = (0..=NEWEST).map(|hour| (world.hour(hour), 30_000.0 + 0.5 * hour as f64));
    match &world.greptime {
        Some(greptime) => {
            let columns = ["ts", "wallet_address", "underlying_units", "usd_value", "price_usd"];
            let millisecond = |at: String| at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
            let rows = samples.map(|(at, value)| (millisecond(at), C, value, value, 1.0));
            greptime.insert_rows(POSITIONS, &columns, rows).unwrap();
        }
        None => {
            let file = world.clone.path(&format!("data/{POSITIONS}.csv"));
            let rows: String = samples.map(|(at, value)| format!("{at},{C},{value},{value},1\n")).collect();
            fs::write(&file, fs::read_to_string(&file).unwrap() + &rows).unwrap();
        }
    }
}

/// A service that has made its first round.
fn serve(world: &World) -> Service {
    let server = world.serve();
    server.answers("/startupz", 200);
    server
}

fn ask(server: &Service, tx: &str, mark: &str) -> Answer {
    server.get(&format!("/api/reference/effect?asset=djed&tx={tx}&mark={mark}"))
}

#[track_caller]
fn effect(server: &Service, tx: &str, mark: &str) -> Json {
    let answer = ask(server, tx, mark);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// The wallets' limits before and after.
fn limits(effect: &Json) -> Vec<(&str, Option<f64>, Option<f64>)> {
    let wallets = effect["wallets"].as_array().unwrap().iter();
    let limit = |of: &Json, when: &str| of[format!("wmax_usd_{when}")].as_f64();
    wallets.map(|of| (of["wallet_address"].as_str().unwrap(), limit(of, "before"), limit(of, "after"))).collect()
}

#[test]
fn a_reference_costs_every_wallet_of_the_asset_its_gains_so_far() {
    for world in World::both() {
        third_wallet(&world);
        let server = serve(&world);
        // From hour 48 to 96 each wallet gained 24 USD, from hour 72 on 12; half of it is offered.
        let wallet = |address: &str, abbreviated: &str| {
            json!({
                "wallet_address": address, "abbreviated_address": abbreviated,
                "wmax_usd_before": 12.0, "wmax_usd_after": 6.0, "gain_usd_before": 24.0, "gain_usd_after": 12.0,
            })
        };
        let expected = json!({
            "asset": "djed", "mark": "reference",
            "before": {"decision": 1, "wmax_usd": 36.0, "reason": null, "ref_mode": "keyword", "t0_ts": world.hour(48)},
            "after": {"decision": 1, "wmax_usd": 18.0, "reason": null, "ref_mode": "keyword", "t0_ts": world.hour(72)},
            "wallets": [wallet(A, "addr1qxa…aaaa"), wallet(B, "addr1qxb…bbbb"), wallet(C, "addr1qxc…cccc")],
            // 12 − 6 of either.
            "message": "W_max 36.00 → 18.00; 12.00 USD of gains in two other wallets will no longer be offered",
        });
        assert_eq!(effect(&server, PAYROLL, "reference"), expected);

        // Without a reference the gain since hour 0 counts: 48 USD a wallet, of which half is offered, 12 more than now. The
        // withdrawal of hour 48 was a reference, and may have been gain then.
        let freed = effect(&server, TAGGED, "none");
        assert_eq!(
            freed["message"],
            "W_max 36.00 → 72.00; 24.00 USD of gains in two other wallets will be offered again; \
             3.00 USD withdrawn without a tag will count as gain already taken"
        );
        assert_eq!((&freed["mark"], &freed["after"]["ref_mode"]), (&json!(null), &json!("data_range")));
    }
}

#[test]
fn principal_concerns_the_wallet_that_it_was_taken_out_of_alone() {
    for world in World::both() {
        world.configure("  safety_factor: {c: 1}\n");
        let server = serve(&world);
        // Wallet a gained 24 and took 3 of it, if it was gain.
        let principal = effect(&server, PAYROLL, "principal");
        assert_eq!(principal["message"], "W_max 45.00 → 48.00");
        assert_eq!(limits(&principal), [(A, Some(21.0), Some(24.0)), (B, Some(24.0), Some(24.0))]);
        assert_eq!(effect(&server, PAYROLL, "none")["message"], "W_max stays 45.00", "it bears no mark");
        tag(&world, &["--asset", "djed", "--tx", PAYROLL, "--principal"], "y\n");
        let falls = "W_max 48.00 → 45.00; 3.00 USD withdrawn without a tag will count as gain already taken";
        assert_eq!(effect(&server, PAYROLL, "none")["message"], falls);
    }
}

#[test]
fn what_is_said_before_is_what_an_evaluation_says_after() {
    for world in World::both() {
        world.configure(AUTH);
        let newest = "dd".repeat(32);
        third_wallet(&world);
        withdraw(&world, 80, B, "rent", &newest);
        let server = serve(&world);
        for (tx, mark) in [
            (PAYROLL, "reference"),
            (TAGGED, "none"),
            (&newest, "principal"),
            (PAYROLL, "principal"),
            (TAGGED, "principal"),
            (&newest, "reference"),
            (PAYROLL, "none"),
            (&newest, "none"),
        ] {
            let said = effect(&server, tx, mark);
            let wish = match mark {
                "none" => json!({"asset": "djed", "tx": tx, "remove": true}),
                mark => json!({"asset": "djed", "tx": tx, "mark": mark}),
            };
            assert_eq!(post(&server, &[ANNA], &wish).status, 200);
            let decision = world.decision();
            for name in ["decision", "wmax_usd", "reason", "ref_mode", "t0_ts"] {
                assert_eq!(said["after"][name], decision[name], "{name} of {tx} as {mark}");
            }
            let published = decision["wallet_breakdown"].as_array().unwrap().iter();
            let published: Vec<_> =
                published.map(|of| (of["wallet_address"].as_str().unwrap(), of["wmax_usd"].as_f64())).collect();
            let said: Vec<_> = limits(&said).into_iter().map(|(wallet, _, after)| (wallet, after)).collect();
            assert_eq!(said, published, "{tx} as {mark}");
        }
    }
}

#[test]
fn a_reference_that_is_newer_than_every_sample_holds_until_the_next() {
    for world in World::both() {
        let tx = "ee".repeat(32);
        let at = world.second(NEWEST * 3600 + 30);
        withdraw_at(&world, &at, A, "gain", &tx);
        let server = serve(&world);
        let effect = effect(&server, &tx, "reference");
        let reason = format!(
            "No position data available since the reference: reference {at} is newer than the newest sample {}",
            world.hour(NEWEST)
        );
        assert_eq!(effect["after"]["reason"], json!({"code": "no_data", "message": reason}));
        let cost = "12.00 USD of gains in one other wallet will no longer be offered";
        assert_eq!(effect["message"], format!("W_max 24.00 → 0.00 (HOLD until the next sample: {reason}); {cost}"));
        assert_eq!(limits(&effect), [(A, Some(12.0), None), (B, Some(12.0), None)]);
    }
}

#[test]
fn what_holds_before_or_after_is_said_with_its_reason() {
    let world = World::embedded();
    world.configure("  reference_keyword_fallback: \"null\"\n");
    let server = serve(&world);
    let none = "no reference: no withdrawal's memo contains \"alert_driven_withdrawal\", and no fallback is configured";
    let cost = "12.00 USD of gains in one other wallet will no longer be offered";
    let removed = effect(&server, TAGGED, "none");
    assert_eq!(removed["message"], format!("W_max 24.00 → 0.00 (HOLD: {none}); {cost}"));

    // The first reference of all: since hour 72 either wallet gained 12 USD.
    tag(&world, &["--asset", "djed", "--tx", TAGGED, "--remove"], "y\n");
    let first = effect(&server, PAYROLL, "reference");
    let freed = "6.00 USD of gains in one other wallet will be offered";
    assert_eq!(first["message"], format!("W_max 0.00 (HOLD) → 12.00; {freed}"));
    assert_eq!(effect(&server, PAYROLL, "principal")["message"], format!("W_max stays 0.00 (HOLD: {none})"));
}

#[test]
fn asking_writes_counts_and_publishes_nothing() {
    let world = World::embedded();
    let apis = Apis::start(1.0, 1.8); // 1.8 · 0.50 = 0.90: they disagree
    world.configure(&apis.settings("persistence_threshold: 2"));
    let server = serve(&world);
    let history = || server.get("/api/history?asset=djed").json()["entries"].clone();
    // The journal is written after the figures are published.
    wait_for(|| (history() != json!([])).then_some(())).expect("the journal of the round");
    let published = || {
        let metrics = server.get("/metrics");
        let counted = metrics.text().lines().filter(|line| line.starts_with("wo_") && !line.contains("store_requests"));
        let counted: Vec<String> = counted.map(str::to_owned).collect();
        (server.get("/api/decisions").json(), history(), counted)
    };
    let before = (published(), world.flows(WITHDRAWALS), world.tables());
    for mark in ["reference", "principal", "none"] {
        let effect = effect(&server, PAYROLL, mark);
        assert_eq!((&effect["before"]["decision"], &effect["after"]["decision"]), (&json!(1), &json!(1)), "{effect}");
    }
    assert_eq!((published(), world.flows(WITHDRAWALS), world.tables()), before);
}

#[test]
fn a_question_that_makes_no_sense_is_refused_with_its_reason() {
    let world = World::embedded();
    withdraw(&world, 72, B, "payroll", PAYROLL);
    let server = serve(&world);
    for (query, status, text) in [
        ("asset=dai&tx=latest&mark=none", 404, "dai"),
        ("asset=djed&tx=cc&mark=none", 404, "no withdrawal of djed with transaction cc"),
        ("asset=djed&tx=latest&mark=none", 409, "2 withdrawals of djed at the newest instant"),
        ("asset=djed&mark=none", 400, "found no tx, expected a transaction hash or latest"),
        ("asset=djed&tx=latest", 400, "found no mark, expected reference, principal or none"),
        ("asset=djed&tx=latest&mark=gain", 400, "found mark \"gain\", expected reference, principal or none"),
    ] {
        let answer = server.get(&format!("/api/reference/effect?{query}"));
        assert_eq!((answer.status, &answer.json()["status"]), (status, &json!("error")), "{query}: {}", answer.text());
        assert!(answer.json()["error"].as_str().unwrap().contains(text), "{query}: {}", answer.text());
    }
    let of_wallet = server.get(&format!("/api/reference/effect?tx=latest&mark=reference&wallet={B}"));
    assert_eq!(of_wallet.status, 200, "{}", of_wallet.text());
}

#[test]
fn a_store_that_is_gone_says_so_and_one_that_is_slow_keeps_nobody_waiting_for_long() {
    let mut world = World::greptime();
    let server = serve(&world);
    let latch = Latch::closed();
    world.greptime.as_ref().unwrap().inject(Fault::Hold(latch.clone()).always().when_sql_contains(POSITIONS));
    // One of a client is computed at a time, for 7 s; nobody waits longer than 2 s for a turn.
    let answers: Vec<Answer> = thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| ask(&server, PAYROLL, "reference"))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (late, crowded): (Vec<&Answer>, Vec<&Answer>) = answers.iter().partition(|answer| answer.status == 503);
    assert!(!late.is_empty() && !crowded.is_empty(), "{answers:?}");
    assert!(late.iter().all(|answer| answer.text().contains("no complete answer within 7 s")), "{answers:?}");
    let is_busy = |answer: &&Answer| (answer.status, answer.header("retry-after")) == (429, Some("7"));
    assert!(crowded.iter().all(is_busy), "{answers:?}");
    latch.open();
    assert_eq!(
        effect(&server, PAYROLL, "reference")["message"].as_str().unwrap().split(';').next(),
        Some("W_max 24.00 → 12.00")
    );

    world.greptime.as_mut().unwrap().stop().unwrap();
    let gone = ask(&server, PAYROLL, "reference");
    assert_eq!((gone.status, &gone.json()["status"]), (503, &json!("error")), "{}", gone.text());
    assert!(gone.text().contains("Failed to connect to GreptimeDB"), "{}", gone.text());
}

#[test]
fn what_nobody_waits_for_any_more_keeps_nobody_else_waiting() {
    let world = World::greptime();
    let server = serve(&world);
    let latch = Latch::closed();
    let once = Fault::Hold(latch.clone()).times(1).when_sql_contains(POSITIONS);
    world.greptime.as_ref().unwrap().inject(once);
    let path = format!("/api/reference/effect?asset=djed&tx={PAYROLL}&mark=reference");
    let connection = ask_and_leave(&server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"));
    latch.wait_until_held();
    drop(connection);
    assert_eq!(server.get(&path).status, 200, "the first is held still");
    latch.open();
}

#[test]
fn before_the_first_round_nothing_can_be_said() {
    let world = World::greptime();
    let latch = Latch::closed();
    world.greptime.as_ref().unwrap().inject(Fault::Hold(latch.clone()).always());
    let server = world.serve();
    latch.wait_until_held();
    let early = ask(&server, PAYROLL, "reference");
    assert_eq!((early.status, &early.json()["error"]), (503, &json!("the first evaluation has not finished")));
    latch.open();
}

#[test]
fn the_command_says_it_wallet_by_wallet_before_it_asks() {
    for world in World::both() {
        third_wallet(&world);
        let run = tag(&world, &["--asset", "djed", "--latest"], "n\n");
        let said = format!(
            "limit       W_max 36.00 → 18.00; 12.00 USD of gains in two other wallets will no longer be offered\n  \
             12.00 → 6.00  {A}\n  12.00 → 6.00  {B}\n  12.00 → 6.00  {C}\n\
             write this to {WITHDRAWALS}? [y/N] nothing written\n"
        );
        assert!(run.stdout.ends_with(&said), "{}{}", run.stdout, run.stderr);
        let run = tag(&world, &["--asset", "djed", "--latest", "--principal"], "n\n");
        // Half of 24 is less than 24 − 3.
        assert!(run.stdout.contains("\nlimit       W_max stays 36.00\nwrite"), "{}", run.stdout);
    }
}

#[test]
fn the_command_needs_no_pull_to_say_it() {
    let world = World::greptime();
    let liqwid = Liqwid::start();
    world.configure(&(apis(&liqwid) + "  transaction_sync: {enabled: true}\n"));
    let run = tag(&world, &["--asset", "djed", "--latest"], "n\n");
    assert!(run.stdout.contains("\nlimit       W_max 24.00 → 12.00; 6.00 USD of gains in one other"), "{}", run.stdout);
    assert!(
        run.stdout.contains("\nnote        as if all transactions were pulled: how far they are"),
        "{}",
        run.stdout
    );
    assert_eq!(liqwid.request_count(), 0);
}
