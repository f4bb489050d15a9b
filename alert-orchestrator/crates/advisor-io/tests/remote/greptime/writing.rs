//! What the GreptimeDB back end writes into tables that others made, and what it refuses. Against the stand-in.

use advisor_core::flow::{EARLIEST, FlowRow};
use advisor_core::journal::{Entry, Journal, TABLE};
use advisor_core::ledger::{FlowKey, Ledger, NewFlow};
use advisor_core::store::{Store, StoreError};
use advisor_io::greptime::{Greptime, StoredPrice};
use advisor_testkit::greptime::Greptime as Server;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::greptime::{block_on, settings};

const OUT: &str = "liqwid_withdrawals_djed";
const MILLI: i64 = 1_000_000;

fn client(server: &Server) -> Greptime {
    Greptime::new(settings(&server.url())).unwrap()
}

fn server(columns: &str) -> (Server, Greptime) {
    let server = Server::start();
    server.execute(&format!("CREATE TABLE {OUT} ({columns})")).unwrap();
    let store = client(&server);
    (server, store)
}

/// The rows of a query, as somebody else sees them.
fn select(server: &Server, sql: &str) -> Value {
    let form = url::form_urlencoded::Serializer::new(String::new()).append_pair("sql", sql).finish();
    let url = format!("{}/v1/sql", server.url());
    let body = testkit::post(&url, "application/x-www-form-urlencoded", &form).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    body["output"][0]["records"]["rows"].clone()
}

fn flow(ts: i64, wallet: &str, tx_hash: &str) -> NewFlow {
    NewFlow {
        ts,
        wallet: wallet.into(),
        amount: 7.5,
        memo: Some(format!("Synced from Liqwid (tx: {tx_hash})")),
        tx_hash: Some(tx_hash.into()),
    }
}

fn row(ts: i64, wallet: &str, tx_hash: Option<&str>) -> FlowRow {
    FlowRow {
        ts: Some(ts),
        wallet: Some(wallet.into()),
        amount: Some(7.5),
        memo: None,
        tx_hash: tx_hash.map(Into::into),
    }
}

/// A row that [`flow`] became.
fn stored(ts: i64, wallet: &str, tx_hash: &str) -> FlowRow {
    FlowRow { memo: flow(ts, wallet, tx_hash).memo, ..row(ts, wallet, Some(tx_hash)) }
}

#[track_caller]
fn invalid<T: std::fmt::Debug>(answer: Result<T, StoreError>, expected: &str) {
    let StoreError::InvalidData { cause, .. } = answer.unwrap_err() else { panic!("another error") };
    assert_eq!(cause, expected);
}

#[test]
fn the_key_of_a_table_is_looked_up_every_time() {
    let (server, store) = server("ts TIMESTAMP TIME INDEX, wallet_address STRING, tx_hash STRING, amount DOUBLE");
    let key = || block_on(store.round().key(OUT)).unwrap();
    assert_eq!(key(), FlowKey::Time);
    for (tags, expected) in [
        ("wallet_address", FlowKey::WalletAndTime),
        ("wallet_address, tx_hash", FlowKey::TxHash),
        ("tx_hash", FlowKey::Time),
    ] {
        server.execute(&format!("DROP TABLE {OUT}")).unwrap();
        assert_eq!(key(), FlowKey::TxHash, "none: the one that would be made");
        let columns = "ts TIMESTAMP TIME INDEX, wallet_address STRING, tx_hash STRING, amount DOUBLE";
        server.execute(&format!("CREATE TABLE {OUT} ({columns}, PRIMARY KEY ({tags}))")).unwrap();
        assert_eq!(key(), expected, "{tags}");
    }
}

#[test]
fn a_table_that_is_made_has_the_columns_that_others_expect() {
    let server = Server::start();
    let store = client(&server);
    let before = jiff::Timestamp::now();
    block_on(store.round().add_flows(OUT, &[flow(1_500_000, "a", "t1")])).unwrap();
    let columns = json!([
        ["ts", "TimestampMillisecond", "PRI", "NO", "", "TIMESTAMP"],
        ["created_at", "TimestampMillisecond", "", "YES", "", "FIELD"],
        ["wallet_address", "String", "PRI", "YES", "", "TAG"],
        ["market_id", "String", "", "YES", "", "FIELD"],
        ["amount", "Float64", "", "YES", "", "FIELD"],
        ["memo", "String", "", "YES", "", "FIELD"],
        ["tx_hash", "String", "PRI", "YES", "", "TAG"],
    ]);
    assert_eq!(select(&server, &format!("DESCRIBE TABLE {OUT}")), columns);
    let stored = select(&server, &format!("SELECT ts, wallet_address, amount, memo, tx_hash FROM {OUT}"));
    assert_eq!(stored, json!([[1, "a", 7.5, "Synced from Liqwid (tx: t1)", "t1"]]));
    let created_at = select(&server, &format!("SELECT created_at FROM {OUT}"))[0][0].as_i64().unwrap();
    let after = jiff::Timestamp::now();
    assert!((before.as_millisecond()..=after.as_millisecond()).contains(&created_at), "{before} to {after}");
}

#[test]
fn only_columns_that_a_table_has_are_written_under_the_names_it_has() {
    for (columns, expected) in [
        (
            "ts TIMESTAMP(9) TIME INDEX, wallet_address STRING, amount DOUBLE, notes STRING",
            "Synced from Liqwid (tx: t1)",
        ),
        (
            "ts TIMESTAMP(0) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, created_at STRING",
            "Synced from Liqwid (tx: t1)",
        ),
        (
            "ts TIMESTAMP(6) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, notes STRING",
            "Synced from Liqwid (tx: t1)",
        ),
        ("ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, tx_hash STRING", "none"),
    ] {
        let (_server, store) = server(&format!("{columns}, PRIMARY KEY (wallet_address)"));
        let rows = block_on(async {
            let round = store.round();
            assert_eq!(round.add_flows(OUT, &[flow(3_000_000_000, "a", "t1")]).await, Ok(1));
            round.flows(OUT, None, i64::MAX, i64::MAX).await.unwrap()
        });
        assert_eq!(rows.len(), 1, "{columns}");
        assert_eq!((rows[0].ts, rows[0].amount), (Some(3_000_000_000), Some(7.5)), "{columns}");
        assert_eq!(rows[0].memo.as_deref().unwrap_or("none"), expected, "{columns}");
    }
}

#[test]
fn a_flow_that_could_not_be_recognised_is_not_written() {
    let (server, store) = server("ts TIMESTAMP TIME INDEX, wallet_address STRING, amount DOUBLE");
    let answer = block_on(store.round().add_flows(OUT, &[flow(0, "a", "t1")]));
    invalid(answer, "it has neither tx_hash nor memo, by which a stored flow could be recognised");
    assert_eq!(server.queries().iter().filter(|query| query.sql.contains("INSERT")).count(), 0);
}

#[test]
fn many_flows_go_in_statements_of_bounded_size() {
    let server = Server::start();
    let store = client(&server);
    let many: Vec<NewFlow> = (0..1_201).map(|i| flow(i * MILLI, "a", &format!("t{i}"))).collect();
    let long = |i: i64| NewFlow { memo: Some("x".repeat(600_000)), ..flow(i * MILLI, "b", &format!("t{i}")) };
    let long: Vec<NewFlow> = (0..5).map(long).collect();
    let rows = block_on(async {
        let round = store.round();
        assert_eq!(round.add_flows(OUT, &many).await, Ok(1_201));
        assert_eq!(round.add_flows(OUT, &long).await, Ok(5));
        round.flows(OUT, None, i64::MAX, i64::MAX).await.unwrap()
    });
    assert_eq!(rows.len(), 1_206);
    let lengths: Vec<usize> =
        server.queries().iter().filter(|query| query.sql.starts_with("INSERT")).map(|query| query.sql.len()).collect();
    assert_eq!(lengths.len(), 3 + 3, "{lengths:?}"); // 500 + 500 + 201 rows; 2 + 2 + 1 long ones
    assert!(lengths.iter().all(|length| *length < 2 << 20), "{lengths:?}");
}

#[test]
fn setting_a_memo_keeps_every_other_column_of_whatever_type_and_name() {
    let columns = "ts TIMESTAMP(9) TIME INDEX, wallet_address STRING, amount DECIMAL(20, 6), notes STRING, memo STRING, \
                   tx_hash STRING, \"Fee \"\"in\"\" ADA; --\" DOUBLE, slot BIGINT, raw BINARY, final BOOLEAN, day DATE, \
                   PRIMARY KEY (wallet_address, tx_hash)";
    let (server, store) = server(columns);
    let insert = |hash: &str, amount: &str| {
        let values = format!("1, 'a', {amount}, 'rent', 'tag', '{hash}', 0.25, 9007199254740993, X'00ff', true, 20000");
        server.execute(&format!("INSERT INTO {OUT} VALUES ({values})")).unwrap();
    };
    insert("t1", "7.5");
    insert("t2", "1234567890.123456");
    let flow = FlowRow { memo: Some("rent\ntag".into()), ..row(1, "a", Some("t1")) };
    block_on(store.round().set_memo(OUT, OUT, &flow, Some("it's"))).unwrap();
    let all = select(&server, &format!("SELECT * FROM {OUT} ORDER BY tx_hash"));
    let expected = |amount: &str, notes: &str, memo: &str, hash: &str| {
        json!([1, "a", amount, notes, memo, hash, 0.25, 9_007_199_254_740_993_i64, [0, 255], true, 20000])
    };
    let changed = expected("7.500000", "", "it's", "t1");
    assert_eq!(all, json!([changed, expected("1234567890.123456", "rent", "tag", "t2")]));
}

#[test]
fn rows_that_a_key_cannot_tell_apart_get_no_memo() {
    let columns = "ts TIMESTAMP(9) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, tx_hash STRING, \
                   market_id STRING, PRIMARY KEY (wallet_address, market_id)";
    let (server, store) = server(columns);
    let rows = [(1, "a", 7.5, "t1", "X"), (1, "a", 7.5, "t2", "Y"), (2, "a", 7.5, "t3", "X")];
    server.insert_rows(OUT, &["ts", "wallet_address", "amount", "tx_hash", "market_id"], rows).unwrap();
    block_on(async {
        let round = store.round();
        let cause = "has 2 rows for the wallet and time of the flow of a at 1970-01-01T00:00:00.000000001Z with the \
                     transaction t1, which tx_hash or the table's key cannot tell apart";
        invalid(round.set_memo(OUT, OUT, &row(1, "a", Some("t1")), Some("tag")).await, cause);
        round.set_memo(OUT, OUT, &row(2, "a", Some("t3")), Some("tag")).await.unwrap();
    });
    let tagged = select(&server, &format!("SELECT tx_hash FROM {OUT} WHERE memo = 'tag'"));
    assert_eq!(tagged, json!([["t3"]]));
}

#[test]
fn a_table_that_keeps_every_version_of_a_row_is_not_written_to() {
    let columns = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, \"append_mode true\" STRING, memo STRING, \
                   tx_hash STRING, PRIMARY KEY (wallet_address, tx_hash)";
    let (server, store) = server(columns);
    block_on(store.round().add_flows(OUT, &[flow(0, "a", "t1")])).unwrap();
    server.execute(&format!("DROP TABLE {OUT}")).unwrap();
    server.execute(&format!("CREATE TABLE {OUT} ({columns}) WITH (append_mode='true')")).unwrap();
    server.insert_rows(OUT, &["ts", "wallet_address", "amount", "tx_hash"], [(0, "a", 7.5, "t1")]).unwrap();
    let cause = "it keeps every version of a row (append_mode), so none can be changed; expected one that does not";
    block_on(async {
        let round = store.round();
        invalid(round.add_flows(OUT, &[flow(0, "a", "t2")]).await, cause);
        invalid(round.set_memo(OUT, OUT, &row(0, "a", Some("t1")), Some("tag")).await, cause);
        assert_eq!(round.flows(OUT, None, i64::MAX, i64::MAX).await.unwrap(), [row(0, "a", Some("t1"))]);
    });
}

#[test]
fn a_row_of_another_transaction_in_the_table_of_test_mode_is_not_replaced() {
    let columns = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, notes STRING, tx_hash STRING, \
                   PRIMARY KEY (wallet_address";
    let (server, store) = server(&format!("{columns}, tx_hash)"));
    let test = format!("test_{OUT}");
    server.execute(&format!("CREATE TABLE {test} ({columns}))")).unwrap();
    let row = |hash| stored(0, "a", hash);
    block_on(async {
        let round = store.round();
        round.add_flows(OUT, &[flow(0, "a", "t1"), flow(0, "a", "t2")]).await.unwrap();
        round.set_memo(OUT, &test, &row("t1"), Some("tag")).await.unwrap();
        round.set_memo(OUT, &test, &row("t1"), Some("again")).await.unwrap();
        let cause = "has another row at that wallet and time, which its key (without tx_hash) cannot tell from the flow \
                     of a at 1970-01-01T00:00:00Z with the transaction t2";
        invalid(round.set_memo(OUT, &test, &row("t2"), Some("tag")).await, cause);
    });
    assert_eq!(select(&server, &format!("SELECT tx_hash, notes FROM {test}")), json!([["t1", "again"]]));
}

#[test]
fn the_table_of_test_mode_takes_the_unit_of_the_first_and_leaves_out_what_does_not_fit() {
    let columns = "ts TIMESTAMP(9) TIME INDEX, created_at STRING, wallet_address STRING, amount FLOAT, notes STRING, \
                   fee DOUBLE, PRIMARY KEY (wallet_address)";
    let (server, store) = server(columns);
    server.insert_rows(OUT, &["ts", "created_at", "wallet_address", "amount"], [(1, "yesterday", "a", 7.5)]).unwrap();
    let test = format!("test_{OUT}");
    block_on(store.round().set_memo(OUT, &test, &row(1, "a", None), Some("tag"))).unwrap();
    let copied = select(&server, &format!("SELECT ts, created_at, amount, memo, tx_hash FROM {test}"));
    assert_eq!(copied, json!([[1, null, 7.5, "tag", null]]));
    server.execute(&format!("DROP TABLE {test}")).unwrap();
    let other = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING";
    server.execute(&format!("CREATE TABLE {test} ({other})")).unwrap();
    let answer = block_on(store.round().set_memo(OUT, &test, &row(1, "a", None), Some("tag")));
    invalid(answer, &format!("column ts is TimestampMillisecond, in {OUT} it is TimestampNanosecond"));
}

#[test]
fn control_characters_are_refused_and_nothing_is_sent() {
    let server = Server::start();
    let store = client(&server);
    let cause = "a text with the control character U+0000 cannot be stored";
    block_on(async {
        let round = store.round();
        round.add_flows(OUT, &[flow(0, "a", "t1")]).await.unwrap();
        let sent = |server: &Server| server.queries().iter().filter(|query| query.sql.contains("INSERT")).count();
        assert_eq!(sent(&server), 1);
        invalid(round.add_flows(OUT, &[flow(1, "a", "t2"), flow(2, "a", "t\0")]).await, cause);
        invalid(round.set_memo(OUT, OUT, &row(0, "a", Some("t1")), Some("\0")).await, cause);
        invalid(round.append(TABLE, &[entry("d\0jed", None)]).await, cause);
        invalid(round.read(TABLE, "d\0jed", 0, 1, 1).await, cause);
        assert_eq!(sent(&server), 1);
    });
}

fn entry(asset: &str, reason: Option<String>) -> Entry {
    Entry { asset: asset.into(), reason, ..Entry::default() }
}

#[test]
fn figures_without_a_value_are_null_in_the_journal() {
    let server = Server::start();
    let entry = Entry { wmax_usd: Some(f64::NAN), residual: Some(f64::INFINITY), ..entry("djed", None) };
    block_on(client(&server).round().append(TABLE, &[entry])).unwrap();
    let stored = select(&server, &format!("SELECT wmax_usd, g_usd, residual, reason, decision FROM {TABLE}"));
    assert_eq!(stored, json!([[null, null, null, null, 0]]));
}

#[test]
fn a_table_that_is_no_journal_is_named_with_the_column() {
    let server = Server::start();
    server.execute(&format!("CREATE TABLE {TABLE} (ts TIMESTAMP TIME INDEX, asset BIGINT)")).unwrap();
    let store = client(&server);
    let cause = "column asset is Int64, expected String";
    block_on(async {
        let round = store.round();
        invalid(round.append(TABLE, &[entry("djed", None)]).await, cause);
        invalid(round.read(TABLE, "djed", 0, 1, 1).await, cause);
        invalid(round.forget(TABLE, 1).await, cause);
    });
}

#[test]
fn the_newest_stored_minswap_price_up_to_an_instant_is_read() {
    let server = Server::start();
    let store = client(&server);
    let price = |at: i64| block_on(store.round().stored_minswap("djed", at)).unwrap();
    assert_eq!(price(i64::MAX), None); // no such database
    server.execute("CREATE DATABASE minswap").unwrap();
    assert_eq!(price(i64::MAX), None); // no such table
    for digits in [0_u32, 3, 9] {
        let table = "minswap.minswap_prices_djed";
        let columns = format!("ts TIMESTAMP({digits}) TIME INDEX, price_usd DOUBLE, ada_usd DOUBLE, pool STRING");
        server.execute(&format!("CREATE TABLE {table} ({columns})")).unwrap();
        assert_eq!(price(i64::MAX), None); // no such row
        let second = 10_i64.pow(digits);
        let rows = [(second, Some(0.99), Some(0.5)), (2 * second, Some(1.01), None), (3 * second, None, Some(0.4))];
        server.insert_rows(table, &["ts", "price_usd", "ada_usd"], rows).unwrap();
        let stored = |ts: i64, price_usd, ada_usd| Some(StoredPrice { ts: ts * 1_000_000_000, price_usd, ada_usd });
        assert_eq!(price(999_999_999), None, "{digits}");
        assert_eq!(price(1_000_000_000), stored(1, 0.99, Some(0.5)), "{digits}");
        assert_eq!(price(2_999_999_999), stored(2, 1.01, None), "{digits}");
        assert_eq!(price(i64::MAX), None, "{digits}: the newest has no price");
        server.execute(&format!("DROP TABLE {table}")).unwrap();
    }
    server.execute("CREATE TABLE minswap.minswap_prices_djed (ts TIMESTAMP TIME INDEX, price DOUBLE)").unwrap();
    let error = block_on(store.round().stored_minswap("djed", 0)).unwrap_err().to_string();
    assert!(error.starts_with("invalid data: table minswap_prices_djed: answered 400 Bad Request: "), "{error}");
    let answer = block_on(store.round().stored_minswap("x\" OR 1=1 --", 0));
    invalid(answer, "the name has characters other than letters, digits and underscores");
}

/// What the reader makes of a text that was stored.
fn read_back(text: &str) -> Option<String> {
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

fn is_storable(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

/// Anything, and what is most likely to break out of a literal.
fn texts() -> impl Strategy<Value = String> {
    let hostile = "(\\PC|['\"\\\\;`%$\\-/*\\n\\t\\r]|''|--|'\\)|DROP TABLE x|NULL|\\x00|\u{9b}){0,12}";
    prop_oneof![any::<String>(), hostile]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_changes_what_a_statement_does(
        given in prop::collection::vec((texts(), texts(), texts(), texts()), 12),
    ) {
        let server = Server::start();
        let store = client(&server);
        block_on(async {
            let round = store.round();
            round.add_flows(OUT, &[flow(EARLIEST, "bystander", "t")]).await.unwrap();
            let mut written = 1;
            for (i, (wallet, hash, memo, changed)) in (0..).zip(&given) {
                let new = NewFlow {
                    ts: EARLIEST + (i + 1) * MILLI,
                    wallet: format!("w{wallet}").into(),
                    amount: 7.5,
                    memo: Some(memo.clone()),
                    tx_hash: read_back(hash),
                };
                let answer = round.add_flows(OUT, std::slice::from_ref(&new)).await;
                if ![wallet, hash, memo].into_iter().all(|text| is_storable(text)) {
                    assert!(matches!(answer, Err(StoreError::InvalidData { .. })), "{new:?}: {answer:?}");
                    continue;
                }
                assert_eq!(answer, Ok(1), "{new:?}");
                written += 1;
                let mut expected = FlowRow {
                    ts: Some(new.ts),
                    wallet: Some(new.wallet),
                    amount: Some(7.5),
                    memo: read_back(memo),
                    tx_hash: new.tx_hash,
                };
                let rows = round.flows(OUT, Some(new.ts), new.ts, i64::MAX).await.unwrap();
                assert_eq!(rows, std::slice::from_ref(&expected));
                let answer = round.set_memo(OUT, OUT, &expected, Some(changed)).await;
                assert_eq!(answer.is_ok(), is_storable(changed), "{changed:?}: {answer:?}");
                if answer.is_ok() {
                    expected.memo = read_back(changed);
                    assert_eq!(round.flows(OUT, Some(new.ts), new.ts, i64::MAX).await.unwrap(), [expected]);
                    let entry = entry(changed, read_back(memo));
                    round.append(TABLE, std::slice::from_ref(&entry)).await.unwrap();
                    assert_eq!(round.read(TABLE, changed, 0, 0, 9).await.unwrap(), [entry]);
                }
            }
            // Nothing else has come, gone or changed.
            assert_eq!(round.flows(OUT, None, i64::MAX, i64::MAX).await.unwrap().len(), written);
            let bystander = round.flows(OUT, None, EARLIEST, i64::MAX).await.unwrap();
            assert_eq!(bystander[0].memo.as_deref(), Some("Synced from Liqwid (tx: t)"));
            let tables = round.tables().await.unwrap();
            assert!(tables.iter().all(|table| table == OUT || table == TABLE), "{tables:?}");
        });
    }
}

#[test]
fn a_memo_is_set_where_one_row_alone_can_be_meant() {
    let columns = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, amount DOUBLE, memo STRING, tx_hash STRING";
    let (server, store) = server(&format!("{columns}, PRIMARY KEY (wallet_address, tx_hash)"));
    // To the key, no hash and an empty one are two.
    server.execute(&format!("INSERT INTO {OUT} VALUES (1, 'a', 7.5, 'x', NULL), (1, 'a', 8.5, 'y', '')")).unwrap();
    let answer = block_on(store.round().set_memo(OUT, OUT, &row(MILLI, "a", None), Some("tag")));
    invalid(
        answer,
        "has 2 rows for the wallet and time of the flow of a at 1970-01-01T00:00:00.001Z over 7.5 without a transaction, \
         which tx_hash or the table's key cannot tell apart",
    );
    assert_eq!(select(&server, &format!("SELECT memo FROM {OUT} ORDER BY amount")), json!([["x"], ["y"]]));
}
