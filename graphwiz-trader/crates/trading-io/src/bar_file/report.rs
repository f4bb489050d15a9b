//! What is to be told of the lines of a file?

use std::fmt;
use std::path::Path;

use trading_core::time::{Micros, shown};

/// How far the reading of a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file.
    pub path: &'a Path,
    /// Bytes read so far.
    pub bytes_done: u64,
    /// The file's size when it was opened.
    pub bytes_total: u64,
}

/// Many things of one kind: how many, and the first few.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<T>,
}

impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { count: 0, first: Vec::new() }
    }
}

impl<T> Listed<T> {
    /// More would bury the rest of a report.
    const LISTED: usize = 20;

    pub(crate) fn note(&mut self, one: impl FnOnce() -> T) {
        self.count += 1;
        if self.first.len() < Self::LISTED {
            self.first.push(one());
        }
    }
}

/// Those that are known, or so many of them as the precision says: `{:.3}`.
impl<T: fmt::Display> fmt::Display for Listed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = f.precision().unwrap_or(Self::LISTED).min(self.first.len());
        for (i, one) in self.first[..most].iter().enumerate() {
            write!(f, "{}{one}", if i == 0 { "" } else { "; " })?;
        }
        match self.count - most as u64 {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// A line that is no bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    /// The line's number in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub cause: String,
}

impl fmt::Display for RejectedLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.cause)
    }
}

/// Two lines of a file that say different things of one bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contradiction {
    /// When the bar opens.
    pub open_time: Micros,
    /// The line that does not count.
    pub earlier: u64,
    /// The line that counts.
    pub later: u64,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { open_time, earlier, later } = self;
        write!(f, "lines {earlier} and {later} differ for {}, line {later} counts", shown(*open_time))
    }
}

/// As much of a text as a message can bear, on one line.
pub(crate) fn excerpt(text: &[u8]) -> String {
    legible::quoted_to(&String::from_utf8_lossy(text), 60)
}
