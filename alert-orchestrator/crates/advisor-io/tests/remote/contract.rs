//! What every store promises, shown of each: the same files in, the same answers out.
//!
//! [`both`] is the only place that knows the back ends: the embedded store imports the files, GreptimeDB (the stand-in of
//! `advisor-testkit`) has them loaded into tables of the usual types.

mod writing;

use std::fmt::Write as _;
use std::path::Path;

use advisor_core::store::{Store, StoreError, TableKind};
use advisor_core::time::{nanos, timestamp};
use advisor_io::embedded::{Embedded, ImportOptions, TablePrefixes};
use advisor_io::greptime::Greptime;
use advisor_testkit::greptime::Greptime as Server;

use crate::greptime::{block_on, settings};

/// A question to a store; instants as text, the earliest may be open.
enum Ask {
    Tables,
    Market(&'static str),
    Columns(&'static str, TableKind),
    Positions(&'static str, Option<&'static str>, &'static str),
    Flows(&'static str, Option<&'static str>, &'static str),
    /// The same, and the latest time that can be.
    FlowsAnd(&'static str, Option<&'static str>, &'static str, &'static str),
    Newest(&'static str, &'static str),
}
use Ask::{Columns, Flows, FlowsAnd, Market, Newest, Positions, Tables};

const DJED: &str = "liqwid_supply_positions_djed";
const IN: &str = "liqwid_deposits_djed";
const OUT: &str = "liqwid_withdrawals_djed";
const END: &str = "2200-01-01T00:00:00Z";

/// Asks both back ends, filled with these CSV files (table, text); each line of an answer is one of `expected`.
#[track_caller]
fn both(files: &[(&str, &str)], cases: &[(Ask, &[&str])]) {
    let folder = tempfile::tempdir().unwrap();
    for (table, text) in files {
        std::fs::write(folder.path().join(format!("{table}.csv")), text).unwrap();
    }
    let embedded = embedded(folder.path());
    let server = server(files, folder.path());
    let greptime = Greptime::new(settings(&server.url())).unwrap();
    for (ask, expected) in cases {
        assert_eq!(block_on(answer(&embedded, ask)), *expected, "embedded");
        assert_eq!(block_on(answer(&greptime.round(), ask)), *expected, "GreptimeDB");
    }
}

fn embedded(folder: &Path) -> Embedded {
    let store = Embedded::open(folder.join("store.db")).unwrap();
    let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
    let report = store.import(folder, &TablePrefixes::default(), options).unwrap();
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    store
}

fn server(files: &[(&str, &str)], folder: &Path) -> Server {
    let server = Server::start();
    for (table, text) in files {
        let header = text.lines().next().unwrap().split(',');
        let mut columns: Vec<String> = header.map(declared).collect();
        let flows = text.lines().next().unwrap().contains("tx_hash");
        columns.push(format!("PRIMARY KEY (wallet_address{})", if flows { ", tx_hash" } else { "" }));
        server.execute(&format!("CREATE TABLE {table} ({})", columns.join(", "))).unwrap();
        server.load_csv(table, &folder.join(format!("{table}.csv"))).unwrap();
    }
    server
}

fn declared(column: &str) -> String {
    let data_type = match column {
        "ts" => "TIMESTAMP(9) TIME INDEX",
        "underlying_units" | "usd_value" | "value_usd" | "price_usd" | "amount" => "DOUBLE",
        _ => "STRING",
    };
    format!("{column} {data_type}")
}

/// The answer as text, a line for each wallet, flow or name. Flows and names are sorted: stores may have any order.
async fn answer(store: &impl Store, ask: &Ask) -> Vec<String> {
    let lines = match *ask {
        Tables => store.tables().await.map(sorted),
        Market(table) => store.market(table).await.map(|market| vec![format!("{:?} {:?}", market.id, market.name)]),
        Columns(table, kind) => store.check_columns(table, kind).await.map(|()| vec![]),
        Positions(table, from, to) => positions(store, table, from.map(instant), instant(to)).await,
        Newest(table, before) => store
            .newest_before(table, instant(before))
            .await
            .map(|newest| sorted(newest.iter().map(|(wallet, ts)| format!("{wallet} {}", timestamp(*ts))).collect())),
        Flows(table, from, to) => flows(store, table, from.map(instant), instant(to), i64::MAX).await.map(sorted),
        FlowsAnd(table, from, to, latest) => {
            flows(store, table, from.map(instant), instant(to), instant(latest)).await.map(sorted)
        }
    };
    lines.unwrap_or_else(|error| match error {
        StoreError::InvalidData { table, .. } => vec![format!("invalid data in {table}")],
        other => vec![other.to_string()],
    })
}

async fn positions(store: &impl Store, table: &str, from: Option<i64>, to: i64) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for wallet in store.positions(table, from, to).await?.wallets {
        let mut line = format!("{}:", wallet.address());
        for (i, (ts, value)) in wallet.ts().iter().zip(wallet.value_usd()).enumerate() {
            let price = wallet.price_usd(i).map_or("none".into(), |price| price.to_string());
            write!(line, " {} {value} at {price};", timestamp(*ts)).unwrap();
        }
        lines.push(line);
    }
    Ok(lines)
}

async fn flows(
    store: &impl Store,
    table: &str,
    from: Option<i64>,
    to: i64,
    latest: i64,
) -> Result<Vec<String>, StoreError> {
    let mut lines = Vec::new();
    for flow in store.flows(table, from, to, latest).await? {
        let (ts, wallet) = (timestamp(flow.ts.unwrap()), flow.wallet.unwrap());
        lines.push(format!("{ts} {wallet} {} {:?} {:?}", flow.amount.unwrap(), flow.memo, flow.tx_hash));
    }
    Ok(lines)
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

fn instant(text: &str) -> i64 {
    nanos(text.parse().unwrap())
}

const NONE: &[&str] = &[];

#[test]
fn tables_are_named_as_their_files() {
    let positions = "ts,wallet_address,underlying_units,usd_value,price_usd\n";
    let flows = "ts,wallet_address,amount\n";
    both(
        &[(DJED, positions), (IN, flows), (OUT, flows)],
        &[
            (Tables, &[IN, DJED, OUT]),
            (Columns(DJED, TableKind::Positions), NONE),
            (Columns(IN, TableKind::Flows), NONE),
            (Columns(IN, TableKind::Positions), &["invalid data in liqwid_deposits_djed"]),
            (Columns("liqwid_deposits_usdx", TableKind::Flows), &["invalid data in liqwid_deposits_usdx"]),
            (Positions("liqwid_supply_positions_usdx", None, END), &["invalid data in liqwid_supply_positions_usdx"]),
            (Flows("liqwid_deposits_usdx", None, END), &["invalid data in liqwid_deposits_usdx"]),
        ],
    );
}

#[test]
fn the_newest_sample_before_an_instant_is_found_for_each_wallet_that_has_one() {
    let positions = "ts,wallet_address,underlying_units,usd_value,price_usd
2026-01-01T00:00:00Z,addr1a,1,1,1
2026-01-02T00:00:00Z,addr1a,1,1,1
2026-01-03T00:00:00Z,addr1a,1,1,1
2026-01-01T12:00:00.000000001Z,addr1b,1,1,1
2026-01-02T00:00:00Z,addr1c,1,1,1
";
    both(
        &[(DJED, positions)],
        &[
            // Strictly before, to the nanosecond.
            (
                Newest(DJED, "2026-01-02T00:00:00Z"),
                &["addr1a 2026-01-01T00:00:00Z", "addr1b 2026-01-01T12:00:00.000000001Z"],
            ),
            (Newest(DJED, "2026-01-01T00:00:00Z"), NONE),
            (Newest("liqwid_supply_positions_usdx", END), &["invalid data in liqwid_supply_positions_usdx"]),
        ],
    );
}

#[test]
fn a_table_without_rows_has_no_wallets_flows_or_market() {
    let positions = "ts,wallet_address,market_id,market_name,underlying_units,usd_value,price_usd\n";
    both(
        &[(DJED, positions), (IN, "ts,wallet_address,amount,memo,tx_hash\n")],
        &[(Positions(DJED, None, END), NONE), (Flows(IN, None, END), NONE), (Market(DJED), &["None None"])],
    );
}

#[test]
fn positions_come_by_wallet_with_rising_times_whatever_the_order_of_the_rows() {
    let rows = "ts,wallet_address,underlying_units,usd_value,price_usd\n\
                2026-01-02T00:00:00Z,addr1b,10,20,2\n\
                2026-01-03T00:00:00Z,addr1a,1,7,7\n\
                2026-01-01T00:00:00Z,addr1b,10,19,1.9\n\
                2026-01-01T00:00:00Z,addr1a,1,5,5\n\
                2026-01-02T00:00:00Z,addr1a,1,6,6\n";
    both(
        &[(DJED, rows)],
        &[(
            Positions(DJED, None, END),
            &[
                "addr1a: 2026-01-01T00:00:00Z 5 at 5; 2026-01-02T00:00:00Z 6 at 6; 2026-01-03T00:00:00Z 7 at 7;",
                "addr1b: 2026-01-01T00:00:00Z 19 at 1.9; 2026-01-02T00:00:00Z 20 at 2;",
            ],
        )],
    );
}

#[test]
fn values_and_prices_that_are_missing_are_derived_under_either_name() {
    let rows = |name: &str| {
        format!(
            "ts,wallet_address,underlying_units,{name},price_usd\n\
             2026-01-01T00:00:00Z,a,10,,2.5\n\
             2026-01-02T00:00:00Z,a,10,26,\n\
             2026-01-03T00:00:00Z,a,10,27,0\n\
             2026-01-04T00:00:00Z,a,,28,2.8\n\
             2026-01-05T00:00:00Z,a,,29,\n\
             2026-01-06T00:00:00Z,a,,,2.9\n"
        )
    };
    let expected = "a: 2026-01-01T00:00:00Z 25 at 2.5; 2026-01-02T00:00:00Z 26 at 2.6; 2026-01-03T00:00:00Z 27 at 2.7; \
                    2026-01-04T00:00:00Z 28 at 2.8; 2026-01-05T00:00:00Z 29 at none;";
    for name in ["usd_value", "value_usd"] {
        both(&[(DJED, &rows(name))], &[(Positions(DJED, None, END), &[expected])]);
    }
}

#[test]
fn of_rows_equal_in_wallet_and_time_the_last_counts() {
    let rows = "ts,wallet_address,underlying_units,usd_value,price_usd\n\
                2026-01-01T00:00:00Z,a,10,20,2\n\
                2026-01-01T00:00:00Z,a,10,20,2\n\
                2026-01-01T00:00:00Z,b,10,30,3\n\
                2026-01-01T00:00:00Z,a,10,21,2.1\n";
    let expected: &[&str] = &["a: 2026-01-01T00:00:00Z 21 at 2.1;", "b: 2026-01-01T00:00:00Z 30 at 3;"];
    both(&[(DJED, rows)], &[(Positions(DJED, None, END), expected)]);
}

#[test]
fn both_ends_of_a_time_range_belong_to_it() {
    let at = |i: u32| format!("2026-01-0{i}T00:00:00Z");
    let positions: String = (1..=4).map(|i| format!("{},a,,{i},1\n", at(i))).collect();
    let flows: String = (1..=4).map(|i| format!("{},a,{i}\n", at(i))).collect();
    let positions = format!("ts,wallet_address,underlying_units,usd_value,price_usd\n{positions}");
    let flows = format!("ts,wallet_address,amount\n{flows}");
    let (from, to) = ("2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z");
    let (late, early) = ("2026-01-02T00:00:00.000000001Z", "2026-01-02T23:59:59.999999999Z");
    both(
        &[(DJED, &positions), (IN, &flows)],
        &[
            (Positions(DJED, Some(from), to), &["a: 2026-01-02T00:00:00Z 2 at 1; 2026-01-03T00:00:00Z 3 at 1;"]),
            (Positions(DJED, Some(late), to), &["a: 2026-01-03T00:00:00Z 3 at 1;"]),
            (Positions(DJED, Some(from), early), &["a: 2026-01-02T00:00:00Z 2 at 1;"]),
            (Positions(DJED, None, from), &["a: 2026-01-01T00:00:00Z 1 at 1; 2026-01-02T00:00:00Z 2 at 1;"]),
            (Positions(DJED, Some(to), from), NONE),
            (Flows(IN, Some(from), to), &["2026-01-02T00:00:00Z a 2 None None", "2026-01-03T00:00:00Z a 3 None None"]),
            (Flows(IN, Some(late), to), &["2026-01-03T00:00:00Z a 3 None None"]),
            (Flows(IN, None, "2026-01-01T00:00:00Z"), &["2026-01-01T00:00:00Z a 1 None None"]),
        ],
    );
}

#[test]
fn instants_are_kept_to_the_nanosecond() {
    let positions = "ts,wallet_address,underlying_units,usd_value,price_usd\n\
                     2026-01-01T00:00:00.000000001Z,a,,1,1\n\
                     2026-01-01T00:00:00.000000002Z,a,,2,1\n\
                     2025-12-31T23:59:59.999999999Z,a,,3,1\n";
    let flows = "ts,wallet_address,amount\n2026-01-01T00:00:00.123456789Z,a,1\n";
    let first = "a: 2025-12-31T23:59:59.999999999Z 3 at 1; 2026-01-01T00:00:00.000000001Z 1 at 1;";
    both(
        &[(DJED, positions), (IN, flows)],
        &[
            (Positions(DJED, None, "2026-01-01T00:00:00.000000001Z"), &[first]),
            (Flows(IN, None, END), &["2026-01-01T00:00:00.123456789Z a 1 None None"]),
        ],
    );
}

#[test]
fn flows_of_one_instant_all_come() {
    let flows = "ts,wallet_address,amount,memo,tx_hash\n\
                 2026-01-01T00:00:00Z,a,5,,t1\n\
                 2026-01-01T00:00:00Z,a,5,,t2\n\
                 2026-01-01T00:00:00Z,b,-0.1,,t1\n";
    let expected: &[&str] = &[
        r#"2026-01-01T00:00:00Z a 5 None Some("t1")"#,
        r#"2026-01-01T00:00:00Z a 5 None Some("t2")"#,
        r#"2026-01-01T00:00:00Z b -0.1 None Some("t1")"#,
    ];
    both(&[(OUT, flows)], &[(Flows(OUT, None, END), expected)]);
}

#[test]
fn flows_later_than_can_be_come_with_any_range() {
    let flows = "ts,wallet_address,amount,memo,tx_hash\n2026-01-01T00:00:00Z,a,1,,\n2026-01-03T00:00:00Z,a,2,,\n\
                 2026-02-01T00:00:00Z,a,3,,\n";
    let [within, later] = ["2026-01-03T00:00:00Z a 2 None None", "2026-02-01T00:00:00Z a 3 None None"];
    let (from, to) = (Some("2026-01-02T00:00:00Z"), "2026-01-10T00:00:00Z");
    both(
        &[(OUT, flows)],
        &[
            (FlowsAnd(OUT, from, to, "2026-01-31T23:59:59.999Z"), &[within, later]),
            (FlowsAnd(OUT, from, to, "2026-02-01T00:00:00Z"), &[within]),
        ],
    );
}

#[test]
fn texts_come_back_as_they_were_whatever_they_hold() {
    for column in ["memo", "notes"] {
        let flows = format!(
            "ts,wallet_address,amount,{column},tx_hash\n\
             2026-01-01T00:00:00Z,a,1,\"it's a \"\"tag\"\"; -- x\",t1\n\
             2026-01-02T00:00:00Z,a,1,\"back\\slash, {{json}} and\ttab\",t1\n\
             2026-01-03T00:00:00Z,w{{%7}}#2,1,Rücklage – 提取 🦀,\"t'1\"\n\
             2026-01-04T00:00:00Z,\"a\"\"b\",1,,\n"
        );
        let expected: &[&str] = &[
            r#"2026-01-01T00:00:00Z a 1 Some("it's a \"tag\"; -- x") Some("t1")"#,
            r#"2026-01-02T00:00:00Z a 1 Some("back\\slash, {json} and\ttab") Some("t1")"#,
            r#"2026-01-03T00:00:00Z w{%7}#2 1 Some("Rücklage – 提取 🦀") Some("t'1")"#,
            r#"2026-01-04T00:00:00Z a"b 1 None None"#,
        ];
        both(&[(OUT, &flows)], &[(Flows(OUT, None, END), expected)]);
    }
}

#[test]
fn the_newest_row_names_the_market() {
    let rows = "ts,wallet_address,market_id,market_name,underlying_units,usd_value,price_usd\n\
                2026-01-03T00:00:00Z,a,Djed,\"Djed, \"\"the\"\" stablecoin\",1,1,1\n\
                2026-01-01T00:00:00Z,b,Old,Older,1,1,1\n";
    let without = "ts,wallet_address,underlying_units,usd_value,price_usd\n2026-01-01T00:00:00Z,a,1,1,1\n";
    let id_only = "ts,wallet_address,market_id,underlying_units,usd_value,price_usd\n2026-01-01T00:00:00Z,a,X,1,1,1\n";
    both(
        &[(DJED, rows), ("liqwid_supply_positions_plain", without), ("liqwid_supply_positions_id", id_only)],
        &[
            (Market(DJED), &[r#"Some("Djed") Some("Djed, \"the\" stablecoin")"#]),
            (Market("liqwid_supply_positions_plain"), &["None None"]),
            (Market("liqwid_supply_positions_id"), &[r#"Some("X") None"#]),
            (Market("liqwid_supply_positions_gone"), &["invalid data in liqwid_supply_positions_gone"]),
        ],
    );
}

#[test]
fn figures_come_back_to_the_last_bit() {
    let rows = "ts,wallet_address,underlying_units,usd_value,price_usd\n\
                2026-01-01T00:00:00Z,a,,12345.678901234567,0.1\n\
                2026-01-02T00:00:00Z,a,,0.30000000000000004,5e-324\n\
                2026-01-03T00:00:00Z,a,,9007199254740993,1.7976931348623157e308\n";
    let largest = f64::MAX;
    let expected = format!(
        "a: 2026-01-01T00:00:00Z 12345.678901234567 at 0.1; 2026-01-02T00:00:00Z 0.30000000000000004 at {}; \
         2026-01-03T00:00:00Z 9007199254740992 at {largest};",
        5e-324
    );
    both(&[(DJED, rows)], &[(Positions(DJED, None, END), &[&expected])]);
}
