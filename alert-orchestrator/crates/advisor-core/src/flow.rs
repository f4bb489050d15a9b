//! Deposits and withdrawals as the stores have them.
//!
//! A [`FlowRow`] is raw: what of it is missing decides, together with the wallet's baseline and newest sample, whether
//! it can be left out or makes the asset an error (see [`crate::advice`]).

use std::sync::Arc;

use serde::Serialize;

use crate::time;

/// Which way money moved, seen from the position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Into the position.
    Deposit,
    /// Out of the position.
    Withdrawal,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
        })
    }
}

/// 2021-01-01T00:00:00Z, nanoseconds since the epoch: what is older is no flow of this market.
pub const EARLIEST: i64 = 1_609_459_200 * 1_000_000_000;

/// The latest time that a flow may have: a day after the machine's time `now`. Nanoseconds since the epoch.
#[must_use]
pub const fn latest(now: i64) -> i64 {
    now.saturating_add(24 * time::NANOS_PER_HOUR)
}

/// A row of a deposit or withdrawal table as a store delivers it, before anything is checked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FlowRow {
    /// Time of the flow in nanoseconds since the epoch.
    pub ts: Option<i64>,
    /// Wallet address.
    pub wallet: Option<Arc<str>>,
    /// Amount in units of the asset (or in USD, where the configuration says so). Stores keep withdrawals with either
    /// sign; a deposit is never negative.
    pub amount: Option<f64>,
    /// Memo or notes; a withdrawal's memo may hold the reference keyword.
    pub memo: Option<String>,
    /// Transaction hash.
    pub tx_hash: Option<String>,
}
