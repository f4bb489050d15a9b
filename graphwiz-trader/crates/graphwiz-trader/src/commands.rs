//! The commands, one file each.

pub(crate) mod backtest;
pub(crate) mod check;
pub(crate) mod data;
pub(crate) mod strategy;
