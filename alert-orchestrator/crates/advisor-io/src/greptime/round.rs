//! What does one evaluation learn from the server, and when does it stop asking?
//!
//! Start at [`Round::rows`]: every question about a table goes through it. A question that fails because the table is
//! not as described is asked once more with a new description; [`Round::ask`] sends a query again where that may help,
//! and ends the round where nothing more can be expected.

use std::sync::Arc;
use std::time::Duration;

use advisor_core::coverage::Coverage;
use advisor_core::flow::FlowRow;
use advisor_core::position::Positions;
use advisor_core::store::{Market, Store, StoreError, TableKind};
use advisor_core::time::timestamp;
use client::{Patience, persist};
use jiff::Timestamp;
use tokio::sync::SetOnce;
use tokio::time::timeout;

use super::columns::TableColumns;
use super::failure::{Failure, FailureKind};
use super::query::{self, Range, Table};
use super::rows::{FlowRows, InstantRow, MarketRow, NewestRows, PositionRows, TextRows};
use super::scan::{Column, Sink};
use super::server::Greptime;

/// Longest wait between two attempts.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(60);

/// A [`Greptime`] as one evaluation sees it: after a request that used up its retries, or was denied, every further one
/// fails at once with the same error.
pub struct Round<'a> {
    pub(super) store: &'a Greptime,
    over: Arc<SetOnce<StoreError>>,
}

/// Why a query has no rows, or a change was not made.
pub(super) enum NoRows {
    /// The round is over, or this request failed for good.
    Store(StoreError),
    /// There is no such table.
    Missing(String),
    /// The columns of the table are not as described.
    Table(String),
}

impl NoRows {
    /// What it means for `table`.
    pub(super) fn of(self, table: &str) -> StoreError {
        match self {
            Self::Store(error) => error,
            Self::Missing(cause) | Self::Table(cause) => invalid(table, cause),
        }
    }
}

/// What the server says of a table that does not exist.
pub(super) struct Absent(pub(super) String);

/// Why an attempt has no rows.
#[derive(Debug)]
enum Attempt {
    RoundOver(StoreError),
    Failed(Failure),
}

impl Attempt {
    /// How long the next attempt has to wait at least; `None` where it would fail alike.
    fn again(&self) -> Option<Duration> {
        matches!(self, Self::Failed(failure) if failure.kind.may_pass()).then_some(Duration::ZERO)
    }
}

impl Greptime {
    /// The store as one evaluation sees it.
    #[must_use]
    pub fn round(&self) -> Round<'_> {
        Round::new(self)
    }
}

impl<'a> Round<'a> {
    pub(super) fn new(store: &'a Greptime) -> Self {
        Self { store, over: Arc::new(SetOnce::new()) }
    }

    /// Asks for rows of `table`: `select` takes what is needed from the description, `sql` and `sink` make the query and
    /// the reader of its rows from that.
    pub(super) async fn rows<C: Copy + Send + Sync, S: Sink + Send>(
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
                Err(NoRows::Missing(_) | NoRows::Table(_)) if known => fresh = true,
                Err(NoRows::Missing(cause) | NoRows::Table(cause)) => return Err(invalid(table, cause)),
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
        let known = self.known(table).filter(|_| !fresh);
        if let Some(columns) = known.and_then(|columns| select(&columns).ok()) {
            return Ok((columns, true));
        }
        let described = self.describe(table).await?;
        let columns = select(&described).map_err(|cause| invalid(table, cause))?;
        Ok((columns, false))
    }

    /// The description of the table that is at hand.
    pub(super) fn known(&self, table: &str) -> Option<Arc<TableColumns>> {
        self.store.described().get(table).map(Arc::clone)
    }

    pub(super) async fn describe(&self, table: &str) -> Result<Arc<TableColumns>, StoreError> {
        match self.try_describe(table).await? {
            Ok(described) => Ok(described),
            Err(Absent(cause)) => Err(invalid(table, cause)),
        }
    }

    /// The columns of `table` as they are now, or how the server says that there is no such table.
    pub(super) async fn try_describe(&self, table: &str) -> Result<Result<Arc<TableColumns>, Absent>, StoreError> {
        self.store.described().remove(table);
        let sql = query::describe(parse(table)?);
        let answer = match self.ask(&sql, || TextRows::named(&["Column", "Type", "Semantic Type"])).await {
            Ok(answer) => answer,
            Err(NoRows::Store(error)) => return Err(error),
            Err(NoRows::Missing(cause)) => return Ok(Err(Absent(cause))),
            Err(NoRows::Table(cause)) => return Err(invalid(table, cause)),
        };
        let mut described = TableColumns { columns: Vec::new(), tags: Vec::new() };
        for row in answer.rows {
            if let Ok([Some(name), Some(data_type), semantic]) = <[Option<String>; 3]>::try_from(row) {
                described.tags.extend((semantic.as_deref() == Some("TAG")).then(|| name.clone()));
                described.columns.push(Column { name, data_type });
            }
        }
        let described = Arc::new(described);
        self.store.described().insert(table.to_owned(), Arc::clone(&described));
        Ok(Ok(described))
    }

    /// Asks what does not depend on a table.
    async fn ask_server<S: Sink + Send>(&self, sql: &str, sink: fn() -> S) -> Result<S, StoreError> {
        self.ask(sql, sink).await.map_err(|refused| match refused {
            NoRows::Store(error) => error,
            NoRows::Missing(cause) | NoRows::Table(cause) => {
                StoreError::Unavailable { store: self.store.name(), cause }
            }
        })
    }

    /// Sends a query, again where that may help. Each attempt fills a new sink: rows of an answer that broke off are
    /// forgotten.
    pub(super) async fn ask<S: Sink + Send>(&self, sql: &str, sink: impl Fn() -> S + Sync) -> Result<S, NoRows> {
        let answer = self.persist(|| self.attempt(self.store.client.query(sql, sink()))).await;
        answer.map_err(|failed| self.give_up(failed))
    }

    /// Sends a statement that changes `table`, again where that may help: made twice, the change must be the same.
    /// Returns how many rows it touched.
    pub(super) async fn write(&self, table: &str, sql: &str) -> Result<u64, NoRows> {
        let answer = self.persist(|| self.attempt(self.store.client.write(sql))).await;
        answer.map_err(|failed| match failed {
            // Who may not write may still read, and what one table does not take says nothing of the others.
            Attempt::Failed(Failure { kind: FailureKind::Forbidden, cause }) => {
                NoRows::Store(StoreError::Unavailable { store: self.store.name(), cause })
            }
            Attempt::Failed(Failure { kind: FailureKind::Refused, cause }) => NoRows::Store(invalid(table, cause)),
            failed => self.give_up(failed),
        })
    }

    /// Attempts until it succeeds, fails for good or has used up its retries.
    async fn persist<T, A: Future<Output = Result<T, Attempt>>>(
        &self,
        attempt: impl FnMut() -> A,
    ) -> Result<T, Attempt> {
        let settings = self.store.client.settings();
        let patience = Patience {
            retries: settings.retries,
            first_pause: settings.retry_delay,
            longest_pause: RETRY_DELAY_MAX,
            until: None,
        };
        let over = Arc::clone(&self.over);
        let pause = move |pause| {
            let over = Arc::clone(&over);
            // Another request may end the round meanwhile.
            async move { drop(timeout(pause, over.wait()).await) }
        };
        let outcome = persist("GreptimeDB", patience, attempt, Attempt::again, pause).await;
        outcome.map_err(|gave_up| match &gave_up.failure {
            Attempt::Failed(Failure { kind, cause }) if kind.may_pass() => {
                Attempt::Failed(Failure { kind: *kind, cause: gave_up.in_vain(cause) })
            }
            _ => gave_up.failure,
        })
    }

    async fn attempt<T>(&self, request: impl Future<Output = Result<T, Failure>>) -> Result<T, Attempt> {
        if let Some(error) = self.over.get() {
            return Err(Attempt::RoundOver(error.clone()));
        }
        request.await.map_err(Attempt::Failed)
    }

    fn give_up(&self, failed: Attempt) -> NoRows {
        let Failure { kind, cause } = match failed {
            Attempt::RoundOver(error) => return NoRows::Store(error),
            Attempt::Failed(failure) => failure,
        };
        let store = self.store.name();
        let error = match kind {
            FailureKind::Missing => return NoRows::Missing(cause),
            FailureKind::Table => return NoRows::Table(cause),
            FailureKind::Connect => StoreError::Connect { store, cause },
            _ => StoreError::Unavailable { store, cause },
        };
        if kind.concerns_all() {
            // An error means that another request came first; its error stands for the round.
            let _ = self.over.set(error.clone());
        }
        NoRows::Store(error)
    }
}

pub(super) fn parse(table: &str) -> Result<Table<'_>, StoreError> {
    let unusable = || invalid(table, "the name has characters other than letters, digits and underscores".into());
    Table::parse(table).ok_or_else(unusable)
}

pub(super) fn invalid(table: &str, cause: String) -> StoreError {
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

    async fn flows(&self, table: &str, from: Option<i64>, to: i64, latest: i64) -> Result<Vec<FlowRow>, StoreError> {
        let sql = |table: Table<'_>, columns: &_| query::flows(table, columns, Range { from, to }, latest);
        let answer = self.rows(table, TableColumns::flows, sql, FlowRows::new).await?;
        Ok(answer.rows)
    }

    async fn coverage(&self, deposits_table: &str) -> Result<Coverage, StoreError> {
        Ok(self.store.coverage().get(deposits_table).cloned().unwrap_or_default())
    }

    async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        let answer = self.ask_server(query::CLOCK, InstantRow::default).await?;
        Ok(answer.at.map(timestamp))
    }
}
