//! The same data give the same decisions, byte for byte, from either store.

use std::fs;

use advisor_testkit::greptime::{Fault, Greptime};
use testkit::folder::Folder;

use crate::support::{checkout, configuration};

const POSITIONS: &str = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, market_id STRING, underlying_units DOUBLE, \
                         usd_value DOUBLE, price_usd DOUBLE, PRIMARY KEY (wallet_address)";
const FLOWS: &str = "ts TIMESTAMP(3) TIME INDEX, wallet_address STRING, market_id STRING, amount DOUBLE, memo STRING, \
                     tx_hash STRING, PRIMARY KEY (wallet_address, tx_hash)";

/// The example data in a GreptimeDB stand-in.
pub(crate) fn examples(clone: &Folder) -> Greptime {
    let greptime = Greptime::start();
    for entry in fs::read_dir(clone.path("examples/liqwid")).unwrap() {
        let path = entry.unwrap().path();
        let table = path.file_stem().unwrap().to_str().unwrap();
        if path.extension().is_some_and(|extension| extension == "csv") {
            let columns = if table.contains("positions") { POSITIONS } else { FLOWS };
            greptime.execute(&format!("CREATE TABLE {table} ({columns})")).unwrap();
            greptime.load_csv(table, &path).unwrap();
        }
    }
    clone.write("greptime.yaml", &configuration(&format!("greptime: {{host: \"{}\"}}", greptime.url())));
    clone.write("embedded.yaml", &configuration("embedded: {import: [examples/liqwid]}"));
    greptime
}

#[test]
fn greptimedb_and_the_embedded_store_give_the_same_bytes() {
    let clone = checkout();
    let greptime = examples(&clone);
    let from = |config: &str, command: &[&str]| {
        let run = clone.run(&[&["--config", config, "--log-level", "ERROR"], command].concat());
        assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{config}");
        run.stdout
    };
    assert_eq!(from("greptime.yaml", &["--once", "--json"]), from("embedded.yaml", &["--once", "--json"]));
    for asset in ["usdc", "djed", "iusd", "usdt", "usdm"] {
        let explain = ["explain", asset, "--json"];
        assert_eq!(from("greptime.yaml", &explain), from("embedded.yaml", &explain));
    }
    assert!(greptime.request_count() > 0);
}

#[test]
fn an_evaluation_reads_each_table_once() {
    let clone = checkout();
    let greptime = examples(&clone);
    assert_eq!(clone.run(&["--config", "greptime.yaml", "--once"]).code, Some(0));
    let queries = greptime.queries();
    let reads: Vec<&str> =
        queries.iter().map(|query| query.sql.as_str()).filter(|sql| sql.starts_with("SELECT")).collect();
    let read = |table: &str| {
        let of_table: Vec<usize> = (0..reads.len()).filter(|i| reads[*i].contains(table)).collect();
        assert_eq!(of_table.len(), 1, "{table}");
        of_table[0]
    };
    let (positions, deposits) = (read("liqwid_supply_positions_usdc"), read("liqwid_deposits_usdc"));
    assert!(
        read("liqwid_withdrawals_usdc") < positions && positions < deposits,
        "a deposit could be missed: {reads:?}"
    );
    assert_eq!(queries.iter().filter(|query| query.sql == "SHOW TABLES").count(), 1);
}

#[test]
fn one_table_that_fails_stops_only_its_asset() {
    let clone = checkout();
    let greptime = examples(&clone);
    let broken = Fault::ColumnType { column: "usd_value".to_owned(), data_type: "String".to_owned() };
    greptime.inject(broken.always().when_sql_contains("liqwid_supply_positions_usdc"));
    let run = clone.run(&["--config", "greptime.yaml", "--once"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    let usdc = run.stdout.lines().find(|line| line.starts_with("usdc:")).unwrap();
    assert!(
        usdc.contains("decision=-1") && usdc.contains("liqwid_supply_positions_usdc") && usdc.contains("usd_value"),
        "{usdc}"
    );
    assert!(run.stdout.contains("usdt: decision=1, wmax_usd=2737.29"), "{}", run.stdout);
}

#[test]
fn check_reports_a_clock_that_is_off() {
    let clone = checkout();
    let greptime = examples(&clone);
    assert_eq!(clone.run(&["--config", "greptime.yaml", "check"]).code, Some(0));
    greptime.set_clock_skew(jiff::SignedDuration::from_mins(-5));
    let run = clone.run(&["--config", "greptime.yaml", "check"]);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(run.stdout.contains("FAIL  clock: the store's clock is 300"), "{}", run.stdout);
}
