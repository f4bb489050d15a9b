//! What is wrong with a configuration: every fault with its place.

use std::fmt;
use std::path::{Path, PathBuf};

/// One thing that is wrong, at one place of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    line: u64,
    path: String,
    message: String,
}

impl Fault {
    /// `path` names the key (`keeper.lamps[1]`, empty for the file as a whole); `message` says what was found and
    /// what was expected, and must not hold a secret.
    pub fn new(line: u64, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { line, path: path.into(), message: message.into() }
    }
}

/// Every fault of one file, in the order of its lines; never empty.
///
/// `Display` writes one line per fault: `file:line: key.path: what was found, expected what`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    file: PathBuf,
    faults: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(file: &Path, mut faults: Vec<Fault>) -> Self {
        faults.sort();
        faults.dedup();
        Self { file: file.to_owned(), faults }
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}:{}: ", self.file.display(), fault.line)?;
            if !fault.path.is_empty() {
                write!(f, "{}: ", fault.path)?;
            }
            f.write_str(&fault.message)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
