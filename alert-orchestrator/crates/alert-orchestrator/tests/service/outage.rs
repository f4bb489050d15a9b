//! A feed that was down for longer than a sample may be old: what is read must still be all that the gate needs.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;
use testkit::folder::Folder;

use crate::support::checkout;

/// Hours of 2026-01-01 to the evaluation time, 2026-02-10.
const HOURS: i64 = 40 * 24;
const START: i64 = 1_767_225_600;

/// Wallet a has a sample every hour; b's feed was down for 77 hours, during which b grew, and came back an hour ago.
fn write_tables(clone: &Folder) {
    let mut positions = String::from("ts,wallet_address,underlying_units,usd_value,price_usd\n");
    for hour in 0..=HOURS {
        let ts = START + hour * 3600;
        let a = 10_000.0 + 0.01 * hour as f64 + if hour % 3 == 0 { 0.2 } else { -0.2 };
        writeln!(positions, "{ts},addr1a,10000,{a},1").unwrap();
        if hour <= HOURS - 78 || hour >= HOURS - 1 {
            let b = 50_000.0 + if hour >= HOURS - 1 { 60.0 } else { 0.0 };
            writeln!(positions, "{ts},addr1b,50000,{b},1").unwrap();
        }
    }
    fs::create_dir(clone.path("data")).unwrap();
    clone.write("data/liqwid_supply_positions_usdx.csv", &positions);
    clone.write("data/liqwid_deposits_usdx.csv", "ts,wallet_address,amount\n");
    let tagged = START + (HOURS - 24) * 3600;
    let tag = format!("ts,wallet_address,amount,memo\n{tagged},addr1a,1,alert_driven_withdrawal\n");
    clone.write("data/liqwid_withdrawals_usdx.csv", &tag);
}

fn decision(clone: &Folder, max_sample_age_hours: &str) -> Value {
    let text = format!(
        "client: {{embedded: {{import: [data]}}, assets: [usdx], date_range: {{end: 2026-02-10T00:00:00Z}}, \
         max_sample_age_hours: {max_sample_age_hours}}}\n"
    );
    clone.write("outage.yaml", &text);
    let run = clone.run(&["--config", "outage.yaml", "--once", "--json"]);
    serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr))
}

#[test]
fn the_gate_sees_what_happened_during_an_outage() {
    let clone = checkout();
    write_tables(&clone);
    let limited = decision(&clone, "24");
    let unlimited = decision(&clone, "null"); // reads everything there is
    assert_eq!(limited, unlimited);
    assert_ne!(limited["usdx"]["residual_usd"], Value::Null);
}
