//! Where the advisor's data live, and whom it asks on the internet.
//!
//! Two back ends of [`advisor_core::store::Store`]: [`embedded`] (an SQLite file that CSV files are imported into) and
//! [`greptime`] (GreptimeDB over HTTP), either of them an [`AnyStore`]. Both feed rows to the same builders, so that they
//! skip, collapse and warn alike.
//! Two outside APIs, asked through the crate `client` ([`api`] has its settings): [`liqwid`], the lending market, and [`minswap`], the exchange.

mod any_store;
pub mod api;
pub mod embedded;
pub mod greptime;
pub mod liqwid;
pub mod minswap;
mod new_flow;
mod requests;

pub use any_store::{AnyRound, AnyStore};
pub use requests::RequestCounts;
