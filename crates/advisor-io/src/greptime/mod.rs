//! GreptimeDB over its HTTP API as a [`Store`](advisor_core::store::Store).
//!
//! Start at [`Greptime::round`]: one evaluation asks through one [`Round`], which gives up on the server after the first
//! request that used up its retries. From a question to its answer: `columns` finds what a table has, `query` writes the
//! SQL, `client` sends it, `scan` reads the answer as it arrives, `rows` makes positions and flows of it, and `failure`
//! says what went wrong and whether to try again. Writing goes the same way: `ledger` and `journal` decide what to write,
//! `insert` writes the SQL, in which `literal` is the only place where a text from outside becomes part of a statement.

mod client;
mod columns;
mod failure;
mod insert;
mod journal;
mod ledger;
mod literal;
mod minswap;
mod query;
mod round;
mod rows;
mod scan;
mod settings;
mod upsert;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use client::Client;
use columns::TableColumns;
pub use minswap::StoredPrice;
pub use round::Round;
pub use settings::{Settings, SettingsError};

use crate::requests::RequestCounts;

/// A database of a GreptimeDB server: its connections, and the columns of its tables as last described.
pub struct Greptime {
    client: Client,
    described: Mutex<HashMap<String, Arc<TableColumns>>>,
}

impl Greptime {
    /// A client of the database; nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError::Client`] where `https` is asked for and the system has no usable root certificates.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self { client: Client::new(settings)?, described: Mutex::default() })
    }

    /// The store as one evaluation sees it.
    #[must_use]
    pub fn round(&self) -> Round<'_> {
        Round::new(self)
    }

    /// How many HTTP requests there were since the client was made.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.client.requests.read()
    }

    /// The server, for messages.
    fn name(&self) -> String {
        format!("GreptimeDB at {}", self.client.settings().base_url.as_str().trim_end_matches('/'))
    }

    fn described(&self) -> MutexGuard<'_, HashMap<String, Arc<TableColumns>>> {
        // Entries are replaced whole, so a panic elsewhere leaves nothing half done.
        self.described.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
