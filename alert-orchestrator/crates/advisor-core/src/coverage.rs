//! How far are the wallets' deposits and withdrawals known?
//!
//! Start at [`Coverage::note`], which adds what a pull of transactions reached, and [`incomplete`], which compares that
//! with the wallets' samples: a deposit that nobody has asked about would look like a gain. Pure: the stores keep what is
//! noted, [`crate::sync`] says what was pulled.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decision::{FlowsIncomplete, NotPulled};
use crate::figures::WalletFigures;
use crate::rules::CoverageRules;
use crate::time;

/// From when to when a pull reached, both included, nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first instant; [`Span::BEGINNING`] where all of the history was asked for.
    pub from: i64,
    /// The last instant.
    pub to: i64,
}

impl Span {
    /// Before any history.
    pub const BEGINNING: i64 = 0;
}

/// How far the pull of one wallet's transactions reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The wallet.
    pub wallet: Arc<str>,
    /// All of this range; or nothing for certain, and why, as a sentence that can follow a colon.
    pub outcome: Result<Span, String>,
}

/// What is known of one wallet's flows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WalletCoverage {
    /// The ranges that pulls have reached, in order; none touches another.
    pub spans: Vec<Span>,
    /// Why the newest pull failed; `None` where it did not.
    pub fault: Option<String>,
}

impl WalletCoverage {
    /// Adds what a pull reached at the time `now`. What reaches beyond it was noted by a clock that was wrong, and is cut.
    pub fn note(&mut self, outcome: &Result<Span, String>, now: i64) {
        self.fault = outcome.as_ref().err().cloned();
        self.spans.extend(outcome.as_ref().ok());
        let cut = self.spans.iter().map(|span| Span { to: span.to.min(now), ..*span });
        let mut spans: Vec<Span> = cut.filter(|span| span.from <= span.to).collect();
        spans.sort_unstable();
        self.spans.clear();
        for span in spans {
            match self.spans.last_mut() {
                Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
                _ => self.spans.push(span),
            }
        }
    }

    /// Up to when flows after `since` are known without a gap; `since` itself where they are not.
    fn known_up_to(&self, since: i64) -> i64 {
        let reaching = self.spans.iter().find(|span| span.from <= since && since <= span.to);
        reaching.map_or(since, |span| span.to)
    }
}

/// What is known of the flows of one asset, by wallet. Addresses are the same in capitals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    wallets: BTreeMap<String, WalletCoverage>,
}

impl Coverage {
    /// Adds what a pull reached at the time `now`, nanoseconds since the epoch.
    pub fn note(&mut self, reached: &Reached, now: i64) {
        self.wallet(&reached.wallet).note(&reached.outcome, now);
    }

    /// What is known of a wallet, to be changed.
    pub fn wallet(&mut self, address: &str) -> &mut WalletCoverage {
        self.wallets.entry(address.to_ascii_lowercase()).or_default()
    }
}

/// The first of the wallets whose flows are not known from its baseline to its newest sample, but for what may come late.
pub(crate) fn incomplete(
    rules: &CoverageRules,
    coverage: &Coverage,
    wallets: &[WalletFigures],
) -> Option<FlowsIncomplete> {
    let lag = time::hours(rules.flow_lag_hours);
    let mut unknown = wallets.iter().filter_map(|wallet| {
        let (baseline, newest) = (time::nanos(wallet.baseline_at), time::nanos(wallet.newest_at));
        let needed = newest.saturating_sub(lag);
        let known = coverage.wallets.get(&wallet.address.to_ascii_lowercase());
        let known_to = known.map_or(baseline, |known| known.known_up_to(baseline));
        (baseline < needed && known_to < needed).then(|| {
            let fault = known.and_then(|known| known.fault.as_deref());
            (wallet, known_to, cause(rules, wallet, known_to, needed, fault))
        })
    });
    let (wallet, known_to, cause) = unknown.next()?;
    Some(FlowsIncomplete::NotPulled(NotPulled {
        wallet: Arc::clone(&wallet.address),
        known_to: time::timestamp(known_to),
        cause,
        others: unknown.count(),
    }))
}

/// Why a wallet's flows are known to `known_to` and not to `needed`: what is configured first, for no pull can mend that.
fn cause(rules: &CoverageRules, wallet: &WalletFigures, known_to: i64, needed: i64, fault: Option<&str>) -> String {
    let CoverageRules { wallets, start, end, unfit, .. } = rules;
    if let Some(unfit) = unfit {
        return unfit.clone();
    }
    if !wallets.is_empty() && !wallets.iter().any(|named| named.eq_ignore_ascii_case(&wallet.address)) {
        return "transaction_sync.wallets leaves it out".to_owned();
    }
    if let Some(start) = start.filter(|start| known_to < *start) {
        let (start, baseline) = (time::timestamp(start), wallet.baseline_at);
        return format!("transaction_sync.start_date is {start}, and its gain counts from {baseline} on");
    }
    if let Some(end) = end.filter(|end| *end < needed) {
        return format!("transaction_sync.end_date is {}", time::timestamp(end));
    }
    fault.map_or_else(|| "no pull has got that far; the log says why".to_owned(), str::to_owned)
}
