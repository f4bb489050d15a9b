//! What is written from a plan and a history, and what says that it is already there?

use jiff::civil::date;

use super::*;
use crate::examples::plan::{Asset, Flow, Position};

const FLOWS: [Flow; 2] = [
    Flow { day: date(2025, 1, 4), units: 100.0, memo: "top-up" },
    Flow { day: date(2025, 1, 6), units: -50.0, memo: "" },
];
const EURX: Asset = Asset {
    name: "eurx",
    positions: &[Position { wallet: "addr1w", first_day: date(2025, 1, 2), first_units: 1000.0, flows: &FLOWS }],
};

/// A day without a row; and columns and a day that nobody needs.
const HISTORY: &str = "\
date,price_usd,supply_apy,supply_units,utilization
2025-01-01,9.00000000,9.00000000,1,0.5
2025-01-02,0.50000000,0.00000000,1,0.5
2025-01-03,1.25000000,1.00000000,1,0.5
2025-01-04,1.25000000,0.21000000,1,0.5
2025-01-06,1.00000000,0.00000000,1,0.5
";

fn read(history: &str) -> anyhow::Result<Vec<history::Day>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("eurx.csv");
    fs::write(&path, history).unwrap();
    history::read(&path)
}

#[test]
fn rows_follow_from_plan_and_history() {
    let [positions, deposits, withdrawals] = derive::tables(&EURX, &read(HISTORY).unwrap()).unwrap();
    // 1000 · 2^(1/365.25) = 1001.899535, + 100 = 1101.899535; · 1.21^(2/365.25) = 1103.050277, − 50 = 1053.050277
    let expected = "\
ts,wallet_address,market_id,underlying_units,usd_value,price_usd
2025-01-02T00:00:00Z,addr1w,EURX,1000.000000,500.00000000,0.50000000
2025-01-03T00:00:00Z,addr1w,EURX,1000.000000,1250.00000000,1.25000000
2025-01-04T00:00:00Z,addr1w,EURX,1101.899535,1377.37441875,1.25000000
2025-01-06T00:00:00Z,addr1w,EURX,1053.050277,1053.05027700,1.00000000
";
    assert_eq!(positions, ("liqwid_supply_positions_eurx.csv".to_owned(), expected.to_owned()));
    assert_eq!(deposits.0, "liqwid_deposits_eurx.csv");
    assert!(deposits.1.contains("\n2025-01-04T00:00:00Z,addr1w,EURX,100.000000,top-up,"), "{}", deposits.1);
    assert_eq!(withdrawals.0, "liqwid_withdrawals_eurx.csv");
    assert!(withdrawals.1.contains("\n2025-01-06T00:00:00Z,addr1w,EURX,50.000000,,"), "{}", withdrawals.1);
}

#[test]
fn a_history_without_the_day_of_a_flow_or_in_another_order_is_refused() {
    let without = HISTORY.replace("2025-01-06", "2025-01-07");
    let error = derive::tables(&EURX, &read(&without).unwrap()).unwrap_err().to_string();
    assert_eq!(error, "no history on 2025-01-06, the day of a flow");
    let late = HISTORY.replace("2025-01-02", "2025-01-01");
    let error = read(&late).map(|_| ()).unwrap_err().to_string();
    assert!(error.ends_with("eurx.csv: 2025-01-01 follows 2025-01-01, expected a later day"), "{error}");
}

#[test]
fn the_check_names_missing_changed_and_left_over_tables() {
    let folder = tempfile::tempdir().unwrap();
    let table = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    write(folder.path(), &Tables::from([table("a.csv", "x\n1\n"), table("c.csv", "")])).unwrap();
    let wanted = Tables::from([table("a.csv", "x\n2\n"), table("b.csv", "")]);
    let found = differences(folder.path(), &wanted).unwrap();
    let list = "SHA256SUMS: differs from line 1 on";
    assert_eq!(found, ["c.csv: left over", "a.csv: differs from line 2 on", "b.csv: missing", list]);
    write(folder.path(), &wanted).unwrap();
    assert!(differences(folder.path(), &wanted).unwrap().is_empty());
    assert!(checksums::faults(folder.path()).unwrap().is_empty());
    // printf '' | sha256sum
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b.csv\n";
    assert!(fs::read_to_string(folder.path().join("SHA256SUMS")).unwrap().ends_with(of_nothing));
}
