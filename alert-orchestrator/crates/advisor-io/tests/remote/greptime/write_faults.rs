//! What is written when the server fails in the middle of it, and what the rest of the round learns of that. Against the
//! stand-in of `advisor-testkit`.

use std::time::Duration;

use advisor_core::coverage::{Reached, Span};
use advisor_core::flow::FlowRow;
use advisor_core::journal::{Entry, Journal, TABLE};
use advisor_core::ledger::{Ledger, NewFlow, PulledFlows, StoredFlows};
use advisor_core::store::{Store, StoreError};
use advisor_io::RequestCounts;
use advisor_io::greptime::{Greptime, Settings};
use advisor_testkit::greptime::{Fault, Greptime as Server, Injection, Release};

use crate::greptime::{block_on, settings};

const OUT: &str = "liqwid_withdrawals_djed";
const MILLI: i64 = 1_000_000;

fn client(server: &Server) -> Greptime {
    Greptime::new(settings(&server.url())).unwrap()
}

fn flows(n: i64) -> Vec<NewFlow> {
    let flow = |i: i64| NewFlow {
        ts: i * MILLI,
        wallet: "addr1a".into(),
        amount: 7.5,
        memo: Some("Synced".into()),
        tx_hash: Some(format!("t{i}")),
    };
    (0..n).map(flow).collect()
}

fn entries(ts: i64) -> [Entry; 2] {
    ["djed", "iusd"].map(|asset| Entry {
        ts: ts * MILLI,
        asset: asset.into(),
        code: Some("no_gain".into()),
        duration_seconds: 0.5,
        ..Entry::default()
    })
}

async fn stored(server: &Server) -> usize {
    client(server).round().flows(OUT, None, i64::MAX, i64::MAX).await.unwrap().len()
}

fn sent(server: &Server, text: &str) -> usize {
    server.queries().iter().filter(|query| query.sql.starts_with(text)).count()
}

/// Adds three flows while the first write meets `fault`; compares the answer, how many rows there are then, and how many
/// INSERT statements were sent.
#[track_caller]
fn meets(fault: impl Into<Injection>, expected: &str, rows: usize, inserts: usize) {
    // Nothing is slow here, also on a busy machine.
    meets_within(Duration::from_secs(60), fault, expected, rows, inserts);
}

/// The same where an answer is waited for only so long.
#[track_caller]
fn meets_within(timeout: Duration, fault: impl Into<Injection>, expected: &str, rows: usize, inserts: usize) {
    let server = Server::start();
    let store = Greptime::new(Settings { timeout, ..settings(&server.url()) }).unwrap();
    block_on(store.round().add_flows(OUT, &flows(1))).unwrap();
    server.forget_queries();
    server.inject(fault.into().when_sql_contains("INSERT"));
    let answer = block_on(store.round().add_flows(OUT, &flows(3)));
    let answer = answer.map_or_else(|error| error.to_string(), |rows| format!("{rows} rows"));
    server.heal();
    let answer = answer.replace(&format!("GreptimeDB at {}", server.url()), "STORE");
    assert_eq!((answer.as_str(), block_on(stored(&server)), sent(&server, "INSERT")), (expected, rows, inserts));
}

#[test]
fn a_write_whose_answer_is_lost_is_sent_again_and_counts_once() {
    // Each of these strikes after the rows were stored.
    meets(Fault::Reset { after_body_bytes: Some(5) }, "3 rows", 3, 2);
    meets(Fault::Truncate { keep_bytes: 12 }.times(3), "3 rows", 3, 4);
    meets(Fault::ShortBody { keep_bytes: 12 }, "3 rows", 3, 2);
    // The second answer must come in time on a busy machine, too.
    let stall = Fault::Stall { after_body_bytes: 12, pause: Duration::from_secs(60) };
    meets_within(Duration::from_secs(3), stall, "3 rows", 3, 2);
    let broken = "store unavailable: STORE: the answer broke off after 4 attempts";
    meets(Fault::Truncate { keep_bytes: 12 }.always(), broken, 3, 4);
}

#[test]
fn a_write_that_did_not_arrive_is_sent_again() {
    meets(Fault::Reset { after_body_bytes: None }, "3 rows", 3, 2);
    meets(Fault::error(4009, "Region busy").times(2), "3 rows", 3, 3);
    meets(Fault::empty(408), "3 rows", 3, 2);
    let refused = "store unavailable: STORE: answered 429 Too Many Requests: slow down (code 6001) after 4 attempts";
    meets(Fault::error(6001, "slow down").always(), refused, 1, 4);
    let gone = "Failed to connect to STORE: connection reset after 4 attempts";
    meets(Fault::Reset { after_body_bytes: None }.always(), gone, 1, 4);
}

#[test]
fn a_statement_that_is_refused_for_good_names_the_table_and_is_not_sent_again() {
    let invalid = |cause: &str| format!("invalid data: table {OUT}: answered 400 Bad Request: {cause}");
    meets(Fault::error(1004, "no").always(), &invalid("no (code 1004)"), 1, 1);
    meets(Fault::error(2000, "what?").always(), &invalid("what? (code 2000)"), 1, 1);
    let denied = "; check client.greptime.username and password";
    let unavailable = |cause: &str| format!("store unavailable: STORE: {cause}");
    meets(
        Fault::error(7006, "not yours").always(),
        &unavailable(&format!("answered 403 Forbidden: not yours (code 7006){denied}")),
        1,
        1,
    );
    let page = "the answer is not GreptimeDB's: expected value at line 1 column 1";
    meets(Fault::html().always(), &unavailable(page), 1, 1);
    let unknown = "answered 400 Bad Request: Database not found: greptime-x (code 4004)";
    meets(Fault::error(4004, "Database not found: greptime-x").always(), &unavailable(unknown), 1, 1);
}

#[test]
fn older_releases_take_writes_too() {
    meets(Fault::Release(Release::V0_4), "3 rows", 3, 1);
    meets(Fault::Release(Release::V0_7), "3 rows", 3, 1);
    let busy = Fault::Reply {
        status: 200,
        content_type: "application/json",
        body: r#"{"code":1009,"error":"Suspended"}"#.into(),
    };
    meets(busy, "3 rows", 3, 2);
}

#[test]
fn a_table_that_changes_between_its_description_and_the_write_is_described_once_more() {
    meets(Fault::error(4001, "Table not found"), "3 rows", 3, 2);
    meets(Fault::error(4002, "Cannot find column by name: memo"), "3 rows", 3, 2);
    let lost = format!("invalid data: table {OUT}: answered 400 Bad Request: Table not found (code 4001)");
    meets(Fault::error(4001, "Table not found").always(), &lost, 1, 2);
}

#[test]
fn a_server_that_goes_away_between_two_statements_leaves_whole_ones_and_a_second_run_completes_them() {
    let server = Server::start();
    let store = client(&server);
    let all = flows(1_100);
    block_on(async {
        server.inject(Fault::empty(503).always().when_sql_contains("'t600'")); // in the second of three statements
        let round = store.round();
        let error = round.add_flows(OUT, &all).await.unwrap_err();
        assert!(matches!(&error, StoreError::Unavailable { .. }), "{error}");
        assert_eq!(round.append(TABLE, &entries(0)).await.unwrap_err(), error); // the round is over
        server.heal();
        assert_eq!(stored(&server).await, 500);
        assert_eq!(store.round().add_flows(OUT, &all).await, Ok(1_100));
        assert_eq!(stored(&server).await, 1_100);
    });
}

/// A pull of two assets, whose flows are known of one wallet then.
fn pulled() -> [PulledFlows; 2] {
    let span = Span { from: 0, to: MILLI };
    ["djed", "iusd"].map(|asset| PulledFlows {
        deposits_table: format!("liqwid_deposits_{asset}"),
        deposits: flows(2),
        withdrawals_table: format!("liqwid_withdrawals_{asset}"),
        withdrawals: flows(3),
        reached: vec![Reached { wallet: "addr1a".into(), outcome: Ok(span) }],
    })
}

/// What a pull leaves while requests meet `fault`: how many deposits and withdrawals of each asset are said to be stored, the
/// tables in the order in which they were written, and for which assets the flows are known.
#[track_caller]
fn pull_meets(fault: Option<Injection>, stored: [(usize, usize); 2], tables: &[&str], known: &[&str]) {
    let server = Server::start();
    let store = client(&server);
    fault.into_iter().for_each(|fault| server.inject(fault));
    let answers = block_on(store.round().add_pulled(&pulled()));
    assert_eq!(answers.iter().map(|stored| (stored.deposits, stored.withdrawals)).collect::<Vec<_>>(), stored);
    let is_whole = |stored: &StoredFlows| (stored.deposits, stored.withdrawals) == (2, 3);
    assert!(answers.iter().all(|stored| stored.error.is_none() == is_whole(stored)), "{answers:?}");
    server.heal();
    let written: Vec<String> = server.queries().into_iter().filter_map(|query| inserted_into(&query.sql)).collect();
    assert_eq!(written, tables);
    let found = ["djed", "iusd"].into_iter().filter(|asset| {
        let coverage = block_on(store.round().coverage(&format!("liqwid_deposits_{asset}")));
        let mut coverage = coverage.unwrap();
        let wallet = coverage.wallet("addr1a");
        assert!(wallet.spans.is_empty() == wallet.fault.is_some(), "{wallet:?}");
        wallet.fault.is_none()
    });
    assert_eq!(found.collect::<Vec<_>>(), known);
}

/// Kind and asset of the table that a statement writes to.
fn inserted_into(sql: &str) -> Option<String> {
    let table = sql.strip_prefix("INSERT INTO \"liqwid_")?;
    table.split('"').next().map(str::to_owned)
}

#[test]
fn all_deposits_are_written_before_any_withdrawal() {
    let tables = ["deposits_djed", "deposits_iusd", "withdrawals_djed", "withdrawals_iusd"];
    pull_meets(None, [(2, 3); 2], &tables, &["djed", "iusd"]);
}

#[test]
fn what_cannot_be_written_of_a_pull_leaves_gains_too_low_at_most() {
    let on =
        |fault: Fault, table: &str| Some(fault.always().when_sql_contains(&format!("INSERT INTO \"liqwid_{table}\"")));
    let refused = || Fault::error(1004, "read only");
    // An asset whose deposits are refused gets no withdrawals, the other gets all of its own.
    let tables = ["deposits_djed", "deposits_iusd", "withdrawals_iusd"];
    pull_meets(on(refused(), "deposits_djed"), [(0, 0), (2, 3)], &tables, &["iusd"]);
    let all = ["deposits_djed", "deposits_iusd", "withdrawals_djed", "withdrawals_iusd"];
    pull_meets(on(refused(), "withdrawals_djed"), [(2, 0), (2, 3)], &all, &["iusd"]);
    // A server that is gone gets nothing more.
    let gone = || Fault::Reset { after_body_bytes: None };
    let first = Some(gone().always().when_sql_contains("INSERT"));
    pull_meets(first, [(0, 0); 2], &["deposits_djed"; 4], &[]); // three retries
    let tables = ["deposits_djed", "deposits_iusd", "deposits_iusd", "deposits_iusd", "deposits_iusd"];
    pull_meets(on(gone(), "deposits_iusd"), [(2, 0), (0, 0)], &tables, &[]);
}

#[test]
fn the_table_of_the_journal_is_made_once_and_again_when_it_is_gone() {
    let server = Server::start();
    let store = client(&server);
    let count = || async { store.round().read(TABLE, "djed", 0, i64::MAX, 99).await.unwrap().len() };
    block_on(async {
        for ts in 0..3 {
            store.round().append(TABLE, &entries(ts)).await.unwrap();
        }
        assert_eq!((sent(&server, "CREATE"), sent(&server, "DESCRIBE"), sent(&server, "INSERT")), (1, 2, 3));
        assert_eq!(count().await, 3);
        server.execute(&format!("DROP TABLE {TABLE}")).unwrap();
        assert_eq!(count().await, 0);
        store.round().append(TABLE, &entries(3)).await.unwrap();
        server.execute(&format!("DROP TABLE {TABLE}")).unwrap();
        store.round().append(TABLE, &entries(4)).await.unwrap();
        assert_eq!(sent(&server, "CREATE"), 3);
        assert_eq!(count().await, 1);
    });
}

#[test]
fn a_journal_that_cannot_be_written_leaves_the_round_to_others() {
    let server = Server::builder().user("writer", "w").read_only_user("reader", "r").start().unwrap();
    let as_user = |name: &str, password: &str| {
        let (username, password) = (Some(name.to_owned()), Some(password.to_owned()));
        Greptime::new(Settings { username, password, ..settings(&server.url()) }).unwrap()
    };
    block_on(async {
        as_user("writer", "w").round().add_flows(OUT, &flows(2)).await.unwrap();
        let reader = as_user("reader", "r");
        let round = reader.round();
        let error = round.append(TABLE, &entries(0)).await.unwrap_err().to_string();
        assert!(error.contains("answered 403 Forbidden"), "{error}");
        round.add_flows(OUT, &flows(3)).await.unwrap_err();
        assert_eq!(round.flows(OUT, None, i64::MAX, i64::MAX).await.unwrap().len(), 2);
    });
}

#[test]
fn a_memo_is_changed_as_a_whole_or_not_at_all() {
    let server = Server::start();
    let store = client(&server);
    let reads = |memo: &str| FlowRow {
        ts: Some(0),
        wallet: Some("addr1a".into()),
        amount: Some(7.5),
        memo: Some(memo.into()),
        tx_hash: Some("t0".into()),
    };
    let flow = reads("Synced");
    let memo = || async { store.round().flows(OUT, None, i64::MAX, i64::MAX).await.unwrap()[0].memo.clone() };
    block_on(async {
        store.round().add_flows(OUT, &flows(1)).await.unwrap();
        server.inject(Fault::empty(503).always().when_sql_contains("INSERT"));
        store.round().set_memo(OUT, OUT, &flow, Some("tag")).await.unwrap_err();
        server.heal();
        assert_eq!(memo().await.as_deref(), Some("Synced"));
        server.inject(Fault::Truncate { keep_bytes: 5 }.times(1).when_sql_contains("INSERT"));
        store.round().set_memo(OUT, OUT, &flow, Some("tag")).await.unwrap();
        assert_eq!(memo().await.as_deref(), Some("tag"));
        store.round().set_memo(OUT, OUT, &flow, Some("tag")).await.unwrap(); // already so
        // The row goes away after it was looked up.
        server.inject(Fault::error(4001, "Table not found").times(1).when_sql_contains("INSERT"));
        let error = store.round().set_memo(OUT, OUT, &reads("tag"), None).await.unwrap_err().to_string();
        assert!(error.starts_with(&format!("invalid data: table {OUT}: answered 400")), "{error}");
    });
}

#[test]
fn two_that_write_the_same_at_once_do_no_harm() {
    let server = Server::start();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = client(&server);
                block_on(async {
                    store.round().add_flows(OUT, &flows(700)).await.unwrap();
                    store.round().append(TABLE, &entries(7)).await.unwrap();
                });
            });
        }
    });
    block_on(async {
        assert_eq!(stored(&server).await, 700);
        let read = client(&server).round().read(TABLE, "iusd", 0, i64::MAX, 9).await.unwrap();
        assert_eq!(read, [entries(7)[1].clone()]);
    });
}

#[test]
fn every_request_is_counted() {
    let server = Server::start();
    let store = client(&server);
    assert_eq!(store.requests(), RequestCounts::default());
    block_on(async {
        store.round().add_flows(OUT, &flows(1)).await.unwrap(); // DESCRIBE (no such table), CREATE, DESCRIBE, SHOW, INSERT
        assert_eq!(store.requests(), RequestCounts { ok: 4, failed: 1 });
        server.inject(Fault::empty(503).times(2));
        store.round().tables().await.unwrap();
        assert_eq!(store.requests(), RequestCounts { ok: 5, failed: 3 });
    });
    assert_eq!(store.requests().ok + store.requests().failed, server.request_count() as u64);
}
