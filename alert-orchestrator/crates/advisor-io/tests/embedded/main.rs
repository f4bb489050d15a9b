//! The embedded store through the crate's public face: what it reads, imports, writes, copies and brings up to date.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

mod doubts;
mod file;
mod held;
mod import;
mod migration;
mod snapshot;
mod support;
mod taken;
mod writers;
mod writing;
