//! Which store is it? The one place that has to know.
//!
//! Start at [`AnyStore::round`]: everything is asked and written through what it returns, by the names of the ports.

use std::sync::Arc;

use advisor_core::coverage::Coverage;
use advisor_core::flow::FlowRow;
use advisor_core::journal::{Entry, Journal};
use advisor_core::ledger::{FlowKey, Ledger, NewFlow, PulledFlows, StoredFlows};
use advisor_core::position::Positions;
use advisor_core::refused::LeftOutFile;
use advisor_core::store::{Market, Store, StoreError, TableKind};
use jiff::Timestamp;

use crate::embedded::Embedded;
use crate::greptime::{self, Greptime, StoredPrice};
use crate::requests::RequestCounts;

/// An opened store of either kind.
#[expect(clippy::large_enum_variant, reason = "a process has one of it")]
pub enum AnyStore {
    /// A file of this machine.
    Embedded(Embedded),
    /// A database of a server.
    Greptime(Greptime),
}

/// An [`AnyStore`] as one evaluation, or one question, sees it. It asks no more of a server that has failed it for good, see
/// [`greptime::Round`].
pub enum AnyRound<'a> {
    /// Reads and writes the file.
    Embedded(&'a Embedded),
    /// Asks the server.
    Greptime(greptime::Round<'a>),
}

impl AnyStore {
    /// The store as one evaluation sees it.
    #[must_use]
    pub fn round(&self) -> AnyRound<'_> {
        match self {
            Self::Embedded(store) => AnyRound::Embedded(store),
            Self::Greptime(store) => AnyRound::Greptime(store.round()),
        }
    }

    /// What it is, in the labels of metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Greptime(_) => "greptime",
        }
    }

    /// How many requests it has answered and refused since it was opened.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        match self {
            Self::Embedded(store) => store.requests(),
            Self::Greptime(store) => store.requests(),
        }
    }

    /// Shows that the store answers, by the least that it can be asked.
    ///
    /// # Errors
    /// Why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        match self {
            // It has no clock of its own to ask for.
            Self::Embedded(store) => store.tables().await.map(drop),
            Self::Greptime(store) => store.round().clock().await.map(drop),
        }
    }
}

impl AnyRound<'_> {
    /// The newest Minswap price that somebody else has stored beside the positions, see [`greptime::Round::stored_minswap`];
    /// there is none in a file.
    ///
    /// # Errors
    /// As there.
    pub async fn stored_minswap(&self, asset: &str, at: i64) -> Result<Option<StoredPrice>, StoreError> {
        match self {
            Self::Embedded(_) => Ok(None),
            Self::Greptime(round) => round.stored_minswap(asset, at).await,
        }
    }
}

/// The same question to whichever store it is.
macro_rules! either {
    ($round:expr, $store:ident => $question:expr) => {
        match $round {
            AnyRound::Embedded($store) => $question.await,
            AnyRound::Greptime($store) => $question.await,
        }
    };
}

impl Store for AnyRound<'_> {
    async fn tables(&self) -> Result<Vec<String>, StoreError> {
        either!(self, store => store.tables())
    }

    async fn market(&self, table: &str) -> Result<Market, StoreError> {
        either!(self, store => store.market(table))
    }

    async fn check_columns(&self, table: &str, kind: TableKind) -> Result<(), StoreError> {
        either!(self, store => store.check_columns(table, kind))
    }

    async fn positions(&self, table: &str, from: Option<i64>, to: i64) -> Result<Positions, StoreError> {
        either!(self, store => store.positions(table, from, to))
    }

    async fn newest_before(&self, table: &str, before: i64) -> Result<Vec<(Arc<str>, i64)>, StoreError> {
        either!(self, store => store.newest_before(table, before))
    }

    async fn flows(&self, table: &str, from: Option<i64>, to: i64, latest: i64) -> Result<Vec<FlowRow>, StoreError> {
        either!(self, store => store.flows(table, from, to, latest))
    }

    async fn coverage(&self, deposits_table: &str) -> Result<Coverage, StoreError> {
        either!(self, store => store.coverage(deposits_table))
    }

    fn left_out(&self) -> Vec<LeftOutFile> {
        match self {
            Self::Embedded(store) => store.left_out(),
            Self::Greptime(store) => store.left_out(),
        }
    }

    async fn clock(&self) -> Result<Option<Timestamp>, StoreError> {
        either!(self, store => store.clock())
    }
}

impl Ledger for AnyRound<'_> {
    async fn wallets(&self, position_tables: &[String]) -> Result<Vec<Arc<str>>, StoreError> {
        either!(self, store => store.wallets(position_tables))
    }

    async fn key(&self, table: &str) -> Result<FlowKey, StoreError> {
        either!(self, store => store.key(table))
    }

    async fn add_flows(&self, table: &str, flows: &[NewFlow]) -> Result<usize, StoreError> {
        either!(self, store => store.add_flows(table, flows))
    }

    async fn add_pulled(&self, pulled: &[PulledFlows]) -> Vec<StoredFlows> {
        either!(self, store => store.add_pulled(pulled))
    }

    async fn set_memo(
        &self,
        table_read: &str,
        table_written: &str,
        flow: &FlowRow,
        memo: Option<&str>,
    ) -> Result<(), StoreError> {
        either!(self, store => store.set_memo(table_read, table_written, flow, memo))
    }
}

impl Journal for AnyRound<'_> {
    async fn append(&self, table: &str, entries: &[Entry]) -> Result<(), StoreError> {
        either!(self, store => store.append(table, entries))
    }

    async fn read(&self, table: &str, asset: &str, from: i64, to: i64, limit: usize) -> Result<Vec<Entry>, StoreError> {
        either!(self, store => store.read(table, asset, from, to, limit))
    }

    async fn oldest(&self, table: &str) -> Result<Option<i64>, StoreError> {
        either!(self, store => store.oldest(table))
    }

    async fn forget(&self, table: &str, before: i64) -> Result<u64, StoreError> {
        either!(self, store => store.forget(table, before))
    }
}
