//! Withdrawal advisor for stablecoin supply positions on Liqwid.

pub mod config;
