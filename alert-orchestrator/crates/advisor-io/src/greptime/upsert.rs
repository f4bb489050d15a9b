//! How does a change reach its table, also where that is missing, or not what it was?

use advisor_core::store::StoreError;

use super::columns::TableColumns;
use super::query::{self, Table};
use super::round::{Absent, NoRows, Round, invalid, parse};
use super::rows::TextRows;

impl Round<'_> {
    /// Runs the statements that `sql` makes for the columns of `table` that `select` finds; `create` makes the table where
    /// there is none. Where the table is not as it was described, all of it is done once more. Returns the rows touched.
    pub(super) async fn upsert<C>(
        &self,
        table: &str,
        select: fn(&TableColumns) -> Result<C, String>,
        create: &str,
        sql: impl Fn(Table<'_>, &C) -> Result<Vec<String>, String> + Sync,
    ) -> Result<usize, StoreError>
    where
        C: Send + Sync,
    {
        let mut fresh = false;
        loop {
            let columns = self.columns_or_create(table, select, create, fresh).await?;
            let statements = sql(parse(table)?, &columns).map_err(|cause| invalid(table, cause))?;
            match self.write_all(table, &statements).await {
                Ok(rows) => return Ok(rows),
                Err(NoRows::Store(error)) => return Err(error),
                Err(NoRows::Missing(_) | NoRows::Table(_)) if !fresh => fresh = true,
                Err(NoRows::Missing(cause) | NoRows::Table(cause)) => return Err(invalid(table, cause)),
            }
        }
    }

    /// Finds the columns of `table`, which is made where it is missing.
    pub(super) async fn columns_or_create<C>(
        &self,
        table: &str,
        select: fn(&TableColumns) -> Result<C, String>,
        create: &str,
        fresh: bool,
    ) -> Result<C, StoreError> {
        let known = self.known(table).filter(|_| !fresh);
        if let Some(columns) = known.and_then(|columns| select(&columns).ok()) {
            return Ok(columns);
        }
        let described = match self.try_describe(table).await? {
            Ok(described) => described,
            Err(Absent(_)) => {
                tracing::info!(table, "making a table");
                self.write(table, create).await.map_err(|failed| failed.of(table))?;
                self.describe(table).await?
            }
        };
        select(&described).map_err(|cause| invalid(table, cause))
    }

    /// Refuses a table in which a row that is written again stands beside the earlier one: a memo could not be taken back,
    /// and a flow that is sent twice would be two.
    pub(super) async fn check_replaces(&self, table: &str) -> Result<(), StoreError> {
        let sql = query::show_create(parse(table)?);
        let answer = self.ask(&sql, || TextRows::named(&["Create Table"])).await.map_err(|failed| failed.of(table))?;
        let keeps_all = |definition: &str| {
            let (_, options) = definition.rsplit_once("ENGINE=").unwrap_or_default();
            let value = options.split_once("append_mode").map(|(_, rest)| rest.trim_start_matches([' ', '=', '\'']));
            value.is_some_and(|value| value.starts_with("true"))
        };
        if answer.rows.iter().flatten().flatten().any(|definition| keeps_all(definition)) {
            let cause =
                "it keeps every version of a row (append_mode), so none can be changed; expected one that does not";
            return Err(invalid(table, cause.into()));
        }
        Ok(())
    }

    async fn write_all(&self, table: &str, statements: &[String]) -> Result<usize, NoRows> {
        let mut rows = 0;
        for sql in statements {
            rows += usize::try_from(self.write(table, sql).await?).unwrap_or(usize::MAX);
        }
        Ok(rows)
    }
}
