//! Withdrawal advisor for stablecoin supply positions on Liqwid.
//!
//! Start at [`app::run`]; the rule itself is `advisor_core`.

pub mod app;
mod backend;
mod check;
pub mod cli;
pub mod config;
mod console;
mod decisions;
mod evaluate;
mod explain;
mod import;
mod plan;
