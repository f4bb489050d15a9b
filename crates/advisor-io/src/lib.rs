//! Where the advisor's data live.
//!
//! Two back ends of [`advisor_core::store::Store`]: [`embedded`] (an SQLite file that CSV files are imported into) and
//! [`greptime`] (GreptimeDB over HTTP). Both feed rows to the same builders, so that they skip, collapse and warn alike.

pub mod embedded;
pub mod greptime;
mod http;
mod new_flow;
mod requests;
mod text;

pub use requests::RequestCounts;
