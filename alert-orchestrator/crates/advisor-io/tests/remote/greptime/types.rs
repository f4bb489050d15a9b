//! Which types of columns the GreptimeDB back end reads, and what it asks for. Against the stand-in.

use advisor_core::store::Store;
use advisor_io::greptime::Greptime;
use advisor_testkit::greptime::Greptime as Server;
use jiff::{SignedDuration, Timestamp};

use crate::greptime::{block_on, settings};

const NANOS_PER_SECOND: i64 = 1_000_000_000;

fn client(server: &Server) -> Greptime {
    Greptime::new(settings(&server.url())).unwrap()
}

fn table(server: &Server, name: &str, columns: &str) {
    server.execute(&format!("CREATE TABLE {name} ({columns})")).unwrap();
}

/// 2026-02-02T02:40:00Z, nanoseconds since the epoch.
const FLOWS_AT: i64 = 1_770_000_000 * 1_000_000_000;

#[test]
fn every_time_unit_is_read_and_restricted_exactly() {
    let server = Server::start();
    let store = client(&server);
    for digits in [0_u32, 3, 6, 9] {
        let (p, f) = (format!("p{digits}"), format!("f{digits}"));
        let figures = "wallet_address STRING, underlying_units DOUBLE, usd_value DOUBLE, price_usd DOUBLE";
        table(&server, &p, &format!("ts TIMESTAMP({digits}) TIME INDEX, {figures}"));
        table(&server, &f, &format!("ts TIMESTAMP({digits}) TIME INDEX, wallet_address STRING, amount DOUBLE"));
        let unit = NANOS_PER_SECOND / 10_i64.pow(digits);
        let rows = [-2, -1, 0, 1, 2].map(|n: i64| (n, "a", 1.0));
        server.insert_rows(&p, &["ts", "wallet_address", "usd_value"], rows).unwrap();
        // Flows of before 2021 come with any range.
        let flows = rows.map(|(n, wallet, amount)| (FLOWS_AT / unit + n, wallet, amount));
        server.insert_rows(&f, &["ts", "wallet_address", "amount"], flows).unwrap();
        let round = store.round();
        // Each side of the bounds, for instants before and after the epoch.
        for (from, to, expected) in [
            (-unit, unit, vec![-1, 0, 1]),
            (-unit - 1, unit + 1, vec![-1, 0, 1]),
            (-2 * unit + 1, 2 * unit - 1, vec![-1, 0, 1]),
            (i64::MIN, i64::MAX, vec![-2, -1, 0, 1, 2]),
        ] {
            // Of nanoseconds nothing lies between the bound and the next instant.
            let expected: Vec<i64> = match digits {
                9 => (from.max(-2)..=to.min(2)).collect(),
                _ => expected.iter().map(|n| n * unit).collect(),
            };
            let positions = block_on(round.positions(&p, Some(from), to)).unwrap();
            assert_eq!(positions.wallets[0].ts(), expected, "TIMESTAMP({digits}) from {from} to {to}");
            let [from, to] = [from, to].map(|bound| bound.saturating_add(FLOWS_AT));
            let flows = block_on(round.flows(&f, Some(from), to, i64::MAX)).unwrap();
            let found: Vec<i64> = flows.iter().filter_map(|flow| Some(flow.ts? - FLOWS_AT)).collect();
            assert_eq!(found, expected, "TIMESTAMP({digits}) from {from} to {to}");
        }
    }
}

#[test]
fn instants_beyond_a_floats_integers_are_exact() {
    let server = Server::start();
    table(&server, "f", "ts TIMESTAMP(9) TIME INDEX, wallet_address STRING, amount DOUBLE");
    let instants = [9_007_199_254_740_993, 1_769_644_800_123_456_789, i64::MAX];
    server.insert_rows("f", &["ts", "wallet_address", "amount"], instants.map(|ts| (ts, "a", 1.0))).unwrap();
    let flows = block_on(client(&server).round().flows("f", Some(instants[0]), i64::MAX, i64::MAX)).unwrap();
    assert_eq!(flows.iter().filter_map(|flow| flow.ts).collect::<Vec<_>>(), instants);
}

#[test]
fn numbers_may_be_integers_floats_or_decimals() {
    let server = Server::start();
    for (i, (data_type, cell, expected)) in [
        ("TINYINT", "-7", -7.0),
        ("BIGINT", "9007199254740993", 9_007_199_254_740_992.0), // a tie goes to the even neighbour
        ("INT UNSIGNED", "4000000000", 4e9),
        ("FLOAT", "0.5", 0.5),
        ("DOUBLE", "12345.678901234567", 12_345.678_901_234_567),
        ("DECIMAL(38, 6)", "123456789.123457", 123_456_789.123_457),
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("f{i}");
        table(&server, &name, &format!("ts TIMESTAMP TIME INDEX, wallet_address STRING, amount {data_type}"));
        server.execute(&format!("INSERT INTO {name} (ts, wallet_address, amount) VALUES (1, 'a', {cell})")).unwrap();
        let flows = block_on(client(&server).round().flows(&name, None, i64::MAX, i64::MAX)).unwrap();
        assert_eq!(flows[0].amount, Some(expected), "{data_type}");
    }
}

#[test]
fn what_is_missing_or_no_number_is_counted_or_left_to_the_rule() {
    let server = Server::start();
    let figures = "wallet_address STRING, underlying_units DOUBLE, usd_value DOUBLE, price_usd DOUBLE";
    table(&server, "p", &format!("ts TIMESTAMP TIME INDEX, {figures}"));
    // The server writes NaN and the infinities as null.
    let rows = [
        (1, Some("a"), Some(f64::NAN)),
        (2, Some("a"), None),
        (3, None, Some(1.0)),
        (4, Some(""), Some(1.0)),
        (5, Some("a"), Some(-1.0)),
        (6, Some("a"), Some(1.0)),
        (7, Some("a"), Some(f64::INFINITY)),
    ];
    server.insert_rows("p", &["ts", "wallet_address", "usd_value"], rows).unwrap();
    table(&server, "f", "ts TIMESTAMP TIME INDEX, wallet_address STRING, amount DOUBLE");
    server
        .insert_rows("f", &["ts", "wallet_address", "amount"], [(1, None, None), (2, Some(""), Some(f64::NAN))])
        .unwrap();
    let store = client(&server);
    let positions = block_on(store.round().positions("p", None, i64::MAX)).unwrap();
    let skipped = positions.skipped;
    assert_eq!(positions.wallets[0].ts(), [6_000_000]);
    assert_eq!((skipped.without_wallet, skipped.without_value, skipped.negative), (2, 3, 1));
    for flow in block_on(store.round().flows("f", None, i64::MAX, i64::MAX)).unwrap() {
        assert_eq!((flow.wallet, flow.amount), (None, None));
    }
}

#[test]
fn a_table_with_notes_and_memo_gives_both() {
    let server = Server::start();
    table(&server, "f", "ts TIMESTAMP TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, notes STRING");
    let rows = [
        (1, Some("synced"), Some("REFERENCE")),
        (2, Some("same"), Some("same")),
        (3, Some("memo"), Some("")),
        (4, None, Some("notes")),
        (5, Some(""), None),
    ];
    let rows = rows.map(|(ts, memo, notes)| (ts, "a", 1.0, memo, notes));
    server.insert_rows("f", &["ts", "wallet_address", "amount", "memo", "notes"], rows).unwrap();
    let flows = block_on(client(&server).round().flows("f", None, i64::MAX, i64::MAX)).unwrap();
    let memos: Vec<Option<&str>> = flows.iter().map(|flow| flow.memo.as_deref()).collect();
    assert_eq!(memos, [Some("REFERENCE\nsynced"), Some("same"), Some("memo"), Some("notes"), None]);
}

#[test]
fn each_table_is_asked_once_for_the_columns_and_times_that_are_needed() {
    let server = Server::start();
    let figures = "underlying_units DOUBLE, value_usd DOUBLE, price_usd DOUBLE, price_ada DOUBLE, market_id STRING";
    table(&server, "p", &format!("ts TIMESTAMP TIME INDEX, wallet_address STRING, {figures}"));
    table(
        &server,
        "f",
        "ts TIMESTAMP(0) TIME INDEX, created_at TIMESTAMP, wallet_address STRING, amount DOUBLE, memo STRING",
    );
    let store = client(&server);
    let round = store.round();
    block_on(round.positions("p", Some(1), 3_999_999)).unwrap();
    block_on(round.flows("f", None, NANOS_PER_SECOND, i64::MAX)).unwrap();
    let queries: Vec<String> = server.queries().into_iter().map(|query| query.sql).collect();
    assert_eq!(
        queries,
        [
            r#"DESCRIBE TABLE "p""#,
            r#"SELECT "wallet_address", "ts", "value_usd", "price_usd", "underlying_units" FROM "p" WHERE "ts" >= 1 AND "ts" <= 3 ORDER BY "wallet_address", "ts""#,
            r#"DESCRIBE TABLE "f""#,
            r#"SELECT "wallet_address", "ts", "amount", "memo" FROM "f" WHERE ("ts" <= 1) OR "ts" IS NULL OR "ts" < 1609459200 OR "ts" > 9223372036 ORDER BY "ts""#,
        ]
    );
    let asked = &server.queries()[0];
    assert_eq!((asked.method.as_str(), asked.database.as_str()), ("POST", "public"));
}

#[test]
fn the_servers_clock_is_its_own() {
    let server = Server::start();
    let skew = SignedDuration::from_hours(5);
    server.set_clock_skew(skew);
    let before = Timestamp::now();
    let clock = block_on(client(&server).round().clock()).unwrap().unwrap();
    let after = Timestamp::now();
    // The server's clock may count whole milliseconds, so it may seem to be a little early.
    let early = SignedDuration::from_millis(2);
    assert!((before + skew - early..=after + skew).contains(&clock), "{clock}, asked from {before} to {after}");
}
