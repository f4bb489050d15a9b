//! How does the program end? With a code for scripts, and with the fault on standard error for people.
//!
//! Start at [`of`]. Codes: 0 done, 1 something could not be evaluated or is not in place, 2 configuration or usage.

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::config::ConfigError;

/// Something could not be evaluated, or is not in place.
pub(crate) const FAILED: u8 = 1;
/// The configuration or the command line is wrong.
const USAGE: u8 = 2;

/// A command line that asks for what cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// The exit code of a command that ended like this; an error is reported.
pub(crate) fn of(outcome: anyhow::Result<u8>) -> ExitCode {
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS, // whoever reads has read enough
        Err(error) => {
            let code = if error.is::<ConfigError>() || error.is::<Usage>() { USAGE } else { FAILED };
            complain(&error);
            ExitCode::from(code)
        }
    }
}

fn complain(error: &anyhow::Error) {
    let mut out = io::stderr().lock();
    // There is nowhere left to report a standard error that cannot be written to.
    let _ = match error.downcast_ref::<ConfigError>() {
        // Each line begins with file and line, where editors and people look for them.
        Some(faults) => writeln!(out, "{faults}"),
        None => writeln!(out, "alert-orchestrator: {error:#}"),
    };
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
}
