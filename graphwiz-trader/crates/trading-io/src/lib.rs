//! Where the trader's bars come from, and where they live.
//!
//! Start at [`bar_file::read_file`] for a file as it is, at [`market_store::MarketStore`] for what is kept of many, and
//! at [`cut::cut`] for a file without its end. [`folder::bar_files`] says which files of a folder are meant.
//!
//! What is decided about bars (faults, gaps, merging, resampling, hashes) is in `trading_core`; here is what touches
//! files. The time on the wall comes in as an argument. Everything blocks for as long as it takes.
#![deny(missing_docs)]

pub mod bar_file;
pub mod cut;
pub mod folder;
pub mod market_store;
