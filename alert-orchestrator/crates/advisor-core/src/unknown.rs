//! Are there flows that nobody has heard of?
//!
//! Start at [`incomplete`]: every deposit must be of a wallet that has samples, and where transactions are pulled
//! before every evaluation, a wallet's must be known as far as its samples go. A deposit that nobody has asked about
//! would look like a gain.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::coverage::Coverage;
use crate::decision::{FlowsIncomplete, NotPulled, UnknownWallet};
use crate::figures::{Snapshot, WalletFigures};
use crate::flow::{Direction, FlowRow};
use crate::gain::Gains;
use crate::rules::{CoverageRules, Rules};
use crate::{keys, time};

/// Why flows that count may be missing; `newest` is the time of the asset's newest sample. A deposit that may be
/// another wallet's comes first: no pull can mend that.
pub(crate) fn incomplete(
    rules: &Rules,
    snapshot: &Snapshot,
    gains: &Gains<'_>,
    wallets: &[WalletFigures],
    newest: i64,
) -> Option<FlowsIncomplete> {
    let lag = time::hours(rules.flow_lag_hours);
    let unknown = unknown_wallet(gains, newest.saturating_sub(lag)).map(FlowsIncomplete::UnknownWallet);
    unknown.or_else(|| {
        let pulls = rules.coverage.as_ref()?;
        not_pulled(pulls, &rules.zone, &snapshot.coverage, wallets, lag).map(FlowsIncomplete::NotPulled)
    })
}

/// The first deposit before `due` of a wallet that has no samples, although the asset's go on: it may be another
/// wallet's.
fn unknown_wallet(gains: &Gains<'_>, due: i64) -> Option<UnknownWallet> {
    let is_due = |(direction, row): &&(Direction, &FlowRow)| {
        *direction == Direction::Deposit && row.ts.is_some_and(|ts| ts < due)
    };
    let mut deposits = gains.without_samples.iter().filter(is_due);
    let (_, first) = deposits.next()?;
    Some(UnknownWallet {
        wallet: keys::shown(first.wallet.as_deref().unwrap_or_default()),
        at: time::timestamp(first.ts?),
        amount: first.amount?,
        others: deposits.count(),
    })
}

/// The first of the wallets whose flows are not known from its baseline to its newest sample, but for what may come
/// late.
fn not_pulled(
    rules: &CoverageRules,
    zone: &TimeZone,
    coverage: &Coverage,
    wallets: &[WalletFigures],
    lag: i64,
) -> Option<NotPulled> {
    let mut unknown = wallets.iter().filter_map(|wallet| {
        let (baseline, newest) = (time::nanos(wallet.baseline_at), time::nanos(wallet.newest_at));
        let needed = newest.saturating_sub(lag);
        let known = coverage.of(&wallet.address);
        let known_to = known.map_or(baseline, |known| known.known_up_to(baseline));
        (baseline < needed && known_to < needed).then(|| {
            let fault = known.and_then(|known| known.fault.as_deref());
            (wallet, known_to, needed, fault)
        })
    });
    let (wallet, known_to, needed, fault) = unknown.next()?;
    let cause = cause(rules, zone, wallet, known_to, needed, fault);
    let (wallet, known_to) = (Arc::clone(&wallet.address), time::timestamp(known_to));
    Some(NotPulled { wallet, known_to, cause, others: unknown.count() })
}

/// Why a wallet's flows are known to `known_to` and not to `needed`: what is configured first, for no pull can mend
/// that.
fn cause(
    rules: &CoverageRules,
    zone: &TimeZone,
    wallet: &WalletFigures,
    known_to: i64,
    needed: i64,
    fault: Option<&str>,
) -> String {
    let CoverageRules { wallets, start, end, unfit } = rules;
    if let Some(unfit) = unfit {
        return unfit.clone();
    }
    if !wallets.is_empty() && !wallets.iter().any(|named| named.eq_ignore_ascii_case(&wallet.address)) {
        return "transaction_sync.wallets leaves it out".to_owned();
    }
    if let Some(start) = start.filter(|start| known_to < *start) {
        let (start, baseline) = (time::shown_nanos(start, zone), time::shown(wallet.baseline_at, zone));
        return format!("transaction_sync.start_date is {start}, and its gain counts from {baseline} on");
    }
    if let Some(end) = end.filter(|end| *end < needed) {
        return format!("transaction_sync.end_date is {}", time::shown_nanos(end, zone));
    }
    fault.map_or_else(|| "no pull has got that far; the log says why".to_owned(), str::to_owned)
}
