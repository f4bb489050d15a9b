use std::collections::BTreeSet;

use bech32::Bech32;
use bech32::primitives::decode::CheckedHrpstring;

use super::plan::{ASSETS, GROWTH, OPERATIONS, RESERVE};
use super::*;

mod check;
mod derivation;

fn examples() -> PathBuf {
    crate::project_root().join("examples/liqwid")
}

fn shipped() -> Tables {
    committed(&examples()).unwrap()
}

fn rows(tables: &Tables, kind: &str, asset: &str) -> Vec<csv::StringRecord> {
    let table = &tables[&format!("liqwid_{kind}_{asset}.csv")];
    csv::Reader::from_reader(table.as_bytes()).records().map(|row| row.unwrap()).collect()
}

/// Last day of the shipped configuration's range.
const END: &str = "2026-01-29T00:00:00Z";

/// A wallet's gain from the printed tables, last value − first value − deposits + withdrawals, all in (first, last]; and
/// those of the withdrawals that have no tag.
fn gain_usd(tables: &Tables, asset: &str, wallet: &str, reference: &str) -> [f64; 2] {
    let number = |row: &csv::StringRecord, column: usize| row[column].parse::<f64>().unwrap();
    let samples: Vec<_> = rows(tables, "supply_positions", asset)
        .into_iter()
        .filter(|row| &row[1] == wallet && &row[0] >= reference && &row[0] <= END)
        .collect();
    let (first, last) = (&samples[0], samples.last().unwrap());
    let moved_usd = |kind: &str, counts: fn(&csv::StringRecord) -> bool| -> f64 {
        rows(tables, kind, asset)
            .iter()
            .filter(|flow| &flow[1] == wallet && flow[0] > first[0] && flow[0] <= last[0] && counts(flow))
            .map(|flow| number(flow, 3) * number(samples.iter().find(|row| row[0] == flow[0]).unwrap(), 5))
            .sum()
    };
    let gain =
        number(last, 4) - number(first, 4) - moved_usd("deposits", |_| true) + moved_usd("withdrawals", |_| true);
    [gain, moved_usd("withdrawals", |flow| !flow.iter().any(|cell| cell.contains("alert_driven_withdrawal")))]
}

#[track_caller]
fn gains(asset: &str, reference: &str, expected: [f64; 3]) -> f64 {
    let tables = shipped();
    let found = [OPERATIONS, RESERVE, GROWTH].map(|wallet| gain_usd(&tables, asset, wallet, reference));
    for ([found, _], expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() < 0.005, "{asset}: found {found}, expected {expected}");
    }
    // Half of each gain may go, less what may have gone already; a losing wallet counts as nothing; rounded down to the cent.
    let cents = |[gain, untagged]: &[f64; 2]| ((0.5 * gain).min(gain - untagged).max(0.0) * 100.0).floor();
    found.iter().map(cents).sum::<f64>() / 100.0
}

#[test]
fn every_asset_gains_what_the_shipped_configuration_shows() {
    assert_eq!(gains("usdc", "2025-11-15", [339.81, 86.09, 172.33]), 212.94); // the third took 350 without a tag
    assert_eq!(gains("djed", "2026-01-15", [-22.17, -8.95, -29.31]), 0.0);
    assert_eq!(gains("iusd", "2025-10-10", [63.53, 44.53, 101.34]), 54.02); // what the gate holds back; the third took 500
    assert_eq!(gains("usdt", "2024-09-10", [3_853.81, 878.38, 742.40]), 2_737.29);
    assert_eq!(gains("usdm", "2026-01-22", [4.53, 3.16, 7.31]), 7.48);
}

#[test]
fn iusd_ends_three_percent_off_its_peg_and_usdm_has_eight_days() {
    let tables = shipped();
    let iusd = rows(&tables, "supply_positions", "iusd");
    assert_eq!(&iusd.iter().find(|row| &row[0] == END).unwrap()[5], "0.96717689");
    let days: BTreeSet<String> = rows(&tables, "supply_positions", "usdm")
        .iter()
        .map(|row| row[0].to_owned())
        .filter(|ts| ts.as_str() <= END)
        .collect();
    assert_eq!(days.len(), 8);
}

#[test]
fn a_day_grows_by_the_yield_of_the_day_before_and_then_takes_its_flow() {
    let tables = shipped();
    let usdc = rows(&tables, "supply_positions", "usdc");
    let units = |ts: &str| -> f64 {
        usdc.iter().find(|row| &row[0] == ts && &row[1] == OPERATIONS).unwrap()[3].parse().unwrap()
    };
    assert_eq!(units("2024-09-10T00:00:00Z"), 12_000.0);
    // usdc.csv, 2024-09-10: supply_apy 0.17455205; e^(ln(1.17455205) / 365.25) = e^(0.160886841 / 365.25) = 1.000440581
    let a_day_later = units("2024-09-11T00:00:00Z");
    assert!((a_day_later - 12_005.287).abs() < 1e-3, "{a_day_later}"); // 12 000 · 1.000440581
    // No yield turns 12 000 into 2 500 more within a day: the flow is in the sample of its own day.
    let jump = units("2025-03-03T00:00:00Z") - units("2025-03-02T00:00:00Z");
    assert!((2_500.0..2_510.0).contains(&jump), "{jump}");
}

#[test]
fn references_are_tagged_withdrawals_and_amounts_are_positive() {
    let tables = shipped();
    let tagged = |asset| -> Vec<String> {
        let tagged = rows(&tables, "withdrawals", asset).into_iter().filter(|row| row[4].contains("alert_driven"));
        tagged.map(|row| format!("{} {}", &row[0][..10], &row[3])).collect()
    };
    assert_eq!(tagged("usdc"), ["2025-11-15 900.000000"]);
    assert_eq!(tagged("djed"), ["2026-01-15 400.000000"]);
    assert_eq!(tagged("iusd"), ["2025-10-10 250.000000"]);
    assert_eq!(tagged("usdt"), [""; 0]);
    assert_eq!(tables["liqwid_withdrawals_usdm.csv"], "ts,wallet_address,market_id,amount,memo,tx_hash\n");
}

#[test]
fn no_two_flows_share_a_transaction() {
    let tables = shipped();
    let flows: Vec<_> = ASSETS
        .iter()
        .flat_map(|a| ["deposits", "withdrawals"].map(|kind| rows(&tables, kind, a.name)))
        .flatten()
        .collect();
    assert_eq!(flows.len(), 14); // 5 + 3 + 3 + 2 + 1 of the plan
    assert!(flows.iter().all(|row| row[5].len() == 64 && row[5].bytes().all(|b| b.is_ascii_hexdigit())));
    assert_eq!(flows.iter().map(|row| &row[5]).collect::<BTreeSet<_>>().len(), flows.len());
}

#[test]
fn addresses_differ_when_abbreviated_and_fail_their_checksum() {
    let wallets = [OPERATIONS, RESERVE, GROWTH];
    assert_eq!(wallets.map(|wallet| &wallet[..8]).iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(wallets.map(|wallet| &wallet[wallet.len() - 4..]).iter().collect::<BTreeSet<_>>().len(), 3);
    for wallet in wallets {
        assert!(bech32::decode(wallet).is_err(), "{wallet} could receive money");
        // Only the checksum is wrong: one other last character makes a mainnet base address (header byte 1, 57 bytes).
        let candidates = "qpzry9x8gf2tvdw0s3jn54khce6mua7l".chars().map(|last| format!("{}{last}", &wallet[..102]));
        let repaired: Vec<String> =
            candidates.filter(|candidate| CheckedHrpstring::new::<Bech32>(candidate).is_ok()).collect();
        let (prefix, payload) = bech32::decode(&repaired[0]).unwrap();
        assert_eq!((prefix.as_str(), payload.len(), payload[0]), ("addr", 57, 1));
    }
}
