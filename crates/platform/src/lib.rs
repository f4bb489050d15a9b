//! What every service of the workspace stands on, and nothing that knows an asset.
//!
//! * [`config`]: how a YAML file becomes a checked value, with every fault at its line.
//! * [`http`]: how the service is spoken to, within limits.
//! * [`Secret`]: a text that is used and never shown.
//! * [`telemetry`]: the log on standard error.
#![deny(missing_docs)]

pub mod config;
pub mod http;
mod secret;
pub mod telemetry;

pub use secret::Secret;
