//! How do rows become the `greptimedb_v1` JSON, in bounded memory?
//!
//! Start at [`Reply`]. Cells are written straight from SQLite's row into a chunk of at most a few dozen KiB over
//! [`CHUNK_BYTES`]; no row is ever held as a value. A reply that fails before its first chunk left is replaced by an
//! error; one that fails later can only be cut off, as on the server.

use std::io::Write as _;

use axum::body::Bytes;
use rusqlite::types::ValueRef;
use tokio::sync::mpsc::Sender;

use super::error::{SqlError, code};
use super::types::DataType;

/// When a chunk leaves. Small enough that a slow reader holds back the query, large enough to make sends rare.
pub(crate) const CHUNK_BYTES: usize = 64 * 1024;

/// How a reply's wording differs from that of the newest server, and what a fault changes in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shape {
    /// `"code":0` comes first, as up to v0.5.
    pub(crate) leading_code: bool,
    /// `total_rows` is missing, as before v0.8.
    pub(crate) without_total_rows: bool,
    /// Rows beyond this many are left out of `rows`, not out of `total_rows`.
    pub(crate) limit: Option<usize>,
    /// Column and the `data_type` to declare it with.
    pub(crate) declared_types: Vec<(String, String)>,
}

/// A column of a result.
pub(crate) struct ResultColumn {
    pub(crate) name: String,
    pub(crate) data_type: DataType,
}

/// A part of a reply's body; an error as the first part is the whole reply, later it cuts the body off.
pub(crate) type Part = Result<Bytes, SqlError>;

/// The body of one reply while it is written.
pub(crate) struct Reply {
    chunk: Vec<u8>,
    parts: Sender<Part>,
    outputs: usize,
    /// Nothing leaves while statements are still to run: if one of them fails, the reply is its error.
    hold: bool,
    shape: Shape,
}

impl Reply {
    pub(crate) fn new(parts: Sender<Part>, shape: Shape) -> Self {
        let chunk = if shape.leading_code { b"{\"code\":0,".to_vec() } else { b"{".to_vec() };
        Self { chunk, parts, outputs: 0, hold: true, shape }
    }

    /// Announces the last statement: from here on full chunks may leave.
    pub(crate) fn release(&mut self) {
        self.hold = false;
    }

    /// The output of a write.
    pub(crate) fn affected_rows(&mut self, rows: usize) {
        self.next_output();
        self.text(&format!("{{\"affectedrows\":{rows}}}"));
    }

    /// The output of a read: its schema, every row, the count.
    pub(crate) fn records(
        &mut self,
        columns: &[ResultColumn],
        rows: &mut rusqlite::Rows<'_>,
        failed: impl Fn(&rusqlite::Error) -> SqlError,
    ) -> Result<(), SqlError> {
        self.next_output();
        let types = self.schema(columns);
        let (mut written, mut total) = (0, 0_usize);
        while let Some(row) = rows.next().map_err(|error| failed(&error))? {
            total += 1;
            if self.shape.limit.is_some_and(|limit| written == limit) {
                continue;
            }
            self.chunk.extend_from_slice(if written == 0 { b"[" } else { b",[" });
            for (index, data_type) in types.iter().enumerate() {
                if index > 0 {
                    self.chunk.push(b',');
                }
                let value = row.get_ref(index).map_err(|error| failed(&error))?;
                write_cell(&mut self.chunk, *data_type, value);
            }
            self.chunk.push(b']');
            written += 1;
            self.send_when_full()?;
        }
        self.text("]");
        if !self.shape.without_total_rows {
            self.text(&format!(",\"total_rows\":{total}"));
        }
        self.text("}}");
        Ok(())
    }

    /// Ends the body and sends what is left of it.
    pub(crate) fn finish(mut self, execution_time_ms: u64) -> Result<(), SqlError> {
        self.text(if self.outputs > 0 { "]," } else { "" });
        self.text(&format!("\"execution_time_ms\":{execution_time_ms}}}"));
        self.send()
    }

    fn next_output(&mut self) {
        self.text(if self.outputs == 0 { "\"output\":[" } else { "," });
        self.outputs += 1;
    }

    /// Writes the schema up to the first row; returns the types the cells are written in.
    fn schema(&mut self, columns: &[ResultColumn]) -> Vec<DataType> {
        self.text("{\"records\":{\"schema\":{\"column_schemas\":[");
        let mut types = Vec::with_capacity(columns.len());
        for (index, column) in columns.iter().enumerate() {
            let replaced = self.shape.declared_types.iter().find(|(name, _)| *name == column.name);
            let declared = replaced.map_or_else(|| column.data_type.to_string(), |(_, declared)| declared.clone());
            self.text(if index == 0 { "{\"name\":" } else { ",{\"name\":" });
            write_text(&mut self.chunk, &column.name);
            self.text(",\"data_type\":");
            write_text(&mut self.chunk, &declared);
            self.text("}");
            types.push(DataType::from_name(&declared).unwrap_or(column.data_type));
        }
        self.text("]},\"rows\":[");
        types
    }

    fn text(&mut self, text: &str) {
        self.chunk.extend_from_slice(text.as_bytes());
    }

    fn send_when_full(&mut self) -> Result<(), SqlError> {
        if self.hold || self.chunk.len() < CHUNK_BYTES { Ok(()) } else { self.send() }
    }

    fn send(&mut self) -> Result<(), SqlError> {
        let chunk = std::mem::replace(&mut self.chunk, Vec::with_capacity(CHUNK_BYTES + CHUNK_BYTES / 4));
        // The reader hung up: the query ends here, and nobody sees this error.
        let gone = |_| SqlError::new(code::CANCELLED, "the client closed the connection");
        self.parts.blocking_send(Ok(chunk.into())).map_err(gone)
    }
}

/// Writes one cell as the server encodes a value of `data_type`.
fn write_cell(out: &mut Vec<u8>, data_type: DataType, value: ValueRef<'_>) {
    match (data_type, value) {
        (_, ValueRef::Null) => out.extend_from_slice(b"null"),
        (DataType::Boolean, ValueRef::Integer(value)) => write_json(out, &(value != 0)),
        (DataType::Float32 | DataType::Float64, ValueRef::Integer(value)) => write_float(out, data_type, to_f64(value)),
        (DataType::String, ValueRef::Integer(value)) => write_text(out, &value.to_string()),
        (DataType::String, ValueRef::Real(value)) => write_text(out, &value.to_string()),
        (DataType::Decimal { scale, .. }, ValueRef::Text(text)) => write_decimal(out, text, scale),
        (_, ValueRef::Integer(value)) => write_json(out, &value),
        (_, ValueRef::Real(value)) => write_float(out, data_type, value),
        (_, ValueRef::Text(text)) => write_text(out, &String::from_utf8_lossy(text)),
        (_, ValueRef::Blob(bytes)) => write_json(out, bytes),
    }
}

#[expect(clippy::cast_precision_loss, reason = "the result column is a float: this is the conversion SQL asks for")]
fn to_f64(value: i64) -> f64 {
    value as f64
}

/// NaN and the infinities have no JSON number: serde_json writes null for them, and so does the server.
fn write_float(out: &mut Vec<u8>, data_type: DataType, value: f64) {
    if data_type == DataType::Float32 {
        #[expect(clippy::cast_possible_truncation, reason = "the column holds 32-bit floats")]
        write_json(out, &(value as f32));
    } else {
        write_json(out, &value);
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    write_json(out, text);
}

fn write_json<T: serde::Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    #[expect(
        clippy::expect_used,
        reason = "numbers, strings and byte lists always serialize, and a Vec takes any write"
    )]
    serde_json::to_writer(out, value).expect("invariant: a plain value is written to memory");
}

/// A decimal as a string with exactly `scale` digits after the point.
fn write_decimal(out: &mut Vec<u8>, stored: &[u8], scale: u8) {
    let stored = String::from_utf8_lossy(stored);
    let (whole, fraction) = stored.split_once('.').unwrap_or((&stored, ""));
    let scale = usize::from(scale);
    let point = if scale == 0 { "" } else { "." };
    let fraction: String = fraction.chars().chain(std::iter::repeat('0')).take(scale).collect();
    let _infallible = write!(out, "\"{whole}{point}{fraction}\"");
}
