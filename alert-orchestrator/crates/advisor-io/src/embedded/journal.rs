//! The journal of decisions in the store's file.

use advisor_core::journal::{Entry, Journal};
use advisor_core::store::StoreError;
use rusqlite::{Row, Statement, params};

use super::store::Embedded;

const NANOS_PER_MILLI: i64 = 1_000_000;

const APPEND: &str = "
    insert or replace into decisions (
        journal, asset, ts, replica, decision, code, reason, wmax_usd, g_usd, residual, sigma, t0, t1,
        duration_seconds, version, config_hash)
    values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";

const READ: &str = "
    select asset, ts, replica, decision, code, reason, wmax_usd, g_usd, residual, sigma, t0, t1, duration_seconds,
        version, config_hash
    from decisions where journal = ?1 and asset = ?2 and ts between ?3 and ?4 order by ts desc, replica limit ?5";

impl Journal for Embedded {
    async fn append(&self, table: &str, entries: &[Entry]) -> Result<(), StoreError> {
        let entries = entries.to_vec();
        self.change(table, move |tx, journal| {
            let mut append = tx.prepare_cached(APPEND)?;
            for entry in &entries {
                append_one(&mut append, journal, entry)?;
            }
            Ok(())
        })
        .await
    }

    async fn read(&self, table: &str, asset: &str, from: i64, to: i64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let (asset, limit) = (asset.to_owned(), i64::try_from(limit).unwrap_or(i64::MAX));
        self.ask(table, move |connection, journal| {
            let mut statement = connection.prepare_cached(READ)?;
            let entries = statement.query_map(params![journal, asset, from, to, limit], entry)?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn oldest(&self, table: &str) -> Result<Option<i64>, StoreError> {
        self.ask(table, |connection, journal| {
            let mut oldest = connection.prepare_cached("select min(ts) from decisions where journal = ?1")?;
            Ok(oldest.query_row([journal], |row| row.get(0))?)
        })
        .await
    }

    async fn forget(&self, table: &str, before: i64) -> Result<u64, StoreError> {
        self.change(table, move |tx, journal| {
            let removed =
                tx.execute("delete from decisions where journal = ?1 and ts < ?2", params![journal, before])?;
            Ok(removed as u64)
        })
        .await
    }
}

fn append_one(append: &mut Statement<'_>, journal: &str, entry: &Entry) -> rusqlite::Result<()> {
    // As exact as a store can be whose column has milliseconds.
    let ts = entry.ts - entry.ts.rem_euclid(NANOS_PER_MILLI);
    append.execute(params![
        journal,
        entry.asset,
        ts,
        entry.replica,
        entry.decision,
        entry.code,
        entry.reason,
        entry.wmax_usd,
        entry.g_usd,
        entry.residual,
        entry.sigma,
        entry.t0,
        entry.t1,
        entry.duration_seconds,
        entry.version,
        entry.config_hash,
    ])?;
    Ok(())
}

/// A row of [`READ`].
fn entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry {
        asset: row.get(0)?,
        ts: row.get(1)?,
        replica: row.get(2)?,
        decision: row.get(3)?,
        code: row.get(4)?,
        reason: row.get(5)?,
        wmax_usd: row.get(6)?,
        g_usd: row.get(7)?,
        residual: row.get(8)?,
        sigma: row.get(9)?,
        t0: row.get(10)?,
        t1: row.get(11)?,
        duration_seconds: row.get(12)?,
        version: row.get(13)?,
        config_hash: row.get(14)?,
    })
}
