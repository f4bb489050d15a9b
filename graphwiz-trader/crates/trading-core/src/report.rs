//! What is told of a run: one value that becomes JSON, a page or lines on a console.
//!
//! Money, prices and quantities are texts of decimals, statistics are numbers, instants are milliseconds of Unix time.

mod traded;

use std::collections::BTreeMap;
use std::mem;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::curve::Curve;
use crate::data_hash::hex;
use crate::engine::Outcome;
use crate::engine::record::{Signals, Trigger};
use crate::gate::Unmet;
use crate::market::{Market, Money};
use crate::metrics::{Metrics, Span};
use crate::time::{Timeframe, millis};

pub use traded::{FillTold, FillsTold, HeldTold, OrderTold, RefusalTold, Trade, Traded};

/// A run as it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What the run is called: its strategy, or `portfolio`.
    pub name: String,
    /// SHA-256 over everything configured that the run depends on.
    pub config_hash: String,
    /// SHA-256 over the bars that it read.
    pub data_hash: String,
    /// The seed of whatever is random; nothing is in a plain run.
    pub seed: u64,
    /// SHA-256 over orders, fills and N: equal for equal behaviour.
    pub result_hash: String,
    /// SHA-256 over the four above.
    pub fingerprint: String,
    /// What was walked.
    pub span: Walked,
    /// What was run.
    pub strategies: Vec<StrategyTold>,
    /// The account at the end.
    pub account: Account,
    /// Its figures.
    pub metrics: Metrics,
    /// What the gate to live asks for and the run has not shown; empty where it has.
    pub gate_unmet: Vec<Unmet>,
    /// Close time of each bar, and what the account was worth then, to the cent.
    pub equity: Curve,
    /// Finished trips, all orders with their fills, what is still held, and entries that the risk layer did not let
    /// pass.
    #[serde(flatten)]
    pub traded: Traded,
    /// How often strategies said what.
    pub signals: Signals,
    /// Trips by the reason of their last exit.
    pub exits: BTreeMap<&'static str, usize>,
    /// What ended trading.
    pub emergency: Vec<EmergencyTold>,
    /// Calls of language models; a run of plain strategies has none.
    pub llm: Option<()>,
    /// What the reader should know about data and settings.
    pub warnings: Vec<String>,
}

/// Which bars were walked.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Walked {
    pub from: i64,
    pub to: i64,
    pub timeframe: Timeframe,
    pub instruments: Vec<String>,
    pub bars: usize,
}

/// A strategy as it was run: with all that it decides by, the defaults included.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StrategyTold {
    /// Its name.
    pub name: String,
    /// A kind of the program, or `rules`.
    pub kind: String,
    /// What it traded.
    pub instruments: Vec<String>,
    /// The bars that it decided on.
    pub timeframe: Timeframe,
    /// The values of its parameters.
    pub params: BTreeMap<String, String>,
    /// The part of the equity that it sized on.
    pub capital_share: f64,
    /// How its positions ended besides by its own signals, by the keys of a configuration.
    pub exits: BTreeMap<&'static str, ExitTold>,
    /// The text of its rule file.
    pub rules: Option<String>,
}

/// A setting of exits that took effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExitTold {
    /// What it is; `None`: nothing.
    pub value: Option<String>,
    /// Who said so.
    pub from: Origin,
}

/// Where a setting of exits comes from, the first that counts first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The strategy in the configuration.
    Strategy,
    /// Its rule file.
    RuleFile,
    /// What ships with its kind.
    Kind,
    /// `risk`, for all strategies.
    Risk,
}

/// Amounts of the account.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Account {
    pub currency: String,
    pub initial: String,
    pub equity: String,
    pub cash: String,
}

/// An emergency as it is told.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct EmergencyTold {
    pub at: i64,
    pub trigger: &'static str,
    /// A share of a loss, a number of errors; `None`: nothing was measured.
    pub value: Option<f64>,
    pub text: String,
}

/// What a report says beside what the run led to.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Heading<'a> {
    pub name: &'a str,
    pub strategies: Vec<StrategyTold>,
    pub config_hash: [u8; 32],
    pub data_hash: [u8; 32],
    pub seed: u64,
    pub capital: i128,
    pub timeframe: Timeframe,
    pub gate_unmet: Vec<Unmet>,
    pub warnings: Vec<String>,
}

impl Report {
    /// Tells a run. The samples of N become the worth of the account in their own memory: there is one a bar.
    #[must_use]
    pub fn new(
        heading: Heading<'_>,
        mut outcome: Outcome,
        markets: &[Market],
        money: Money,
        metrics: Metrics,
        span: Span,
    ) -> Self {
        let names = heading.strategies.iter().map(|strategy| strategy.name.clone()).collect();
        let hashes = [heading.config_hash, heading.data_hash, outcome.result_hash];
        let mut exits = BTreeMap::new();
        for trip in &outcome.trips {
            *exits.entry(trip.cause.kind()).or_default() += 1;
        }
        let capital = money.to_f64(heading.capital);
        let mut worth = mem::take(&mut outcome.unit_values);
        worth.iter_mut().for_each(|n| *n *= capital);
        let equity = Curve::new(mem::take(&mut outcome.sampled_at), worth);
        let walked = |market: &Market| {
            let within = |record: &&crate::bars::Record| span.from <= record.open_time && record.open_time < span.to;
            market.series.records.iter().filter(within).count()
        };
        Self {
            name: heading.name.to_owned(),
            config_hash: hex(&hashes[0]),
            data_hash: hex(&hashes[1]),
            seed: heading.seed,
            result_hash: hex(&hashes[2]),
            fingerprint: hex(&fingerprint(hashes, heading.seed)),
            span: Walked {
                from: millis(span.from),
                to: millis(span.to),
                timeframe: heading.timeframe,
                instruments: markets.iter().map(|market| market.instrument.id.to_string()).collect(),
                bars: markets.iter().map(walked).sum(),
            },
            account: Account {
                currency: markets.first().map_or_else(String::new, |market| market.instrument.id.quote().to_owned()),
                initial: money.written(heading.capital),
                equity: money.written(outcome.ledger.equity(markets)),
                cash: money.written(outcome.ledger.cash()),
            },
            metrics,
            signals: outcome.signals,
            gate_unmet: heading.gate_unmet,
            equity,
            exits,
            emergency: outcome.emergencies.iter().map(emergency).collect(),
            traded: Traded::new(names, markets, money, outcome),
            llm: None,
            warnings: heading.warnings,
            strategies: heading.strategies,
        }
    }
}

fn emergency(emergency: &crate::engine::record::Emergency) -> EmergencyTold {
    let (trigger, value) = match emergency.trigger {
        Trigger::DailyLoss(share) => ("daily_loss", Some(share)),
        Trigger::Drawdown(share) => ("drawdown", Some(share)),
        Trigger::Conservation => ("conservation", None),
        Trigger::SystemError(errors) => ("system_error", Some(errors.into())),
    };
    EmergencyTold { at: millis(emergency.at), trigger, value, text: emergency.to_string() }
}

fn fingerprint(hashes: [[u8; 32]; 3], seed: u64) -> [u8; 32] {
    let [config, data, result] = hashes;
    let mut hash = Sha256::new();
    hash.update(config);
    hash.update(data);
    hash.update(seed.to_be_bytes());
    hash.update(result);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::record::Emergency;

    #[test]
    fn an_emergency_is_told_with_how_much_there_was_where_something_was_measured() {
        for (trigger, name, value) in [
            (Trigger::DailyLoss(0.05), "daily_loss", json!(0.05)),
            (Trigger::Drawdown(0.2), "drawdown", json!(0.2)),
            (Trigger::Conservation, "conservation", json!(null)),
            (Trigger::SystemError(5), "system_error", json!(5.0)),
        ] {
            let told = serde_json::to_value(emergency(&Emergency { at: 7_000, trigger, until: None })).unwrap();
            assert_eq!((&told["at"], &told["trigger"], &told["value"]), (&json!(7), &json!(name), &value));
        }
    }
}
