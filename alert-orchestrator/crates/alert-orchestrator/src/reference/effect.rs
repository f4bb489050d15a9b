//! What does a mark cost or free? The asset evaluated as it is, and as if the mark were set already.
//!
//! Start at [`Change::effect`]. Both evaluations are made as between two rounds: nothing is pulled, written, published
//! or counted. One reference counts for all wallets of an asset, so the sentence names what it does to those that nobody
//! asked about.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use advisor_core::advice::{Advice, WalletFigures};
use advisor_core::decision::{Decision, Failure, Hold, HoldReason};
use advisor_core::reference::RefMode;
use advisor_core::rules::Mark;
use advisor_core::store::Store;
use advisor_io::AnyStore;
use jiff::Timestamp;
use serde::Serialize;

use super::change::Change;
use super::supposed::Supposed;
use crate::decisions::abbreviate;
use crate::evaluate::{self, Evaluation, Plan};

/// What is gained or lost below it is no change, USD.
const CENT: f64 = 0.01;

/// More wallets than this are not listed for a person who is asked.
const LISTED_MAX: usize = 10;

/// What a mark changes.
#[derive(Debug, Serialize)]
pub(crate) struct Effect {
    asset: String,
    /// As what the withdrawal is marked then.
    mark: Option<Mark>,
    before: Side,
    after: Side,
    /// The wallets that have figures before or after, in order of their addresses.
    wallets: Vec<WalletEffect>,
    /// The same in a sentence.
    message: String,
}

/// The answer without the mark, or with it.
#[derive(Debug, Serialize)]
struct Side {
    #[serde(flatten)]
    decision: Decision,
    ref_mode: RefMode,
    t0_ts: Option<Timestamp>,
}

/// One wallet's part; `null` where it has none.
#[derive(Debug, Serialize)]
struct WalletEffect {
    wallet_address: Arc<str>,
    abbreviated_address: String,
    wmax_usd_before: Option<f64>,
    wmax_usd_after: Option<f64>,
    gain_usd_before: Option<f64>,
    gain_usd_after: Option<f64>,
}

impl Change {
    /// Evaluates the asset without the change and with it; `last` is the round whose prices and counts both go by.
    ///
    /// # Errors
    /// The store does not answer.
    pub(crate) async fn effect(&self, store: &AnyStore, plan: &Plan, last: &Evaluation) -> Result<Effect, Failure> {
        let (plan, now) = (Plan { draws: false, ..plan.only(&[self.asset().to_owned()]) }, Timestamp::now());
        let store = store.round();
        let before = self.advice(&store, &plan, last, now).await?;
        let after = match self.is_seen() {
            true => self.advice(&Supposed { store: &store, change: self }, &plan, last, now).await?,
            false => before.clone(),
        };
        Ok(self.effect_of(&before, &after))
    }

    async fn advice<S: Store>(
        &self,
        store: &S,
        plan: &Plan,
        last: &Evaluation,
        now: Timestamp,
    ) -> Result<Advice, Failure> {
        let evaluation = evaluate::anew(store, plan, last, now).await;
        let unknown = || Failure::AssetNotFound { asset: self.asset().to_owned(), tables: Vec::new(), left_out: None };
        let advice = evaluation.advice.into_iter().next().ok_or_else(unknown)?;
        match advice.decision {
            Decision::Error(failure) if failure.is_store_gone() => Err(failure),
            _ => Ok(advice),
        }
    }

    fn effect_of(&self, before: &Advice, after: &Advice) -> Effect {
        Effect {
            asset: self.asset().to_owned(),
            mark: self.mark_after(),
            before: side(before),
            after: side(after),
            wallets: wallets(before, after),
            message: message(before, after, |wallet| self.is_of_wallet(wallet)),
        }
    }
}

fn side(advice: &Advice) -> Side {
    Side { decision: advice.decision.clone(), ref_mode: advice.ref_mode, t0_ts: advice.t0 }
}

/// Every wallet that has figures, with those before and after.
fn figures<'a>(before: &'a Advice, after: &'a Advice) -> BTreeMap<&'a Arc<str>, [Option<&'a WalletFigures>; 2]> {
    let mut both: BTreeMap<_, [Option<&WalletFigures>; 2]> = BTreeMap::new();
    for (i, advice) in [before, after].into_iter().enumerate() {
        for wallet in &advice.wallets {
            both.entry(&wallet.address).or_default()[i] = Some(wallet);
        }
    }
    both
}

fn wallets(before: &Advice, after: &Advice) -> Vec<WalletEffect> {
    // What is computed of a held asset is not offered.
    let [is_offered, is_offered_after] = [before, after].map(|advice| !advice.wallet_breakdown().is_empty());
    let limit = |wallet: Option<&WalletFigures>, is_offered| wallet.filter(|_| is_offered).map(|of| of.limit_usd);
    let gain = |wallet: Option<&WalletFigures>| wallet.map(|of| of.gain_usd);
    let effect = |(address, [before, after]): (&Arc<str>, [Option<&WalletFigures>; 2])| WalletEffect {
        wallet_address: Arc::clone(address),
        abbreviated_address: abbreviate(address),
        wmax_usd_before: limit(before, is_offered),
        wmax_usd_after: limit(after, is_offered_after),
        gain_usd_before: gain(before),
        gain_usd_after: gain(after),
    };
    figures(before, after).into_iter().map(effect).collect()
}

/// `W_max 36.10 → 18.34; 11.20 USD of gains in two other wallets will no longer be offered`; `is_own`: whether a
/// wallet is that of the withdrawal.
fn message(before: &Advice, after: &Advice, is_own: impl Fn(&str) -> bool) -> String {
    let mut parts = vec![limits(before, after)];
    // Of what an error keeps nobody knows.
    if !before.decision.is_error() && !after.decision.is_error() {
        parts.extend(others(before, after, is_own));
        parts.extend(taken(before, after));
    }
    parts.join("; ")
}

fn limits(before: &Advice, after: &Advice) -> String {
    let code = |advice: &Advice| advice.decision.reason().map(|reason| reason.code);
    let [was, becomes] = [before, after].map(|advice| money(advice.decision.limit_usd()));
    let why = why(after);
    if was == becomes && code(before) == code(after) {
        return format!("W_max stays {becomes}{why}");
    }
    let held = match before.decision {
        Decision::Withdraw { .. } => "",
        Decision::Hold(_) => " (HOLD)",
        Decision::Error(_) => " (ERROR)",
    };
    format!("W_max {was}{held} → {becomes}{why}")
}

fn why(after: &Advice) -> String {
    let verdict = match &after.decision {
        Decision::Withdraw { .. } => return String::new(),
        Decision::Hold(hold) if awaits_sample(hold, after) => "HOLD until the next sample",
        Decision::Hold(_) => "HOLD",
        Decision::Error(_) => "ERROR",
    };
    let reason = after.decision.reason().map(|reason| reason.message).unwrap_or_default();
    format!(" ({verdict}: {reason})")
}

/// Whether the reference is newer than every sample, as it is just after a withdrawal.
fn awaits_sample(hold: &Hold, advice: &Advice) -> bool {
    let is_newer = advice.t0.zip(advice.t1).is_some_and(|(t0, t1)| t0 > t1);
    is_newer && matches!(hold.reason, HoldReason::NoData { .. })
}

/// What the other wallets offer no more, and what they offer anew; of what is not offered, the gains that count.
fn others(before: &Advice, after: &Advice, is_own: impl Fn(&str) -> bool) -> Vec<String> {
    let others: Vec<_> = figures(before, after).into_iter().filter(|(address, _)| !is_own(address)).collect();
    let sum = |is_offered: bool, sign: f64, what: &str| {
        let usd = |wallet: Option<&WalletFigures>| match wallet {
            Some(of) if is_offered => of.limit_usd,
            Some(of) => (of.gain_usd - of.untagged_usd).max(0.0),
            None => 0.0,
        };
        let moved = others.iter().map(|(_, [before, after])| sign * (usd(*after) - usd(*before)));
        let moved: Vec<f64> = moved.filter(|usd| *usd >= CENT).collect();
        let total = money(moved.iter().sum());
        (!moved.is_empty()).then(|| format!("{total} USD of gains in {} will {what}", other(moved.len())))
    };
    let is_back = after.t0.zip(before.t0).is_some_and(|(after, before)| after < before);
    let [was_offered, is_offered] = [before, after].map(|of| matches!(of.decision, Decision::Withdraw { .. }));
    let lost = sum(was_offered, -1.0, if was_offered { "no longer be offered" } else { "no longer count" });
    let what = if is_offered { "be offered" } else { "count" };
    let freed = sum(is_offered, 1.0, &format!("{what}{}", if is_back { " again" } else { "" }));
    [lost, freed].into_iter().flatten().collect()
}

/// Why a limit falls, or rises by less, where a mark comes off.
fn taken(before: &Advice, after: &Advice) -> Option<String> {
    let untagged = |advice: &Advice| advice.wallets.iter().map(|of| of.untagged_usd).sum::<f64>();
    let more = untagged(after) - untagged(before);
    (more >= CENT).then(|| format!("{} USD withdrawn without a tag will count as gain already taken", money(more)))
}

/// Cents.
fn money(usd: f64) -> String {
    format!("{usd:.2}")
}

fn other(wallets: usize) -> String {
    const IN_WORDS: [&str; 8] = ["two", "three", "four", "five", "six", "seven", "eight", "nine"];
    match wallets {
        1 => "one other wallet".to_owned(),
        _ => match wallets.checked_sub(2).and_then(|i| IN_WORDS.get(i)) {
            Some(word) => format!("{word} other wallets"),
            None => format!("{wallets} other wallets"),
        },
    }
}

/// For a person who is asked: the sentence, and the wallets where more than one changes.
impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let changed = |of: &&WalletEffect| of.wmax_usd_before != of.wmax_usd_after;
        let changed: Vec<&WalletEffect> = self.wallets.iter().filter(changed).collect();
        if changed.len() < 2 {
            return Ok(());
        }
        let usd = |limit: Option<f64>| limit.map_or("none".to_owned(), money);
        for of in changed.iter().take(LISTED_MAX) {
            let [was, becomes] = [of.wmax_usd_before, of.wmax_usd_after].map(usd);
            write!(f, "\n  {was} → {becomes}  {}", legible::line(&of.wallet_address))?;
        }
        match changed.len().saturating_sub(LISTED_MAX) {
            0 => Ok(()),
            1 => write!(f, "\n  and 1 more wallet"),
            more => write!(f, "\n  and {more} more wallets"),
        }
    }
}
