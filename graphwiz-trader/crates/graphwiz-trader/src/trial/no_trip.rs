//! Why has a run no trip? It is the first question of whoever sees one.

use std::collections::BTreeMap;
use std::fmt::Display;

use trading_core::engine::Outcome;
use trading_core::engine::record::{Order, Side, Unfilled};

/// The sentence; `None` where there are trips.
pub(super) fn why(outcome: &Outcome) -> Option<String> {
    let Outcome { trips, orders, held, refusals, signals, unit_values, .. } = outcome;
    let entries = || orders.iter().filter(|order| order.side == Side::Buy);
    let why = if !trips.is_empty() {
        return None;
    } else if !held.is_empty() {
        "what was bought is still held".to_owned()
    } else if entries().any(|order| order.filled > 0) {
        "what was bought is too little to be sold".to_owned()
    } else if !orders.is_empty() {
        format!("no entry was filled: {}", counted(entries().map(ended)))
    } else if let Some(first) = refusals.first() {
        let rules = counted(refusals.iter().map(|refusal| refusal.rule.name()));
        format!("the risk layer refused every entry ({rules}); the first: {}", first.text)
    } else if signals.buy > 0 {
        format!(
            "none of {} BUY signals asks for an entry: {} are on bars that jump by more than half, the others are for \
             nothing, or at a limit of nothing",
            signals.buy, signals.buy_on_flagged
        )
    } else {
        // A rule file whose size is nothing says nothing.
        format!("no BUY signal with a size above 0 on {}", trading_core::counts::counted(unit_values.len(), "bar"))
    };
    Some(format!("no trip: {why}"))
}

/// What became of an entry of which nothing was filled.
fn ended(order: &Order) -> &'static str {
    match order.unfilled {
        None => "open at the end",
        Some(Unfilled::Volume) => "without volume to fill it",
        Some(Unfilled::Cash) => "without cash to pay it",
        Some(Unfilled::NoBar) => "for a bar that is missing",
        Some(Unfilled::Time) => "with a limit that the price did not fall below in time",
        Some(Unfilled::NotResting) => "rejected, as its limit was not under the price",
        Some(Unfilled::TakenBack) => "taken back",
    }
}

/// Each with how often it is there.
fn counted<T: Ord + Display>(all: impl Iterator<Item = T>) -> String {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts.iter().map(|(one, count)| format!("{count} {one}")).collect::<Vec<_>>().join(", ")
}
