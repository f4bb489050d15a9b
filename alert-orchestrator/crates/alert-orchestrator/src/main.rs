//! Command line of the withdrawal advisor.

use std::process::ExitCode;

use alert_orchestrator::{app, cli::Cli};
use clap::Parser as _;

fn main() -> ExitCode {
    platform::memory::share_arenas();
    app::run(Cli::parse())
}
