//! `--print-config-normalized`: the configuration as it takes effect.

use platform::process::{self, Ended};

use crate::cli::Common;
use crate::start;

/// Prints it, secrets redacted.
///
/// # Errors
/// Those of the configuration; standard output cannot be written.
pub(crate) fn run(common: &Common) -> anyhow::Result<Ended> {
    process::print_json(&start::load_config(&common.flags.config)?)?;
    Ok(Ended::Done)
}
