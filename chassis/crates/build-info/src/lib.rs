//! Which revision of the source is this, and when was it built?
//!
//! A crate of its own, because after every commit the answer is another one: then this crate is compiled again, and the
//! programs, which alone use it.
#![deny(missing_docs)]

/// The revision of the source, `unknown` where it was built outside of git and nobody said.
pub const REVISION: &str = env!("BUILD_INFO_REVISION");

/// When it was built, in seconds since the epoch.
pub const BUILT_AT: &str = env!("BUILD_INFO_BUILT_AT");
