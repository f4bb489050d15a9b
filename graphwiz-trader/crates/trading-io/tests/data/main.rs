//! Bar files and the market store, by what they promise.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot set itself up has failed")]

mod cutting;
mod files_of_users;
mod killed;
mod reading;
mod sources;
mod storing;
mod support;
