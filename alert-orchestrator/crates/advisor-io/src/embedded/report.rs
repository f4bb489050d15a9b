//! What an import did, and why it did not do the rest.

use std::fmt;
use std::path::{Path, PathBuf};

use advisor_core::position::SkippedRows;
use advisor_core::refused;
use file_store::SqliteError;

use super::instant::InstantError;
use super::misnamed::Misnamed;

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

/// What an import of one or more files did.
#[derive(Debug, Default)]
#[must_use]
pub struct ImportReport {
    /// The files that were read, in that order.
    pub imported: Vec<FileReport>,
    /// How many files were left alone because they had not changed.
    pub unchanged: usize,
    /// The files of which nothing was taken.
    pub refused: Vec<Refused>,
    /// All files that are named after a table, each with the asset in its name.
    pub found: Vec<(PathBuf, String)>,
    /// Files of a folder that seem to be meant, but whose name is no table's: nothing was taken of them either.
    pub unnamed: Vec<(PathBuf, Misnamed)>,
    /// CSV files in folders of a folder, which are not looked into.
    pub below: Vec<PathBuf>,
    /// Files whose last line is left out for now, and its number: it has no line end, and may still be being written.
    pub unfinished: Vec<(PathBuf, u64)>,
    /// Files of the folders that are gone, although the store has rows of them, and their tables.
    pub gone: Vec<(PathBuf, String)>,
}

/// What the import of one file did: `rows` = inserted + updated + unchanged + repeated + rejected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileReport {
    /// The file.
    pub path: PathBuf,
    /// The table its rows went to.
    pub table: String,
    /// Lines read, without the header and empty ones.
    pub rows: u64,
    /// Rows the store did not have.
    pub inserted: u64,
    /// Rows the store had with other figures.
    pub updated: u64,
    /// Rows the store had.
    pub unchanged: u64,
    /// Rows that an earlier version of the file had brought and this one no longer has.
    pub removed: u64,
    /// Position rows whose wallet and time a later line of the file has again.
    pub repeated: u64,
    /// Those of them that said something else than the later line.
    pub contradicted: u64,
    /// Lines that are no usable rows.
    pub rejected: RejectedLines,
}

impl FileReport {
    /// That no line of the file is usable, where there are any.
    #[must_use]
    pub fn all_refused(&self) -> Option<String> {
        self.rejected.first_of(self.rows).map(|first| refused::sentence(self.rows, None, &first))
    }
}

/// Lines of a file that are no usable rows: how many, and the first few.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectedLines {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<RejectedLine>,
}

/// A line that is no usable row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    /// The line's number in the file, the header being line 1.
    pub line: u64,
    /// What is wrong with it.
    pub cause: String,
}

impl RejectedLines {
    /// More would bury the rest of a report.
    const LISTED: usize = 20;

    pub(super) fn note(&mut self, line: u64, error: &LineError) {
        self.count += 1;
        if self.first.len() < Self::LISTED {
            self.first.push(RejectedLine { line, cause: error.to_string() });
        }
    }

    /// The first of them, where they are all of a file's so many rows.
    pub(super) fn first_of(&self, rows: u64) -> Option<String> {
        let RejectedLine { line, cause } = self.first.first().filter(|_| self.count == rows)?;
        Some(format!("line {line}: {cause}"))
    }
}

impl fmt::Display for RejectedLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, RejectedLine { line, cause }) in self.first.iter().enumerate() {
            write!(f, "{}line {line}: {cause}", if i == 0 { "" } else { "; " })?;
        }
        match self.count - self.first.len() as u64 {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// A file of which nothing was taken.
#[derive(Debug)]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// The table it would have gone to.
    pub table: String,
    /// Why.
    pub cause: Refusal,
}

/// Why nothing of a file was taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file cannot be read, or is no text.
    #[error("reading failed: {0}")]
    Read(std::io::Error),
    /// There is not even a line with the columns' names.
    #[error("the file is empty; expected a line with the columns' names")]
    Empty,
    /// Columns are not there.
    #[error("without column {missing}; found {found}")]
    MissingColumns {
        /// The names, with their aliases.
        missing: String,
        /// The columns that are there.
        found: String,
    },
    /// The columns are not separated by commas.
    #[error("columns are separated by {separator}; expected commas, and points in decimal numbers")]
    Separator {
        /// What separates them.
        separator: &'static str,
    },
    /// The first line is a spreadsheet's note that they are not.
    #[error(
        "the first line, {line:?}, says that columns are separated by {separator}; expected commas, and points in decimal \
         numbers"
    )]
    DeclaredSeparator {
        /// The line.
        line: String,
        /// What separates them.
        separator: String,
    },
    /// The first line has no end yet.
    #[error("the first line has no line end yet; it is read once it has one, or the file is a minute old")]
    Unfinished,
    /// Two columns mean the same.
    #[error("columns {first} and {second} mean the same; expected one of them")]
    RepeatedColumn {
        /// The name of the one.
        first: String,
        /// The name of the other.
        second: String,
    },
    /// The rest of the file is one long field.
    #[error("a quote opened in the row that begins in line {line} is never closed")]
    UnclosedQuote {
        /// Where the row begins.
        line: u64,
    },
    /// A quote that is closed late or never, or no CSV at all.
    #[error("the row that begins in line {line} is longer than 1 MiB; expected a shorter one: is a quote not closed?")]
    LongRow {
        /// Where the row, or the empty lines before it, begin.
        line: u64,
    },
    /// The prefixes were exchanged since the table was made.
    #[error("table {table} does not hold {content}")]
    OtherKind {
        /// The table.
        table: String,
        /// What the file's lines are.
        content: &'static str,
    },
    /// Deposits and withdrawals are taken all or none: one left out would look like a gain or a loss.
    #[error("{0}; deposits and withdrawals are imported only when every line is usable")]
    Rejected(RejectedLines),
    /// The same where no line is usable.
    #[error("{}", refused::sentence(*lines, None, first))]
    Unusable {
        /// How many there are.
        lines: u64,
        /// The first, and what is wrong with it.
        first: String,
    },
}

/// Why a line is no usable row.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(super) enum LineError {
    #[error("{found} fields; expected {expected}{}", hint.text())]
    FieldCount { found: usize, expected: usize, hint: FieldHint },
    #[error("{column} is empty")]
    Empty { column: &'static str },
    #[error("{column} is not UTF-8")]
    NotUtf8 { column: &'static str },
    #[error("ts {text:?} {why}")]
    Time { text: String, why: InstantError },
    #[error("{column} {text:?} contains {stray:?} (U+{:04X}); expected letters and digits only", u32::from(*stray))]
    StrayCharacter { column: &'static str, text: String, stray: char },
    #[error("{column} {text:?} is not a finite number")]
    Number { column: &'static str, text: String },
    #[error("{column} {text:?} has a decimal comma, or one between thousands; expected a number such as 1234.56")]
    Comma { column: &'static str, text: String },
    #[error("{column} {value} is negative")]
    Negative { column: &'static str, value: f64 },
    #[error("usd_value is empty and cannot be derived from underlying_units and price_usd")]
    NoValue,
}

/// Why a line may have another number of fields than there are columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldHint {
    None,
    /// The line is one field with another separator in it.
    Separator(&'static str),
    /// There is a comma too many.
    Comma,
}

impl FieldHint {
    fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Separator(separator) => format!(", and not separated by {separator}"),
            Self::Comma => ": is there a decimal comma, or a comma in a text without quotes?".to_owned(),
        }
    }
}

impl LineError {
    /// Counts the line as what a store without an import would count the row as.
    pub(super) fn count(&self, skipped: &mut SkippedRows) {
        let count = match self {
            Self::Time { .. } | Self::Empty { column: "ts" } | Self::NotUtf8 { column: "ts" } => {
                &mut skipped.without_ts
            }
            Self::Empty { .. } | Self::NotUtf8 { column: "wallet_address" } | Self::StrayCharacter { .. } => {
                &mut skipped.without_wallet
            }
            Self::Negative { .. } => &mut skipped.negative,
            Self::FieldCount { .. }
            | Self::NotUtf8 { .. }
            | Self::Number { .. }
            | Self::Comma { .. }
            | Self::NoValue => &mut skipped.without_value,
        };
        *count += 1;
    }
}

/// Why an import stopped.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is no such file or folder, or it may not be read.
    #[error("reading {path} failed")]
    Path {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The path could not be remembered as text, and so not be recognized in the next import.
    #[error("the path {} is not UTF-8", path.display())]
    NotUtf8 {
        /// The file or folder.
        path: PathBuf,
    },
    /// The file's name says nothing about the table it is for.
    #[error("{path} is not imported, {why}")]
    Name {
        /// The file.
        path: PathBuf,
        /// What to do about it.
        why: Misnamed,
    },
    /// No file in the folder has the name of a table.
    #[error("no file to import in {folder}; expected {expected}{}", beside(left_out))]
    Nothing {
        /// The folder.
        folder: PathBuf,
        /// The names there could be.
        expected: String,
        /// Files of it that seem to be meant.
        left_out: Vec<(PathBuf, Misnamed)>,
    },
    /// The store did not take the rows; nothing of the file was kept.
    #[error("importing {path} into the embedded store {store} failed")]
    Store {
        /// The file.
        path: PathBuf,
        /// The store's file.
        store: PathBuf,
        /// What SQLite said.
        #[source]
        source: SqliteError,
    },
}

/// What there is in place of files to import.
fn beside(left_out: &[(PathBuf, Misnamed)]) -> String {
    let Some((path, why)) = left_out.first() else { return String::new() };
    let more = match left_out.len() - 1 {
        0 => String::new(),
        more => format!("; {more} more files are left out"),
    };
    format!("; of {} nothing is taken, {why}{more}", legible::path(path))
}
