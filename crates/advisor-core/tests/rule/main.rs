//! The whole rule, from rows to advice, through the crate's public face.

mod golden;
mod history;
