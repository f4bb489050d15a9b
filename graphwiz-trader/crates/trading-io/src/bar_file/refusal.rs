//! Why is nothing of a file taken?

use std::io;
use std::path::PathBuf;

use trading_core::instrument::BadInstrument;

use super::report::{Listed, RejectedLine};

/// A file of which nothing was taken.
#[derive(Debug, thiserror::Error)]
#[error("nothing of {} was taken", legible::full_path(path))]
pub struct Refused {
    /// The file.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub cause: Refusal,
}

/// Why nothing of a file was taken. A sentence about the file.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It cannot be opened or read, or its compression is damaged.
    #[error("it cannot be read")]
    Read(#[from] io::Error),
    /// What was compressed ends in the middle.
    #[error("it is cut off: its compression ends in the middle; fetch or copy it again")]
    CutOff,
    /// It changed within the last minute and ends within a line.
    #[error(
        "still being written: it changed less than 60 s ago and does not end in a line end; try again when it is whole"
    )]
    BeingWritten,
    /// It is of a form that is not read.
    #[error("it is {0}")]
    OtherFormat(&'static str),
    /// It holds something else than bars.
    #[error("this version does not read {0}")]
    OtherKind(&'static str),
    /// Nothing says whose bars they are.
    #[error(
        "neither its name says whose bars it has, as binance_BTC-USDT_1h.csv.gz does, \
         nor do --venue, --instrument and --timeframe"
    )]
    Unnamed,
    /// What names the instrument is no name.
    #[error(transparent)]
    BadInstrument(#[from] BadInstrument),
    /// It has bytes that no text has.
    #[error("line {line} has a byte 0; expected text in UTF-8")]
    NotText {
        /// Which line.
        line: u64,
    },
    /// It does not consist of lines.
    #[error("line {line} is longer than 1 MB; expected a line per bar")]
    LongLine {
        /// Which line.
        line: u64,
    },
    /// It has a header that lacks a column.
    #[error(
        "line {line} names the columns {}, but none for {missing}; --map NAME={} says which it is",
        quoted(found),
        first_of(missing)
    )]
    MissingColumns {
        /// Where the header is.
        line: u64,
        /// What is needed and not there.
        missing: String,
        /// What is there.
        found: String,
    },
    /// Columns that somebody gave lack one.
    #[error(
        "--columns {} names none for {missing}; expected a name for each column, in the order of the file: \
         ts, open, high, low, close, volume, and any other for what is not needed",
        quoted(found)
    )]
    MissingInOrder {
        /// What is needed and not there.
        missing: String,
        /// What was given.
        found: String,
    },
    /// Somebody named a column that is not there.
    #[error(
        "--map {name}={field} is of no column: {} names the columns {}",
        line.map_or_else(|| "--columns".to_owned(), |line| format!("line {line}")),
        quoted(found)
    )]
    LostMapping {
        /// Where the header is; `None` where somebody gave the columns.
        line: Option<u64>,
        /// What was looked for, in lower case with underscores, as names are compared.
        name: String,
        /// What it was to hold.
        field: &'static str,
        /// What is there.
        found: String,
    },
    /// Lines have another number of columns than somebody gave.
    #[error("line {line} has {columns} columns, but --columns names {named}")]
    OtherCount {
        /// The first line with numbers.
        line: u64,
        /// How many columns it has.
        columns: usize,
        /// How many were given.
        named: usize,
    },
    /// Two columns have one name.
    #[error("line {line} names two columns {name:?}")]
    RepeatedColumn {
        /// Where the header is.
        line: u64,
        /// Their name.
        name: String,
    },
    /// It has no header, and not as many columns as an archive that is known.
    #[error(
        "line {line} has {columns} columns and no header is before it; --columns says what they are, \
         as in --columns ts,open,high,low,close,volume"
    )]
    NoHeader {
        /// The first line with numbers.
        line: u64,
        /// How many columns it has.
        columns: usize,
    },
    /// Somebody named a column of a header, and there is none.
    #[error(
        "--map {name}={field} names a column of a header, and no header is before line {line}; leave --map out where \
         the file is of an archive of Binance or Kraken, else --columns says what the columns are, \
         as in --columns ts,open,high,low,close,volume"
    )]
    MappingWithoutHeader {
        /// The first line with numbers.
        line: u64,
        /// What was looked for, in lower case with underscores, as names are compared.
        name: String,
        /// What it was to hold.
        field: &'static str,
    },
    /// There is no line with numbers, and no header.
    #[error("it has no line of numbers and no header with ts, open, high, low and close")]
    NoLines,
    /// A time whose zone nothing says.
    #[error("line {line}: the time {text} has no offset; --tz says what it means, such as --tz UTC")]
    NoOffset {
        /// Which line.
        line: u64,
        /// The time.
        text: String,
    },
    /// A number is so fine that beside it others do not fit in 64 bits.
    #[error("line {line}: {column} {text} is too fine: {cause}{}", remedy(column))]
    TooFine {
        /// Which line.
        line: u64,
        /// Of which column.
        column: &'static str,
        /// The number.
        text: String,
        /// What does not fit.
        cause: String,
    },
    /// More than one line in a hundred is no bar.
    #[error(
        "{} of its {lines} lines are rejected, more than 1 %: {rejected:.3}; --allow-rejects takes the others",
        rejected.count
    )]
    Rejected {
        /// How many lines there are.
        lines: u64,
        /// Those that are no bars.
        rejected: Listed<RejectedLine>,
    },
    /// Not one line is a bar.
    #[error(
        "{}{}{rejected:.3}",
        if *lines == 1 { "its one line is no bar".to_owned() } else { format!("none of its {lines} lines is a bar") },
        if rejected.count == 0 { "" } else { ": " }
    )]
    NoBars {
        /// How many lines there are.
        lines: u64,
        /// Those that are no bars.
        rejected: Listed<RejectedLine>,
    },
}

/// Names of columns, so many that a header is told as a whole.
fn quoted(names: &str) -> String {
    legible::quoted_to(names, 300)
}

fn remedy(column: &str) -> &'static str {
    if column == "volume" { "; --volume-digits 8 rounds volumes" } else { "" }
}

fn first_of(names: &str) -> &str {
    names.split(", ").next().unwrap_or(names)
}
