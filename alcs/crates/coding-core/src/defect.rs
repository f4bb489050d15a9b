//! What is wrong with work, how bad is it, and who says so?

use serde::{Deserialize, Serialize};

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A remark.
    Info,
    /// It should be mended.
    Minor,
    /// It must be mended.
    Major,
    /// Nothing with it may pass.
    Critical,
}

impl Severity {
    /// Points that one such defect takes.
    #[must_use]
    pub const fn weight(self) -> u32 {
        match self {
            Self::Critical => 25,
            Self::Major => 10,
            Self::Minor => 3,
            Self::Info => 1,
        }
    }
}

/// Who found a defect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The build, the collection of tests, or their runner.
    Runner,
    /// A test, by its id.
    Test(String),
    /// The scan for danger.
    Scan,
    /// An analyser, by its name.
    Analyser(String),
    /// Beta.
    Review,
}

/// Something that is wrong with work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Defect {
    /// How bad it is.
    pub severity: Severity,
    /// What sort of thing it is, in a word.
    pub category: String,
    /// What it is, in a sentence.
    pub description: String,
    /// The file, where it is of one.
    pub path: Option<String>,
    /// The line of the file, from 1.
    pub line: Option<u32>,
    /// Who found it.
    pub source: Source,
}
