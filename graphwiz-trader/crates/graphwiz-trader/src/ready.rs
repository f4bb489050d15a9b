//! A strategy that can be run: its code with the values of its parameters, from a kind of the program or from a rule file.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use platform::process::Usage;
use rust_decimal::Decimal;
use trading_core::rule_file::{Instance, RuleFile};
use trading_core::rules::ExitsLayer;
use trading_core::strategy::WarmUp;

use crate::config::number::Number;
use crate::config::strategies::Strategy;
use crate::kinds::{Kind, Registry};

/// The kind of a strategy that stands in a rule file.
pub(crate) const RULES: &str = "rules";

/// A strategy that can be run.
pub(crate) struct Ready<'a> {
    pub(crate) strategy: &'a Strategy,
    code: Code<'a>,
}

enum Code<'a> {
    Kind { kind: &'a Kind, values: Vec<f64> },
    Rules { instance: Instance, text: String },
}

impl<'a> Ready<'a> {
    /// All of them, or every fault at once; rule files are relative to `folder`.
    pub(crate) fn all(registry: &'a Registry, strategies: &'a [Strategy], folder: &Path) -> anyhow::Result<Vec<Self>> {
        let (mut ready, mut faults) = (Vec::new(), Vec::new());
        for strategy in strategies {
            match Self::new(registry, strategy, folder) {
                Ok(one) => ready.push(one),
                Err(error) => faults.push(format!("{error:#}")),
            }
        }
        if faults.is_empty() { Ok(ready) } else { Err(Usage(faults.join("\n")).into()) }
    }

    /// Finds the code of a strategy and checks its parameters.
    pub(crate) fn new(registry: &'a Registry, strategy: &'a Strategy, folder: &Path) -> anyhow::Result<Self> {
        let code = match (strategy.kind.as_str(), &strategy.file) {
            (RULES, Some(file)) => rules(&folder.join(file), strategy),
            (name, _) => registry.kind(name).map_err(Into::into).and_then(|kind| {
                let values = kind.parameters(name, &strategy.params)?;
                Ok(Code::Kind { kind, values })
            }),
        };
        Ok(Self { strategy, code: code.with_context(|| format!("strategy {}", strategy.name))? })
    }

    /// Its code before its first bar.
    pub(crate) fn make(&self) -> Box<dyn trading_core::strategy::Strategy> {
        match &self.code {
            #[expect(clippy::expect_used, reason = "invariant: these parameters have made one before")]
            Code::Kind { kind, values } => (kind.make)(values).expect("invariant: parameters were checked"),
            Code::Rules { instance, .. } => Box::new(instance.program()),
        }
    }

    /// The bars it needs.
    pub(crate) fn warm_up(&self) -> WarmUp {
        match &self.code {
            Code::Kind { .. } => self.make().warm_up(),
            Code::Rules { instance, .. } => instance.warm_up(),
        }
    }

    /// The exits that its kind ships with, or that its file has.
    pub(crate) fn exits(&self) -> ExitsLayer {
        match &self.code {
            Code::Kind { kind, .. } => kind.exits.clone(),
            Code::Rules { instance, .. } => instance.exits(),
        }
    }

    /// The part of the equity of each buy, where buys add to what is held.
    pub(crate) fn accumulates(&self) -> Option<Decimal> {
        match &self.code {
            Code::Kind { kind, values } => kind.accumulates(values),
            Code::Rules { .. } => None,
        }
    }

    /// What its decisions follow from beside its bars: the values of its parameters, and its text.
    pub(crate) fn identity(&self) -> (Vec<String>, &str) {
        match &self.code {
            Code::Kind { values, .. } => (values.iter().map(f64::to_string).collect(), ""),
            Code::Rules { instance, text } => (instance.values().iter().map(Decimal::to_string).collect(), text),
        }
    }
}

fn rules(path: &Path, strategy: &Strategy) -> anyhow::Result<Code<'static>> {
    let (file, text) = read(path)?;
    let given: BTreeMap<String, Decimal> =
        strategy.params.iter().map(|(name, Number(value))| (name.clone(), *value)).collect();
    match file.instance(&given, strategy.timeframe) {
        Ok(instance) => Ok(Code::Rules { instance, text }),
        Err(errors) => {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            bail!("{}: {}", path.display(), errors.join("; "))
        }
    }
}

/// A rule file and its text.
pub(crate) fn read(path: &Path) -> anyhow::Result<(RuleFile, String)> {
    let bytes = std::fs::read(path).with_context(|| format!("reading the rule file {}", path.display()))?;
    let file = RuleFile::parse(&path.display().to_string(), &bytes).map_err(|faults| anyhow!("{faults}"))?;
    Ok((file, String::from_utf8_lossy(&bytes).into_owned()))
}
