//! What does the lending market say of prices and of wallets' transactions? Liqwid's GraphQL API.
//!
//! Start at [`Liqwid::prices`] and [`Liqwid::transactions`]. The API is a guest's and its limits are unknown, so that it
//! is asked politely: one question brings the prices of all markets, and the parts of a history are asked for one after
//! the other.

mod graph;
mod prices;
mod transactions;

pub use graph::Liqwid;
pub use prices::MarketPrices;
pub use transactions::Pulled;
