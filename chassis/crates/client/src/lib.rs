//! How is another service asked over HTTP, without trusting it and without wearying it?
//!
//! Start at [`Api`]: one service, asked with a deadline, again where that may help, and what its answer says checked field by
//! field ([`read`]). Below it, for those who read an answer their own way: [`pool`] makes the connections, [`persist`] repeats
//! what failed for a passing reason, and [`root_cause`] and [`shorten`] say what went wrong. [`get()`] asks once.
//!
//! What every request has in common: no redirect is followed, a neighbour is never asked through a proxy, every answer is
//! bounded, and the program says who it is. TLS needs no setting up by the caller.
//! Elsewhere: what a service is asked and what its answers mean belongs to the caller; this crate knows no service.
#![deny(missing_docs)]

mod api;
mod get;
mod json;
mod pool;
mod retry;
mod text;

pub use api::{Api, ApiError, Settings, SettingsError};
pub use get::{GetError, get};
pub use json::{Decimal, Unread, read};
pub use pool::{Route, pool, root_cause};
pub use retry::{GaveUp, Patience, persist};
pub use text::shorten;
