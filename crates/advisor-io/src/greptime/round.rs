//! What does one evaluation learn from the server, and when does it stop asking?
//!
//! Start at [`Round::rows`]: every question about a table goes through it. A question that fails because the table is
//! not as described is asked once more with a new description; [`Round::ask`] sends a query again where that may help,
//! and ends the round where nothing more can be expected.

use std::sync::Arc;
use std::time::Duration;

use advisor_core::flow::FlowRow;
use advisor_core::position::Positions;
use advisor_core::store::{Market, Store, StoreError, TableKind};
use advisor_core::time::timestamp;
use backon::{ExponentialBuilder, Retryable};
use jiff::Timestamp;
use tokio::sync::SetOnce;
use tokio::time::timeout;

use super::Greptime;
use super::columns::TableColumns;
use super::failure::{Failure, FailureKind};
use super::query::{self, Range, Table};
use super::rows::{ClockRow, FlowRows, MarketRow, NewestRows, PositionRows, TextRows};
use super::scan::{Column, Sink};

/// Longest wait between two attempts.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(60);

/// A [`Greptime`] as one evaluation sees it: after a request that used up its retries, or was denied, every further one
/// fails at once with the same error.
pub struct Round<'a> {
    store: &'a Greptime,
    over: Arc<SetOnce<StoreError>>,
}

/// Why a query has no rows.
enum NoRows {
    /// The round is over, or this query failed for good.
    Store(StoreError),
    /// The table or its columns are not as described.
    Table(String),
}

/// Why an attempt has no rows.
enum Attempt {
    RoundOver(StoreError),
    Failed(Failure),
}

impl<'a> Round<'a> {
    pub(super) fn new(store: &'a Greptime) -> Self {
        Self { store, over: Arc::new(SetOnce::new()) }
    }

    /// Asks for rows of `table`: `select` takes what is needed from the description, `sql` and `sink` make the query and
    /// the reader of its rows from that.
    async fn rows<C: Copy + Send + Sync, S: Sink + Send>(
        &self,
        table: &str,
        select: fn(&TableColumns) -> Result<C, String>,
        sql: impl Fn(Table<'_>, &C) -> String + Sync,
        sink: fn(C) -> S,
    ) -> Result<S, StoreError> {
        let mut fresh = false;
        loop {
            let (columns, known) = self.columns(table, select, fresh).await?;
            match self.ask(&sql(parse(table)?, &columns), || sink(columns)).await {
                Ok(rows) => return Ok(rows),
                Err(NoRows::Store(error)) => return Err(error),
                Err(NoRows::Table(_)) if known => fresh = true,
                Err(NoRows::Table(cause)) => return Err(invalid(table, cause)),
            }
        }
    }

    /// Finds the columns of `table` that `select` needs, and whether that is from an earlier description. With `fresh`,
    /// and where columns seem to be missing, the table is described anew.
    async fn columns<C>(
        &self,
        table: &str,
        select: fn(&TableColumns) -> Result<C, String>,
        fresh: bool,
    ) -> Result<(C, bool), StoreError> {
        let known = self.store.described().get(table).filter(|_| !fresh).map(Arc::clone);
        if let Some(columns) = known.and_then(|columns| select(&columns).ok()) {
            return Ok((columns, true));
        }
        let described = self.describe(table).await?;
        let columns = select(&described).map_err(|cause| invalid(table, cause))?;
        Ok((columns, false))
    }

    async fn describe(&self, table: &str) -> Result<Arc<TableColumns>, StoreError> {
        self.store.described().remove(table);
        let sql = query::describe(parse(table)?);
        let answer = match self.ask(&sql, || TextRows::named(&["Column", "Type"])).await {
            Ok(answer) => answer,
            Err(NoRows::Store(error)) => return Err(error),
            Err(NoRows::Table(cause)) => return Err(invalid(table, cause)),
        };
        let column = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row) {
            Ok([Some(name), Some(data_type)]) => Some(Column { name, data_type }),
            _ => None,
        };
        let described = Arc::new(TableColumns(answer.rows.into_iter().filter_map(column).collect()));
        self.store.described().insert(table.to_owned(), Arc::clone(&described));
        Ok(described)
    }

    /// Asks what does not depend on a table.
    async fn ask_server<S: Sink + Send>(&self, sql: &str, sink: fn() -> S) -> Result<S, StoreError> {
        self.ask(sql, sink).await.map_err(|refused| match refused {
            NoRows::Store(error) => error,
            NoRows::Table(cause) => StoreError::Unavailable { store: self.store.name(), cause },
        })
    }

    /// Sends a query, again where that may help. Each attempt fills a new sink: rows of an answer that broke off are
    /// forgotten.
    async fn ask<S: Sink + Send>(&self, sql: &str, sink: impl Fn() -> S + Sync) -> Result<S, NoRows> {
        let settings = self.store.client.settings();
        let backoff = ExponentialBuilder::new()
            .with_factor(2.0)
            .with_min_delay(settings.retry_delay)
            .with_max_delay(RETRY_DELAY_MAX)
            .with_max_times(settings.retries as usize);
        let over = Arc::clone(&self.over);
        let mut attempts = 0_u32;
        let outcome = (|| {
            attempts += 1;
            self.attempt(sql, sink())
        })
        .retry(backoff)
        .sleep(move |delay| {
            let over = Arc::clone(&over);
            // Another request may end the round meanwhile.
            async move { drop(timeout(delay, over.wait()).await) }
        })
        .when(|failed| matches!(failed, Attempt::Failed(failure) if failure.kind.may_pass()))
        .notify(|failed, delay| {
            if let Attempt::Failed(Failure { cause, .. }) = failed {
                tracing::debug!(cause, ?delay, "asking GreptimeDB again");
            }
        })
        .await;
        outcome.map_err(|failed| match failed {
            Attempt::RoundOver(error) => NoRows::Store(error),
            Attempt::Failed(failure) => self.give_up(failure, attempts),
        })
    }

    async fn attempt<S: Sink + Send>(&self, sql: &str, sink: S) -> Result<S, Attempt> {
        if let Some(error) = self.over.get() {
            return Err(Attempt::RoundOver(error.clone()));
        }
        self.store.client.attempt(sql, sink).await.map_err(Attempt::Failed)
    }

    fn give_up(&self, failure: Failure, attempts: u32) -> NoRows {
        let Failure { kind, mut cause } = failure;
        if kind.may_pass() {
            let times = if attempts == 1 { "attempt" } else { "attempts" };
            cause = format!("{cause} after {attempts} {times}");
        }
        let store = self.store.name();
        let error = match kind {
            FailureKind::Table => return NoRows::Table(cause),
            FailureKind::Connect => StoreError::Connect { store, cause },
            FailureKind::Busy | FailureKind::Denied | FailureKind::Rejected => StoreError::Unavailable { store, cause },
        };
        if kind.concerns_all() {
            // An error means that another request came first; its error stands for the round.
            let _ = self.over.set(error.clone());
        }
        NoRows::Store(error)
    }
}

fn parse(table: &str) -> Result<Table<'_>, StoreError> {
    let unusable = || invalid(table, "the name has characters other than letters, digits and underscores".into());
    Table::parse(table).ok_or_else(unusable)
}

fn invalid(table: &str, cause: String) -> StoreError {
    StoreError::InvalidData { table: table.to_owned(), cause }
}

impl Store for Round<'_> {
    async fn tables(&self) -> Result<Vec<String>, StoreError> {
        let answer = self.ask_server(query::TABLES, TextRows::first_column).await?;
        Ok(answer.rows.into_iter().flatten().flatten().collect())
    }

    async fn market(&self, table: &str) -> Result<Market, StoreError> {
        let (columns, _) = self.columns(table, TableColumns::market, false).await?;
        if columns.selected().is_empty() {
            return Ok(Market::default());
        }
        let answer = self.rows(table, TableColumns::market, query::market, MarketRow::new).await?;
        Ok(answer.market)
    }

    async fn check_columns(&self, table: &str, kind: TableKind) -> Result<(), StoreError> {
        match kind {
            TableKind::Positions => self.columns(table, TableColumns::positions, false).await.map(drop),
            TableKind::Flows => self.columns(table, TableColumns::flows, false).await.map(drop),
        }
    }

    async fn positions(&self, table: &str, from: Option<i64>, to: i64) -> Result<Positions, StoreError> {
        let sql = |table: Table<'_>, columns: &_| query::positions(table, columns, Range { from, to });
        let answer = self.rows(table, TableColumns::positions, sql, PositionRows::new).await?;
        Ok(answer.builder.finish())
    }

    async fn newest_before(&self, table: &str, before: i64) -> Result<Vec<(Arc<str>, i64)>, StoreError> {
        let sql = |table: Table<'_>, columns: &_| query::newest(table, columns, before.saturating_sub(1));
        let answer = self.rows(table, TableColumns::positions, sql, NewestRows::new).await?;
        Ok(answer.rows)
    }

    async fn flows(&self, table: &str, from: Option<i64>, to: i64) -> Result<Vec<FlowRow>, StoreError> {
        let sql = |table: Table<'_>, columns: &_| query::flows(table, columns, Range { from, to });
        let answer = self.rows(table, TableColumns::flows, sql, FlowRows::new).await?;
        Ok(answer.rows)
    }

    async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        let answer = self.ask_server(query::CLOCK, ClockRow::default).await?;
        Ok(answer.now.map(timestamp))
    }
}
