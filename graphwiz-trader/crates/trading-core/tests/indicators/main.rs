//! Are the indicators what TA-Lib and the definitions say, at every bar, however long they have run?

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

mod columns;
mod figures;
mod golden;
mod properties;
