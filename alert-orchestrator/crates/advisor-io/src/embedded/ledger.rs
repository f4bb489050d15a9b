//! Flows and memos that the service writes itself, beside those that files bring.
//!
//! A flow written here belongs to no file, so no file that drops the same row takes it away. A memo set here is kept
//! beside the flow's own (see [`super::tables`]), so that importing the file again neither undoes nor doubles it.

use std::collections::BTreeSet;
use std::sync::Arc;

use advisor_core::flow::FlowRow;
use advisor_core::keys;
use advisor_core::ledger::{FlowKey, Ledger, NewFlow, PulledFlows, StoredFlows};
use advisor_core::store::{StoreError, TableKind};
use advisor_core::time::nanos;
use jiff::Timestamp;
use rusqlite::{Transaction, params};

use super::access::{Trouble, find};
use super::read::WALLETS;
use super::store::Embedded;
use super::{coverage, files};
use crate::new_flow;

const ADDRESSES: &str = "select lower(address) from w join wallets on wallets.id = w.id";

/// Other versions of the same transaction that the service wrote are no longer its own…
const DISOWN: &str = "
    update flows set synced = 0 where (table_id, wallet_id, ts, tx_hash) = (?1, ?2, ?3, ?4) and ?4 <> ''
        and (amount, memo) <> (?5, ?6) and synced";

/// …and go, unless a file has them.
const REMOVE: &str = "
    delete from flows where (table_id, wallet_id, ts, tx_hash) = (?1, ?2, ?3, ?4) and ?4 <> ''
        and not synced and id not in (select flow_id from flow_files)";

const ADD: &str = "
    insert into flows (table_id, wallet_id, ts, tx_hash, amount, memo, nth, synced)
    values (?1, ?2, ?3, ?4, ?5, ?6, 1, 1) on conflict do update set synced = 1";

/// The rows of one flow. With a transaction hash all that have it: a file and the service may both have brought it, and
/// to the rule they are one. Without, equal rows are as many flows.
const SAME_FLOW: &str = "
    select id, shown_memo from shown_flows
    where table_id = ?1 and wallet_id in (select id from wallets where lower(address) = ?2)
        and (ts, tx_hash, amount) = (?3, ?4, ?5)
    order by id";

const COPY: &str = "
    insert into flows (table_id, wallet_id, ts, tx_hash, amount, memo, nth, synced)
    select ?2, wallet_id, ts, tx_hash, amount, memo, nth, 1 from flows where id = ?1
    on conflict do update set synced = 1 returning id";

const SHOW: &str = "
    insert or replace into memos (table_id, wallet_id, ts, tx_hash, amount, memo, nth, shown)
    select table_id, wallet_id, ts, tx_hash, amount, memo, nth, ?2 from flows where id = ?1";

impl Ledger for Embedded {
    async fn wallets(&self, position_tables: &[String]) -> Result<Vec<Arc<str>>, StoreError> {
        let mut wallets: BTreeSet<Arc<str>> = BTreeSet::new();
        for table in position_tables {
            let found = self.ask(table, |connection, name| {
                let table = find(connection, name, TableKind::Positions)?;
                let mut statement = connection.prepare_cached(&format!("{WALLETS} {ADDRESSES}"))?;
                let found = statement.query_map([table], |row| row.get::<_, String>(0))?;
                Ok(found.collect::<Result<Vec<_>, _>>()?)
            });
            wallets.extend(found.await?.into_iter().map(Arc::from));
        }
        Ok(wallets.into_iter().collect())
    }

    async fn key(&self, table: &str) -> Result<FlowKey, StoreError> {
        self.ask(table, |connection, name| match find(connection, name, TableKind::Flows) {
            // One that does not exist will have it too.
            Ok(_) | Err(Trouble::NoTable) => Ok(FlowKey::TxHash),
            Err(trouble) => Err(trouble),
        })
        .await
    }

    async fn add_flows(&self, table: &str, flows: &[NewFlow]) -> Result<usize, StoreError> {
        new_flow::check(table, flows)?;
        let flows = flows.to_vec();
        self.change(table, move |tx, name| {
            add(tx, name, &flows)?;
            Ok(flows.len())
        })
        .await
    }

    async fn add_pulled(&self, pulled: &[PulledFlows]) -> Vec<StoredFlows> {
        let outcome = self.add_all(pulled).await;
        let stored = |of: &PulledFlows| match &outcome {
            Ok(()) => StoredFlows { deposits: of.deposits.len(), withdrawals: of.withdrawals.len(), error: None },
            Err(error) => StoredFlows { deposits: 0, withdrawals: 0, error: Some(error.clone()) },
        };
        pulled.iter().map(stored).collect()
    }

    async fn set_memo(
        &self,
        table_read: &str,
        table_written: &str,
        flow: &FlowRow,
        memo: Option<&str>,
    ) -> Result<(), StoreError> {
        let (written, flow) = (table_written.to_owned(), flow.clone());
        let memo = memo.unwrap_or_default().to_owned();
        self.change(table_read, move |tx, name| {
            let mut rows = match unchanged(tx, name, &flow, &memo)? {
                Ok(rows) => rows,
                Err(changed) => return Ok(Err(changed)),
            };
            if written != name {
                let table = make(tx, &written)?;
                let mut copy = tx.prepare_cached(COPY)?;
                for id in &mut rows {
                    *id = copy.query_row([*id, table], |row| row.get(0))?;
                }
            }
            let mut show = tx.prepare_cached(SHOW)?;
            rows.iter().try_for_each(|id| show.execute(params![id, memo]).map(drop))?;
            Ok(Ok(()))
        })
        .await?
    }
}

impl Embedded {
    /// Stores everything and what was reached, or nothing.
    async fn add_all(&self, pulled: &[PulledFlows]) -> Result<(), StoreError> {
        for of in pulled {
            new_flow::check(&of.deposits_table, &of.deposits)?;
            new_flow::check(&of.withdrawals_table, &of.withdrawals)?;
        }
        let Some(first) = pulled.first().map(|of| of.deposits_table.clone()) else { return Ok(()) };
        let (pulled, now) = (pulled.to_vec(), nanos(Timestamp::now()));
        self.change(&first, move |tx, _| {
            for of in &pulled {
                add(tx, &of.deposits_table, &of.deposits)?;
                add(tx, &of.withdrawals_table, &of.withdrawals)?;
                coverage::note(tx, &of.deposits_table, &of.reached, now)?;
            }
            Ok(())
        })
        .await
    }
}

/// Adds flows to a table, which is made where there are any and it does not exist.
fn add(tx: &Transaction<'_>, table: &str, flows: &[NewFlow]) -> Result<(), Trouble> {
    if flows.is_empty() {
        return Ok(());
    }
    let table = make(tx, table)?;
    let (mut disown, mut remove) = (tx.prepare_cached(DISOWN)?, tx.prepare_cached(REMOVE)?);
    let mut add = tx.prepare_cached(ADD)?;
    for flow in flows {
        let wallet = wallet(tx, &flow.wallet)?;
        let (hash, memo) = (flow.tx_hash.as_deref().unwrap_or(""), flow.memo.as_deref().unwrap_or(""));
        // Zero has two signs; adding the positive one leaves that one, so that equal amounts are equal.
        let row = (table, wallet, flow.ts, hash, flow.amount + 0.0, memo);
        if disown.execute(row)? > 0 {
            remove.execute((table, wallet, flow.ts, hash))?;
        }
        add.execute(row)?;
    }
    Ok(())
}

/// The number of a table of flows, which is made where there is none.
fn make(tx: &Transaction<'_>, name: &str) -> Result<i64, Trouble> {
    let other = || Trouble::Table(format!("{name} holds positions; expected flows"));
    files::table(tx, name, TableKind::Flows)?.ok_or_else(other)
}

fn wallet(tx: &Transaction<'_>, address: &str) -> rusqlite::Result<i64> {
    let address = keys::wallet(address);
    let address = address.as_ref();
    tx.prepare_cached("insert into wallets (address) values (?1) on conflict do nothing")?.execute([address])?;
    tx.prepare_cached("select id from wallets where address = ?1")?.query_row([address], |row| row.get(0))
}

/// The numbers of the rows that are `flow` and are to get the memo `wanted`, if that is to change what was read.
fn unchanged(
    tx: &Transaction<'_>,
    name: &str,
    flow: &FlowRow,
    wanted: &str,
) -> Result<Result<Vec<i64>, StoreError>, Trouble> {
    let table = find(tx, name, TableKind::Flows)?;
    let hash = flow.tx_hash.as_deref().unwrap_or_default();
    let mut statement = tx.prepare_cached(SAME_FLOW)?;
    let rows = statement
        .query_map(params![table, flow.wallet, flow.ts, hash, flow.amount], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(i64, String)> = rows.collect::<Result<_, _>>()?;
    let Some((_, now)) = rows.first() else {
        return Err(Trouble::Table(format!("has no {} any more", new_flow::describe(flow))));
    };
    let read = flow.memo.as_deref().unwrap_or_default();
    let as_read = rows.iter().find(|(_, memo)| memo == read);
    let is_done = !hash.is_empty() && rows.iter().all(|(_, memo)| memo == wanted);
    Ok(match as_read {
        // Without a hash the first that reads so stands for the others.
        Some((id, _)) if hash.is_empty() => Ok(vec![*id]),
        None if !is_done => Err(new_flow::changed(name, flow, Some(now))),
        _ => Ok(rows.into_iter().map(|(id, _)| id).collect()),
    })
}
