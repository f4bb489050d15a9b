//! `strategies`, `instruments`: what decides, and on what.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use trading_core::instrument::{FeeIn, InstrumentId};
use trading_core::rules::{ExitsLayer, Target};
use trading_core::time::Timeframe;

use super::number::Number;
use super::trading::PartialTarget;

/// One strategy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// What it is called; no other has this name.
    #[schemars(length(min = 1))]
    pub name: String,
    /// A built-in kind, `rules` for a rule file, or the name of a kind that the program was built with.
    #[schemars(length(min = 1))]
    pub kind: String,
    /// The rule file of kind `rules`, relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What it trades, as venue:BASE/QUOTE.
    #[schemars(with = "Vec<String>", length(min = 1), extend("items" = { "type": "string", "format": "instrument" }))]
    pub instruments: Vec<InstrumentId>,
    /// The bars it decides on.
    #[schemars(with = "String", extend("enum" = Timeframe::ALL.map(Timeframe::name)))]
    pub timeframe: Timeframe,
    /// Its parameters; those left out have their defaults.
    #[serde(default)]
    pub params: BTreeMap<String, Number>,
    /// The part of the equity that it sizes on; null: an equal one.
    #[serde(default)]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub capital_share: Option<Number>,
    /// How its positions end besides by its own signals.
    #[serde(default)]
    pub exits: Exits,
}

/// Exits of a strategy: a key left out is taken from the rule file, from what ships with the kind, or from `risk`; null
/// switches one off.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exits {
    /// So far below the average entry, as a share.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Number>", range(min = 0.005, max = 0.2))]
    pub stop_loss: Option<Option<Number>>,
    /// So far below the best price, once it has risen by as much.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Number>", range(min = 0.001, max = 0.5))]
    pub trailing_percent: Option<Option<Number>>,
    /// So many average true ranges below the average entry, in place of stop_loss.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Number>", extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub atr_multiple: Option<Option<Number>>,
    /// Parts that are sold with a gain, the nearest first; empty: all at risk.take_profit.default_percent.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<PartialTarget>>")]
    pub partial_targets: Option<Option<Vec<PartialTarget>>>,
    /// Bars that must pass after an exit before the next entry.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u32>", range(max = 100_000))]
    pub cooldown_bars: Option<Option<u32>>,
    /// So many stops within 24 hours end its entries for 24 hours.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u32>", range(min = 1, max = 1000))]
    pub stop_guard: Option<Option<u32>>,
    /// The stop distance that sizes use where there is no stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.001, max = 0.5))]
    pub size_stop: Option<Number>,
}

/// A key that is there, null or not.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

impl Exits {
    /// As a layer of exits.
    pub fn layer(&self) -> ExitsLayer {
        let number = |number: Option<Option<Number>>| number.map(|number| number.map(|Number(decimal)| decimal));
        ExitsLayer {
            stop_loss: number(self.stop_loss),
            trailing_percent: number(self.trailing_percent),
            atr_multiple: number(self.atr_multiple),
            partial_targets: self.partial_targets.as_ref().map(|targets| targets.as_deref().map(targets_of)),
            cooldown_bars: self.cooldown_bars.map(Option::unwrap_or_default),
            stop_guard: self.stop_guard,
            size_stop: self.size_stop.map(|Number(decimal)| decimal),
        }
    }
}

/// Targets as the engine has them.
pub(super) fn targets_of(targets: &[PartialTarget]) -> Vec<Target> {
    targets.iter().map(|target| Target { percent: target.percent.0, target: target.target.0 }).collect()
}

/// Steps and minima of an instrument, where they are not those of its files.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Filters {
    /// The step of prices; null: the finest of the files.
    #[schemars(range(min = 1e-18, max = 1e15))]
    pub tick: Option<Number>,
    /// The step of quantities; null: 0.00000001.
    #[schemars(range(min = 1e-18, max = 1e15))]
    pub lot: Option<Number>,
    /// The least quantity of an order; null: 0.
    #[schemars(range(min = 0.0, max = 1e15))]
    pub min_quantity: Option<Number>,
    /// The least value of an order; null: 10.
    #[schemars(range(min = 0.0, max = 1e15))]
    pub min_notional: Option<Number>,
    /// What the fee of a buy is taken in.
    #[schemars(with = "String", extend("enum" = ["quote", "base"]))]
    pub fee_in: FeeIn,
}
