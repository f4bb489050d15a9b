//! How far are the wallets' deposits and withdrawals known?
//!
//! Start at [`Coverage::note`], which adds what a pull of transactions reached. The stores keep what is noted, and
//! `unknown` compares it with the wallets' samples.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::keys;

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
    pub(crate) fn known_up_to(&self, since: i64) -> i64 {
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

    /// What is known of a wallet; `None`: nothing was ever noted.
    pub(crate) fn of(&self, address: &str) -> Option<&WalletCoverage> {
        self.wallets.get(&*keys::wallet(address))
    }

    /// What is known of a wallet, to be changed.
    pub fn wallet(&mut self, address: &str) -> &mut WalletCoverage {
        self.wallets.entry(keys::wallet(address).into_owned()).or_default()
    }
}
