//! The withdrawal advisor's rule: positions, flows and prices in, advice with every intermediate figure out.
//!
//! Pure: no clock, no runtime, no client. Stores are reached through the port in [`store`].
#![deny(missing_docs)]

pub mod flow;
pub mod position;
pub mod store;
pub mod time;
