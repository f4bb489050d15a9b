//! What is asked over HTTP: GreptimeDB and the APIs of Liqwid and Minswap, each played by a stand-in; and what
//! GreptimeDB and the embedded store promise alike ([`contract`]).
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

mod apis;
mod contract;
mod greptime;
