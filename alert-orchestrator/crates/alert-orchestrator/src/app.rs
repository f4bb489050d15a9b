//! Which command does the command line ask for?
//!
//! Start at [`run`]; what a command does is in `commands`. Results go to standard output, logs and faults to standard
//! error; `platform::process` has the exit codes.

use std::process::ExitCode;

use platform::process::{self, Ended, Usage};

use crate::cli::{Cli, Command};
use crate::commands::{
    backup, check, completions, explain, files, forget, health, import, init, once, print_config, restore, schema,
    serve, sync, tag,
};
use crate::version::PROGRAM;

/// Runs the command that the command line asks for.
#[must_use]
pub fn run(cli: Cli) -> ExitCode {
    process::run(PROGRAM.name, || dispatch(cli))
}

fn dispatch(cli: Cli) -> anyhow::Result<Ended> {
    let Cli { common, once, json, no_telemetry, print_config_normalized, command } = cli;
    if command.is_some() && (once || no_telemetry || print_config_normalized) {
        let text = "--once, --json, --no-telemetry and --print-config-normalized go with no command";
        return Err(Usage(text.to_owned()).into());
    }
    match command {
        None if print_config_normalized => print_config::run(&common),
        None if once => once::run(&common, json),
        None => serve::run(&common, no_telemetry),
        Some(Command::Init(args)) => init::run(args),
        Some(Command::Import(args)) => import::run(&common, args),
        Some(Command::Files) => files::run(&common),
        Some(Command::Forget(args)) => forget::run(&common, &args),
        Some(Command::Explain(args)) => explain::run(&common, args),
        Some(Command::Sync(args)) => sync::run(&common, args),
        Some(Command::Tag(args)) => tag::run(&common, args),
        Some(Command::Backup(args)) => backup::run(&common, args),
        Some(Command::Restore(args)) => restore::run(&common, args),
        Some(Command::HashPassword) => process::hash_password(),
        Some(Command::Health(args)) => health::run(args),
        Some(Command::Check) => check::run(&common),
        Some(Command::Schema) => schema::run(),
        Some(Command::Completions(args)) => completions::run(args),
    }
}
