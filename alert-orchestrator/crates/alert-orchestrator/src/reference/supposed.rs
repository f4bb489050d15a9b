//! What would the store answer, were a withdrawal marked already?
//!
//! Everything as it is, but for that memo. Nothing is written.

use std::sync::Arc;

use advisor_core::coverage::Coverage;
use advisor_core::flow::FlowRow;
use advisor_core::position::Positions;
use advisor_core::store::{Market, Store, StoreError, TableKind};
use jiff::Timestamp;

use super::change::Change;

/// A store in which a change has been made in memory.
pub(super) struct Supposed<'a, S> {
    pub(super) store: &'a S,
    pub(super) change: &'a Change,
}

impl<S: Store> Store for Supposed<'_, S> {
    async fn flows(&self, table: &str, from: Option<i64>, to: i64, latest: i64) -> Result<Vec<FlowRow>, StoreError> {
        let mut rows = self.store.flows(table, from, to, latest).await?;
        self.change.apply(table, &mut rows);
        Ok(rows)
    }

    async fn tables(&self) -> Result<Vec<String>, StoreError> {
        self.store.tables().await
    }

    async fn market(&self, table: &str) -> Result<Market, StoreError> {
        self.store.market(table).await
    }

    async fn check_columns(&self, table: &str, kind: TableKind) -> Result<(), StoreError> {
        self.store.check_columns(table, kind).await
    }

    async fn positions(&self, table: &str, from: Option<i64>, to: i64) -> Result<Positions, StoreError> {
        self.store.positions(table, from, to).await
    }

    async fn newest_before(&self, table: &str, before: i64) -> Result<Vec<(Arc<str>, i64)>, StoreError> {
        self.store.newest_before(table, before).await
    }

    async fn coverage(&self, deposits_table: &str) -> Result<Coverage, StoreError> {
        self.store.coverage(deposits_table).await
    }

    async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.clock().await
    }
}
