//! Which withdrawals are marked, as the reference or as principal, and how that is changed.
//!
//! Start at [`withdrawals`], which lists what could be marked, and [`Tag::find`], which says what a change would do before
//! [`Change::write`] does it. What that does to the limits is [`Change::effect`].

mod change;
mod effect;
mod supposed;

use advisor_core::decision::Failure;
use advisor_core::flow::FlowRow;
use advisor_core::rules::{Keywords, Mark};
use advisor_core::store::{Store as _, StoreError};
use advisor_core::sync::{ids_in, memo_names};
use advisor_core::usable::unusable_withdrawal;
use advisor_core::{keys, time};
use advisor_io::AnyStore;
use jiff::Timestamp;
use serde::Serialize;

use change::is_same_flow;
pub(crate) use change::{Change, ChangeView};
pub(crate) use effect::Effect;

use crate::decisions::abbreviate;
use crate::evaluate;
use crate::meant::{Kind, Known, Unclear};
use crate::settings::Settings;

/// More withdrawals than this are not listed, but for the one that is the reference.
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
    /// Whether it is marked as the reference; the newest such is the one that counts.
    is_reference: bool,
    /// Whether it is marked as principal.
    is_principal: bool,
}

/// An asset's withdrawals, the newest first, and among them the reference however old it is.
///
/// # Errors
/// The asset has no tables, or the store does not answer.
pub(crate) async fn withdrawals(
    store: &AnyStore,
    settings: &Settings,
    asset: &str,
) -> Result<Vec<Withdrawal>, Failure> {
    let keywords = settings.config.orchestrator.keywords();
    let (_, rows) = stored(store, settings, asset).await?;
    let is_reference = |row: &FlowRow| keywords.mark(row.memo.as_deref()) == Some(Mark::Reference);
    let known = || rows.iter().filter_map(|row| Some((row.ts?, row.wallet.as_deref()?, row)));
    let newest_reference = known().position(|(.., row)| is_reference(row));
    Ok(known()
        .enumerate()
        .filter(|(i, _)| *i < LISTED_MAX || Some(*i) == newest_reference)
        .map(|(_, (ts, wallet, row))| Withdrawal {
            ts: time::timestamp(ts),
            wallet_address: legible::line(wallet),
            abbreviated_address: legible::line(&abbreviate(wallet)),
            amount: row.amount.map(f64::abs),
            memo: row.memo.as_deref().map(legible::line),
            tx_hash: row.tx_hash.as_deref().map(legible::line),
            tx: row.tx_hash.clone().or_else(|| ids_in(row.memo.as_deref()?).into_iter().next()),
            is_reference: is_reference(row),
            is_principal: keywords.mark(row.memo.as_deref()) == Some(Mark::Principal),
        })
        .collect())
}

/// The table of an asset's withdrawals and its rows, the newest first.
async fn stored(store: &AnyStore, settings: &Settings, asset: &str) -> Result<(String, Vec<FlowRow>), Failure> {
    let tables = evaluate::all_tables(&store.round(), &settings.plan).await;
    let of_asset = settings.plan.assets.iter().zip(tables).find(|(of, _)| of.asset == asset);
    let unknown = || Failure::AssetNotFound { asset: asset.to_owned(), tables: Vec::new(), left_out: None };
    let (table, exists) = of_asset.ok_or_else(unknown)?.1?.withdrawals;
    if !exists {
        return Ok((table, Vec::new()));
    }
    let mut rows = store.round().flows(&table, None, i64::MAX, i64::MAX).await.map_err(Failure::Store)?;
    rows.sort_by_key(|row| std::cmp::Reverse(row.ts));
    Ok((table, rows))
}

/// Which withdrawal is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Which {
    /// The one of this transaction.
    Transaction(String),
    /// The newest.
    Latest,
}

impl Which {
    /// The transaction of a request: its hash, or `latest`; `None` where it names none.
    pub(crate) fn parse(tx: String) -> Option<Self> {
        match tx.trim() {
            "" => None,
            "latest" => Some(Self::Latest),
            _ => Some(Self::Transaction(tx)),
        }
    }
}

/// A wish to mark a withdrawal, or to unmark it.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    pub(crate) asset: String,
    pub(crate) which: Which,
    /// Only this wallet's withdrawals are looked at.
    pub(crate) wallet: Option<String>,
    /// As what; `None`: whatever it is marked as comes off.
    pub(crate) mark: Option<Mark>,
}

/// Why a withdrawal cannot be marked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TagError {
    #[error("asset {} is not configured; client.assets has: {assets}", legible::quoted(asset))]
    NotConfigured { asset: String, assets: String },
    #[error("{0}")]
    Asset(Failure),
    #[error("no withdrawal of {asset} {which} in table {table}")]
    NotFound { asset: String, which: String, table: String },
    #[error("{asset} has no withdrawal{of_wallet} in table {table}: import or pull it first")]
    NoneYet { asset: String, of_wallet: String, table: String },
    #[error("{count} withdrawals of {asset} {which}: {remedy}")]
    Ambiguous { asset: String, which: String, count: usize, remedy: &'static str },
    /// Several begin as it was written; a sentence that names them.
    #[error("{0}")]
    Unclear(String),
    /// It would free or cost money by a row that counts nowhere.
    #[error(
        "the {withdrawal} cannot be marked: its row in table {table} {cause}, so no sum has it; correct the row first"
    )]
    Unusable { withdrawal: String, table: String, cause: &'static str },
    #[error("{0}")]
    Write(StoreError),
}

/// An asset's withdrawals as they were read.
struct Stored<'s> {
    /// As configured.
    asset: &'s str,
    table: String,
    rows: Vec<FlowRow>,
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
        self.change(self.stored(store, settings).await?, settings, write_prefix)
    }

    /// The same where of wallet and transaction the beginning may be all that a person has written.
    ///
    /// # Errors
    /// As of [`Tag::find`]; and several are known that could be meant.
    pub(crate) async fn find_by_beginning(
        self,
        store: &AnyStore,
        settings: &Settings,
        write_prefix: &str,
    ) -> Result<Change, TagError> {
        let stored = self.stored(store, settings).await?;
        self.written_out(&stored.rows)?.change(stored, settings, write_prefix)
    }

    async fn stored<'s>(&self, store: &AnyStore, settings: &'s Settings) -> Result<Stored<'s>, TagError> {
        let client = &settings.config.client;
        let asset = client
            .asset(&self.asset)
            .ok_or_else(|| TagError::NotConfigured { asset: self.asset.clone(), assets: client.assets.join(", ") })?;
        let (table, rows) = stored(store, settings, asset).await.map_err(TagError::Asset)?;
        Ok(Stored { asset, table, rows })
    }

    /// The same with wallet and transaction written out. What is not known stays as it is, for [`Tag::change`] to say so.
    fn written_out(self, rows: &[FlowRow]) -> Result<Self, TagError> {
        let known = rows.iter().filter_map(|row| row.wallet.as_deref());
        let wallet = self.wallet.map(|written| written_out(&Known::new(Kind::Wallet, known), written)).transpose()?;
        let is_of_wallet = |row: &&FlowRow| {
            wallet.as_ref().is_none_or(|wanted| row.wallet.as_deref().is_some_and(|of| keys::wallet(of) == *wanted))
        };
        let ids: Vec<String> = rows.iter().filter(is_of_wallet).flat_map(ids_of).collect();
        let known = Known::new(Kind::Transaction, ids.iter().map(String::as_str));
        let which = match self.which {
            Which::Transaction(written) => Which::Transaction(written_out(&known, written)?),
            Which::Latest => Which::Latest,
        };
        Ok(Self { which, wallet, ..self })
    }

    fn change(&self, stored: Stored<'_>, settings: &Settings, write_prefix: &str) -> Result<Change, TagError> {
        let Stored { asset, table, rows } = stored;
        let (keywords, now) = (settings.config.orchestrator.keywords(), Timestamp::now());
        let flow = self.pick(&rows, &table, &keywords)?;
        let rules = settings.plan.of(asset).map(|of| &of.rules);
        let unusable = rules.and_then(|rules| unusable_withdrawal(&flow, time::nanos(now), rules));
        let tables = [table.clone(), format!("{write_prefix}{table}")];
        let until = settings.plan.end.unwrap_or(now);
        let change = Change::new(asset, tables, rows, flow, self.mark, (&keywords, settings.zone(), until));
        match unusable.filter(|_| self.mark.is_some()) {
            Some(cause) => Err(TagError::Unusable { withdrawal: change.withdrawal(), table, cause }),
            None => Ok(change),
        }
    }

    fn pick(&self, rows: &[FlowRow], table: &str, keywords: &Keywords) -> Result<FlowRow, TagError> {
        let wanted = self.wallet.as_deref().map(keys::wallet);
        let is_meant = |row: &&FlowRow| {
            let is_wanted = |of: &str| wanted.as_ref().is_none_or(|wanted| *wanted == keys::wallet(of));
            row.ts.is_some() && row.wallet.as_deref().is_some_and(is_wanted)
        };
        let mut rows: Vec<&FlowRow> = rows.iter().filter(is_meant).collect();
        match &self.which {
            Which::Transaction(hash) => rows.retain(|row| is_transaction(row, hash)),
            Which::Latest => {
                let newest = rows.first().and_then(|row| row.ts);
                rows.retain(|row| row.ts == newest);
            }
        }
        // A file and a pull may both have brought a flow: it is one, and marked if either row is.
        rows.sort_by_key(|row| keywords.mark(row.memo.as_deref()).is_none());
        let mut flows: Vec<&FlowRow> = Vec::new();
        for row in rows {
            if !flows.iter().any(|known| is_same_flow(known, row)) {
                flows.push(row);
            }
        }
        let (asset, which, table) = (self.asset.clone(), self.description(), table.to_owned());
        match (flows.pop(), flows.len()) {
            (None, _) if self.which == Which::Latest => {
                Err(TagError::NoneYet { asset, of_wallet: self.of_wallet(), table })
            }
            (None, _) => Err(TagError::NotFound { asset, which, table }),
            (Some(flow), 0) => Ok(flow.clone()),
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
            Which::Transaction(hash) => format!("with transaction {}", keys::shown(hash)),
            Which::Latest => "at the newest instant".to_owned(),
        };
        which + &self.of_wallet()
    }

    fn of_wallet(&self) -> String {
        self.wallet.as_ref().map(|wallet| format!(" of wallet {}", keys::shown(wallet))).unwrap_or_default()
    }
}

fn written_out(known: &Known, written: String) -> Result<String, TagError> {
    match known.find(&written) {
        Ok(whole) => Ok(whole),
        Err(Unclear::Unknown) => Ok(written),
        Err(Unclear::Several(several)) => Err(TagError::Unclear(several)),
    }
}

/// The transactions that a row names, by its hash and in its memo.
fn ids_of(row: &FlowRow) -> Vec<String> {
    let named = row.memo.as_deref().map(ids_in).unwrap_or_default();
    row.tx_hash.iter().cloned().chain(named).collect()
}

fn is_transaction(row: &FlowRow, hash: &str) -> bool {
    row.tx_hash.as_deref().is_some_and(|stored| keys::tx_hash(stored) == keys::tx_hash(hash))
        || row.memo.as_deref().is_some_and(|memo| memo_names(memo, &keys::tx_hash(hash)))
}
