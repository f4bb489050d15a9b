//! What was decided before, and on what figures? The port to the journal of decisions.
//!
//! Start at [`Journal`]; the embedded store and GreptimeDB implement it in `advisor-io`. A journal is a record for people:
//! no decision rests on it, so a journal that cannot be written is a warning and never stops an evaluation.

use std::future::Future;

use crate::store::StoreError;

/// The table of the journal.
pub const TABLE: &str = "wo_decisions";

/// A decision as the journal keeps it. Instants are nanoseconds since the epoch.
///
/// Asset, `ts` and replica tell entries apart: writing one again replaces it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Entry {
    /// When the evaluation was, kept to the millisecond.
    pub ts: i64,
    /// Configured name of the asset.
    pub asset: String,
    /// 1, 0 or −1.
    pub decision: i8,
    /// Code of the reason to hold or to fail.
    pub code: Option<String>,
    /// Its sentence.
    pub reason: Option<String>,
    /// The asset's limit, USD.
    pub wmax_usd: Option<f64>,
    /// Gain since the reference, USD.
    pub g_usd: Option<f64>,
    /// Residual of the evaluation sample, in USD, or USD per unit where the gate looks at the price.
    pub residual: Option<f64>,
    /// Standard deviation of the residuals, in the unit of `residual`.
    pub sigma: Option<f64>,
    /// Reference time.
    pub t0: Option<i64>,
    /// Time of the evaluation sample.
    pub t1: Option<i64>,
    /// How long the round took in which the asset was evaluated, seconds.
    pub duration_seconds: f64,
    /// Version of the service.
    pub version: String,
    /// Hash of the effective configuration.
    pub config_hash: String,
    /// Which of several processes side by side decided; empty where there is only one.
    pub replica: String,
}

/// Keeps decisions. `table` is [`TABLE`], with `test_` before it in test mode.
pub trait Journal: Sync {
    /// Keeps the entries of one round, all or none of them; makes the table where it does not exist.
    ///
    /// # Errors
    /// [`StoreError::InvalidData`] where a table of that name exists and is no journal.
    fn append(&self, table: &str, entries: &[Entry]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The newest entries of an asset with `from <= ts <= to`, newest first, at most `limit` of them; none where there is no
    /// journal yet.
    fn read(
        &self,
        table: &str,
        asset: &str,
        from: i64,
        to: i64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Entry>, StoreError>> + Send;

    /// When the oldest entry of any asset is of; `None` where there is none.
    fn oldest(&self, table: &str) -> impl Future<Output = Result<Option<i64>, StoreError>> + Send;

    /// Removes the entries of all assets with `ts < before`; returns how many those were.
    fn forget(&self, table: &str, before: i64) -> impl Future<Output = Result<u64, StoreError>> + Send;
}
