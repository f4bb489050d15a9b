//! Was enough loaded for the gate's window?
//!
//! [`Reference::load_from`](crate::reference::Reference::load_from) reads as far back as healthy data can need. Where a feed
//! was down for longer, [`is_doubtful`] notices, and [`load_again_from`] says from where to read instead, once the store has
//! told each wallet's newest sample before what was read: a wallet that is new needs nothing, one that is back after a gap is
//! interpolated across it, and drawing it flat instead could hide what the gate is there to find.

use std::sync::Arc;

use crate::position::{Positions, WalletSeries};
use crate::rules::Rules;
use crate::time;

/// Whether samples from before `from` may be needed to judge what was loaded from there on.
#[must_use]
pub fn is_doubtful(rules: &Rules, positions: &Positions, from: i64) -> bool {
    let Some(newest) = newest(positions) else { return true };
    let start = window_start(rules, newest);
    start < from || positions.wallets.iter().any(|wallet| begins_inside(wallet, start))
}

/// From where to load instead of `from`, or `None` where nothing is missing.
///
/// `before`: each wallet's newest sample before `from`, of the wallets that have one.
#[must_use]
pub fn load_again_from(rules: &Rules, positions: &Positions, from: i64, before: &[(Arc<str>, i64)]) -> Option<i64> {
    let newest = newest(positions).or_else(|| before.iter().map(|(_, ts)| *ts).max())?;
    let start = window_start(rules, newest);
    let margin = time::hours(rules.max_sample_age_hours.unwrap_or(0.0));
    let window = if start < from { start.saturating_sub(margin) } else { from };
    let across_a_gap = |wallet: &str| {
        let series = positions.wallets.iter().find(|series| &**series.address() == wallet);
        series.is_some_and(|series| begins_inside(series, start))
    };
    let gaps = before.iter().filter(|(wallet, _)| across_a_gap(wallet)).map(|(_, ts)| *ts);
    let earliest = gaps.fold(window, i64::min);
    (earliest < from).then_some(earliest)
}

fn newest(positions: &Positions) -> Option<i64> {
    positions.wallets.iter().filter_map(|wallet| wallet.ts().last()).max().copied()
}

fn window_start(rules: &Rules, newest: i64) -> i64 {
    newest.saturating_sub(time::hours(rules.gate.lookback_hours))
}

fn begins_inside(wallet: &WalletSeries, start: i64) -> bool {
    wallet.ts().first().is_some_and(|first| *first > start)
}
