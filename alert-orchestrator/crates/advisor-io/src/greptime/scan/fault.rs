//! What can be wrong with an answer?

/// Why an answer holds no usable rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Fault {
    /// The body ended early.
    Truncated,
    /// The body is not an answer of GreptimeDB.
    Malformed(String),
    /// A column or cell is not what was asked for.
    Column(String),
    /// The server says what went wrong.
    Server { code: Option<i64>, text: String },
}
