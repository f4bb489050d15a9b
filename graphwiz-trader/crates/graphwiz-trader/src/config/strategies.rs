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
    #[serde(default = "default_name")]
    #[schemars(length(min = 1))]
    pub name: String,
    /// A built-in kind, `rules` for a rule file, or the name of a kind that the program was built with.
    #[serde(default = "default_name")]
    #[schemars(length(min = 1))]
    pub kind: String,
    /// The rule file of kind `rules`, relative to this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// What it trades, as venue:BASE/QUOTE.
    #[serde(default = "default_instruments")]
    #[schemars(with = "Vec<String>", length(min = 1), extend("items" = { "type": "string", "format": "instrument" }))]
    pub instruments: Vec<InstrumentId>,
    /// The bars it decides on.
    #[serde(default = "default_timeframe")]
    #[schemars(with = "String", extend("enum" = Timeframe::ALL.map(Timeframe::name)))]
    pub timeframe: Timeframe,
    /// The parameters of its kind or rule file; those left out have their defaults.
    #[serde(default)]
    pub params: BTreeMap<String, Number>,
    /// The part of the equity that it sizes on in a portfolio; null: 1/n, with n the number of strategies that are
    /// configured, also where fewer of them run. A strategy that runs alone sizes on all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("exclusiveMinimum" = 0, "maximum" = 1))]
    pub capital_share: Option<Number>,
    /// How its positions end besides by its own signals: a key left out is taken from the rule file, else from what ships
    /// with the kind, else from `risk`; null switches one off.
    #[serde(default)]
    pub exits: Exits,
}

/// What a strategy is called, and of which kind it is, where that is left out: as in the first run.
pub(super) const DEFAULT: &str = "sma_cross";

fn default_name() -> String {
    DEFAULT.to_owned()
}

/// What a strategy trades where that is left out: what the first run does.
pub(crate) fn default_instruments() -> Vec<InstrumentId> {
    "bitstamp:BTC/USD".parse().into_iter().collect()
}

/// The bars of the first run.
pub(crate) fn default_timeframe() -> Timeframe {
    Timeframe::M5
}

impl Strategy {
    /// A strategy of this kind, or of this rule file, on what this one trades; all else is left out.
    pub(crate) fn beside(&self, name: String, kind: &str, file: Option<PathBuf>) -> Self {
        let Self { instruments, timeframe, .. } = self.clone();
        let (kind, params, exits) = (kind.to_owned(), BTreeMap::new(), Exits::default());
        Self { name, kind, file, instruments, timeframe, params, capital_share: None, exits }
    }
}

/// Exits of a strategy, each given, switched off or left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Exits {
    /// How far the stop lies below the average entry, as a share; null: there is none.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Number>", range(min = 0.005, max = 0.2))]
    pub stop_loss: Option<Option<Number>>,
    /// How far a trailing stop lies below the best price, as a share, once that has risen by as much; null: there is
    /// none.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Number>", range(min = 0.001, max = 0.5))]
    pub trailing_percent: Option<Option<Number>>,
    /// How many average true ranges the stop lies below the average entry, in place of stop_loss; null: that counts.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Number>", extend("exclusiveMinimum" = 0, "maximum" = 100))]
    pub atr_multiple: Option<Option<Number>>,
    /// Parts that are sold with a gain, the nearest first; empty: all at risk.take_profit.default_percent; null: none.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Vec<PartialTarget>>")]
    pub partial_targets: Option<Option<Vec<PartialTarget>>>,
    /// Bars that must pass after an exit before the next entry.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u32>", range(max = 100_000))]
    pub cooldown_bars: Option<Option<u32>>,
    /// How many stops and trailing stops within 24 hours end its entries for 24 hours; null: none do.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<u32>", range(min = 1, max = 1000))]
    pub stop_guard: Option<Option<u32>>,
    /// The stop distance that sizes use where there is no stop, as a share.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1e-18, max = 1e15))]
    pub tick: Option<Number>,
    /// The step of quantities; null: 0.00000001.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1e-18, max = 1e15))]
    pub lot: Option<Number>,
    /// The least quantity of an order; null: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e15))]
    pub min_quantity: Option<Number>,
    /// The least value of an order; null: 10.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1e15))]
    pub min_notional: Option<Number>,
    /// What the fee of a buy is taken in.
    #[schemars(with = "String", extend("enum" = ["quote", "base"]))]
    pub fee_in: FeeIn,
}
