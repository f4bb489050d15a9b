//! GreptimeDB over its HTTP API as a [`Store`](advisor_core::store::Store).
//!
//! Start at [`Greptime::round`]: one evaluation asks through one [`Round`], which gives up on the server after the first
//! request that used up its retries. From a question to its answer: `columns` finds what a table has, `query` writes the
//! SQL, `client` sends it, `scan` reads the answer as it arrives, `rows` makes positions and flows of it, and `failure`
//! says what went wrong and whether to try again. Writing goes the same way: `ledger` and `journal` decide what to write,
//! `insert` writes the SQL, in which `literal` is the only place where a text from outside becomes part of a statement.

mod client;
mod columns;
mod failure;
mod insert;
mod journal;
mod ledger;
mod literal;
mod minswap;
mod query;
mod round;
mod rows;
mod scan;
mod server;
mod settings;
mod upsert;

pub use round::Round;
pub use rows::StoredPrice;
pub use server::Greptime;
pub use settings::{Settings, SettingsError};
