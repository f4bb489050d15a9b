//! What is wrong with a configuration: every fault with its place.

use std::fmt;
use std::path::{Path, PathBuf};

/// A line, and where it stands: in the configuration file, or in what was laid over it. A plain number is a line of the
/// file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    /// Its place among the sources of the document.
    source: usize,
    /// From 1.
    number: u64,
}

impl Line {
    /// The same line, where so many sources come before its own.
    pub(super) fn behind(self, sources: usize) -> Self {
        Self { source: self.source + sources, ..self }
    }
}

impl From<u64> for Line {
    fn from(number: u64) -> Self {
        Self { source: 0, number }
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(f)
    }
}

/// Where a part of a configuration was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// In a file.
    File(PathBuf),
    /// Elsewhere, and what it is called: a flag of the command line, or a part of the program.
    Named(String),
}

/// One thing that is wrong, at one place of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    line: Line,
    path: String,
    message: String,
    is_of_variable: bool,
}

impl Fault {
    /// `path` names the key (`keeper.lamps[1]`, empty for the file as a whole); `message` says what was found and
    /// what was expected, and must not hold a secret.
    pub fn new(line: impl Into<Line>, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line: line.into(), path: path.into(), message: message.into(), is_of_variable: false }
    }

    /// The same fault, of a variable that this machine does not have.
    pub(super) fn of_variable(self) -> Self {
        Self { is_of_variable: true, ..self }
    }

    /// Whether it is of a variable that this machine does not have: the file itself may be right.
    #[must_use]
    pub fn is_of_variable(&self) -> bool {
        self.is_of_variable
    }

    /// Whether it stands at this key, or below it.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.path.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }

    /// The same fault, with the part of the configuration that has it behind its text, as `environment production`.
    #[must_use]
    pub fn within(self, place: &str) -> Self {
        Self { message: format!("{} (in {place})", self.message), ..self }
    }

    /// The same fault, where so many sources come before its own.
    pub(super) fn behind(self, sources: usize) -> Self {
        Self { line: self.line.behind(sources), ..self }
    }
}

/// Every fault of one configuration, those of its file first, in the order of the lines; never empty.
///
/// `Display` writes one line per fault: `file:line: key.path: what was found, expected what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    sources: Vec<Source>,
    faults: Vec<Fault>,
}

impl Faults {
    /// Of one file.
    pub(super) fn new(file: &Path, faults: Vec<Fault>) -> Self {
        Self::of(vec![Source::File(file.to_owned())], faults)
    }

    /// Of everything that a configuration was made of.
    pub(super) fn of(sources: Vec<Source>, mut faults: Vec<Fault>) -> Self {
        faults.sort();
        faults.dedup();
        Self { sources, faults }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match &self.sources[fault.line.source] {
                Source::File(file) => write!(f, "{}:{}: ", file.display(), fault.line)?,
                Source::Named(name) => write!(f, "{name}: ")?,
            }
            if !fault.path.is_empty() {
                write!(f, "{}: ", fault.path)?;
            }
            f.write_str(&fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
