//! How an API on the internet is asked, for those who set one up: [`crate::liqwid`] and [`crate::minswap`] are the APIs.
//!
//! Elsewhere: the asking itself is the crate `client`.

pub use client::{ApiError, Settings, SettingsError};

/// How requests say who asks.
pub(crate) const PROGRAM: &str = concat!("alert-orchestrator/", env!("CARGO_PKG_VERSION"));
