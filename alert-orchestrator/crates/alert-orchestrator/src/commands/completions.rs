//! The `completions` command: what a shell needs to complete the command line.

use std::io;

use clap::CommandFactory as _;
use platform::process::Ended;

use crate::cli::{Cli, CompletionsArgs};

/// Runs `completions`.
///
/// # Errors
/// None.
pub(crate) fn run(CompletionsArgs { shell }: CompletionsArgs) -> anyhow::Result<Ended> {
    clap_complete::generate(shell, &mut Cli::command(), "alert-orchestrator", &mut io::stdout());
    Ok(Ended::Done)
}
