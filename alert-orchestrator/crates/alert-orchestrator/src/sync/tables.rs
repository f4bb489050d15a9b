//! The tables that pulled transactions go into.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use advisor_core::coverage::Reached;
use advisor_core::flow::{Direction, FlowRow};
use advisor_core::ledger::{Ledger as _, NewFlow, PulledFlows};
use advisor_core::rules::Keywords;
use advisor_core::store::{Store as _, StoreError};
use advisor_core::sync::{AssetNames, MemoIsMark, Plan, Transaction, asset_of, plan};
use advisor_io::AnyStore;

use super::asked::{WalletPull, name_once};
use super::outcome::{Summary, SyncError};
use crate::evaluate;
use crate::settings::Settings;

/// The deposit and withdrawal tables of all configured assets, and what was done to them.
pub(super) struct FlowTables<'a> {
    store: &'a AnyStore,
    keywords: Keywords,
    is_dry_run: bool,
    /// The position tables that were found.
    pub(super) positions: Vec<String>,
    assets: Vec<AssetNames>,
    tables: BTreeMap<(String, Direction), Table>,
    deposits: usize,
    withdrawals: usize,
    already_stored: usize,
    of_other_assets: usize,
    pub(super) errors: Vec<String>,
}

/// One table.
struct Table {
    /// Where rows are read: the table itself, and the one that is written where that is another. Only those that exist.
    read: Vec<String>,
    written: String,
}

/// What there is to store in a table, and what of the wallets' transactions is not.
#[derive(Default)]
struct Planned {
    table: String,
    add: Vec<NewFlow>,
    /// Why the table gets none of them.
    refused: Option<String>,
    /// Why not all of a wallet's transactions are stored as Liqwid knows them, by wallet.
    faults: BTreeMap<Arc<str>, String>,
    /// The wallets that transactions are missing of then.
    lacking: BTreeSet<Arc<str>>,
}

impl Planned {
    fn fault(&self, wallet: &Arc<str>) -> Option<&String> {
        self.refused.as_ref().or_else(|| self.faults.get(wallet))
    }

    fn take(&mut self, plan: Plan, direction: Direction, errors: &mut Vec<String>) {
        let Plan { add, differing, colliding, doubtful, .. } = plan;
        self.add = add;
        self.lacking = colliding.iter().map(|flow| flow.wallet.clone()).collect();
        let table = self.table.clone();
        self.note(&differing, errors, || {
            format!("table {table}: stored amounts differ from Liqwid's and were left as they were")
        });
        self.note(&colliding, errors, || {
            let count = colliding.len();
            format!(
                "table {table}: {count} {direction}s were not written: its primary key lacks tx_hash, so they would \
                 replace other rows"
            )
        });
        self.note(&doubtful, errors, || {
            let count = doubtful.len();
            format!(
                "table {table}: {count} {direction}s were not written: rows with their wallet, time and amount name no \
                 transaction, and they would count twice"
            )
        });
    }

    /// Keeps what is wrong with flows as an error, and as the fault of their wallets.
    fn note(&mut self, flows: &[NewFlow], errors: &mut Vec<String>, what: impl Fn() -> String) {
        if flows.is_empty() {
            return;
        }
        errors.push(format!("{}: {}", what(), ids(flows)));
        for flow in flows {
            let id = flow.tx_hash.as_deref().unwrap_or_default();
            self.faults.entry(flow.wallet.clone()).or_insert_with(|| format!("{}: {id}", what()));
        }
    }
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
        matches!(self, Self::Store(error) if error.is_of_the_store())
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
            deposits: 0,
            withdrawals: 0,
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
                found.tables.insert((tables.suffix.clone(), direction), Table { read, written });
            }
            found.positions.push(tables.positions);
            found.assets.push(AssetNames { configured: of.asset.clone(), suffix: tables.suffix });
        }
        Ok(found)
    }

    /// Stores what is new among the wallets' transactions. What goes wrong with one table is one of the errors and concerns no
    /// other asset; only where the store does not answer is there no point in going on.
    pub(super) async fn store(&mut self, wallets: &[WalletPull]) {
        let mut by_asset: BTreeMap<String, Vec<Transaction>> = BTreeMap::new();
        for transaction in wallets.iter().flat_map(|wallet| &wallet.transactions) {
            match asset_of(&transaction.display_name, &self.assets) {
                Some(asset) => by_asset.entry(asset.suffix.clone()).or_default().push(transaction.clone()),
                None => {
                    name_once("asset", &transaction.display_name);
                    self.of_other_assets += 1;
                }
            }
        }
        let reached: Vec<Reached> = wallets.iter().map(|wallet| wallet.reached.clone()).collect();
        let suffixes: Vec<String> = self.assets.iter().map(|asset| asset.suffix.clone()).collect();
        let mut pulled = Vec::new();
        for suffix in suffixes {
            let transactions = by_asset.remove(&suffix).unwrap_or_default();
            match self.of_asset(&suffix, &transactions, &reached).await {
                Some(of_asset) => pulled.push(of_asset),
                // The others would fare alike.
                None => return,
            }
        }
        self.write(&pulled).await;
    }

    /// What there is to store of an asset; `None` where the store does not answer.
    async fn of_asset(
        &mut self,
        suffix: &str,
        transactions: &[Transaction],
        reached: &[Reached],
    ) -> Option<PulledFlows> {
        let deposits = self.planned(suffix, Direction::Deposit, transactions).await?;
        let mut withdrawals = self.planned(suffix, Direction::Withdrawal, transactions).await?;
        // A withdrawal of what was paid in would pass for gain, were the deposit not there.
        withdrawals.add.retain(|flow| deposits.refused.is_none() && !deposits.lacking.contains(&flow.wallet));
        let known = |one: &Reached| {
            let fault = deposits.fault(&one.wallet).or_else(|| withdrawals.fault(&one.wallet));
            let outcome = one.outcome.clone().and_then(|span| fault.map_or(Ok(span), |fault| Err(fault.clone())));
            Reached { wallet: one.wallet.clone(), outcome }
        };
        let reached = reached.iter().map(known).collect();
        Some(PulledFlows {
            deposits_table: deposits.table,
            deposits: deposits.add,
            withdrawals_table: withdrawals.table,
            withdrawals: withdrawals.add,
            reached,
        })
    }

    /// What there is to store in one table; `None` where the store does not answer.
    async fn planned(&mut self, suffix: &str, direction: Direction, transactions: &[Transaction]) -> Option<Planned> {
        let table = self.tables.get(&(suffix.to_owned(), direction))?;
        let mut planned = Planned { table: table.written.clone(), ..Planned::default() };
        match self.plan(table, direction, transactions).await {
            Ok(plan) => {
                self.already_stored += plan.stored;
                planned.take(plan, direction, &mut self.errors);
            }
            Err(refused) => {
                self.errors.push(refused.to_string());
                if refused.is_the_stores() {
                    return None;
                }
                planned.refused = Some(refused.to_string());
            }
        }
        Some(planned)
    }

    async fn plan(&self, table: &Table, direction: Direction, transactions: &[Transaction]) -> Result<Plan, Refused> {
        let mut rows: Vec<FlowRow> = Vec::new();
        for name in &table.read {
            rows.extend(self.store.round().flows(name, None, i64::MAX, i64::MAX).await?);
        }
        let unique = self.store.round().key(&table.written).await?;
        Ok(plan(transactions, direction, &rows, unique, &self.keywords)?)
    }

    async fn write(&mut self, pulled: &[PulledFlows]) {
        if self.is_dry_run {
            self.deposits = pulled.iter().map(|of| of.deposits.len()).sum();
            self.withdrawals = pulled.iter().map(|of| of.withdrawals.len()).sum();
            return;
        }
        for stored in self.store.round().add_pulled(pulled).await {
            self.deposits += stored.deposits;
            self.withdrawals += stored.withdrawals;
            let error = stored.error.map(|error| error.to_string());
            self.errors.extend(error.filter(|error| !self.errors.contains(error)));
        }
    }

    /// What was done, about so many wallets.
    pub(super) fn summary(self, wallets: usize) -> Summary {
        let (deposits, withdrawals) = (self.deposits, self.withdrawals);
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
            errors: self.errors.iter().map(|error| legible::line(error)).collect(),
            message,
            is_dry_run: self.is_dry_run,
        }
    }
}

fn ids(flows: &[NewFlow]) -> String {
    let ids: Vec<&str> = flows.iter().filter_map(|flow| flow.tx_hash.as_deref()).collect();
    ids.join(", ")
}
