//! How does a question or a change reach a connection to the file?

use std::sync::Arc;

use advisor_core::store::{StoreError, TableKind};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::files;
use super::store::Embedded;

/// What work on a table can run into.
pub(super) enum Trouble {
    Store(rusqlite::Error),
    NoTable,
    Table(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

impl Embedded {
    /// Runs a read on a thread that may block, and on a connection of its own.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        table: &str,
        work: impl FnOnce(&Connection, &str) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (shared, name) = (Arc::clone(&self.shared), table.to_owned());
        let ask = move || shared.file.with_connection(|connection| work(connection, &name));
        let invalid = |cause| StoreError::InvalidData { table: table.to_owned(), cause };
        let outcome = match tokio::task::spawn_blocking(ask).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(Trouble::Table(cause))) => Err(invalid(cause)),
            Ok(Err(Trouble::NoTable)) => Err(invalid("no such table".into())),
            Ok(Err(Trouble::Store(error))) => Err(self.unavailable(&error)),
            Err(ended) => Err(self.unavailable(&ended)),
        };
        self.shared.requests.count(outcome)
    }

    /// Runs a write, all of it or none, while no other process writes.
    pub(super) async fn change<T: Send + 'static>(
        &self,
        table: &str,
        work: impl FnOnce(&Transaction<'_>, &str) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.ask(table, |connection, name| {
            let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
            let done = work(&transaction, name)?;
            transaction.commit()?;
            Ok(done)
        })
        .await
    }
}

/// The table's number.
pub(super) fn find(connection: &Connection, name: &str, kind: TableKind) -> Result<i64, Trouble> {
    let found: Option<(i64, String)> = connection
        .prepare_cached("select id, kind from tables where name = ?1")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    match found {
        Some((id, found)) if found == files::kind_name(kind) => Ok(id),
        Some((_, found)) => Err(Trouble::Table(format!("holds {found}; expected {}", files::kind_name(kind)))),
        None => Err(Trouble::NoTable),
    }
}
