//! The journal of decisions in a table of its own.

use advisor_core::journal::{Entry, Journal};
use advisor_core::store::StoreError;

use super::columns::{JournalColumns, TableColumns};
use super::query::{self, Table};
use super::round::{Absent, NoRows, Round, invalid, parse};
use super::rows::{EntryRows, InstantRow};
use super::{insert, literal};

impl Journal for Round<'_> {
    async fn append(&self, table: &str, entries: &[Entry]) -> Result<(), StoreError> {
        let sql = |table: Table<'_>, columns: &_| Ok(vec![insert::entries(table, columns, entries)?]);
        if !entries.is_empty() {
            self.upsert(table, TableColumns::journal, &insert::create_journal(parse(table)?), sql).await?;
        }
        Ok(())
    }

    async fn read(&self, table: &str, asset: &str, from: i64, to: i64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        let asset = literal::text(asset).map_err(|cause| invalid(table, cause))?;
        if self.try_describe(table).await?.is_err() {
            return Ok(Vec::new());
        }
        let range = query::Range { from: Some(from), to };
        let sql = |table: Table<'_>, columns: &_| query::entries(table, columns, &asset, range, limit);
        let answer = self.rows(table, TableColumns::journal, sql, EntryRows::new).await?;
        Ok(answer.rows)
    }

    async fn oldest(&self, table: &str) -> Result<Option<i64>, StoreError> {
        if self.try_describe(table).await?.is_err() {
            return Ok(None);
        }
        let sql = |table: Table<'_>, _: &JournalColumns| query::oldest_entry(table);
        let answer = self.rows(table, TableColumns::journal, sql, |_| InstantRow::default()).await?;
        Ok(answer.at)
    }

    async fn forget(&self, table: &str, before: i64) -> Result<u64, StoreError> {
        let described = match self.try_describe(table).await? {
            Ok(described) => described,
            Err(Absent(_)) => return Ok(0),
        };
        let columns = described.journal().map_err(|cause| invalid(table, cause))?;
        match self.write(table, &insert::forget(parse(table)?, &columns, before)).await {
            Ok(removed) => Ok(removed),
            Err(NoRows::Missing(_)) => Ok(0),
            Err(failed) => Err(failed.of(table)),
        }
    }
}
