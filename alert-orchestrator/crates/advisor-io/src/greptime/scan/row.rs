//! What does a cell of a row hold?
//!
//! [`Cells`] finds the cells of one row; [`Row`] converts those that are asked for, exactly: integers as `i64`, never by
//! way of a float, and floats to the nearest `f64`.

use std::borrow::Cow;

use client::shorten;
use serde::Deserialize;

use super::cursor::{Cursor, Stop};
use super::fault::Fault;

/// A column as the answer's schema declares it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(in super::super) struct Column {
    pub(in super::super) name: String,
    pub(in super::super) data_type: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    EscapedText,
    Scalar,
    Nested,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    kind: Kind,
    start: usize,
    end: usize,
}

/// Where the cells of the present row are. The allocation serves all rows.
#[derive(Debug, Default)]
pub(super) struct Cells(Vec<Cell>);

impl Cells {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), Stop> {
        self.0.clear();
        cursor.expect(b'[', "a row")?;
        if cursor.peek()? == b']' {
            cursor.advance();
            return Ok(());
        }
        loop {
            let next = cursor.peek()?;
            let start = cursor.position();
            let kind = match next {
                b'"' if cursor.skip_string()? => Kind::EscapedText,
                b'"' => Kind::Text,
                b'[' | b'{' => {
                    cursor.skip_nested()?;
                    Kind::Nested
                }
                _ => {
                    cursor.skip_scalar()?;
                    Kind::Scalar
                }
            };
            self.0.push(Cell { kind, start, end: cursor.position() });
            match cursor.peek()? {
                b',' => cursor.advance(),
                b']' => {
                    cursor.advance();
                    return Ok(());
                }
                _ => return Err(cursor.unexpected("a comma or the end of the row")),
            }
        }
    }
}

/// One row; cells count from 0 in the order of the schema, and a row has as many as the schema has columns.
#[derive(Clone, Copy)]
pub(in super::super) struct Row<'a> {
    bytes: &'a [u8],
    cells: &'a [Cell],
    columns: &'a [Column],
    /// Counted from 1, for messages.
    number: u64,
}

impl<'a> Row<'a> {
    pub(super) fn new(bytes: &'a [u8], cells: &'a Cells, columns: &'a [Column], number: u64) -> Self {
        Self { bytes, cells: &cells.0, columns, number }
    }

    fn cell(&self, i: usize) -> (Kind, &'a [u8]) {
        let Cell { kind, start, end } = self.cells[i];
        (kind, &self.bytes[start..end])
    }

    /// The text of cell `i`; `None` for null.
    #[inline]
    pub(in super::super) fn text(&self, i: usize) -> Result<Option<Cow<'a, str>>, Fault> {
        match self.cell(i) {
            (Kind::Text, quoted) => match std::str::from_utf8(&quoted[1..quoted.len() - 1]) {
                Ok(text) => Ok(Some(Cow::Borrowed(text))),
                Err(_) => Err(self.unexpected(i, "text in UTF-8")),
            },
            (Kind::EscapedText, quoted) => match serde_json::from_slice(quoted) {
                Ok(text) => Ok(Some(Cow::Owned(text))),
                Err(_) => Err(self.unexpected(i, "text")),
            },
            (Kind::Scalar, b"null") => Ok(None),
            _ => Err(self.unexpected(i, "text")),
        }
    }

    /// The whole number in cell `i`; `None` for null.
    #[inline]
    pub(in super::super) fn integer(&self, i: usize) -> Result<Option<i64>, Fault> {
        match self.cell(i) {
            (Kind::Scalar, b"null") => Ok(None),
            (Kind::Scalar, digits) => self.parse(i, digits, "a whole number").map(Some),
            _ => Err(self.unexpected(i, "a whole number")),
        }
    }

    /// The number in cell `i`, which is text where the column is a decimal; `None` for null, which also stands for NaN
    /// and the infinities.
    #[inline]
    pub(in super::super) fn number(&self, i: usize) -> Result<Option<f64>, Fault> {
        match self.cell(i) {
            (Kind::Scalar, b"null") => Ok(None),
            (Kind::Scalar, digits) => self.parse(i, digits, "a number").map(Some),
            (Kind::Text, quoted) if self.columns[i].data_type.starts_with("Decimal") => {
                self.parse(i, &quoted[1..quoted.len() - 1], "a decimal number").map(Some)
            }
            _ => Err(self.unexpected(i, "a number")),
        }
    }

    fn parse<T: std::str::FromStr>(&self, i: usize, digits: &[u8], expected: &str) -> Result<T, Fault> {
        // `f64` would also read `nan`, `-inf`, `+1` and `1.`, which are not JSON.
        let numeric = digits.first() != Some(&b'+') && digits.last().is_some_and(u8::is_ascii_digit);
        let text = std::str::from_utf8(digits).ok().filter(|_| numeric);
        text.and_then(|text| text.parse().ok()).ok_or_else(|| self.unexpected(i, expected))
    }

    #[cold]
    fn unexpected(&self, i: usize, expected: &str) -> Fault {
        let found = shorten(&String::from_utf8_lossy(self.cell(i).1));
        let (column, row) = (&self.columns[i].name, self.number);
        Fault::Column(format!("column {column} holds {found} in row {row}, expected {expected}"))
    }
}
