//! What becomes of a file, and why an answer says nothing of the kind.

use crate::edit::Edit;

use super::path::{PathFault, RelativePath};

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Which one.
    pub path: RelativePath,
    /// What it becomes.
    pub change: Change,
    /// Whether a new file may be run.
    pub is_executable: bool,
}

/// What a file becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This text, whatever was there.
    Content(String),
    /// What was there, edited.
    Edits(Vec<Edit>),
    /// Nothing.
    Deleted,
}

/// Why an answer is unusable. Nothing of it is taken.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// There is no file in it.
    #[error("no file is in it: expected JSON with files, a unified diff, or blocks of code, each headed by its path")]
    Empty,
    /// It is JSON of another form.
    #[error("it is no JSON of the form that was asked for")]
    Json(#[source] serde_json::Error),
    /// A path is not one of the work.
    #[error("the path {path:?} {fault}")]
    Path {
        /// As it is written.
        path: String,
        /// What is wrong with it.
        fault: PathFault,
    },
    /// A file is changed twice.
    #[error("{0} is changed twice")]
    Twice(RelativePath),
    /// A file is to become several things, or nothing.
    #[error("{0}: expected one of content, edits and delete")]
    NotOne(RelativePath),
    /// A diff cannot be read.
    #[error("line {line} of the diff: {fault}")]
    Diff {
        /// From 1, of the answer.
        line: usize,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// It changes too much at once.
    #[error("it has {count} {what}, at most {most} are taken")]
    TooMuch {
        /// How much there is.
        count: usize,
        /// Of what.
        what: &'static str,
        /// How much there may be.
        most: usize,
    },
}

/// The path of a file that an answer names.
pub(super) fn relative(path: &str) -> Result<RelativePath, Unusable> {
    RelativePath::parse(path).map_err(|fault| Unusable::Path { path: path.to_owned(), fault })
}
