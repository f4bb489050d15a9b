//! Which tables a configured asset name means.

use std::fs;

use testkit::folder::Folder;

use crate::support::{checkout, configuration};
use crate::world::{NEWEST, World};

/// Renames the tables of an example asset.
fn rename(clone: &Folder, asset: &str, suffix: &str) {
    for kind in ["supply_positions", "deposits", "withdrawals"] {
        let file = |asset: &str| clone.path(&format!("examples/liqwid/liqwid_{kind}_{asset}.csv"));
        fs::rename(file(asset), file(suffix)).unwrap();
    }
}

#[track_caller]
fn resolves(suffix: &str, asset: &str, expected: &str) {
    let clone = checkout();
    rename(&clone, "usdc", suffix);
    let text = configuration("embedded: {import: [examples/liqwid]}").replace("[usdc,", &format!("[{asset},"));
    clone.write("names.yaml", &text);
    let run = clone.run(&["--config", "names.yaml", "--once"]);
    let line = run.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with(expected), "table {suffix}, asset {asset}: {line}");
}

#[test]
fn case_does_not_matter() {
    resolves("usdc", "USDC", "usdc: decision=1, wmax_usd=212.94");
}

#[test]
fn the_plain_and_the_bridged_coin_stand_for_each_other() {
    resolves("wanusdc", "usdc", "usdc: decision=1, wmax_usd=212.94");
    resolves("usdc", "wanusdc", "wanusdc: decision=1, wmax_usd=212.94");
}

#[test]
fn a_table_is_found_by_the_market_its_rows_name_and_its_flows_with_it() {
    resolves("market_7", "usdc", "usdc: decision=1, wmax_usd=212.94"); // market_id USDC
    resolves(
        "market_7",
        "usde",
        "usde: decision=-1, wmax_usd=0.00 [reason: asset not found: usde; tables: djed, iusd, market_7,",
    );
}

#[test]
fn two_names_of_one_table_are_an_error_of_both() {
    let clone = checkout();
    let text = configuration("embedded: {import: [examples/liqwid]}").replace("[usdc,", "[usdc, wanusdc,");
    clone.write("names.yaml", &text);
    let run = clone.run(&["--config", "names.yaml", "--once"]);
    assert_eq!(run.code, Some(1));
    let reason = "invalid data: usdc and wanusdc mean the same table, usdc; configure one of them";
    assert_eq!(run.stdout.matches(reason).count(), 2, "{}", run.stdout);
    assert!(run.stdout.contains("usdt: decision=1"), "{}", run.stdout);
    let check = clone.run(&["--config", "names.yaml", "check"]);
    assert_eq!((check.code, check.stdout.matches(reason).count()), (Some(1), 2), "{}", check.stdout);
}

#[test]
fn tables_in_capitals_are_read_and_written_under_the_names_they_have() {
    let names = ["Liqwid_Supply_Positions_DJED", "LIQWID_DEPOSITS_djed", "liqwid_withdrawals_Djed"];
    let world = World::greptime_named(names);
    assert_eq!(world.decision()["wmax_usd"], 24.0);
    let tag = world.arguments(&["tag", "--asset", "djed", "--latest"]);
    let tagged = world.clone.answer(&tag, "y\n");
    assert_eq!(tagged.code, Some(0), "{}", tagged.stderr);
    assert_eq!(world.decision()["wmax_usd"], 12.0, "the tag is found where it was written");
    let mut expected = [&names[..], &["wo_decisions"]].concat();
    expected.sort_unstable();
    assert_eq!(world.tables(), expected, "no table was made beside them");
}

#[test]
fn prefixes_in_capitals_mean_the_tables_that_there_are() {
    for world in World::both() {
        assert_eq!(world.decision()["wmax_usd"], 24.0);
        let tables = world.tables();
        world.configure_client(
            "  table_asset_prefix: LIQWID_Supply_Positions_\n  deposits_prefix: LIQWID_DEPOSITS_\n  \
             withdrawals_prefix: Liqwid_Withdrawals_\n",
            "",
        );
        assert_eq!(world.decision()["wmax_usd"], 24.0);
        world.sample(NEWEST, 10_043.0); // 1 USD more
        assert_eq!(world.decision()["wmax_usd"], 24.5);
        assert_eq!(world.tables(), tables, "changed files go into the tables that there are");
    }
}

#[test]
fn a_file_whose_name_is_no_tables_is_warned_about() {
    let clone = checkout();
    rename(&clone, "usdc", "usd-c");
    let log = clone.run(&["--once"]).stderr;
    assert!(log.contains("liqwid_deposits_usd-c.csv: left out, its name is no table's"), "{log}");
}
