//! The trader's decision path, the same for every mode: datum → indicators → strategy → risk → order → fill → ledger.
//!
//! Everything here is a pure function of its arguments: no clock, no files, no randomness. Start at [`bars`] for what
//! comes in, at [`strategy`] for what decides, at [`engine`] for what becomes of it, and at [`exact`] for how money
//! stays exact.
//!
//! Prices, quantities and money are whole counts of a step; quotients of them are exact until they are rounded to a
//! tick, a lot or a digit. Indicators and statistics are `f64`. What is undefined is `None`, and never trades.
#![deny(missing_docs)]

pub mod bars;
pub mod counts;
pub mod curve;
pub mod data_hash;
pub mod engine;
pub mod exact;
pub mod gate;
pub mod indicators;
pub mod instrument;
pub mod ledger;
pub mod market;
pub mod merge;
pub mod metrics;
pub mod quality;
pub mod report;
pub mod resample;
pub mod rule_file;
pub mod rules;
pub mod scale;
pub mod strategies;
pub mod strategy;
#[cfg(feature = "test-support")]
pub mod test_support;
pub mod time;
