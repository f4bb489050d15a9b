//! `--print-config-normalized`: the configuration as it takes effect.

use crate::cli::Common;
use crate::{console, start};

/// Prints it, secrets redacted.
///
/// # Errors
/// Those of the configuration; standard output cannot be written.
pub(crate) fn run(common: &Common) -> anyhow::Result<u8> {
    console::print_json(&start::load_config(&common.config)?)?;
    Ok(0)
}
