//! GraphWiz Trader: an unattended trader of spot crypto. This version tries strategies on stored data.
//!
//! Start at [`run_with`]. What decides and fills is in `trading_core`; where bars come from, in `trading_io`. Here is
//! what is configured ([`config`]), which kinds of strategies there are ([`kinds`]), the page of a report
//! ([`html_report`]), and the commands.

mod cli;
mod commands;
pub mod config;
mod data;
pub mod html_report;
pub mod kinds;
mod ready;
mod trial;

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use platform::process::{self, Ended, Usage};

use cli::{Cli, Command, ConfigCommand, PROGRAM, Version};
use commands::{Call, backtest, check, data as data_command, strategy};
use config::{Origin, RuleFiles};
use kinds::Registry;

/// Runs what the command line asks for, with these kinds of strategies.
#[must_use]
pub fn run_with(registry: &Registry) -> ExitCode {
    process::run(PROGRAM.name, || dispatch(Cli::parse(), registry))
}

fn dispatch(Cli { flags, common, command }: Cli, registry: &Registry) -> anyhow::Result<Ended> {
    flags.start_log()?;
    let origin = Origin { path: &flags.config, profile: common.profile.as_deref(), set: &[] };
    let call = Call { origin, is_json: common.json, registry };
    match command {
        Command::Backtest(args) => backtest::run(&call, &args),
        Command::Data(command) => data_command::run(&call, &command),
        Command::Strategy(command) => strategy::run(&call, &command),
        Command::Check => check::run(&call),
        Command::Config(ConfigCommand::Show) => {
            process::print_json(&call.config(RuleFiles::All)?)?;
            Ok(Ended::Done)
        }
        Command::Schema => {
            process::print_json(&config::schema())?;
            Ok(Ended::Done)
        }
        Command::Completions { .. } if common.json => {
            Err(Usage("completions prints a script for a shell; it goes without --json".to_owned()).into())
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), PROGRAM.name, &mut io::stdout());
            Ok(Ended::Done)
        }
        Command::Version => {
            call.print(&Version::of(&PROGRAM))?;
            Ok(Ended::Done)
        }
    }
}
