//! What does Liqwid know of the wallets?
//!
//! Start at [`ask`]: one wallet after the other. Nothing of the store is held meanwhile.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use advisor_core::coverage::{Reached, Span};
use advisor_core::sync::Transaction;
use advisor_io::api::ApiError;
use advisor_io::liqwid::{Liqwid, Pulled};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use crate::decisions::abbreviate;

/// How far a pull is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress<'a> {
    pub(crate) wallet: &'a str,
    pub(crate) done: usize,
    pub(crate) of: usize,
}

/// The range of time and the wallets that are asked about.
pub(super) struct Scope {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    pub(super) wallets: Vec<Arc<str>>,
    /// What is known of a wallet that has been asked about whole.
    pub(super) span: Span,
    /// After this nobody is asked any more.
    pub(super) until: Option<Instant>,
}

/// What could be had of a wallet, and how far that reaches.
pub(super) struct WalletPull {
    pub(super) transactions: Vec<Transaction>,
    pub(super) reached: Reached,
}

/// What could be had of all wallets.
pub(super) struct Asked {
    pub(super) wallets: Vec<WalletPull>,
    pub(super) errors: Vec<String>,
}

/// Asks about the wallets, for as long as there is a point in it.
pub(super) async fn ask(liqwid: &Liqwid, scope: &Scope, progress: &mut (dyn FnMut(Progress<'_>) + Send)) -> Asked {
    let mut asked = Asked { wallets: Vec::new(), errors: Vec::new() };
    let mut causes = Causes::default();
    let (mut slow_before, mut over) = (false, None);
    for (done, wallet) in scope.wallets.iter().enumerate() {
        progress(Progress { wallet, done, of: scope.wallets.len() });
        let question = liqwid.transactions(wallet, scope.from, scope.to);
        let answer = match scope.until {
            Some(until) => timeout_at(until, question).await.ok(),
            None => Some(question.await),
        };
        let Some(Pulled { transactions, unknown_types, outcome }) = answer else {
            over = Some("the pull was cut off before it was asked about, for a round may take no longer".to_owned());
            break;
        };
        unknown_types.iter().for_each(|unknown| name_once("type", unknown));
        let is_slow = matches!(outcome, Err(ApiError::Slow { .. }));
        // One long history is no reason not to ask about the others; two slow answers in a row are.
        if matches!(outcome, Err(ApiError::Unavailable { .. })) || is_slow && slow_before {
            over = outcome.as_ref().err().map(ToString::to_string);
        }
        slow_before = is_slow;
        if let Err(error) = &outcome {
            causes.note(wallet, error);
        }
        let outcome = outcome.map(|()| scope.span).map_err(|error| error.to_string());
        asked.wallets.push(WalletPull { transactions, reached: Reached { wallet: wallet.clone(), outcome } });
        if over.is_some() {
            break;
        }
    }
    asked.errors = causes.sentences();
    let left = &scope.wallets[asked.wallets.len()..];
    if let Some(cause) = over.filter(|_| !left.is_empty()) {
        asked.errors.push(format!("{} more wallets were not asked about", left.len()));
        asked.wallets.extend(left.iter().map(|wallet| {
            let reached = Reached { wallet: wallet.clone(), outcome: Err(cause.clone()) };
            WalletPull { transactions: Vec::new(), reached }
        }));
    }
    asked
}

/// Why wallets could not be asked about whole: each cause with the first wallet that it met, and how many it met.
#[derive(Default)]
struct Causes(Vec<(String, Arc<str>, usize)>);

impl Causes {
    fn note(&mut self, wallet: &Arc<str>, error: &ApiError) {
        let cause = error.to_string();
        match self.0.iter_mut().find(|(known, ..)| *known == cause) {
            Some((.., count)) => *count += 1,
            None => self.0.push((cause, Arc::clone(wallet), 1)),
        }
    }

    fn sentences(&self) -> Vec<String> {
        let sentence = |(cause, first, count): &(String, Arc<str>, usize)| match count {
            1 => format!("wallet {}: {cause}", abbreviate(first)),
            count => format!("{count} wallets, {} first: {cause}", abbreviate(first)),
        };
        self.0.iter().map(sentence).collect()
    }
}

/// How many unknown names a process says at most.
const NAMES_MAX: usize = 100;

/// Says once in a process that a transaction has a type or an asset that is not known here: it is left out, and if it moves
/// a position all the same, nobody may learn of it elsewhere.
pub(super) fn name_once(what: &'static str, name: &str) {
    static NAMED: Mutex<BTreeSet<(&str, String)>> = Mutex::new(BTreeSet::new());
    let name = legible::quoted(name);
    let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
    if named.len() < NAMES_MAX && named.insert((what, name.clone())) {
        warn!("transactions of the {what} {name} are not known here and left out; said once");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_that_many_wallets_met_is_one_sentence() {
        let slow = |attempts| ApiError::Slow { api: "Liqwid".to_owned(), cause: format!("no answer after {attempts}") };
        let mut causes = Causes::default();
        causes.note(&"addr1q000".into(), &slow(1));
        (0..200).for_each(|n| causes.note(&format!("addr1q{n}").into(), &slow(4)));
        let sentences = causes.sentences();
        assert_eq!(sentences.len(), 2, "{sentences:?}");
        assert!(
            sentences[0].starts_with("wallet addr1q000: ") && sentences[1].starts_with("200 wallets, addr1q0 first: ")
        );
    }
}
