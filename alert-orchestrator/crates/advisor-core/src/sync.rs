//! Which of the lending market's transactions are not stored yet, and can be?
//!
//! Start at [`asset_of`], which tells whose tables a transaction belongs to, and [`plan`], which compares the transactions
//! of one table with its rows. Pure: nothing is fetched or written here. What a plan adds is found again by the next one,
//! so that a run that broke off is completed by another, and a run too many adds nothing.
//!
//! Amounts are units of the asset: a store whose amounts are USD must not be synced.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::flow::{Direction, FlowRow};
use crate::keys;
use crate::ledger::{FlowKey, NewFlow};
use crate::resolve::coin_names;
use crate::rules::Keywords;

/// One action of a transaction: what it moved into or out of a wallet's position. Wallet, id, direction, name and amount
/// together tell actions apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Transaction {
    /// Wallet address.
    pub wallet: Arc<str>,
    /// The transaction's full hash, in hex digits.
    pub id: String,
    /// In or out.
    pub direction: Direction,
    /// The asset, as the lending market shows it.
    pub display_name: String,
    /// When, nanoseconds since the epoch.
    pub ts: i64,
    /// Units of the asset, finite, not negative.
    pub amount: f64,
}

/// What an asset is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetNames {
    /// Its name as configured.
    pub configured: String,
    /// What its tables end in.
    pub suffix: String,
}

/// The asset that a display name means: the one that is called so, else the one that is called like the bridged or plain
/// form of the coin. Ignores case.
#[must_use]
pub fn asset_of<'a>(display_name: &str, assets: &'a [AssetNames]) -> Option<&'a AssetNames> {
    coin_names(display_name).find_map(|name| {
        let is_called =
            |asset: &&AssetNames| [&asset.configured, &asset.suffix].iter().any(|own| own.eq_ignore_ascii_case(&name));
        assets.iter().find(is_called)
    })
}

/// What is to be done with the transactions of one table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// To be stored, in order of time.
    pub add: Vec<NewFlow>,
    /// How many are stored already.
    pub stored: usize,
    /// Those of them whose stored amount is another; they stay as they are.
    pub differing: Vec<NewFlow>,
    /// How many actions went into the row of another action of their transaction.
    pub merged: usize,
    /// Cannot be stored: the table would take them for another row and replace it.
    pub colliding: Vec<NewFlow>,
    /// Must not be stored unseen: a row of the wallet has their time, their amount or that of one of their actions, and
    /// names no transaction. Were it theirs, money would count twice.
    pub doubtful: Vec<NewFlow>,
}

/// The memo of a synced withdrawal would mark it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the keyword {keyword:?} is part of the memo that a synced withdrawal gets ({memo}): it would be marked; expected another keyword"
)]
pub struct MemoIsMark {
    /// The keyword as configured.
    pub keyword: String,
    /// The memo.
    pub memo: String,
}

/// What stands in the memo of every pulled flow, before its transaction.
pub const PULLED_MEMO: &str = "Synced from Liqwid (tx: ";

/// The transactions that tables know by this much of their id are the same: what an earlier service stored of it.
const ID_DIGITS_MIN: usize = 16;

/// How long a slot of the chain lasts, nanoseconds: instants that are closer are the same one. Tables keep no more than
/// their unit can tell, so a comparison of nanoseconds would miss rows that collide.
const SLOT: i64 = 1_000_000_000;

/// Compares the transactions of one asset in one direction, of any wallets, with the rows of its table.
///
/// The actions of a transaction in a wallet make one row with their sum. It is stored already where a row of that wallet has
/// its hash, or names the beginning of it in its memo. `key` is what tells the table's rows apart; of several new rows
/// that it takes for one the first is added. `keywords` are those that mark a withdrawal. Transactions in another direction are left out.
///
/// # Errors
/// [`MemoIsMark`] where a withdrawal would be marked by its memo; then nothing may be stored.
pub fn plan(
    transactions: &[Transaction],
    direction: Direction,
    stored: &[FlowRow],
    key: FlowKey,
    keywords: &Keywords,
) -> Result<Plan, MemoIsMark> {
    let known = Known::of(stored);
    let mut taken: HashSet<(Option<Arc<str>>, i64)> =
        stored.iter().filter_map(|row| place(row.wallet.as_ref(), row.ts?, key)).collect();
    let mut plan = Plan::default();
    let (mut rows, merged) = merge(transactions, direction);
    plan.merged = merged;
    rows.sort_by(|(a, _), (b, _)| (a.ts, &a.wallet, &a.tx_hash).cmp(&(b.ts, &b.wallet, &b.tx_hash)));
    for (row, actions) in rows {
        let id = row.tx_hash.as_deref().unwrap_or_default();
        if let Some(amount) = known.amount(&row.wallet, id) {
            plan.stored += 1;
            if !is_same_amount(amount, row.amount) {
                plan.differing.push(row);
            }
        } else if known.is_unnamed(&row, &actions) {
            plan.doubtful.push(row);
        } else if place(Some(&row.wallet), row.ts, key).is_none_or(|place| taken.insert(place)) {
            plan.add.push(row);
        } else {
            plan.colliding.push(row);
        }
    }
    let memos = plan.add.iter().filter_map(|row| row.memo.as_ref());
    let mut marked = memos
        .flat_map(|memo| [&keywords.reference, &keywords.principal].into_iter().map(move |keyword| (memo, keyword)));
    match marked.find(|(memo, keyword)| memo.contains(keyword.as_str())) {
        Some((memo, keyword)) if direction == Direction::Withdrawal => {
            Err(MemoIsMark { keyword: keyword.clone(), memo: memo.clone() })
        }
        _ => Ok(plan),
    }
}

/// One row for each transaction of a wallet with the amounts of its actions, and how many actions went into another's row.
fn merge(transactions: &[Transaction], direction: Direction) -> (Vec<(NewFlow, Vec<f64>)>, usize) {
    let mut actions: BTreeMap<(&Arc<str>, String), Vec<&Transaction>> = BTreeMap::new();
    for action in transactions.iter().filter(|action| action.direction == direction) {
        actions.entry((&action.wallet, action.id.to_ascii_lowercase())).or_default().push(action);
    }
    let mut merged = 0;
    let row = |((wallet, id), mut same): ((&Arc<str>, String), Vec<&Transaction>)| {
        // In this order, so that the sum is the same to the last bit whatever order they came in.
        same.sort_by(|a, b| a.amount.total_cmp(&b.amount).then_with(|| a.display_name.cmp(&b.display_name)));
        same.dedup_by(|a, b| a.amount == b.amount && a.display_name == b.display_name);
        merged += same.len() - 1;
        let amounts: Vec<f64> = same.iter().map(|action| action.amount).collect();
        let flow = NewFlow {
            ts: same.iter().map(|action| action.ts).min().unwrap_or_default(),
            wallet: Arc::clone(wallet),
            amount: amounts.iter().sum(),
            memo: Some(format!("{PULLED_MEMO}{id})")),
            tx_hash: Some(id),
        };
        (flow, amounts)
    };
    let rows = actions.into_iter().map(row).collect();
    (rows, merged)
}

/// Where a table keeps a row of this wallet and instant, if another row could be there.
fn place(wallet: Option<&Arc<str>>, ts: i64, key: FlowKey) -> Option<(Option<Arc<str>>, i64)> {
    match key {
        FlowKey::TxHash => None,
        FlowKey::WalletAndTime => Some((wallet.cloned(), ts.div_euclid(SLOT))),
        FlowKey::Time => Some((None, ts.div_euclid(SLOT))),
    }
}

/// Whether two sums of the same numbers may have come out like this.
fn is_same_amount(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.max(b)
}

/// A wallet, and a transaction's hash or the beginning of it, both as they are compared.
type OfWallet<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The transactions that the stored rows are of, with the rows' amounts (without their sign).
#[derive(Default)]
struct Known<'a> {
    by_hash: HashMap<OfWallet<'a>, f64>,
    /// By the first [`ID_DIGITS_MIN`] digits of what the memo names, and all of it.
    by_memo: HashMap<OfWallet<'a>, Vec<(String, f64)>>,
    /// Rows that name no transaction, by their slot.
    unnamed: HashMap<(Cow<'a, str>, i64), Vec<f64>>,
}

impl<'a> Known<'a> {
    fn of(stored: &'a [FlowRow]) -> Self {
        let mut known = Self::default();
        for row in stored {
            let Some(wallet) = row.wallet.as_deref().map(keys::wallet) else { continue };
            let amount = row.amount.unwrap_or(f64::NAN).abs();
            let named = row.memo.as_deref().map(ids_in).unwrap_or_default();
            for digits in &named {
                let start = digits[..ID_DIGITS_MIN].to_owned();
                known.by_memo.entry((wallet.clone(), start.into())).or_default().push((digits.clone(), amount));
            }
            let hash = row.tx_hash.as_deref().map(keys::tx_hash).filter(|hash| !hash.is_empty());
            if let (Some(ts), None, true) = (row.ts, &hash, named.is_empty()) {
                known.unnamed.entry((wallet.clone(), ts.div_euclid(SLOT))).or_default().push(amount);
            }
            // A row that names its hash twice counts once.
            if let Some(hash) = hash.filter(|hash| !named.iter().any(|digits| hash.starts_with(digits))) {
                *known.by_hash.entry((wallet, hash)).or_default() += amount;
            }
        }
        known
    }

    /// Whether a row that names no transaction looks like this one, or like one of the actions that are summed up in it.
    fn is_unnamed(&self, row: &NewFlow, actions: &[f64]) -> bool {
        let looks_like = |amount: &f64| {
            let mut ours = actions.iter().chain([&row.amount]);
            ours.any(|own| is_same_amount(*amount, *own))
        };
        let unnamed = self.unnamed.get(&(keys::wallet(&row.wallet), row.ts.div_euclid(SLOT)));
        unnamed.is_some_and(|amounts| amounts.iter().any(looks_like))
    }

    /// What is stored of a transaction, or `None`. `id` in lower case.
    fn amount(&self, wallet: &str, id: &str) -> Option<f64> {
        let wallet = keys::wallet(wallet);
        let start = id.get(..ID_DIGITS_MIN).map(str::to_owned);
        let named = start.and_then(|start| self.by_memo.get(&(wallet.clone(), start.into()))).into_iter().flatten();
        let named = named.filter(|(digits, _)| id.starts_with(digits.as_str())).map(|(_, amount)| *amount);
        let hashed = self.by_hash.get(&(wallet, id.into())).copied();
        named.chain(hashed).reduce(|sum, amount| sum + amount)
    }
}

/// Whether a memo names the transaction `id`, by its beginning of at least 16 digits. Ignores case.
#[must_use]
pub fn memo_names(memo: &str, id: &str) -> bool {
    let id = id.to_ascii_lowercase();
    ids_in(memo).iter().any(|digits| id.starts_with(digits))
}

/// How many of the rows of a table have no hash, and name in their memo the transaction of a row of the same wallet that has
/// one: stored by two services, or by one and from a file, it counts twice.
pub(crate) fn count_twins<'a>(rows: impl Iterator<Item = &'a FlowRow> + Clone) -> usize {
    let hash = |row: &'a FlowRow| row.tx_hash.as_deref().map(keys::tx_hash).filter(|hash| !hash.is_empty());
    let wallet = |row: &'a FlowRow| row.wallet.as_deref().map(keys::wallet);
    let hashed: BTreeSet<OfWallet<'_>> = rows.clone().filter_map(|row| Some((wallet(row)?, hash(row)?))).collect();
    let is_known = |named: OfWallet<'a>| {
        let next = hashed.range(&named..).next();
        next.is_some_and(|(wallet, hash)| *wallet == named.0 && hash.starts_with(&*named.1))
    };
    let unnamed = rows.filter(|row| hash(row).is_none());
    let named = unnamed.filter_map(|row| Some((wallet(row)?, ids_in(row.memo.as_deref()?))));
    named.filter(|(wallet, ids)| ids.iter().any(|id| is_known((wallet.clone(), id.clone().into())))).count()
}

/// The beginnings of transaction ids that a memo names after `tx:`, in lower case; each long enough to mean one.
pub fn ids_in(memo: &str) -> Vec<String> {
    let texts = memo.split("tx:").skip(1);
    let digits = |text: &str| -> String {
        let text = text.trim_start().chars();
        text.take_while(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_lowercase()).collect()
    };
    texts.map(digits).filter(|digits| digits.len() >= ID_DIGITS_MIN).collect()
}
