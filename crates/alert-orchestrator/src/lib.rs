//! Withdrawal advisor for stablecoin supply positions on Liqwid.
//!
//! Start at [`app::run`]; the rule itself is `advisor_core`.

pub mod app;
mod backend;
mod backup;
mod chart_files;
pub mod charts;
mod cleanup;
pub mod cli;
mod commands;
pub mod config;
mod console;
mod csv_folders;
mod decisions;
mod evaluate;
mod exit;
mod explain;
mod journal;
mod plan;
mod prices;
mod reference;
mod round;
mod serve;
mod settings;
mod start;
mod sync;
mod task;
mod version;
