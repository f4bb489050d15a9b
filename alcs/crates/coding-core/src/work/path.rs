//! Paths of files within a work, which never lead out of it.

use std::fmt;

use serde::Serialize;

/// The path of a file within a work: names between slashes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RelativePath(String);

/// Why a text is no such path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// It has nothing in it, or between two slashes, or a name `.`.
    #[error("has a name without anything in it, or .")]
    Empty,
    /// It begins at the root of a disk.
    #[error("is not relative")]
    Absolute,
    /// It goes up.
    #[error("has a name ..")]
    Up,
    /// It leads to what git keeps.
    #[error("leads into .git")]
    Git,
    /// It has a character that no sane path has.
    #[error("has a backslash or a control character")]
    Character,
}

impl RelativePath {
    /// The path that a text is.
    ///
    /// # Errors
    /// Why it is none.
    pub fn parse(text: &str) -> Result<Self, PathFault> {
        if text.starts_with('/') {
            return Err(PathFault::Absolute);
        }
        if text.contains(|c: char| c == '\\' || c.is_control()) {
            return Err(PathFault::Character);
        }
        for name in text.split('/') {
            match name {
                "" | "." => return Err(PathFault::Empty),
                ".." => return Err(PathFault::Up),
                // Some file systems do not tell the cases apart.
                git if git.eq_ignore_ascii_case(".git") => return Err(PathFault::Git),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
