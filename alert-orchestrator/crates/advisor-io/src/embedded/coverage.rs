//! How far pulls of transactions have reached, kept with the rows that they brought.
//!
//! By the name of a table of deposits: such a table need not exist, for a wallet may have none, and must not come to be by
//! this.

use advisor_core::coverage::{Coverage, Reached, Span, WalletCoverage};
use advisor_core::keys;
use rusqlite::{Connection, Transaction};

const SPANS: &str = "select wallet, from_ts, to_ts from coverage where flow_table = ?1 order by wallet, from_ts";
const FAULTS: &str = "select wallet, cause from pull_faults where flow_table = ?1";
const FORGET: [&str; 2] = [
    "delete from coverage where (flow_table, wallet) = (?1, ?2)",
    "delete from pull_faults where (flow_table, wallet) = (?1, ?2)",
];
const ADD: &str = "insert into coverage (flow_table, wallet, from_ts, to_ts) values (?1, ?2, ?3, ?4)";
const ADD_FAULT: &str = "insert into pull_faults (flow_table, wallet, cause) values (?1, ?2, ?3)";

/// What is known of the flows of a table's wallets.
pub(super) fn read(connection: &Connection, table: &str) -> rusqlite::Result<Coverage> {
    let mut coverage = Coverage::default();
    let mut spans = connection.prepare_cached(SPANS)?;
    let mut rows = spans.query([table])?;
    while let Some(row) = rows.next()? {
        let wallet: String = row.get(0)?;
        coverage.wallet(&wallet).spans.push(Span { from: row.get(1)?, to: row.get(2)? });
    }
    let mut faults = connection.prepare_cached(FAULTS)?;
    let mut rows = faults.query([table])?;
    while let Some(row) = rows.next()? {
        let wallet: String = row.get(0)?;
        coverage.wallet(&wallet).fault = Some(row.get(1)?);
    }
    Ok(coverage)
}

/// Adds what a pull reached at the time `now`.
pub(super) fn note(tx: &Transaction<'_>, table: &str, reached: &[Reached], now: i64) -> rusqlite::Result<()> {
    let mut known = read(tx, table)?;
    for one in reached {
        known.note(one, now);
        // As it is kept, whatever the case of its letters.
        let wallet = keys::wallet(&one.wallet);
        for forget in FORGET {
            tx.prepare_cached(forget)?.execute((table, &wallet))?;
        }
        let WalletCoverage { spans, fault } = known.wallet(&wallet);
        for Span { from, to } in spans {
            tx.prepare_cached(ADD)?.execute((table, &wallet, *from, *to))?;
        }
        if let Some(cause) = fault {
            tx.prepare_cached(ADD_FAULT)?.execute((table, &wallet, &*cause))?;
        }
    }
    Ok(())
}
