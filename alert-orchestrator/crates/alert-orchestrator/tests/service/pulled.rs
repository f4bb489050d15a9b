//! Transactions pulled from Liqwid into either store, by command, by request and before a round.

use std::io::Write as _;
use std::net::TcpStream;
use std::thread;

use advisor_testkit::greptime;
use advisor_testkit::liqwid::Liqwid;
use serde_json::{Value as Json, json};
use testkit::folder::Run;
use testkit::scripted::Fault;
use testkit::service::Service;
use testkit::{Latch, wait_for};

use crate::world::{A, B, DEPOSITS, Flow, WITHDRAWALS, World};

/// The full id of the n-th transaction.
fn id(n: u32) -> String {
    format!("{n:016x}{}", "0123456789abcdef".repeat(3))
}

pub(crate) fn action(kind: &str, n: u32, time: &str, amount: f64) -> Json {
    json!({"id": id(n), "type": kind, "displayName": "DJED", "time": time, "amount": amount})
}

pub(crate) fn synced(n: u32, hour: f64, wallet: &str, amount: f64) -> Flow {
    Flow { hour, wallet: wallet.to_owned(), amount, memo: format!("Synced from Liqwid (tx: {})", id(n)), tx: id(n) }
}

/// Lets a configuration ask this Liqwid.
pub(crate) fn apis(liqwid: &Liqwid) -> String {
    format!("  apis: {{liqwid_graphql: \"{}\"}}\n", liqwid.endpoint())
}

/// Runs `sync`; the exit code and what it printed.
fn sync(world: &World, arguments: &[&str]) -> (Option<i32>, String) {
    let Run { code, stdout, stderr } = world.run(&[&["sync", "--log-level", "ERROR"], arguments].concat());
    (code, stdout + &stderr)
}

fn post(server: &Service, body: &Json) -> Json {
    let answer = server.ask("POST", "/api/sync/transactions", &[], body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

#[test]
fn a_history_longer_than_an_answer_is_stored_once_with_one_row_a_transaction() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        for n in 1..=250 {
            liqwid.add_transaction(A, &action("SUPPLY", n, &world.second(3600 + 60 * i64::from(n)), 1.0));
        }
        // Two actions of one transaction are one row with their sum; the others are no deposits of a configured asset.
        liqwid.add_transaction(B, &action("SUPPLY", 900, &world.hour(10), 2.0));
        liqwid.add_transaction(B, &action("SUPPLY", 900, &world.hour(10), 3.5));
        liqwid.add_transaction(B, &action("WITHDRAW", 901, &world.hour(11), 0.25));
        liqwid.add_transaction(B, &action("BORROW", 902, &world.hour(12), 7.0));
        let mut other = action("SUPPLY", 903, &world.hour(12), 7.0);
        other["displayName"] = json!("SNEK");
        liqwid.add_transaction(B, &other);

        let first = "251 deposits and 1 withdrawals of 2 wallets stored, 0 were stored already, \
                     1 of assets that are not configured were left out\n";
        assert_eq!(sync(&world, &[]), (Some(0), first.to_owned()));
        let asked = liqwid.requests().iter().filter(|request| request.body.contains(A)).count();
        assert!(asked >= 5, "250 rows at 100 an answer were had with {asked} requests");
        let stored = world.flows(DEPOSITS);
        assert_eq!(stored.len(), 251);
        assert!(stored.contains(&synced(900, 10.0, B, 5.5)), "{:?}", stored.last());
        assert!(world.flows(WITHDRAWALS).contains(&synced(901, 11.0, B, 0.25)));

        let (code, second) = sync(&world, &[]);
        assert_eq!(code, Some(0));
        assert!(
            second.starts_with("0 deposits and 0 withdrawals of 2 wallets stored, 252 were stored already"),
            "{second}"
        );
        assert_eq!(world.flows(DEPOSITS), stored);
    }
}

#[test]
fn what_could_be_had_stays_and_a_second_run_completes_it() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(10), 1.0));
        liqwid.add_transaction(B, &action("SUPPLY", 2, &world.hour(11), 2.0));
        liqwid.inject(Fault::body(r#"{"errors":[{"message":"boom"}]}"#).always().when_request_contains(A));
        let (code, text) = sync(&world, &[]);
        assert_eq!(code, Some(1));
        assert!(text.starts_with("1 deposits and 0 withdrawals of 2 wallets stored"), "{text}");
        assert!(text.contains("error: wallet addr1qxa…aaaa: Liqwid at") && text.contains("boom"), "{text}");
        assert_eq!(world.flows(DEPOSITS), [synced(2, 11.0, B, 2.0)]);

        liqwid.heal();
        assert_eq!(sync(&world, &[]).0, Some(0));
        assert_eq!(world.flows(DEPOSITS), [synced(1, 10.0, A, 1.0), synced(2, 11.0, B, 2.0)]);
    }
}

#[test]
fn an_api_that_refuses_everybody_is_not_asked_about_the_others() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    liqwid.inject(Fault::status(403).always());
    let (code, text) = sync(&world, &[]);
    assert_eq!((code, liqwid.request_count()), (Some(1), 1));
    assert!(text.contains("error: 1 more wallets were not asked about"), "{text}");
}

#[test]
fn withdrawals_wait_for_the_deposits_of_their_asset_and_deposits_for_nothing() {
    let world = World::greptime();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    for (n, wallet) in [(1, A), (11, B)] {
        liqwid.add_transaction(wallet, &action("SUPPLY", n, &world.hour(10), 1.0));
        liqwid.add_transaction(wallet, &action("WITHDRAW", n + 1, &world.hour(11), 2.0));
    }
    let greptime = world.greptime.as_ref().unwrap();
    let before = world.flows(WITHDRAWALS);
    // Without the deposits that they follow, withdrawals would pass for gain.
    for (refused, stored) in [(DEPOSITS, "0 deposits and 0 withdrawals"), (WITHDRAWALS, "2 deposits and 0 withdrawals")]
    {
        let fault = greptime::Fault::error(1004, "read only").always();
        greptime.inject(fault.when_sql_contains(&format!("INSERT INTO \"{refused}\"")));
        let (code, text) = sync(&world, &[]);
        assert_eq!(code, Some(1));
        assert!(text.starts_with(&format!("{stored} of 2 wallets stored")), "{text}");
        assert!(text.contains(refused) && text.contains("read only"), "{text}");
        assert_eq!(world.flows(WITHDRAWALS), before);
        greptime.heal();
    }
    assert_eq!(world.flows(DEPOSITS), [synced(1, 10.0, A, 1.0), synced(11, 10.0, B, 1.0)]);
    assert_eq!(sync(&world, &[]).0, Some(0));
    assert_eq!(world.flows(WITHDRAWALS).len(), before.len() + 2);
}

#[test]
fn a_store_that_went_away_gets_nothing() {
    let world = World::greptime();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    for (n, wallet) in [(1, A), (2, B)] {
        liqwid.add_transaction(wallet, &action("SUPPLY", n, &world.hour(10), 1.0));
    }
    let greptime = world.greptime.as_ref().unwrap();
    greptime.inject(greptime::Fault::empty(500).always().when_sql_contains("INSERT INTO"));
    let (code, text) = sync(&world, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("error: store unavailable: GreptimeDB at") && text.contains("answered 500"), "{text}");
    assert_eq!(world.flows(DEPOSITS), []);
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(10), 1.0));
        liqwid.add_transaction(A, &action("WITHDRAW", 2, &world.hour(11), 1.0));
        let expected = "1 deposits and 1 withdrawals of 2 wallets would be stored, 0 were stored already\n";
        assert_eq!(sync(&world, &["--dry-run"]), (Some(0), expected.to_owned()));
        assert_eq!(world.flows(DEPOSITS), []);
        assert_eq!(world.flows(WITHDRAWALS).len(), 2, "those of the file");

        let server = world.serve();
        server.answers("/startupz", 200);
        let answer = post(&server, &json!({"dry_run": true}));
        assert_eq!((&answer["deposits_inserted"], &answer["withdrawals_inserted"]), (&json!(0), &json!(0)));
        assert_eq!((&answer["status"], world.flows(DEPOSITS)), (&json!("success"), vec![]));
        assert!(metric(&server).is_none(), "it brings nothing up to date");
        post(&server, &json!({}));
        assert_eq!(world.flows(DEPOSITS).len(), 1);
    }
}

/// When transactions were last pulled without an error, seconds since the epoch.
fn metric(server: &Service) -> Option<f64> {
    let metrics = server.get("/metrics");
    let line = metrics.text().lines().find(|line| line.starts_with("wo_sync_last_success_timestamp_seconds"))?;
    Some(line.rsplit(' ').next().unwrap().parse().unwrap())
}

#[test]
fn wallets_and_time_can_be_chosen() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    for (n, wallet, hour) in [(1, A, 10), (2, A, 20), (3, A, 30), (4, B, 20)] {
        liqwid.add_transaction(wallet, &action("SUPPLY", n, &world.hour(hour), 1.0));
    }
    let (start, end) = (world.hour(15), world.hour(25));
    let chosen = ["--wallet", A, "--start", &start, "--end", &end];
    assert_eq!(sync(&world, &chosen).0, Some(0));
    assert_eq!(world.flows(DEPOSITS), [synced(2, 20.0, A, 1.0)]);
    let (code, text) = sync(&world, &["--start", &end, "--end", &start]);
    assert_eq!(code, Some(2));
    assert!(text.contains("after end"), "{text}");
    let (_, text) = sync(&world, &["--start", "yesterday"]);
    assert!(text.contains("found start \"yesterday\", expected RFC 3339 or YYYY-MM-DD"), "{text}");

    let configured = format!("  transaction_sync: {{wallets: [{B}], end_date: \"{}\"}}\n", world.hour(25));
    world.configure(&(apis(&liqwid) + &configured));
    let server = world.serve();
    server.answers("/startupz", 200);
    let answer = post(&server, &json!({"start": world.hour(20)}));
    assert_eq!((&answer["deposits_inserted"], &answer["errors"]), (&json!(1), &json!([])));
    assert_eq!(world.flows(DEPOSITS), [synced(2, 20.0, A, 1.0), synced(4, 20.0, B, 1.0)]);
    let fault = server.ask("POST", "/api/sync/transactions", &[], br#"{"wallet": "addr1"}"#);
    assert_eq!(fault.status, 400, "{}", fault.text());
    assert!(fault.json()["error"].as_str().unwrap().contains("wallet"), "{}", fault.text());
}

#[test]
fn a_transaction_that_the_older_service_stored_is_the_same() {
    for world in World::both() {
        let old = format!("{},{A},1,Synced from Liqwid (tx: {}...),\n", world.hour(10), &id(1)[..16]);
        match &world.greptime {
            Some(greptime) => {
                let memo = format!("Synced from Liqwid (tx: {}...)", &id(1)[..16]);
                let row = (world.hour(10), A, 1.0, memo);
                let columns = ["ts", "wallet_address", "amount", "memo"];
                let ts = row.0.parse::<jiff::Timestamp>().unwrap().as_millisecond();
                greptime.insert_rows(DEPOSITS, &columns, [(ts, row.1, row.2, row.3)]).unwrap();
            }
            None => {
                let file = format!("ts,wallet_address,amount,memo,tx_hash\n{old}");
                world.clone.write("data/liqwid_deposits_djed.csv", &file);
            }
        }
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(10), 1.0));
        let expected = "0 deposits and 0 withdrawals of 2 wallets stored, 1 were stored already\n";
        assert_eq!(sync(&world, &[]), (Some(0), expected.to_owned()));
        assert_eq!(world.flows(DEPOSITS).len(), 1);
    }
}

#[test]
fn flows_that_would_replace_one_another_are_refused_with_their_count() {
    let without_hash = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, tx_hash STRING, \
                        PRIMARY KEY (wallet_address)";
    let world = World::greptime_with_flows(without_hash);
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    for (n, hour) in [(1, 10), (2, 10), (3, 10), (4, 11)] {
        liqwid.add_transaction(A, &action("SUPPLY", n, &world.hour(hour), f64::from(n)));
    }
    liqwid.add_transaction(B, &action("SUPPLY", 5, &world.hour(10), 5.0));
    let refused = "error: table liqwid_deposits_djed: 2 deposits were not written: its primary key lacks tx_hash";
    for already in [0, 3] {
        let (code, text) = sync(&world, &[]);
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(refused) && text.contains(&format!(", {already} were stored already")), "{text}");
        assert!(text.contains(&id(2)) && text.contains(&id(3)), "{text}");
        let expected = [synced(1, 10.0, A, 1.0), synced(5, 10.0, B, 5.0), synced(4, 11.0, A, 4.0)];
        assert_eq!(world.flows(DEPOSITS), expected);
    }
}

#[test]
fn a_table_that_is_made_tells_the_flows_of_one_instant_apart() {
    let world = World::greptime();
    let greptime = world.greptime.as_ref().unwrap();
    greptime.execute("DROP TABLE liqwid_withdrawals_djed").unwrap();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    for n in 1..=3 {
        liqwid.add_transaction(A, &action("WITHDRAW", n, &world.hour(10), 1.0));
    }
    assert_eq!(sync(&world, &[]).0, Some(0));
    assert_eq!(world.flows(WITHDRAWALS).len(), 3);
    let described = greptime.rows("DESCRIBE liqwid_withdrawals_djed").unwrap();
    let key: Vec<&str> =
        described.iter().filter(|row| row[5] == "TAG").filter_map(|column| column[0].as_str()).collect();
    assert_eq!(key, ["wallet_address", "tx_hash"]);
}

#[test]
fn nothing_is_marked_as_a_reference_by_being_pulled() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        liqwid.add_transaction(A, &action("WITHDRAW", 1, &world.hour(90), 1.0));
        let t0 = world.decision()["t0_ts"].clone();
        assert_eq!(sync(&world, &[]).0, Some(0));
        assert_eq!(world.decision()["t0_ts"], t0);

        // A keyword that the memo of a pulled withdrawal would contain.
        liqwid.add_transaction(A, &action("WITHDRAW", 2, &world.hour(91), 1.0));
        liqwid.add_transaction(B, &action("SUPPLY", 3, &world.hour(91), 1.0));
        world.configure(&(apis(&liqwid) + "  reference_keyword: 0123456789abcdef)\n"));
        let (code, text) = sync(&world, &[]);
        assert_eq!(code, Some(1));
        assert!(text.contains("the keyword \"0123456789abcdef)\" is part of the memo"), "{text}");
        assert!(!world.flows(WITHDRAWALS).contains(&synced(2, 91.0, A, 1.0)));
        assert_eq!(world.flows(DEPOSITS), [synced(3, 91.0, B, 1.0)], "deposits are no references");
    }
}

#[test]
fn in_test_mode_only_test_tables_are_written() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(10), 1.0));
        assert_eq!(sync(&world, &["--dry-run"]).0, Some(0)); // the embedded store has its tables from here on
        let before = world.tables();
        for inserted in [1, 0] {
            let (code, text) = sync(&world, &["--test-prefix"]);
            assert_eq!(code, Some(0));
            assert!(text.starts_with(&format!("{inserted} deposits and 0 withdrawals")), "{text}");
        }
        assert_eq!(world.flows(DEPOSITS), []);
        assert_eq!(world.flows("test_liqwid_deposits_djed"), [synced(1, 10.0, A, 1.0)]);
        let new: Vec<String> = world.tables().into_iter().filter(|table| !before.contains(table)).collect();
        assert_eq!(new, ["test_liqwid_deposits_djed"]);
    }
}

#[test]
fn one_pull_runs_at_a_time() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(90), 1.0));
    let server = world.serve();
    server.printed("djed: decision=1, wmax_usd=24.00 (2 wallets)", 1);
    assert!(metric(&server).is_none(), "never pulled is not 1970");
    let latch = Latch::closed();
    liqwid.inject(Fault::Hold(latch.clone()).always());
    let before = jiff::Timestamp::now();
    thread::scope(|scope| {
        let first = scope.spawn(|| post(&server, &json!({})));
        wait_for(|| (latch.held() == 1).then_some(())).expect("Liqwid to be asked");
        let second = server.ask("POST", "/api/sync/transactions", &[], b"");
        assert_eq!((second.status, &second.json()["status"]), (409, &json!("error")));
        latch.open();
        let first = first.join().unwrap();
        assert_eq!((&first["status"], &first["deposits_inserted"]), (&json!("success"), &json!(1)));
    });
    server.printed("djed: decision=1, wmax_usd=23.50 (2 wallets)", 1); // (48 − 1) / 2, at once
    let at = wait_for(|| metric(&server)).expect("a success to be counted");
    let after = jiff::Timestamp::now();
    let range = before.as_second() as f64..=after.as_microsecond() as f64 / 1e6;
    assert!(range.contains(&at), "{at}, asked from {before} to {after}");
    assert_eq!(
        post(&server, &json!({}))["message"],
        "0 deposits and 0 withdrawals of 2 wallets stored, 1 were stored already"
    );
}

#[test]
fn a_pull_that_was_begun_is_finished_before_the_service_stops() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&apis(&liqwid));
        liqwid.add_transaction(A, &action("SUPPLY", 1, &world.hour(90), 1.0));
        let mut server = world.serve();
        server.answers("/startupz", 200);
        let latch = Latch::closed();
        liqwid.inject(Fault::Hold(latch.clone()).always());
        let mut connection = TcpStream::connect(server.address()).unwrap();
        connection.write_all(b"POST /api/sync/transactions HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        wait_for(|| (latch.held() == 1).then_some(())).expect("Liqwid to be asked");
        drop(connection); // who asked goes away
        server.signal("TERM");
        server.logged("Stopping: ");
        latch.open();
        assert_eq!(server.ended(), Some(0));
        assert_eq!(world.flows(DEPOSITS), [synced(1, 90.0, A, 1.0)]);
    }
}

#[test]
fn a_failure_of_a_pull_is_said_in_the_answer_and_not_counted_as_a_success() {
    let world = World::embedded();
    let liqwid = Liqwid::start();
    world.configure(&apis(&liqwid));
    liqwid.inject(Fault::status(403).always());
    let server = world.serve();
    server.answers("/startupz", 200);
    let answer = post(&server, &json!({}));
    assert_eq!(answer["status"], "error");
    assert!(answer["errors"][0].as_str().unwrap().contains("403"), "{answer}");
    assert!(metric(&server).is_none());
}

#[test]
fn where_that_is_wanted_a_round_counts_what_it_has_pulled() {
    for world in World::both() {
        let liqwid = Liqwid::start();
        world.configure(&(apis(&liqwid) + "  transaction_sync: {enabled: true}\n"));
        liqwid.add_transaction(B, &action("SUPPLY", 1, &world.hour(90), 4.0));
        let server = world.serve();
        server.printed("djed: decision=1, wmax_usd=22.00 (2 wallets)", 1); // (48 − 4) / 2
        server.logged("transactions pulled from Liqwid: 1 deposits");
        wait_for(|| metric(&server)).expect("a success to be counted");
        drop(server);

        liqwid.inject(Fault::status(403).always());
        let run = world.run(&["--once"]);
        // The file says how far the flows are known; of a server a new process knows nothing.
        match world.greptime {
            None => assert_eq!(run.stdout, "djed: decision=1, wmax_usd=22.00 (2 wallets)\n"),
            Some(_) => assert!(run.stdout.contains("[reason: transactions of addr1qx"), "{}", run.stdout),
        }
        assert_eq!(run.code, Some(0));
        assert!(run.stderr.contains("WARNING pulling transactions from Liqwid: wallet"), "{}", run.stderr);
    }
}

#[test]
fn without_an_address_or_with_amounts_in_usd_nothing_can_be_pulled() {
    let world = World::embedded();
    let (code, text) = sync(&world, &[]);
    assert_eq!(code, Some(2));
    assert!(text.contains("orchestrator.apis.liqwid_graphql is not set"), "{text}");
    let server = world.serve();
    server.answers("/startupz", 200);
    let answer = server.ask("POST", "/api/sync/transactions", &[], b"");
    assert_eq!((answer.status, &answer.json()["status"]), (400, &json!("error")));
    assert!(answer.text().contains("orchestrator.apis.liqwid_graphql is not set"), "{}", answer.text());
    drop(server);

    let liqwid = Liqwid::start();
    world.configure_client("  transactions: {amount_unit: usd}\n", &apis(&liqwid));
    let (code, text) = sync(&world, &[]);
    assert_eq!((code, liqwid.request_count()), (Some(2), 0));
    assert!(text.contains("amount_unit is usd"), "{text}");
}
