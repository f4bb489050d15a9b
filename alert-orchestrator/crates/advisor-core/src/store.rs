//! What the advisor asks of a store.
//!
//! [`Store`] is the port; the embedded store and GreptimeDB implement it in `advisor-io`. Table names that reach it come from
//! [`Store::tables`], so that no configured string becomes part of a query.

use std::future::Future;
use std::sync::Arc;

use jiff::Timestamp;

use crate::coverage::Coverage;
use crate::flow::FlowRow;
use crate::position::Positions;
use crate::refused::LeftOutFile;

/// Which columns a table must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// Samples of supply positions.
    Positions,
    /// Deposits or withdrawals.
    Flows,
}

/// The market a position table belongs to, as its rows name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Market {
    /// Market id, such as `DJED`.
    pub id: Option<String>,
    /// Market name, such as `Djed`.
    pub name: Option<String>,
}

/// Why a store gave no answer. The texts are complete sentences of a decision: they name store, table and cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No connection could be made; try again later.
    #[error("Failed to connect to {store}: {cause}")]
    Connect {
        /// Which store, with its address.
        store: String,
        /// What went wrong, and after how many attempts.
        cause: String,
    },
    /// The store answered, but not with data; try again later, or look at its log or the credentials.
    #[error("store unavailable: {store}: {cause}")]
    Unavailable {
        /// Which store, with its address.
        store: String,
        /// What went wrong, and after how many attempts.
        cause: String,
    },
    /// A table is not what it should be; somebody has to look at it.
    #[error("invalid data: table {table}: {cause}")]
    InvalidData {
        /// The table.
        table: String,
        /// The column and what is wrong with it.
        cause: String,
    },
    /// A row is not as it was when it was read, so it was left as it is; look at it and decide again.
    #[error("table {table}: the {row} was changed meanwhile ({}): look at it and ask again", reads(now.as_deref()))]
    Changed {
        /// The table.
        table: String,
        /// The row.
        row: String,
        /// Its memo now.
        now: Option<String>,
    },
}

fn reads(memo: Option<&str>) -> String {
    memo.map_or("now without a memo".to_owned(), |memo| format!("now {}", legible::quoted_to(memo, MEMO_CHARS)))
}

/// The most characters of a memo that are shown.
const MEMO_CHARS: usize = 120;

impl StoreError {
    /// Whether it is the store that gave no answer, and not one table that is unfit: every other question fares alike.
    #[must_use]
    pub fn is_of_the_store(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::Unavailable { .. })
    }
}

/// Where positions, deposits and withdrawals come from.
///
/// Times are nanoseconds since the epoch. A `table` is a name that [`Store::tables`] returned.
pub trait Store: Sync {
    /// The names of all tables, in any order.
    fn tables(&self) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// The market that the rows of a position table name; empty where the table has no such columns or no rows.
    fn market(&self, table: &str) -> impl Future<Output = Result<Market, StoreError>> + Send;

    /// Checks that the table has the columns its kind needs, each of a usable type.
    fn check_columns(&self, table: &str, kind: TableKind) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The samples of a position table with `from <= ts <= to` (`from` of `None`: all up to `to`).
    fn positions(
        &self,
        table: &str,
        from: Option<i64>,
        to: i64,
    ) -> impl Future<Output = Result<Positions, StoreError>> + Send;

    /// Each wallet's newest sample time before `before`; wallets without one are left out.
    fn newest_before(
        &self,
        table: &str,
        before: i64,
    ) -> impl Future<Output = Result<Vec<(Arc<str>, i64)>, StoreError>> + Send;

    /// The rows of a deposit or withdrawal table with `from <= ts <= to`, in any order, and those whose time cannot be: none,
    /// before [`EARLIEST`](crate::flow::EARLIEST), or after `latest`.
    fn flows(
        &self,
        table: &str,
        from: Option<i64>,
        to: i64,
        latest: i64,
    ) -> impl Future<Output = Result<Vec<FlowRow>, StoreError>> + Send;

    /// How far the flows of an asset are known by the pulls of transactions, by its table of deposits. A store that cannot keep
    /// it knows of the pulls of this process only.
    fn coverage(&self, deposits_table: &str) -> impl Future<Output = Result<Coverage, StoreError>> + Send;

    /// Files that may be meant for it, but were left out when it was last filled; a store that knows no files has none.
    fn left_out(&self) -> Vec<LeftOutFile> {
        Vec::new()
    }

    /// The store's clock, where it has one of its own.
    fn clock(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;
}
