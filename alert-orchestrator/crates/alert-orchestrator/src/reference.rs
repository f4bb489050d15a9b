//! Which withdrawal marks the reference, and how that is changed.
//!
//! Start at [`withdrawals`], which lists what could be marked, and [`Tag::find`], which says what a change would do before
//! [`Change::write`] does it. Marking puts the reference keyword into the withdrawal's memo, unmarking takes it out; the rest
//! of the memo stays.

use std::fmt;

use advisor_core::decision::Failure;
use advisor_core::flow::FlowRow;
use advisor_core::ledger::Ledger as _;
use advisor_core::store::{Store as _, StoreError};
use advisor_core::sync::{ids_in, memo_names};
use advisor_core::time;
use advisor_io::AnyStore;
use jiff::Timestamp;
use serde::Serialize;

use crate::decisions::abbreviate;
use crate::evaluate;
use crate::settings::Settings;

/// More withdrawals than this are not listed.
const LISTED_MAX: usize = 200;

/// A withdrawal that could be marked.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Withdrawal {
    ts: Timestamp,
    wallet_address: String,
    abbreviated_address: String,
    /// Units of the asset, or USD where the configuration says so; positive.
    amount: Option<f64>,
    memo: Option<String>,
    tx_hash: Option<String>,
    /// What it can be marked by: its hash, or what its memo says of it.
    tx: Option<String>,
    /// Whether its memo contains the reference keyword.
    is_reference: bool,
}

/// An asset's withdrawals, the newest first.
///
/// # Errors
/// The asset has no tables, or the store does not answer.
pub(crate) async fn withdrawals(
    store: &AnyStore,
    settings: &Settings,
    asset: &str,
) -> Result<Vec<Withdrawal>, Failure> {
    let keyword = &settings.config.orchestrator.reference_keyword;
    let (_, rows) = stored(store, settings, asset).await?;
    let listed = rows.iter().filter_map(|row| Some((row.ts?, row.wallet.as_deref()?, row)));
    Ok(listed
        .take(LISTED_MAX)
        .map(|(ts, wallet, row)| Withdrawal {
            ts: time::timestamp(ts),
            wallet_address: wallet.to_owned(),
            abbreviated_address: abbreviate(wallet),
            amount: row.amount.map(f64::abs),
            memo: row.memo.clone(),
            tx_hash: row.tx_hash.clone(),
            tx: row.tx_hash.clone().or_else(|| ids_in(row.memo.as_deref()?).into_iter().next()),
            is_reference: has_keyword(row, keyword),
        })
        .collect())
}

/// The table of an asset's withdrawals and its rows, the newest first.
async fn stored(store: &AnyStore, settings: &Settings, asset: &str) -> Result<(String, Vec<FlowRow>), Failure> {
    let tables = evaluate::all_tables(&store.round(), &settings.plan).await;
    let of_asset = settings.plan.assets.iter().zip(tables).find(|(of, _)| of.asset == asset);
    let unknown = || Failure::AssetNotFound { asset: asset.to_owned(), tables: Vec::new() };
    let (table, exists) = of_asset.ok_or_else(unknown)?.1?.withdrawals;
    if !exists {
        return Ok((table, Vec::new()));
    }
    let mut rows = store.round().flows(&table, None, i64::MAX).await.map_err(Failure::Store)?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.ts));
    Ok((table, rows))
}

fn has_keyword(row: &FlowRow, keyword: &str) -> bool {
    row.memo.as_ref().is_some_and(|memo| memo.contains(keyword))
}

/// Which withdrawal is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one of this transaction.
    Transaction(String),
    /// The newest.
    Latest,
}

/// A wish to mark a withdrawal as the reference, or to unmark it.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) asset: String,
    pub(crate) which: Which,
    /// Only this wallet's withdrawals are looked at.
    pub(crate) wallet: Option<String>,
    pub(crate) remove: bool,
}

/// Why a withdrawal cannot be marked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TagError {
    #[error("asset {asset:?} is not configured; client.assets has: {assets}")]
    NotConfigured { asset: String, assets: String },
    #[error("{0}")]
    Asset(Failure),
    #[error("no withdrawal of {asset} {which} in table {table}")]
    NotFound { asset: String, which: String, table: String },
    #[error("{count} withdrawals of {asset} {which}: {remedy}")]
    Ambiguous { asset: String, which: String, count: usize, remedy: &'static str },
    #[error("{0}")]
    Write(StoreError),
}

impl Tag {
    /// Finds the withdrawal and says what would change; `write_prefix` stands before the name of the table that is written.
    ///
    /// # Errors
    /// See [`TagError`]; nothing has been written.
    pub(crate) async fn find(
        &self,
        store: &AnyStore,
        settings: &Settings,
        write_prefix: &str,
    ) -> Result<Change, TagError> {
        let client = &settings.config.client;
        let asset = client
            .asset(&self.asset)
            .ok_or_else(|| TagError::NotConfigured { asset: self.asset.clone(), assets: client.assets.join(", ") })?;
        let (table, rows) = stored(store, settings, asset).await.map_err(TagError::Asset)?;
        let keyword = settings.config.orchestrator.reference_keyword.clone();
        let reference = rows.iter().find(|row| has_keyword(row, &keyword)).and_then(|row| row.ts);
        let flow = self.pick(rows, &table, &keyword)?;
        let memo_after = if self.remove { without(&keyword, &flow) } else { with(&keyword, &flow) };
        let written = format!("{write_prefix}{table}");
        Ok(Change { table, written, keyword, flow, memo_after, reference })
    }

    fn pick(&self, mut rows: Vec<FlowRow>, table: &str, keyword: &str) -> Result<FlowRow, TagError> {
        rows.retain(|row| {
            let of_wallet = self.wallet.as_deref().is_none_or(|wallet| row.wallet.as_deref() == Some(wallet));
            of_wallet && row.ts.is_some() && row.wallet.is_some()
        });
        match &self.which {
            Which::Transaction(hash) => rows.retain(|row| is_transaction(row, hash)),
            Which::Latest => {
                let newest = rows.first().and_then(|row| row.ts);
                rows.retain(|row| row.ts == newest);
            }
        }
        // A file and a pull may both have brought a flow: it is one, and marked if either row is.
        rows.sort_by_key(|row| !has_keyword(row, keyword));
        let mut flows: Vec<FlowRow> = Vec::new();
        for row in rows {
            if !flows.iter().any(|known| is_same_flow(known, &row)) {
                flows.push(row);
            }
        }
        let (asset, which, table) = (self.asset.clone(), self.description(), table.to_owned());
        match (flows.pop(), flows.len()) {
            (None, _) => Err(TagError::NotFound { asset, which, table }),
            (Some(flow), 0) => Ok(flow),
            (Some(_), others) => {
                let remedy = match (&self.which, &self.wallet) {
                    (Which::Latest, None) => "name one by its transaction or its wallet",
                    (Which::Latest, Some(_)) => "name one by its transaction",
                    (Which::Transaction(_), None) => "name one by its wallet",
                    (Which::Transaction(_), Some(_)) => "mark one in the store, where they can be told apart",
                };
                Err(TagError::Ambiguous { asset, which, count: others + 1, remedy })
            }
        }
    }

    fn description(&self) -> String {
        let which = match &self.which {
            Which::Transaction(hash) => format!("with transaction {hash}"),
            Which::Latest => "at the newest instant".to_owned(),
        };
        self.wallet.as_ref().map_or(which.clone(), |wallet| format!("{which} of wallet {wallet}"))
    }
}

/// Whether two rows are one flow to the rule.
fn is_same_flow(a: &FlowRow, b: &FlowRow) -> bool {
    let key = |row: &FlowRow| {
        (row.ts, row.wallet.clone(), row.tx_hash.clone(), row.amount.map(|amount| amount.abs().to_bits()))
    };
    a.tx_hash.is_some() && key(a) == key(b)
}

fn is_transaction(row: &FlowRow, hash: &str) -> bool {
    row.tx_hash.as_deref().is_some_and(|stored| stored.eq_ignore_ascii_case(hash))
        || row.memo.as_deref().is_some_and(|memo| memo_names(memo, hash))
}

fn with(keyword: &str, flow: &FlowRow) -> Option<String> {
    match flow.memo.as_deref().map(str::trim).filter(|memo| !memo.is_empty()) {
        None => Some(keyword.to_owned()),
        Some(memo) if memo.contains(keyword) => flow.memo.clone(),
        Some(memo) => Some(format!("{memo} {keyword}")),
    }
}

fn without(keyword: &str, flow: &FlowRow) -> Option<String> {
    let memo = flow.memo.as_deref()?;
    if !memo.contains(keyword) {
        return Some(memo.to_owned());
    }
    let rest: Vec<&str> = memo.split(keyword).map(str::trim).filter(|part| !part.is_empty()).collect();
    (!rest.is_empty()).then(|| rest.join(" "))
}

/// What marking or unmarking a withdrawal changes.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The table that the withdrawal was read from.
    table: String,
    /// The table that its memo is written to; another one only where every write goes beside the real tables.
    written: String,
    keyword: String,
    flow: FlowRow,
    memo_after: Option<String>,
    /// The newest marked withdrawal before the change.
    reference: Option<i64>,
}

impl Change {
    /// Whether the memo is already as it should be.
    pub(crate) fn is_nothing(&self) -> bool {
        self.flow.memo == self.memo_after
    }

    /// Writes the memo.
    ///
    /// # Errors
    /// See [`TagError::Write`].
    pub(crate) async fn write(&self, store: &AnyStore) -> Result<(), TagError> {
        let memo = self.memo_after.as_deref();
        store.round().set_memo(&self.table, &self.written, &self.flow, memo).await.map_err(TagError::Write)
    }

    /// The table that [`Self::write`] writes to.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    /// What the page is told.
    pub(crate) fn view(&self) -> ChangeView {
        ChangeView {
            status: "success",
            message: if self.is_nothing() { "nothing to change".to_owned() } else { self.effect() },
            table: self.written.clone(),
            wallet_address: self.flow.wallet.as_deref().unwrap_or_default().to_owned(),
            ts: self.flow.ts.map(time::timestamp),
            tx_hash: self.flow.tx_hash.clone(),
            memo_before: self.flow.memo.clone(),
            memo_after: self.memo_after.clone(),
        }
    }

    /// What follows for the gains.
    fn effect(&self) -> String {
        if self.written != self.table {
            return format!("gains count as before: no evaluation reads {}", self.written);
        }
        let marks = self.memo_after.as_ref().is_some_and(|memo| memo.contains(&self.keyword));
        match (marks, self.flow.ts, self.reference) {
            (true, Some(ts), Some(newer)) if newer > ts => {
                format!("gains still count from {}, a newer withdrawal that is marked", time::timestamp(newer))
            }
            (true, Some(ts), _) => format!("gains count from {} on", time::timestamp(ts)),
            _ => "gains count from the newest withdrawal that is still marked, or from the fallback".to_owned(),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let memo = |memo: Option<&str>| memo.map_or("none".to_owned(), |memo| format!("{memo:?}"));
        writeln!(
            f,
            "withdrawal  {}",
            self.flow.ts.map_or("without a time".to_owned(), |ts| time::timestamp(ts).to_string())
        )?;
        writeln!(f, "wallet      {}", self.flow.wallet.as_deref().unwrap_or_default())?;
        writeln!(f, "amount      {}", self.flow.amount.map_or("none".to_owned(), |amount| amount.abs().to_string()))?;
        writeln!(f, "tx          {}", self.flow.tx_hash.as_deref().unwrap_or("none"))?;
        writeln!(f, "memo        {}", memo(self.flow.memo.as_deref()))?;
        writeln!(f, "becomes     {}", memo(self.memo_after.as_deref()))?;
        write!(f, "effect      {}", self.effect())
    }
}

impl ChangeView {
    pub(crate) fn message(&self) -> &str {
        &self.message
    }
}

/// A change as JSON.
#[derive(Debug, Serialize)]
pub(crate) struct ChangeView {
    status: &'static str,
    message: String,
    table: String,
    wallet_address: String,
    ts: Option<Timestamp>,
    tx_hash: Option<String>,
    memo_before: Option<String>,
    memo_after: Option<String>,
}
