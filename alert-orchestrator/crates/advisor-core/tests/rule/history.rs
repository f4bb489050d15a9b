//! A small ledger that tests write down in hours and USD, and what the advisor makes of it.

use advisor_core::advice::{Advice, Snapshot, WalletFigures, advise};
use advisor_core::coverage::Coverage;
use advisor_core::flow::{EARLIEST, FlowRow, latest};
use advisor_core::position::{PositionRow, Positions, PositionsBuilder};
use advisor_core::reference::Reference;
use advisor_core::rules::Rules;
use advisor_core::test_support::{self, EPOCH, KEYWORD};
use advisor_core::time::{self, NANOS_PER_HOUR};

/// The instant `hours` after the start.
pub(crate) fn at(hours: f64) -> i64 {
    EPOCH + time::hours(hours)
}

/// A row of a position table that can be kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Sample {
    pub(crate) ts: Option<i64>,
    pub(crate) wallet: Option<String>,
    pub(crate) units: Option<f64>,
    pub(crate) usd: Option<f64>,
    pub(crate) price: Option<f64>,
}

/// Rows of the three tables, in store order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct History {
    pub(crate) positions: Vec<Sample>,
    pub(crate) deposits: Vec<FlowRow>,
    pub(crate) withdrawals: Vec<FlowRow>,
}

impl History {
    /// Values of `wallet` at whole hours from `start` on, at a price of 1.
    pub(crate) fn hourly(mut self, wallet: &str, start: i32, values: &[f64]) -> Self {
        for (hour, value) in (start..).zip(values) {
            self.positions.push(sample(wallet, f64::from(hour), *value, 1.0));
        }
        self
    }

    pub(crate) fn sample(mut self, wallet: &str, hour: f64, usd: f64, price: f64) -> Self {
        self.positions.push(sample(wallet, hour, usd, price));
        self
    }

    pub(crate) fn deposit(mut self, wallet: &str, hour: f64, amount: f64) -> Self {
        let tx_hash = Some(format!("d{}", self.deposits.len()));
        self.deposits.push(FlowRow { tx_hash, ..flow(wallet, hour, amount) });
        self
    }

    pub(crate) fn withdraw(mut self, wallet: &str, hour: f64, amount: f64) -> Self {
        let tx_hash = Some(format!("e{}", self.withdrawals.len()));
        self.withdrawals.push(FlowRow { tx_hash, ..flow(wallet, hour, amount) });
        self
    }

    /// A withdrawal that is a reference.
    pub(crate) fn tag(mut self, wallet: &str, hour: f64, amount: f64) -> Self {
        self.withdrawals.push(FlowRow { memo: Some(KEYWORD.to_owned()), ..flow(wallet, hour, amount) });
        self
    }

    pub(crate) fn positions(&self, keep: impl Fn(i64) -> bool) -> Positions {
        let mut builder = PositionsBuilder::new();
        for row in self.positions.iter().filter(|row| row.ts.is_none_or(&keep)) {
            builder.push(&PositionRow {
                ts: row.ts,
                wallet: row.wallet.as_deref(),
                underlying_units: row.units,
                usd_value: row.usd,
                price_usd: row.price,
            });
        }
        builder.finish()
    }

    /// What is known where everything up to `to` was read.
    pub(crate) fn snapshot(&self, rules: &Rules, to: i64) -> Snapshot {
        let reference = Reference::find(&self.withdrawals, rules, to);
        self.read(reference, None, to)
    }

    /// What is known where only that was read which an evaluation needs.
    pub(crate) fn restricted_snapshot(&self, rules: &Rules, to: i64) -> Snapshot {
        let reference = Reference::find(&self.withdrawals, rules, to);
        let from = reference.load_from(rules, to);
        self.read(reference, from, to)
    }

    fn read(&self, reference: Reference, from: Option<i64>, to: i64) -> Snapshot {
        let within = |ts: i64| from.is_none_or(|from| from <= ts) && ts <= to;
        let flows = |rows: &[FlowRow], keep: &dyn Fn(i64) -> bool| -> Vec<FlowRow> {
            let cannot_be = |ts: i64| ts < EARLIEST || ts > latest(to);
            rows.iter().filter(|row| row.ts.is_none_or(|ts| keep(ts) || cannot_be(ts))).cloned().collect()
        };
        Snapshot {
            asset: "usdx".to_owned(),
            deposits_table: "liqwid_deposits_usdx".to_owned(),
            withdrawals_table: Some("liqwid_withdrawals_usdx".to_owned()),
            positions: self.positions(within),
            deposits: flows(&self.deposits, &within),
            withdrawals: flows(&self.withdrawals, &|ts| ts <= to),
            reference,
            loaded_from: from,
            prices: Vec::new(),
            failed_prices: Vec::new(),
            now: to,
            mismatches_before: 0,
            coverage: Coverage::default(),
        }
    }

    /// The advice at `hour`, everything read.
    pub(crate) fn advise(&self, rules: &Rules, hour: f64) -> Advice {
        advise(rules, &self.snapshot(rules, at(hour)), at(hour))
    }
}

pub(crate) fn sample(wallet: &str, hour: f64, usd: f64, price: f64) -> Sample {
    Sample {
        ts: Some(at(hour)),
        wallet: Some(wallet.to_owned()),
        units: Some(usd / price),
        usd: Some(usd),
        price: Some(price),
    }
}

pub(crate) fn flow(wallet: &str, hour: f64, amount: f64) -> FlowRow {
    FlowRow { ts: Some(at(hour)), wallet: Some(wallet.into()), amount: Some(amount), memo: None, tx_hash: None }
}

/// The defaults, but growth of any size passes: most histories here are round numbers.
pub(crate) fn rules() -> Rules {
    Rules { max_supply_apy: None, ..test_support::rules() }
}

/// The same with a gate that judges but never holds.
pub(crate) fn ungated() -> Rules {
    let mut rules = rules();
    rules.gate.holds = false;
    rules
}

/// The reason's code, or "withdraw".
pub(crate) fn code(advice: &Advice) -> &'static str {
    advice.decision.reason().map_or("withdraw", |reason| reason.code)
}

/// The reason's sentence; empty for a withdrawal.
pub(crate) fn message(advice: &Advice) -> String {
    advice.decision.reason().map(|reason| reason.message).unwrap_or_default()
}

/// The figures of one wallet.
#[track_caller]
pub(crate) fn wallet<'a>(advice: &'a Advice, address: &str) -> &'a WalletFigures {
    advice.wallets.iter().find(|wallet| &*wallet.address == address).expect("the wallet has a baseline")
}

/// Hours as whole nanoseconds.
pub(crate) fn whole_hours(hours: i64) -> i64 {
    hours * NANOS_PER_HOUR
}
