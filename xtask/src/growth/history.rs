//! One wallet as the tables have it, and whether the rule holds it.

use std::sync::Arc;

use advisor_core::advice::{Snapshot, advise};
use advisor_core::coverage::Coverage;
use advisor_core::flow::{Direction, FlowRow};
use advisor_core::position::{PositionRow, PositionsBuilder};
use advisor_core::reference::Reference;
use advisor_core::test_support::rules;

use super::random::Random;

/// A sample: nanoseconds, units, USD per unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) ts: i64,
    pub(super) units: f64,
    pub(super) price_usd: f64,
}

/// A flow as it is recorded: nanoseconds, and units in that direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Flow {
    pub(super) ts: i64,
    pub(super) direction: Direction,
    pub(super) units: f64,
}

#[derive(Debug, Clone, Default)]
pub(super) struct History {
    pub(super) samples: Vec<Sample>,
    pub(super) flows: Vec<Flow>,
}

const WALLET: &str = "addr1";

impl History {
    /// Whether the rule offers nothing of the wallet for its growth, or for a withdrawal of more than was there, all of its history
    /// judged.
    pub(super) fn is_held(&self) -> bool {
        let mut positions = PositionsBuilder::new();
        for Sample { ts, units, price_usd } in &self.samples {
            positions.push(&PositionRow {
                ts: Some(*ts),
                wallet: Some(WALLET),
                underlying_units: Some(*units),
                usd_value: Some(units * price_usd),
                price_usd: Some(*price_usd),
            });
        }
        let rows = |direction| {
            let flows = self.flows.iter().filter(|flow| flow.direction == direction);
            flows.map(row).collect::<Vec<_>>()
        };
        let snapshot = Snapshot {
            asset: "asset".to_owned(),
            deposits_table: "deposits".to_owned(),
            withdrawals_table: Some("withdrawals".to_owned()),
            positions: positions.finish(),
            deposits: rows(Direction::Deposit),
            withdrawals: rows(Direction::Withdrawal),
            reference: Reference::DataRange { start: None },
            loaded_from: None,
            prices: Vec::new(),
            failed_prices: Vec::new(),
            now: self.samples.last().map_or(0, |sample| sample.ts),
            mismatches_before: 0,
            coverage: Coverage::default(),
        };
        let to = self.samples.last().map_or(0, |sample| sample.ts);
        let advice = advise(&rules(), &snapshot, to);
        if advice.decision.is_error() {
            return true;
        }
        let mut judged = advice.wallets.iter().filter_map(|wallet| wallet.growth.as_ref());
        judged.any(|growth| !growth.unexplained.is_empty())
    }

    /// The same without one deposit that shows in the samples and is at least `smallest` of the position that it meets;
    /// `None` where there is no such.
    pub(super) fn without_a_deposit(&self, smallest: f64, random: &mut Random) -> Option<Self> {
        let (first, last) = (self.samples.first()?.ts, self.samples.last()?.ts);
        let met = |ts: i64| self.samples.iter().rev().find(|sample| sample.ts < ts).map_or(0.0, |sample| sample.units);
        let is_large = |flow: &Flow| {
            let is_deposit = flow.direction == Direction::Deposit && first < flow.ts && flow.ts <= last;
            is_deposit && flow.units >= smallest * met(flow.ts)
        };
        let large: Vec<usize> = (0..self.flows.len()).filter(|i| is_large(&self.flows[*i])).collect();
        if large.is_empty() {
            return None;
        }
        let mut missing = self.clone();
        missing.flows.remove(large[random.below(large.len())]);
        Some(missing)
    }
}

fn row(flow: &Flow) -> FlowRow {
    let (ts, amount) = (Some(flow.ts), Some(flow.units));
    FlowRow { ts, wallet: Some(Arc::from(WALLET)), amount, ..FlowRow::default() }
}
