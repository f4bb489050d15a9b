//! Are there flows that nobody has heard of?
//!
//! Start at [`incomplete`]: where transactions are pulled before every evaluation, a wallet's must be known as far as its
//! samples go. A deposit that nobody has asked about would look like a gain.

use std::sync::Arc;

use crate::coverage::Coverage;
use crate::decision::{FlowsIncomplete, NotPulled};
use crate::figures::WalletFigures;
use crate::rules::CoverageRules;
use crate::time;

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
        let known = coverage.of(&wallet.address);
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
