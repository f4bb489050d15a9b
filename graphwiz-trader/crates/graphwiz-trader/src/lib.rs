//! GraphWiz Trader: an unattended trader of spot crypto. This version tries strategies on stored data.
//!
//! Start at [`run_with`]. What decides and fills is in `trading_core`; where bars come from, in `trading_io`. Here is what is
//! configured ([`config`]), which kinds of strategies there are ([`kinds`]), the page of a report ([`html_report`]), and the commands.

mod cli;
mod commands;
pub mod config;
mod data;
pub mod html_report;
pub mod kinds;
mod ready;
mod trial;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use platform::process::{self, Ended};

use cli::{Cli, Command, ConfigCommand, PROGRAM};
use commands::{backtest, check, data as data_command, strategy};
use kinds::Registry;

/// Runs what the command line asks for, with these kinds of strategies.
#[must_use]
pub fn run_with(registry: &Registry) -> ExitCode {
    process::run(PROGRAM.name, || dispatch(Cli::parse(), registry))
}

fn dispatch(Cli { flags, command }: Cli, registry: &Registry) -> anyhow::Result<Ended> {
    flags.start_log()?;
    let path = &flags.config;
    match command {
        Command::Backtest(args) => backtest::run(path, &args, registry),
        Command::Data(command) => data_command::run(path, &command, registry),
        Command::Strategy(command) => strategy::run(path, &command, registry),
        Command::Check => check::run(path, registry),
        Command::Config(ConfigCommand::Show) => {
            let origin = config::Origin { path, profile: None, set: &[] };
            process::print_json(&config::load(&origin, registry, &process::environment)?)?;
            Ok(Ended::Done)
        }
        Command::Schema => {
            process::print_json(&config::schema())?;
            Ok(Ended::Done)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), PROGRAM.name, &mut io::stdout());
            Ok(Ended::Done)
        }
        Command::Version => {
            writeln!(io::stdout(), "{} {}", PROGRAM.name, PROGRAM.line())?;
            Ok(Ended::Done)
        }
    }
}
