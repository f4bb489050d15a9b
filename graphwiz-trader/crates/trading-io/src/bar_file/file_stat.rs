//! Has anybody written to a file since it was read?

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use trading_core::time::{Micros, SECOND};

/// What the file system says of a file: while that stays, nobody has written to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileStat {
    /// Bytes.
    pub(crate) size: i64,
    /// When it was written last, in nanoseconds since 1970; `None` where that is so recent that a further write might
    /// leave it as it is.
    pub(crate) modified_ns: Option<i64>,
    /// When anything of it changed last. Unlike the other, nobody can set it: a copy that keeps the time has another.
    pub(crate) changed_ns: Option<i64>,
}

/// File systems keep times as coarse as 2 s (FAT).
const SETTLED_AFTER: Micros = 2 * SECOND;

impl FileStat {
    /// Of the file at `path`; `now`: the time on the wall.
    ///
    /// # Errors
    /// There is none, or nothing may be known of it.
    pub fn of(path: &Path, now: Micros) -> io::Result<Self> {
        Ok(Self::of_metadata(&path.metadata()?, now))
    }

    pub(crate) fn of_metadata(metadata: &Metadata, now: Micros) -> Self {
        let nanos = |seconds: i64, nanos: i64| seconds.checked_mul(1_000_000_000)?.checked_add(nanos);
        let modified = nanos(metadata.mtime(), metadata.mtime_nsec());
        Self {
            size: i64::try_from(metadata.len()).unwrap_or(i64::MAX),
            modified_ns: modified.filter(|at| now.saturating_sub(at / 1000) > SETTLED_AFTER),
            changed_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether the file is the one of which `other` was said; `false` where that is not sure.
    pub(crate) fn is_of_same(&self, other: &Self) -> bool {
        self.modified_ns.is_some() && self.changed_ns.is_some() && self == other
    }
}
