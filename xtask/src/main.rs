//! Which chores does the project have besides building and testing?
//!
//! Run `cargo xtask --help`. Each command is one module with one `run`; this file only chooses.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the terminal: answers here, progress there")]

mod bench_evaluate;
mod check_arch;
mod dist;
mod docs;
mod examples;
mod growth;
mod host_script;
mod layout;
#[cfg(test)]
mod named_paths;
mod names;
mod room;
mod rules;
mod service;
mod sha256;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own tasks")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Derive examples/liqwid from market histories, or check it
    Examples(examples::Options),
    /// Measure how well a deposit that is missing from the tables is told from interest
    Growth(growth::Options),
    /// Prove that the crates depend on each other, and on the outside, only as ARCHITECTURE.md allows
    CheckArch,
    /// Prove that nothing outside a service's room names that service
    Names,
    /// Write the references of the user guides from their programs, and check every page: links, snippets, commands, steps
    Docs {
        /// The room whose guide it is; every room's where it is not named
        room: Option<String>,
        /// Write nothing; fail when the committed references differ
        #[arg(long)]
        check: bool,
        /// The program that the guide is about; it is built where this is not given
        #[arg(long, value_name = "PATH", requires = "room")]
        program: Option<PathBuf>,
    },
    /// Write the Kubernetes resource of a service's alerts from its rules for Prometheus
    Rules {
        /// The service whose alerts they are; it must be named where there are several
        service: Option<String>,
        /// Write nothing; fail when the committed resource differs
        #[arg(long)]
        check: bool,
    },
    /// Write what the scripts of a host know of their service, for every service
    Service {
        /// Write nothing; fail when a committed file differs
        #[arg(long)]
        check: bool,
    },
    /// Build the release archive of this commit under target/dist, byte for byte the same by the same compiler (some minutes)
    Dist(dist::Options),
    /// Measure evaluations of a large history from either store (a quarter of an hour, 3 GB of disk); needs sqlite3
    BenchEvaluate {
        /// The service that evaluates; it must be named where there are several
        service: Option<String>,
    },
    /// Receive answers and parse them into nothing: what bench-evaluate measures against
    #[command(hide = true)]
    Receive { url: String },
}

fn main() -> anyhow::Result<()> {
    match Args::parse().task {
        Task::Examples(options) => examples::run(project_root(), &options),
        Task::Growth(options) => growth::run(project_root(), &options),
        Task::CheckArch => check_arch::run(project_root()),
        Task::Names => names::run(project_root()),
        Task::Docs { room, check, program } => docs::run(project_root(), room.as_deref(), check, program.as_deref()),
        Task::Rules { service, check } => rules::run(project_root(), service.as_deref(), check),
        Task::Service { check } => host_script::run(project_root(), check),
        Task::Dist(options) => dist::run(project_root(), &options),
        Task::BenchEvaluate { service } => bench_evaluate::run(project_root(), service.as_deref()),
        Task::Receive { url } => bench_evaluate::receive::run(&url),
    }
}

/// The workspace this program was built from, whatever folder it is started in.
fn project_root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
