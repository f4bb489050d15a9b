//! Which kinds of strategies are there, and how is one made?
//!
//! Start at [`Registry::built_in`]. A program of one's own adds kinds with [`Registry::register`] and runs everything
//! else as it is, see [`crate::run_with`].

use std::collections::BTreeMap;

use platform::config::did_you_mean;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use trading_core::rules::ExitsLayer;
use trading_core::strategies::{Dca, MeanReversion, Momentum, Parameter, RsiCross, SmaCross};
use trading_core::strategy::Strategy;

use crate::config::number::Number;

/// Makes a strategy of its parameters, in the order in which the kind has them.
pub type Make = fn(&[f64]) -> Result<Box<dyn Strategy>, String>;

/// A kind of strategies.
#[derive(Debug, Clone)]
pub struct Kind {
    /// Its parameters.
    pub parameters: &'static [Parameter],
    /// Its exits, where nobody says others.
    pub exits: ExitsLayer,
    /// The parameter that is the part of the equity of each buy, where buys add to what is held.
    pub accumulates: Option<&'static str>,
    /// What makes one.
    pub make: Make,
}

/// All kinds by their names.
#[derive(Debug, Clone)]
pub struct Registry(BTreeMap<&'static str, Kind>);

/// Why there is no such strategy.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoStrategy {
    /// There is no such kind.
    #[error("unknown kind {}{hint}", legible::quoted(kind))]
    UnknownKind {
        /// What was asked for.
        kind: String,
        /// The nearest there is.
        hint: String,
    },
    /// It has no such parameter.
    #[error("kind {kind} has no parameter {}{hint}", legible::quoted(name))]
    UnknownParameter {
        /// Of which kind.
        kind: String,
        /// What was given.
        name: String,
        /// The nearest there is.
        hint: String,
    },
    /// A parameter is out of its range.
    #[error("found {value}, expected {min} to {max}")]
    OutOfRange {
        /// Which one.
        name: &'static str,
        /// What was given.
        value: f64,
        /// The least it may be.
        min: f64,
        /// The most it may be.
        max: f64,
    },
    /// Its parameters do not fit.
    #[error("{0}")]
    BadParameters(String),
}

impl NoStrategy {
    /// The key of the strategy that it concerns.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::UnknownKind { .. } => "kind".to_owned(),
            Self::UnknownParameter { name, .. } => format!("params.{name}"),
            Self::OutOfRange { name, .. } => format!("params.{name}"),
            Self::BadParameters(_) => "params".to_owned(),
        }
    }
}

impl Registry {
    /// What comes with the trader.
    #[must_use]
    pub fn built_in() -> Self {
        let mut registry = Self(BTreeMap::new());
        let stop_only = ExitsLayer::stop_only();
        registry.register("sma_cross", &SmaCross::PARAMETERS, stop_only.clone(), |params| {
            made(SmaCross::new(params[0], params[1]))
        });
        registry.register("rsi", &RsiCross::PARAMETERS, ExitsLayer::default(), |params| {
            made(RsiCross::new(params[0], params[1], params[2]))
        });
        let with_cooldown = ExitsLayer { cooldown_bars: Some(5), ..stop_only };
        registry.register("momentum", &Momentum::PARAMETERS, with_cooldown, |params| {
            made(Momentum::new(params[0], params[1]))
        });
        registry.register("mean_reversion", &MeanReversion::PARAMETERS, ExitsLayer::default(), |params| {
            made(MeanReversion::new(params[0], params[1]))
        });
        let fraction = Dca::PARAMETERS[0].name;
        let make: Make = |params| made(Dca::new(params[0]));
        let (parameters, exits) = (&Dca::PARAMETERS, ExitsLayer::none());
        registry.0.insert("dca", Kind { parameters, exits, accumulates: Some(fraction), make });
        registry
    }

    /// Adds a kind, or puts it in the place of the one of that name.
    pub fn register(&mut self, name: &'static str, parameters: &'static [Parameter], exits: ExitsLayer, make: Make) {
        self.0.insert(name, Kind { parameters, exits, accumulates: None, make });
    }

    /// All kinds, in the order of their names.
    pub fn kinds(&self) -> impl Iterator<Item = (&'static str, &Kind)> {
        self.0.iter().map(|(name, kind)| (*name, kind))
    }

    /// The kind of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn kind(&self, name: &str) -> Result<&Kind, NoStrategy> {
        self.0.get(name).ok_or_else(|| NoStrategy::UnknownKind {
            kind: name.to_owned(),
            hint: did_you_mean(name, self.0.keys().copied().chain(["rules"])),
        })
    }
}

impl Kind {
    /// Its parameters in their order: those given, and the defaults of the others.
    ///
    /// # Errors
    /// Those that it does not have, that are out of range, or that it cannot work with.
    pub fn parameters(&self, kind: &str, given: &BTreeMap<String, Number>) -> Result<Vec<f64>, Vec<NoStrategy>> {
        let names = || self.parameters.iter().map(|parameter| parameter.name);
        let unknown = given.keys().filter(|name| !names().any(|known| known == name.as_str()));
        let mut faults: Vec<_> = unknown
            .map(|name| NoStrategy::UnknownParameter {
                kind: kind.to_owned(),
                name: name.clone(),
                hint: did_you_mean(name, names()),
            })
            .collect();
        let mut values = Vec::with_capacity(self.parameters.len());
        for parameter in self.parameters {
            let Parameter { name, default, min, max } = *parameter;
            let value = given.get(name).and_then(|Number(value)| value.to_f64()).unwrap_or(default);
            if parameter.number(value).is_err() {
                faults.push(NoStrategy::OutOfRange { name, value, min, max });
            }
            values.push(value);
        }
        if faults.is_empty() {
            match (self.make)(&values) {
                Ok(_) => return Ok(values),
                Err(text) => faults.push(NoStrategy::BadParameters(text)),
            }
        }
        Err(faults)
    }

    /// The part of the equity of each buy, where buys add to what is held.
    #[must_use]
    pub fn accumulates(&self, values: &[f64]) -> Option<Decimal> {
        let name = self.accumulates?;
        let at = self.parameters.iter().position(|parameter| parameter.name == name)?;
        Decimal::try_from(values[at]).ok()
    }
}

fn made<S: Strategy + 'static>(made: Result<S, impl std::fmt::Display>) -> Result<Box<dyn Strategy>, String> {
    match made {
        Ok(strategy) => Ok(Box::new(strategy)),
        Err(error) => Err(error.to_string()),
    }
}
