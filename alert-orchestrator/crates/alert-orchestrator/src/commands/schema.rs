//! The `schema` command: the JSON Schema of the configuration.

use platform::process::{self, Ended};

use crate::config;

/// Runs `schema`.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn run() -> anyhow::Result<Ended> {
    process::print_json(&config::schema())?;
    Ok(Ended::Done)
}
