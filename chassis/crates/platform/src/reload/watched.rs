//! Has a file changed since it was read?

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Files as they were when they were looked at.
pub(super) struct Watched(Vec<(PathBuf, Option<Version>)>);

type Version = (SystemTime, u64);

impl Watched {
    pub(super) fn new(files: Vec<PathBuf>) -> Self {
        let look = |file: PathBuf| {
            let version = version(&file);
            (file, version)
        };
        Self(files.into_iter().map(look).collect())
    }

    /// Watches also those of `other` that are not watched yet.
    pub(super) fn add_new(&mut self, other: Self) {
        for (file, version) in other.0 {
            if !self.0.iter().any(|(known, _)| *known == file) {
                self.0.push((file, version));
            }
        }
    }

    /// Whether one of them is there and another than it was. One that is just being replaced is looked at the next
    /// time.
    pub(super) fn has_changed(&self) -> bool {
        self.0.iter().any(|(file, before)| version(file).is_some_and(|now| Some(now) != *before))
    }
}

fn version(file: &Path) -> Option<Version> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
