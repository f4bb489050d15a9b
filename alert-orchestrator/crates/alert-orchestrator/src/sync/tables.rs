//! The tables that pulled transactions go into.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use advisor_core::flow::{Direction, FlowRow};
use advisor_core::ledger::{Ledger as _, NewFlow};
use advisor_core::store::{Store as _, StoreError};
use advisor_core::sync::{AssetNames, MemoIsMark, Plan, Transaction, asset_of, plan};
use advisor_io::AnyStore;

use super::outcome::{Summary, SyncError};
use crate::evaluate;
use crate::settings::Settings;

/// The deposit and withdrawal tables of all configured assets, and what was done to them.
pub(super) struct FlowTables<'a> {
    store: &'a AnyStore,
    keywords: [String; 2],
    is_dry_run: bool,
    /// The position tables that were found.
    pub(super) positions: Vec<String>,
    assets: Vec<AssetNames>,
    tables: BTreeMap<(String, Direction), Table>,
    inserted: BTreeMap<Direction, usize>,
    already_stored: usize,
    of_other_assets: usize,
    pub(super) errors: Vec<String>,
}

/// One table.
struct Table {
    /// Where rows are read: the table itself, and the one that is written where that is another. Only those that exist.
    read: Vec<String>,
    written: String,
    /// Its rows, once they have been read; what is added meanwhile is among them.
    rows: Option<Vec<FlowRow>>,
}

/// Why a table got none of its transactions.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Memo(#[from] MemoIsMark),
}

impl Refused {
    /// Whether every other table would fare alike.
    fn is_the_stores(&self) -> bool {
        matches!(self, Self::Store(StoreError::Connect { .. } | StoreError::Unavailable { .. }))
    }
}

impl<'a> FlowTables<'a> {
    /// Finds the tables; an asset without them is an error of its own.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn find(
        store: &'a AnyStore,
        settings: &'a Settings,
        write_prefix: &str,
        is_dry_run: bool,
    ) -> Result<Self, SyncError> {
        let unavailable = |error: StoreError| SyncError::Store(error.to_string());
        let known = store.round().tables().await.map_err(unavailable)?;
        let mut found = Self {
            store,
            keywords: settings.config.orchestrator.keywords(),
            is_dry_run,
            positions: Vec::new(),
            assets: Vec::new(),
            tables: BTreeMap::new(),
            inserted: BTreeMap::new(),
            already_stored: 0,
            of_other_assets: 0,
            errors: Vec::new(),
        };
        for (of, tables) in settings.plan.assets.iter().zip(evaluate::all_tables(&store.round(), &settings.plan).await)
        {
            let tables = match tables {
                Ok(tables) => tables,
                Err(failure) => {
                    found.errors.push(format!("{}: {failure}", of.asset));
                    continue;
                }
            };
            for (direction, (name, _)) in
                [(Direction::Deposit, tables.deposits), (Direction::Withdrawal, tables.withdrawals)]
            {
                let written = format!("{write_prefix}{name}");
                let mut read = vec![name, written.clone()];
                read.dedup();
                read.retain(|name| known.contains(name));
                found.tables.insert((tables.suffix.clone(), direction), Table { read, written, rows: None });
            }
            found.positions.push(tables.positions);
            found.assets.push(AssetNames { configured: of.asset.clone(), suffix: tables.suffix });
        }
        Ok(found)
    }

    /// Stores what is new among a wallet's transactions. What goes wrong with one table is one of the errors and concerns no
    /// other; only where the store does not answer is there no point in going on.
    pub(super) async fn store(&mut self, transactions: &[Transaction]) -> ControlFlow<()> {
        let mut by_table: BTreeMap<(String, Direction), Vec<Transaction>> = BTreeMap::new();
        for transaction in transactions {
            match asset_of(&transaction.display_name, &self.assets) {
                Some(asset) => {
                    by_table
                        .entry((asset.suffix.clone(), transaction.direction))
                        .or_default()
                        .push(transaction.clone());
                }
                None => self.of_other_assets += 1,
            }
        }
        for (key, transactions) in by_table {
            match self.add(&key, &transactions).await {
                Ok(written) => *self.inserted.entry(key.1).or_default() += written,
                Err(refused) => {
                    self.errors.push(refused.to_string());
                    if refused.is_the_stores() {
                        return ControlFlow::Break(());
                    }
                }
            }
        }
        ControlFlow::Continue(())
    }

    async fn add(&mut self, key: &(String, Direction), transactions: &[Transaction]) -> Result<usize, Refused> {
        let Some(table) = self.tables.get_mut(key) else { return Ok(0) };
        // Put back once all went well: after a write that failed, nobody knows what is in the table.
        let mut rows = match table.rows.take() {
            Some(rows) => rows,
            None => {
                let mut rows = Vec::new();
                for name in &table.read {
                    rows.extend(self.store.round().flows(name, None, i64::MAX, i64::MAX).await?);
                }
                rows
            }
        };
        let unique = self.store.round().key(&table.written).await?;
        let Plan { add, stored, differing, colliding, doubtful, .. } =
            plan(transactions, key.1, &rows, unique, &self.keywords)?;
        self.already_stored += stored;
        if !differing.is_empty() {
            self.errors.push(format!(
                "table {}: stored amounts differ from Liqwid's and were left as they are: {}",
                table.written,
                differing.join(", ")
            ));
        }
        if !colliding.is_empty() {
            self.errors.push(format!(
                "table {}: {} {}s were not written: its primary key lacks tx_hash, so they would replace other rows: {}",
                table.written,
                colliding.len(),
                key.1,
                ids(&colliding)
            ));
        }
        if !doubtful.is_empty() {
            self.errors.push(format!(
                "table {}: {} {}s were not written: rows with their wallet, time and amount name no transaction, \
                 and they would count twice: {}",
                table.written,
                doubtful.len(),
                key.1,
                ids(&doubtful)
            ));
        }
        if !self.is_dry_run && !add.is_empty() {
            self.store.round().add_flows(&table.written, &add).await?;
        }
        let added = add.len();
        rows.extend(add.into_iter().map(row));
        table.rows = Some(rows);
        Ok(added)
    }

    /// What was done, about so many wallets.
    pub(super) fn summary(self, wallets: usize) -> Summary {
        let inserted = |direction| self.inserted.get(&direction).copied().unwrap_or(0);
        let (deposits, withdrawals) = (inserted(Direction::Deposit), inserted(Direction::Withdrawal));
        let verb = if self.is_dry_run { "would be stored" } else { "stored" };
        let mut message = format!(
            "{deposits} deposits and {withdrawals} withdrawals of {wallets} wallets {verb}, {} were stored already",
            self.already_stored
        );
        if self.of_other_assets > 0 {
            message += &format!(", {} of assets that are not configured were left out", self.of_other_assets);
        }
        let status = if self.errors.is_empty() { "success" } else { "error" };
        let (deposits_inserted, withdrawals_inserted) = if self.is_dry_run { (0, 0) } else { (deposits, withdrawals) };
        Summary {
            status,
            deposits_inserted,
            withdrawals_inserted,
            errors: self.errors,
            message,
            is_dry_run: self.is_dry_run,
        }
    }
}

fn row(flow: NewFlow) -> FlowRow {
    let NewFlow { ts, wallet, amount, memo, tx_hash } = flow;
    FlowRow { ts: Some(ts), wallet: Some(wallet), amount: Some(amount), memo, tx_hash }
}

fn ids(flows: &[NewFlow]) -> String {
    let ids: Vec<&str> = flows.iter().filter_map(|flow| flow.tx_hash.as_deref()).collect();
    ids.join(", ")
}
