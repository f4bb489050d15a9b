//! What is kept of a server from one evaluation to the next: connections, the columns of its tables, what was pulled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use advisor_core::coverage::Coverage;

use super::client::Client;
use super::columns::TableColumns;
use super::settings::{Settings, SettingsError};
use crate::requests::RequestCounts;

/// A database of a GreptimeDB server: its connections, the columns of its tables as last described, and how far the
/// transactions are known that this process has pulled, by table of deposits.
pub struct Greptime {
    pub(super) client: Client,
    described: Mutex<HashMap<String, Arc<TableColumns>>>,
    coverage: Mutex<HashMap<String, Coverage>>,
}

impl Greptime {
    /// A client of the database; nothing is sent yet.
    ///
    /// # Errors
    /// [`SettingsError::Client`] where `https` is asked for and the system has no usable root certificates.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Ok(Self { client: Client::new(settings)?, described: Mutex::default(), coverage: Mutex::default() })
    }

    /// How many HTTP requests there were since the client was made.
    #[must_use]
    pub fn requests(&self) -> RequestCounts {
        self.client.requests.read()
    }

    /// The server, for messages.
    pub(super) fn name(&self) -> String {
        format!("GreptimeDB at {}", self.client.settings().base_url.as_str().trim_end_matches('/'))
    }

    pub(super) fn described(&self) -> MutexGuard<'_, HashMap<String, Arc<TableColumns>>> {
        // Entries are replaced whole, so a panic elsewhere leaves nothing half done.
        self.described.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn coverage(&self) -> MutexGuard<'_, HashMap<String, Coverage>> {
        // What a panic kept from being noted is not known, which is the safe side.
        self.coverage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
