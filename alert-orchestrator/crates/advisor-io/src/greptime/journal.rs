//! The journal of decisions in a table of its own.

use advisor_core::journal::{Entry, Journal};
use advisor_core::store::StoreError;

use super::columns::TableColumns;
use super::query::{self, Table};
use super::round::{Absent, NoRows, Round, invalid, parse};
use super::rows::EntryRows;
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

    async fn forget(&self, table: &str, before: i64) -> Result<(), StoreError> {
        let described = match self.try_describe(table).await? {
            Ok(described) => described,
            Err(Absent(_)) => return Ok(()),
        };
        let columns = described.journal().map_err(|cause| invalid(table, cause))?;
        match self.write(table, &insert::forget(parse(table)?, &columns, before)).await {
            Ok(_) | Err(NoRows::Missing(_)) => Ok(()),
            Err(failed) => Err(failed.of(table)),
        }
    }
}
