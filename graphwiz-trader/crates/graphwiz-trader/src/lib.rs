//! GraphWiz Trader: an unattended trader of spot crypto.

pub mod config;
