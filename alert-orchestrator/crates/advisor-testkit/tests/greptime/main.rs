//! The GreptimeDB stand-in against the behaviour it claims: one module per side of it.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests, which clippy does not see as tests")]

mod client;
mod faults;
mod http;
mod process;
mod sql;
