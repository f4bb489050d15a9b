//! Which chores does the project have besides building and testing?
//!
//! Run `cargo xtask --help`. Each command is one module with one `run`; this file only chooses.
#![expect(clippy::print_stdout, reason = "a command-line tool answers on standard output")]

mod check_arch;
mod examples;

use std::path::Path;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Derive examples/liqwid from data/liqwid-market-history
    Examples {
        /// Write nothing; fail when the committed files differ
        #[arg(long)]
        check: bool,
    },
    /// Prove that the crates depend on each other, and on the outside, only as ARCHITECTURE.md allows
    CheckArch,
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Examples { check } => examples::run(project_root(), check),
        Task::CheckArch => check_arch::run(project_root()),
    }
}

/// The workspace this program was built from, whatever folder it is started in.
fn project_root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}
