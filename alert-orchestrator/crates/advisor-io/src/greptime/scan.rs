//! What rows does an answer of GreptimeDB hold, read while it arrives?
//!
//! Start at [`Scanner::feed`]. An answer may be hundreds of megabytes, so it is never held: each chunk of the body is
//! read in place, row after row, and only the beginning of a row (or of an envelope field) that the next chunk
//! completes is kept. Whatever a chunk cuts off is read again from its start, so that the reader needs no state inside
//! a row. The bytes of a value are found by [`cursor`]; the cells of a row are converted by [`row`].
//! Tolerated: envelope fields in any order, unknown fields, `code: 0`, a missing `total_rows`.

mod cursor;
mod fault;
mod row;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use cursor::{Cursor, Stop};
pub(super) use fault::Fault;
pub(super) use row::{Column, Row};

/// Longest row or envelope field, in bytes: far above any real one, and it bounds the memory.
const VALUE_BYTES_MAX: usize = 1 << 20;

/// How many bytes of a chunk are put behind a cut-off beginning at first to complete it.
const BRIDGE_BYTES: usize = 1 << 10;

#[derive(Deserialize)]
struct Schema {
    column_schemas: Vec<Column>,
}

/// Takes the rows of one answer.
pub(super) trait Sink {
    /// Hears what columns the rows have, before the first of them.
    fn schema(&mut self, columns: &[Column]) -> Result<(), Fault>;

    /// Takes the next row.
    fn row(&mut self, row: Row<'_>) -> Result<(), Fault>;
}

/// Where in the envelope `{"output":[{"records":{"rows":[...]}}]}` the reader stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Start,
    Answer,
    Outputs,
    Output,
    Records,
    Rows,
    End,
}

impl Level {
    fn parent(self) -> Self {
        match self {
            Self::Rows => Self::Records,
            Self::Records => Self::Output,
            Self::Output => Self::Outputs,
            Self::Outputs => Self::Answer,
            Self::Start | Self::Answer | Self::End => Self::End,
        }
    }
}

/// Reads one answer, chunk by chunk.
#[derive(Debug)]
pub(super) struct Scanner {
    /// The beginning of a value that the last chunk cut off.
    cut_off: Vec<u8>,
    envelope: Envelope,
}

impl Scanner {
    pub(super) fn new() -> Self {
        Self { cut_off: Vec::new(), envelope: Envelope::new() }
    }

    /// Reads the next chunk of the body and hands its complete rows to `sink`.
    pub(super) fn feed(&mut self, mut chunk: &[u8], sink: &mut impl Sink) -> Result<(), Fault> {
        while !self.cut_off.is_empty() && !chunk.is_empty() {
            let before = self.cut_off.len();
            let bridge = chunk.len().min(before.max(BRIDGE_BYTES));
            self.cut_off.extend_from_slice(&chunk[..bridge]);
            let used = self.envelope.read(&self.cut_off, sink)?;
            if used >= before {
                self.cut_off.clear();
                chunk = &chunk[used - before..];
            } else {
                self.cut_off.drain(..used);
                self.check_length()?;
                chunk = &chunk[bridge..];
            }
        }
        if !chunk.is_empty() {
            let used = self.envelope.read(chunk, sink)?;
            self.cut_off.extend_from_slice(&chunk[used..]);
        }
        self.check_length()
    }

    /// Says whether the body that ends here was a complete answer with rows.
    pub(super) fn finish(self) -> Result<(), Fault> {
        let Envelope { level, columns, code, error, rows_seen, row_count, total_rows, .. } = self.envelope;
        if error.is_some() || code.is_some_and(|code| code != 0) {
            return Err(Fault::Server { code, text: error.unwrap_or_default() });
        }
        if level != Level::End {
            return Err(Fault::Truncated);
        }
        if columns.is_none() || !rows_seen {
            return Err(Fault::Malformed("no rows in the answer".into()));
        }
        match total_rows {
            Some(total) if total > row_count => {
                Err(Fault::Malformed(format!("{row_count} rows in an answer of {total}: it is not whole")))
            }
            _ => Ok(()),
        }
    }

    fn check_length(&self) -> Result<(), Fault> {
        if self.cut_off.len() > VALUE_BYTES_MAX {
            return Err(Fault::Malformed(format!("a value of more than {VALUE_BYTES_MAX} bytes")));
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Envelope {
    level: Level,
    /// Whether the array or object at this level has had a member, so that a comma comes next.
    comma: bool,
    columns: Option<Vec<Column>>,
    rows_seen: bool,
    row_count: u64,
    /// How many rows the server says there are.
    total_rows: Option<u64>,
    cells: row::Cells,
    code: Option<i64>,
    error: Option<String>,
}

impl Envelope {
    fn new() -> Self {
        Self {
            level: Level::Start,
            comma: false,
            columns: None,
            rows_seen: false,
            row_count: 0,
            total_rows: None,
            cells: row::Cells::default(),
            code: None,
            error: None,
        }
    }

    /// Reads what is complete in `bytes`; returns how many bytes that were.
    fn read(&mut self, bytes: &[u8], sink: &mut impl Sink) -> Result<usize, Fault> {
        let mut cursor = Cursor::new(bytes);
        loop {
            let complete = cursor.position();
            match self.step(&mut cursor, sink) {
                Ok(()) => {}
                Err(Stop::NeedsMore) => return Ok(complete),
                Err(Stop::Fault(fault)) => return Err(fault),
            }
        }
    }

    /// Reads one member of the present level, or its end. Changes nothing unless the member is complete.
    fn step(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl Sink) -> Result<(), Stop> {
        let next = cursor.peek()?;
        match (self.level, next) {
            (Level::End, _) => return Err(cursor.unexpected("the end of the answer")),
            (Level::Start, _) => {
                cursor.expect(b'{', "a JSON object")?;
                self.descend(Level::Answer);
                return Ok(());
            }
            (Level::Answer | Level::Output | Level::Records, b'}') | (Level::Outputs | Level::Rows, b']') => {
                cursor.advance();
                self.level = self.level.parent();
                self.comma = true;
                return Ok(());
            }
            _ => {}
        }
        if self.comma {
            cursor.expect(b',', "a comma")?;
        }
        match self.level {
            Level::Rows => {
                self.read_row(cursor, sink)?;
                self.comma = true;
            }
            Level::Outputs => {
                cursor.expect(b'{', "an output")?;
                self.descend(Level::Output);
            }
            _ => self.read_field(cursor, sink)?,
        }
        Ok(())
    }

    fn descend(&mut self, level: Level) {
        self.level = level;
        self.comma = false;
    }

    fn read_row(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl Sink) -> Result<(), Stop> {
        let columns = self.columns.as_deref().unwrap_or_default();
        self.cells.read(cursor)?;
        self.row_count += 1;
        if self.cells.len() != columns.len() {
            let (row, found, expected) = (self.row_count, self.cells.len(), columns.len());
            return Err(Fault::Malformed(format!("row {row} has {found} cells, expected {expected}")).into());
        }
        sink.row(Row::new(cursor.bytes(), &self.cells, columns, self.row_count)).map_err(Stop::Fault)
    }

    fn read_field(&mut self, cursor: &mut Cursor<'_>, sink: &mut impl Sink) -> Result<(), Stop> {
        let key = cursor.string()?;
        cursor.expect(b':', "a colon")?;
        match (self.level, key) {
            (Level::Answer, br#""output""#) => {
                cursor.expect(b'[', "a list of outputs")?;
                self.descend(Level::Outputs);
                return Ok(());
            }
            (Level::Output, br#""records""#) => {
                cursor.expect(b'{', "records")?;
                self.descend(Level::Records);
                return Ok(());
            }
            (Level::Records, br#""rows""#) => {
                if self.columns.is_none() {
                    return Err(Fault::Malformed("rows before their schema".into()).into());
                }
                if self.rows_seen {
                    return Err(Fault::Malformed("more than one list of rows".into()).into());
                }
                cursor.expect(b'[', "a list of rows")?;
                self.rows_seen = true;
                self.descend(Level::Rows);
                return Ok(());
            }
            (Level::Records, br#""schema""#) => {
                let schema: Schema = decode("schema", cursor.value()?)?;
                sink.schema(&schema.column_schemas)?;
                self.columns = Some(schema.column_schemas);
            }
            (Level::Records, br#""total_rows""#) => self.total_rows = decode("total_rows", cursor.value()?)?,
            (Level::Answer, br#""code""#) => self.code = decode("code", cursor.value()?)?,
            (Level::Answer, br#""error""#) => self.error = decode("error", cursor.value()?)?,
            _ => {
                let _: IgnoredAny = decode("field", cursor.value()?)?;
            }
        }
        self.comma = true;
        Ok(())
    }
}

fn decode<T: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T, Fault> {
    serde_json::from_slice(bytes).map_err(|error| Fault::Malformed(format!("unreadable {what}: {error}")))
}
