//! What is wrong with a rule file, and where?

use std::fmt;

/// The most faults that are told at once.
const MAX_FAULTS: usize = 20;
/// The longest piece of a file that a fault repeats, in characters.
const MAX_SHOWN: usize = 60;
/// Beyond this length nothing is near a name, and the distance would be slow to compute.
const MAX_NAME: usize = 40;

/// One thing that is wrong, at one place of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its line, from 1.
    pub line: usize,
    /// Its column in characters, from 1.
    pub column: usize,
    /// What was found, and what was expected.
    pub text: String,
}

/// What is wrong with a file, at most 20 things, in the order of their places; never empty.
///
/// `Display` writes one line for each: `file:line:column: text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// The file's name, as it was given.
    pub file: String,
    /// The faults.
    pub faults: Vec<Fault>,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Fault { line, column, text }) in self.faults.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{}:{line}:{column}: {text}", self.file)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

/// Faults as they are found, by their offset in the file.
#[derive(Debug)]
pub(super) struct Found<'t> {
    text: &'t str,
    faults: Vec<(usize, String)>,
}

impl<'t> Found<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, faults: Vec::new() }
    }

    /// Adds a fault at `offset` bytes. What comes after the twentieth is dropped.
    pub(super) fn add(&mut self, offset: usize, text: impl FnOnce() -> String) {
        if !self.is_full() {
            self.faults.push((offset, text()));
        }
    }

    /// Whether no further fault is told.
    pub(super) fn is_full(&self) -> bool {
        self.faults.len() == MAX_FAULTS
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// A piece of the file on one line, shortened.
    pub(super) fn piece(&self, at: &std::ops::Range<usize>) -> String {
        shortened(self.text.get(at.clone()).unwrap_or_default())
    }

    /// Line and column, from 1, of an offset.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        place(self.text, offset)
    }

    pub(super) fn into_faults(mut self, file: &str) -> Faults {
        self.faults.sort();
        self.faults.dedup();
        let fault = |(offset, text)| {
            let (line, column) = place(self.text, offset);
            Fault { line, column, text }
        };
        Faults { file: file.to_owned(), faults: self.faults.into_iter().map(fault).collect() }
    }
}

/// Line and column, from 1, of the character at or after `offset`.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.ceil_char_boundary(offset.min(text.len()))];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// `text` with every white space as one blank, control characters escaped, and its end left out where it is long.
pub(super) fn shortened(text: &str) -> String {
    let mut shown = String::new();
    // Bounded before it is split, so that a fault never costs more than its text.
    let head: String = text.chars().take(4 * MAX_SHOWN).collect();
    for word in head.split_whitespace() {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.extend(word.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }));
    }
    match shown.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &shown[..end]),
        None => shown,
    }
}

/// `; did you mean …?` with the nearest of `known`; empty where none is near.
pub(super) fn did_you_mean<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    nearest(name, known).map_or_else(String::new, |nearest| format!("; did you mean {nearest}?"))
}

/// The nearest of `known`: about a third of its letters are others, rounded, and at least one may be: two of five, and
/// one of four.
pub(super) fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > MAX_NAME {
        return None;
    }
    let name = name.to_lowercase();
    let by_distance = known.map(|candidate| (strsim::osa_distance(&name, candidate), candidate));
    let (distance, nearest) = by_distance.min_by_key(|&(distance, _)| distance)?;
    let letters = nearest.len().min(name.len());
    (distance <= ((letters + 1) / 3).max(1)).then_some(nearest)
}
