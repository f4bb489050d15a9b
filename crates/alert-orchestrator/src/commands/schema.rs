//! The `schema` command: the JSON Schema of the configuration.

use crate::{config, console};

/// Runs `schema`.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn run() -> anyhow::Result<u8> {
    console::print_json(&config::schema())?;
    Ok(0)
}
