//! Who changes deposits and withdrawals, and what must not go wrong then? The port that writing goes through.
//!
//! Start at [`Ledger`]; the embedded store and GreptimeDB implement it in `advisor-io`. What there is to add is decided
//! elsewhere, from what a [`Store`](crate::store::Store) reads. Every write here is an upsert by a natural key: repeating one
//! after a failure, or two processes at once, leave what one would have left.

use std::future::Future;
use std::sync::Arc;

use crate::coverage::Reached;
use crate::flow::FlowRow;
use crate::store::StoreError;

/// What tells the rows of a flow table apart: of two rows that agree in all of it the later replaces the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FlowKey {
    /// Wallet, time and transaction hash: every flow has a row of its own.
    TxHash,
    /// Wallet and time: a wallet can have one flow in an instant.
    WalletAndTime,
    /// Time alone: there can be one flow in an instant, whosever it is.
    Time,
}

/// A flow to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewFlow {
    /// Nanoseconds since the epoch. A table keeps what its unit can tell (GreptimeDB tables made here: milliseconds).
    pub ts: i64,
    /// Wallet address, not empty.
    pub wallet: Arc<str>,
    /// Units of the asset, finite, never negative: the table says whether it is a deposit or a withdrawal.
    pub amount: f64,
    /// Memo.
    pub memo: Option<String>,
    /// Full transaction hash.
    pub tx_hash: Option<String>,
}

/// What a pull of transactions brings to the tables of one asset.
#[derive(Debug, Clone, PartialEq)]
pub struct PulledFlows {
    /// Where deposits go.
    pub deposits_table: String,
    /// New ones.
    pub deposits: Vec<NewFlow>,
    /// Where withdrawals go.
    pub withdrawals_table: String,
    /// New ones.
    pub withdrawals: Vec<NewFlow>,
    /// How far the flows of the asset are known, once all of these are stored.
    pub reached: Vec<Reached>,
}

/// What became of [`PulledFlows`].
#[derive(Debug, Clone, PartialEq)]
pub struct StoredFlows {
    /// How many deposits were stored.
    pub deposits: usize,
    /// How many withdrawals were stored.
    pub withdrawals: usize,
    /// Why those are not all; then what was reached is not kept, either.
    pub error: Option<StoreError>,
}

/// Where deposits and withdrawals are written.
///
/// A `table` is a name such as [`Tables`](crate::resolve::Tables) makes, with `test_` before it in test mode. Errors:
/// [`StoreError::InvalidData`] names the table where it is not fit for the write and was left as it was.
pub trait Ledger: Sync {
    /// The wallets that the position tables have rows of, sorted, each once.
    fn wallets(&self, position_tables: &[String]) -> impl Future<Output = Result<Vec<Arc<str>>, StoreError>> + Send;

    /// What tells the rows of a deposit or withdrawal table apart; of a table that does not exist: what would, once
    /// [`Ledger::add_flows`] has made it.
    fn key(&self, table: &str) -> impl Future<Output = Result<FlowKey, StoreError>> + Send;

    /// Stores the flows, in a table that is made where it does not exist; returns how many rows the store took.
    ///
    /// A row that has the key of a flow gives way to it, so the caller leaves out flows that would collide (see
    /// [`Ledger::key`]). After an error some of the flows may be stored.
    fn add_flows(&self, table: &str, flows: &[NewFlow]) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Stores what a pull brought, in one transaction where the store has such; else all deposits and then all withdrawals,
    /// so that whenever it breaks off the gains are too low and never too high. An asset whose deposits cannot be stored
    /// gets no withdrawals. Returns what became of each, in the same order.
    ///
    /// What was reached is kept with the rows, and read by
    /// [`Store::coverage`](crate::store::Store::coverage) of the table of deposits.
    fn add_pulled(&self, pulled: &[PulledFlows]) -> impl Future<Output = Vec<StoredFlows>> + Send;

    /// Gives a flow of `table_read` this memo (`None`: none); nothing else of the row changes. Where `table_written` is
    /// another table, which is made where it does not exist, the changed row goes there and `table_read` stays as it is.
    ///
    /// `flow` is a row as [`Store::flows`](crate::store::Store::flows) read it. It is found by wallet, time and transaction
    /// hash, or the amount where it has no hash, and changed only while its memo is still the one that was read, or is
    /// already the wanted one: who decided by an older memo would undo a mark without having seen it. A store without
    /// transactions reads the row again right before it writes; what is written between the two, or while a failed write
    /// is tried again, it cannot see.
    ///
    /// # Errors
    /// [`StoreError::Changed`] where it reads otherwise by now. [`StoreError::InvalidData`] where there is no such row
    /// (any more), or the table cannot tell it from another.
    fn set_memo(
        &self,
        table_read: &str,
        table_written: &str,
        flow: &FlowRow,
        memo: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}
