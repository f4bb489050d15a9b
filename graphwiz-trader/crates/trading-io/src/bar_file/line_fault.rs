//! What is wrong with a line?

use trading_core::counts::{NotACount, counted};

use super::instant::BadInstant;
use super::refusal::Refusal;
use super::report::excerpt;

/// What is wrong with a line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineFault {
    #[error("it has {}, expected {expected}", counted(*found as u64, "field"))]
    FieldCount { found: usize, expected: usize },
    #[error("the time {} {why}", excerpt(text))]
    Time { text: Vec<u8>, why: BadInstant },
    #[error("{column} {} {why}", excerpt(text))]
    Number { column: &'static str, text: Vec<u8>, why: NotACount },
    #[error("{0}")]
    Bar(String),
    /// The whole file is to be refused for it.
    #[error("{0}")]
    File(Refusal),
}
