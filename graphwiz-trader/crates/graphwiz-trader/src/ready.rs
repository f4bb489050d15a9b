//! A strategy that can be run: its code with the values of its parameters, from a kind of the program or from a rule
//! file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use platform::process::Usage;
use rust_decimal::Decimal;
use trading_core::rule_file::{Instance, MAX_BYTES, ParameterError, RuleFile};
use trading_core::rules::ExitsLayer;
use trading_core::strategy::WarmUp;
use trading_core::time::Timeframe;

use crate::config::number::Number;
use crate::config::strategies::Strategy;
use crate::kinds::{Kind, NoStrategy, Registry};

/// The kind of a strategy that stands in a rule file.
pub(crate) const RULES: &str = "rules";

/// A strategy that can be run.
pub(crate) struct Ready<'a> {
    pub(crate) strategy: &'a Strategy,
    code: Code<'a>,
}

/// What decides.
pub(crate) enum Code<'a> {
    Kind { kind: &'a Kind, values: Vec<f64> },
    Rules { instance: Instance, text: String },
}

/// Why a strategy cannot be run: which of its keys is wrong, and what about it.
#[derive(Debug)]
pub(crate) struct Misfit {
    /// The key within the strategy, as `params.fast`.
    pub(crate) key: String,
    pub(crate) text: String,
}

impl<'a> Code<'a> {
    /// The code of a kind, or of a rule file, with these parameters; or everything that is wrong with them.
    pub(crate) fn find(
        registry: &'a Registry,
        (kind, file): (&str, Option<&Path>),
        params: &BTreeMap<String, Number>,
        timeframe: Timeframe,
    ) -> Result<Self, Vec<Misfit>> {
        let of_file = |text: String| vec![Misfit { key: "file".to_owned(), text }];
        match (kind, file) {
            (RULES, Some(file)) => {
                let read = listed(file).and_then(|bytes| parsed(file, &bytes));
                // Each fault of the file has a line of its own.
                let misfits = |error: anyhow::Error| {
                    let lines = format!("{error:#}");
                    lines.lines().flat_map(|line| of_file(line.to_owned())).collect::<Vec<_>>()
                };
                rules(read.map_err(misfits)?, params, timeframe)
            }
            (RULES, None) => Err(of_file("missing, expected the rule file of a strategy of kind rules".to_owned())),
            (kind, Some(_)) => Err(of_file(format!("found a file for kind {kind}, expected one with kind rules only"))),
            (name, None) => {
                let kind = registry.kind(name).map_err(|unknown| vec![misfit(&unknown)])?;
                let misfits = |faults: Vec<NoStrategy>| faults.iter().map(misfit).collect::<Vec<_>>();
                Ok(Self::Kind { kind, values: kind.parameters(name, params).map_err(misfits)? })
            }
        }
    }

    /// The exits that its kind ships with, or that its file has.
    pub(crate) fn exits(&self) -> ExitsLayer {
        match self {
            Self::Kind { kind, .. } => kind.exits.clone(),
            Self::Rules { instance, .. } => instance.exits(),
        }
    }
}

fn misfit(fault: &NoStrategy) -> Misfit {
    Misfit { key: fault.key(), text: fault.to_string() }
}

impl<'a> Ready<'a> {
    /// All of them, or every fault at once; rule files are relative to `folder`.
    pub(crate) fn all(registry: &'a Registry, strategies: &'a [Strategy], folder: &Path) -> Result<Vec<Self>, Usage> {
        let (mut ready, mut faults) = (Vec::new(), Vec::new());
        for strategy in strategies {
            match Self::new(registry, strategy, folder) {
                Ok(one) => ready.push(one),
                Err(Usage(text)) => faults.push(text),
            }
        }
        if faults.is_empty() { Ok(ready) } else { Err(Usage(faults.join("\n"))) }
    }

    /// Finds the code of a strategy and checks its parameters; a rule file is relative to `folder`.
    pub(crate) fn new(registry: &'a Registry, strategy: &'a Strategy, folder: &Path) -> Result<Self, Usage> {
        let file = strategy.file.as_ref().map(|file| folder.join(file));
        Self::with(strategy, |Strategy { kind, params, timeframe, .. }| {
            Code::find(registry, (kind, file.as_deref()), params, *timeframe)
        })
    }

    /// Checks the parameters of a strategy whose rule file has been read, which cannot be done twice where it is a pipe.
    pub(crate) fn of_read(strategy: &'a Strategy, read: RuleText) -> Result<Self, Usage> {
        Self::with(strategy, |Strategy { params, timeframe, .. }| rules(read, params, *timeframe))
    }

    fn with(
        strategy: &'a Strategy,
        find: impl FnOnce(&'a Strategy) -> Result<Code<'a>, Vec<Misfit>>,
    ) -> Result<Self, Usage> {
        let line = |Misfit { key, text }: &Misfit| format!("strategy {}: {key}: {text}", strategy.name);
        match find(strategy) {
            Ok(code) => Ok(Self { strategy, code }),
            Err(misfits) => Err(Usage(misfits.iter().map(line).collect::<Vec<_>>().join("\n"))),
        }
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

    /// Its rule file with these values, where it has one.
    pub(crate) fn instance(&self) -> Option<&Instance> {
        match &self.code {
            Code::Kind { .. } => None,
            Code::Rules { instance, .. } => Some(instance),
        }
    }

    /// The exits that its kind ships with, or that its file has.
    pub(crate) fn exits(&self) -> ExitsLayer {
        self.code.exits()
    }

    /// The part of the equity of each buy, where buys add to what is held.
    pub(crate) fn accumulates(&self) -> Option<Decimal> {
        match &self.code {
            Code::Kind { kind, values } => kind.accumulates(values),
            Code::Rules { .. } => None,
        }
    }

    /// The name and the value of each of its parameters, in the order of its kind or file.
    pub(crate) fn parameters(&self) -> Vec<(&str, String)> {
        match &self.code {
            Code::Kind { kind, values } => kind
                .parameters
                .iter()
                .zip(values)
                .map(|(parameter, value)| (parameter.name, value.to_string()))
                .collect(),
            Code::Rules { instance, .. } => {
                instance.parameters().map(|(name, value)| (name, value.normalize().to_string())).collect()
            }
        }
    }

    /// The text of its rule file.
    pub(crate) fn rule_text(&self) -> Option<&str> {
        match &self.code {
            Code::Kind { .. } => None,
            Code::Rules { text, .. } => Some(text),
        }
    }
}

fn rules(
    RuleText { file, text }: RuleText,
    params: &BTreeMap<String, Number>,
    timeframe: Timeframe,
) -> Result<Code<'static>, Vec<Misfit>> {
    let given: BTreeMap<String, Decimal> = params.iter().map(|(name, Number(value))| (name.clone(), *value)).collect();
    let instance = file.instance(&given, timeframe).map_err(|errors| {
        let key = |error: &ParameterError| match (error, error.parameter()) {
            (ParameterError::FrameTooFine { .. }, _) => "file".to_owned(),
            (_, Some(name)) => format!("params.{name}"),
            (_, None) => "params".to_owned(),
        };
        errors.iter().map(|error| Misfit { key: key(error), text: error.to_string() }).collect::<Vec<_>>()
    })?;
    Ok(Code::Rules { instance, text })
}

/// A rule file and its text.
pub(crate) struct RuleText {
    pub(crate) file: RuleFile,
    text: String,
}

/// The rule file that somebody named just now; a pipe is read to its end.
pub(crate) fn read(path: &Path) -> anyhow::Result<RuleText> {
    parsed(path, &bytes(path)?)
}

fn parsed(path: &Path, bytes: &[u8]) -> anyhow::Result<RuleText> {
    let file = RuleFile::parse(&legible::full_path(path), bytes).map_err(|faults| anyhow!("{faults}"))?;
    Ok(RuleText { file, text: String::from_utf8_lossy(bytes).into_owned() })
}

/// The bytes of a rule file of a folder or of the configuration. A pipe is refused: whoever opens one waits until
/// somebody writes, and what was read is gone.
pub(crate) fn listed(path: &Path) -> anyhow::Result<Vec<u8>> {
    let is_special = fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir());
    if is_special {
        bail!("reading the rule file {}: found a pipe or a device, expected a file", legible::full_path(path));
    }
    bytes(path)
}

/// The bytes of a rule file, and never more than one may have, however long the file is.
fn bytes(path: &Path) -> anyhow::Result<Vec<u8>> {
    let read = || {
        let file = File::open(path).map_err(|error| match fs::read_link(path) {
            Ok(target) => anyhow!("found a link to {}, which cannot be followed: {error}", legible::full_path(&target)),
            Err(_) => error.into(),
        })?;
        if file.metadata()?.is_dir() {
            bail!("found a folder, expected a file");
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        if bytes.len() > MAX_BYTES {
            bail!("the file has more than {MAX_BYTES} bytes, which is the most that one may have");
        }
        Ok(bytes)
    };
    read().with_context(|| format!("reading the rule file {}", legible::full_path(path)))
}
