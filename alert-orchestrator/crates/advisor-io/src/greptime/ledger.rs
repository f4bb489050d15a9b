//! Flows and memos that the service writes.
//!
//! A row cannot be changed but by writing it again under its key, so what a table's key can tell apart decides what may be
//! written to it. Whether it can is looked up anew for every write: the description at hand may be of an earlier table.

use std::collections::BTreeSet;
use std::sync::Arc;

use advisor_core::coverage::Reached;
use advisor_core::flow::FlowRow;
use advisor_core::ledger::{FlowKey, Ledger, NewFlow, PulledFlows, StoredFlows};
use advisor_core::store::StoreError;
use advisor_core::time::nanos;
use jiff::Timestamp;

use super::columns::{ColumnType, FlowColumns, TableColumns};
use super::insert::{self, FlowTarget};
use super::literal;
use super::query::{self, Table};
use super::round::{Round, invalid, parse};
use super::rows::{FlowRows, TextRows};
use crate::new_flow;

const MILLISECONDS: ColumnType = ColumnType::Time { unit_nanos: 1_000_000 };

impl Ledger for Round<'_> {
    async fn wallets(&self, position_tables: &[String]) -> Result<Vec<Arc<str>>, StoreError> {
        let mut wallets: BTreeSet<Arc<str>> = BTreeSet::new();
        for table in position_tables {
            let sink = |_| TextRows::first_column();
            let answer = self.rows(table, TableColumns::positions, query::wallets, sink).await?;
            let filled = answer.rows.into_iter().flatten().flatten().filter(|wallet| !wallet.is_empty());
            wallets.extend(filled.map(Arc::from));
        }
        Ok(wallets.into_iter().collect())
    }

    async fn key(&self, table: &str) -> Result<FlowKey, StoreError> {
        let described = self.try_describe(table).await?;
        Ok(described.map_or(FlowKey::TxHash, |described| described.flow_key()))
    }

    async fn add_flows(&self, table: &str, flows: &[NewFlow]) -> Result<usize, StoreError> {
        new_flow::check(table, flows)?;
        if flows.is_empty() {
            return Ok(0);
        }
        let now = nanos(Timestamp::now());
        let create = insert::create_flows(parse(table)?, MILLISECONDS);
        self.columns_or_create(table, |_| Ok(()), &create, true).await?;
        self.check_replaces(table).await?;
        let sql = |table: Table<'_>, target: &FlowTarget| insert::flows(table, target, flows, now);
        self.upsert(table, recognisable, &create, sql).await
    }

    async fn add_pulled(&self, pulled: &[PulledFlows]) -> Vec<StoredFlows> {
        let mut stored = vec![StoredFlows { deposits: 0, withdrawals: 0, error: None }; pulled.len()];
        for (of, stored) in pulled.iter().zip(&mut stored) {
            match self.add_flows(&of.deposits_table, &of.deposits).await {
                Ok(_) => stored.deposits = of.deposits.len(),
                Err(error) => stored.error = Some(error),
            }
        }
        // Withdrawals raise gains: where the server is gone, none are sent that some deposits may still lack beside.
        let gone = stored.iter().find_map(|stored| stored.error.clone().filter(StoreError::is_of_the_store));
        for (of, stored) in pulled.iter().zip(&mut stored).filter(|(_, stored)| stored.error.is_none()) {
            let added = match &gone {
                Some(error) if !of.withdrawals.is_empty() => Err(error.clone()),
                _ => self.add_flows(&of.withdrawals_table, &of.withdrawals).await,
            };
            match added {
                Ok(_) => stored.withdrawals = of.withdrawals.len(),
                Err(error) => stored.error = Some(error),
            }
        }
        let now = nanos(Timestamp::now());
        for (of, stored) in pulled.iter().zip(&stored) {
            let mut all = self.store.coverage();
            let known = all.entry(of.deposits_table.clone()).or_default();
            for reached in &of.reached {
                let failed = |error: &StoreError| Reached { outcome: Err(error.to_string()), ..reached.clone() };
                known.note(&stored.error.as_ref().map_or_else(|| reached.clone(), failed), now);
            }
        }
        stored
    }

    async fn set_memo(
        &self,
        table_read: &str,
        table_written: &str,
        flow: &FlowRow,
        memo: Option<&str>,
    ) -> Result<(), StoreError> {
        let change = Change::new(self, table_read, flow, memo).await?;
        let described = if table_written == table_read {
            Arc::clone(&change.described)
        } else {
            let create = insert::create_flows(parse(table_written)?, change.columns.ts.column_type);
            let written = self.columns_or_create(table_written, |all| Ok(Arc::new(all.clone())), &create, true).await?;
            change.check_other(self, table_written, &written).await?;
            written
        };
        self.check_replaces(table_written).await?;
        let sql = change.sql(table_written, &described)?;
        change.check_unchanged(self, memo).await?;
        match self.write(table_written, &sql).await.map_err(|failed| failed.of(table_written))? {
            1 => Ok(()),
            rows => Err(invalid(table_written, format!("{rows} rows were changed, expected 1: {}", change.name()))),
        }
    }
}

/// Where flows are written to, if they can be recognised there afterwards.
fn recognisable(table: &TableColumns) -> Result<FlowTarget, String> {
    let target = target(table)?;
    if target.columns.tx_hash.is_none() && target.memo().0.is_none() {
        return Err("it has neither tx_hash nor memo, by which a stored flow could be recognised".into());
    }
    Ok(target)
}

fn target(table: &TableColumns) -> Result<FlowTarget, String> {
    Ok(FlowTarget { columns: table.flows()?, created_at: table.created_at() })
}

/// A row that is to get another memo.
struct Change<'a> {
    table: &'a str,
    flow: &'a FlowRow,
    described: Arc<TableColumns>,
    columns: FlowColumns,
    ts: i64,
    /// Literals.
    wallet: String,
    memo: String,
}

impl<'a> Change<'a> {
    /// Finds the row; it must be the only one that the flow can be.
    async fn new(round: &Round<'_>, table: &'a str, flow: &'a FlowRow, memo: Option<&str>) -> Result<Self, StoreError> {
        let refuse = |cause| invalid(table, cause);
        let (Some(ts), Some(wallet)) = (flow.ts, flow.wallet.as_deref()) else {
            return Err(refuse(format!("a {} cannot be found again", new_flow::describe(flow))));
        };
        // An empty text is read as none; where a table merges rows, null would leave the old one.
        let (wallet, memo) = (literal::text(wallet), literal::text(memo.unwrap_or_default()));
        let (wallet, memo) = (wallet.map_err(refuse)?, memo.map_err(refuse)?);
        let described = round.describe(table).await?;
        let columns = described.flows().map_err(refuse)?;
        let change = Self { table, flow, described, columns, ts, wallet, memo };
        let rows = change.rows_at(round, table).await?;
        if !rows.iter().any(|row| change.is_row(row)) {
            return Err(refuse(format!("has no {} any more", change.name())));
        }
        // The statement finds the row by its hash alone: amounts are compared here, not there.
        let found = rows.iter().filter(|row| row.tx_hash == flow.tx_hash).count();
        if found > 1 || (rows.len() > 1 && change.described.flow_key() != FlowKey::TxHash) {
            let n = rows.len();
            let cause = format!("has {n} rows for the wallet and time of the {}", change.name());
            return Err(refuse(format!("{cause}, which tx_hash or the table's key cannot tell apart")));
        }
        Ok(change)
    }

    /// Reads the row again, and refuses where its memo is neither the one that was read nor the one it shall get.
    async fn check_unchanged(&self, round: &Round<'_>, wanted: Option<&str>) -> Result<(), StoreError> {
        let rows = self.rows_at(round, self.table).await?;
        let Some(row) = rows.iter().find(|row| self.is_row(row)) else {
            return Err(invalid(self.table, format!("has no {} any more", self.name())));
        };
        let text = |memo: Option<&str>| memo.unwrap_or_default().to_owned();
        let now = text(row.memo.as_deref());
        if now == text(self.flow.memo.as_deref()) || now == text(wanted) {
            return Ok(());
        }
        Err(new_flow::changed(self.table, self.flow, Some(&now)))
    }

    fn name(&self) -> String {
        new_flow::describe(self.flow)
    }

    async fn rows_at(&self, round: &Round<'_>, table: &str) -> Result<Vec<FlowRow>, StoreError> {
        let sql = |table: Table<'_>, columns: &_| query::flows_at(table, columns, &self.wallet, self.ts);
        Ok(round.rows(table, TableColumns::flows, sql, FlowRows::new).await?.rows)
    }

    fn is_row(&self, row: &FlowRow) -> bool {
        let is_same = row.tx_hash == self.flow.tx_hash;
        is_same && (row.tx_hash.is_some() || row.amount == self.flow.amount)
    }

    /// Refuses another table to write to where the row would replace one of another transaction.
    async fn check_other(&self, round: &Round<'_>, table: &str, found: &TableColumns) -> Result<(), StoreError> {
        let rows = self.rows_at(round, table).await?;
        if found.flow_key() == FlowKey::TxHash || rows.iter().all(|row| row.tx_hash == self.flow.tx_hash) {
            return Ok(());
        }
        let cause = "has another row at that wallet and time, which its key (without tx_hash) cannot tell from the";
        Err(invalid(table, format!("{cause} {}", self.name())))
    }

    /// The statement that copies the row with its new memo, in all columns that both tables have.
    fn sql(&self, table: &str, described: &TableColumns) -> Result<String, StoreError> {
        let refuse = |cause| invalid(table, cause);
        let target = target(described).map_err(refuse)?;
        if target.memo().0.is_none() {
            return Err(refuse("it has no column memo or notes".into()));
        }
        let mut names = Vec::new();
        for column in &described.columns {
            let Some(source) = self.described.columns.iter().find(|source| source.name == column.name) else {
                let (written, emptied) = target.memo();
                let is_ours = [written, emptied].into_iter().flatten().any(|ours| ours.name == column.name);
                names.extend(is_ours.then(|| literal::name(&column.name)));
                continue;
            };
            if !alike(&source.data_type, &column.data_type) {
                let is_needed = target.columns.selected().iter().any(|needed| needed.name == column.name);
                if !is_needed {
                    continue;
                }
                let (here, there) = (&column.data_type, &source.data_type);
                return Err(refuse(format!("column {} is {here}, in {} it is {there}", column.name, self.table)));
            }
            names.push(literal::name(&column.name));
        }
        let names = names.into_iter().collect::<Result<Vec<_>, _>>().map_err(refuse)?;
        let condition = insert::is_flow(&self.columns, &self.wallet, self.ts, self.flow.tx_hash.as_deref());
        let tables = (parse(self.table)?, parse(table)?);
        Ok(insert::with_memo(tables, &names, &target, &self.memo, &condition.map_err(refuse)?))
    }
}

/// Whether the server converts one type to the other without a loss that matters here.
fn alike(a: &str, b: &str) -> bool {
    a == b || ColumnType::parse(a).is_some_and(|known| ColumnType::parse(b) == Some(known))
}
