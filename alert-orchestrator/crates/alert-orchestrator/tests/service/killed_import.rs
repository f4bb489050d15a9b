//! A kill in the middle of an import leaves the old state or the new one, never a part.

use std::fmt::Write as _;
use std::fs;
use std::thread;
use std::time::Instant;

use testkit::folder::Folder;

use crate::support::{checkout, configuration};

const ROWS: usize = 100_000;

/// One wallet's samples, of which the newest tells whether all of them are there.
fn positions(value: f64) -> String {
    let mut csv = String::from("ts,wallet_address,underlying_units,usd_value,price_usd\n");
    for i in 0..ROWS {
        let ts = 1_700_000_000 + 600 * i;
        writeln!(csv, "{ts},addr1wallet,{value},{value},1").unwrap();
    }
    csv
}

/// The gain of the stored rows (0 for a complete version of the file) and how many of them there are.
fn state(clone: &Folder) -> (i64, f64, f64) {
    let store = rusqlite::Connection::open(clone.path("var/orchestrator.db")).unwrap();
    store
        .query_row("SELECT count(*), min(usd_value), max(usd_value) FROM positions", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap()
}

#[test]
fn a_kill_during_an_import_leaves_the_old_rows_or_the_new_ones() {
    let clone = checkout();
    clone.write("kill.yaml", &configuration("embedded: {}"));
    let file = clone.path("liqwid_supply_positions_usdc.csv");
    let import = ["--config", "kill.yaml", "import", "liqwid_supply_positions_usdc.csv"];
    fs::write(&file, positions(1.0)).unwrap();
    let started = Instant::now();
    assert_eq!(clone.run(&import).code, Some(0));
    let whole = started.elapsed();
    let rows = i64::try_from(ROWS).unwrap();
    assert_eq!(state(&clone), (rows, 1.0, 1.0));

    let mut old = 1.0;
    let mut killed = 0;
    for step in 1..=12 {
        let new = old + 1.0;
        fs::write(&file, positions(new)).unwrap();
        let mut child = clone.command(&import).spawn().unwrap();
        thread::sleep(whole * step / 12); // moments spread over the time that an import takes
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let found = state(&clone);
        assert!(found == (rows, old, old) || found == (rows, new, new), "a part of the file: {found:?}");
        old = found.1;
    }
    assert!(killed > 0, "no import was still running when it was killed");

    fs::write(&file, positions(99.0)).unwrap();
    assert_eq!(clone.run(&import).code, Some(0), "the store is usable after all that");
    assert_eq!(state(&clone), (rows, 99.0, 99.0));
}
