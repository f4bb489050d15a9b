//! The commands, one file each, and what each of them is told: [`Call`].

pub(crate) mod backtest;
pub(crate) mod check;
pub(crate) mod data;
mod line;
pub(crate) mod strategy;

use std::fmt::{self, Display};
use std::io::{self, Write as _};

use platform::config::Faults;
use platform::process;
use serde::Serialize;

use crate::config::setting::Setting;
use crate::config::{self, Config, Origin, RuleFiles};
use crate::kinds::Registry;

/// What every command is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The configuration, with nothing set on the command line.
    pub(crate) origin: Origin<'a>,
    /// Whether facts are printed as JSON.
    pub(crate) is_json: bool,
    pub(crate) registry: &'a Registry,
}

impl Call<'_> {
    /// The configuration, of which these rule files are to be run.
    pub(crate) fn config(&self, rule_files: RuleFiles<'_>) -> Result<Config, Faults> {
        self.config_with(&[], rule_files)
    }

    /// The configuration with these keys set.
    pub(crate) fn config_with(&self, set: &[Setting], rule_files: RuleFiles<'_>) -> Result<Config, Faults> {
        config::load(&Origin { set, ..self.origin }, (self.registry, rule_files), &process::environment)
    }

    /// Prints facts: as lines, or as one JSON document.
    pub(crate) fn print(&self, facts: &(impl Serialize + Display)) -> io::Result<()> {
        if self.is_json { process::print_json(facts) } else { write!(io::stdout().lock(), "{facts}") }
    }
}

/// Something to tell, as lines and as JSON.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Fact {
    value: serde_json::Value,
    /// Whole lines.
    #[serde(skip)]
    lines: String,
}

impl Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines)
    }
}

/// Many facts of one kind.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Facts<T>(pub(crate) Vec<T>);

impl<T: Display> Display for Facts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|fact| fact.fmt(f))
    }
}
