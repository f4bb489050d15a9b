//! Which files does Alpha want to change, and how?
//!
//! Start at [`Work::parse`]. An answer is JSON, a unified diff, or blocks of code that are each headed by their path. What
//! the files become by it is [`crate::edit`]'s.

mod change;
mod diff;
mod path;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::edit::Edit;
use crate::{answer, fence};

pub use change::{Change, FileChange, Unusable};
pub use path::{PathFault, RelativePath};

use change::relative;

/// The most files that an answer may change.
pub const MOST_FILES: usize = 200;
/// The most bytes that it may write.
pub const MOST_BYTES: usize = 10 << 20;

/// What Alpha wants to change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Work {
    /// Each file once.
    pub files: Vec<FileChange>,
    /// Generated tests that Alpha holds to be wrong.
    pub disputes: Vec<Dispute>,
}

/// A generated test that Alpha holds to be wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dispute {
    /// The test's id.
    pub test_id: String,
    /// Why it is wrong.
    pub reason: String,
}

/// An answer as JSON has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    files: Vec<SaidFile>,
    #[serde(default)]
    disputes: Vec<Dispute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SaidFile {
    path: String,
    content: Option<String>,
    edits: Option<Vec<Edit>>,
    #[serde(default)]
    delete: bool,
    #[serde(default)]
    executable: bool,
}

impl Work {
    /// Of an answer's text; `only_path` is that of a single block that has none.
    ///
    /// # Errors
    /// What makes it unusable.
    pub fn parse(text: &str, only_path: Option<&RelativePath>) -> Result<Self, Unusable> {
        let fault = match answer::parse::<Said>(text) {
            Ok(said) => return said.work()?.checked(),
            Err(fault) => fault,
        };
        let text = answer::without_reasoning(text);
        let files = match diff::files(text)? {
            files if !files.is_empty() => files,
            _ => of_blocks(text, only_path)?,
        };
        let is_json = text.trim_start().starts_with('{');
        match files.is_empty() {
            true if is_json => Err(Unusable::Json(fault)),
            true => Err(Unusable::Empty),
            false => Self { files, disputes: Vec::new() }.checked(),
        }
    }

    fn checked(self) -> Result<Self, Unusable> {
        let within =
            |count, what, most| if count > most { Err(Unusable::TooMuch { count, what, most }) } else { Ok(()) };
        let written = |file: &FileChange| match &file.change {
            Change::Content(text) => text.len(),
            Change::Edits(edits) => edits.iter().map(|edit| edit.replace.len()).sum(),
            Change::Deleted => 0,
        };
        within(self.files.len(), "files", MOST_FILES)?;
        within(self.files.iter().map(written).sum(), "bytes", MOST_BYTES)?;
        let mut paths = BTreeSet::new();
        match self.files.iter().find(|file| !paths.insert(&file.path)) {
            Some(file) => Err(Unusable::Twice(file.path.clone())),
            None if self.files.is_empty() && self.disputes.is_empty() => Err(Unusable::Empty),
            None => Ok(self),
        }
    }
}

impl Said {
    fn work(self) -> Result<Work, Unusable> {
        let file = |SaidFile { path, content, edits, delete, executable }: SaidFile| {
            let path = relative(&path)?;
            let change = match (content, edits, delete) {
                (Some(text), None, false) => Change::Content(text),
                (None, Some(edits), false) => Change::Edits(edits),
                (None, None, true) => Change::Deleted,
                _ => return Err(Unusable::NotOne(path)),
            };
            Ok(FileChange { path, change, is_executable: executable })
        };
        Ok(Work { files: self.files.into_iter().map(file).collect::<Result<_, _>>()?, disputes: self.disputes })
    }
}

/// Files of blocks of code that are headed by their path; a single one may go without.
fn of_blocks(text: &str, only_path: Option<&RelativePath>) -> Result<Vec<FileChange>, Unusable> {
    let blocks = fence::blocks(text);
    let content =
        |path, body: &str| FileChange { path, change: Change::Content(body.to_owned()), is_executable: false };
    let headed = blocks.iter().filter_map(|block| Some((named(block)?, block.body)));
    let files: Vec<_> = headed.map(|(path, body)| Ok(content(relative(path)?, body))).collect::<Result<_, _>>()?;
    match (files.is_empty(), blocks.as_slice(), only_path) {
        (true, [only], Some(path)) => Ok(vec![content(path.clone(), only.body)]),
        _ => Ok(files),
    }
}

/// The path that heads a block: behind the language of its fence, or alone in the line before it.
fn named<'t>(block: &fence::Block<'t>) -> Option<&'t str> {
    let behind = block.info.split_once(char::is_whitespace).map(|(_, path)| path.trim());
    let before = block.heading.trim_matches(|c| matches!(c, '`' | '*' | '#' | ':' | ' '));
    // A sentence is no path, and a word is none.
    let is_path = |text: &&str| {
        !text.contains(char::is_whitespace) && text.contains(['.', '/']) && text.ends_with(char::is_alphanumeric)
    };
    behind.filter(is_path).or(Some(before).filter(is_path))
}

#[cfg(test)]
mod tests;
