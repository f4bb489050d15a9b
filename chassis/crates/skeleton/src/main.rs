//! The smallest service that the chassis makes: it counts rounds.
//!
//! Nobody runs it. It shows what a service has to say of its own, and its test that the chassis does the rest. Start at
//! [`run`]; `config` is what can be set, `live` what runs, `rounds` what it does, `web` what it answers.

mod config;
mod live;
mod rounds;
mod web;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use arc_swap::ArcSwap;
use clap::{Parser, Subcommand};
use platform::backup::{Backups, Files, Options, Places};
use platform::cli::{Flags, default_config};
use platform::metrics::{Metrics, MetricsPage};
use platform::process::{self, Ended, Program};
use platform::serve::{Server, Service};
use prometheus_client::metrics::counter::Counter;

use live::{FromFile, Live};
use rounds::Count;

const PROGRAM: Program = Program {
    name: "skeleton",
    version: env!("CARGO_PKG_VERSION"),
    revision: build_info::REVISION,
    built_at: build_info::BUILT_AT,
};
const BACKUPS: Backups = Backups { program: PROGRAM, folder: "/var/backups/skeleton", store: None, own: &[] };

/// Counts rounds.
#[derive(Parser)]
#[command(name = PROGRAM.name, version = PROGRAM.version, mut_args(default_config("skeleton.yaml")))]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Write the configuration into a file, which must not exist
    Backup { output: PathBuf },
    /// Put back what a backup holds
    Restore { file: PathBuf },
}

fn main() -> ExitCode {
    process::run(PROGRAM.name, || run(Cli::parse()))
}

fn run(Cli { flags, command }: Cli) -> anyhow::Result<Ended> {
    let usable = |held: &Files<'_>| config::parse(&flags.config, held.config()).map_err(|faults| anyhow!("{faults}"));
    match command {
        None => serve(flags),
        Some(Command::Backup { output }) => {
            let options = Options { output: Some(output), keep: None, with_secrets: false };
            BACKUPS.back_up(&flags.config, &options, &Places::default(), &|held| usable(held).map(drop))
        }
        Some(Command::Restore { file }) => {
            let places = |held: &Files<'_>| usable(held).map(|_| Places::default());
            BACKUPS.restore(&flags.config, &file, &places, |_| Ok(Ended::Done))
        }
    }
}

fn serve(flags: Flags) -> anyhow::Result<Ended> {
    let config = config::load(&flags.config)?;
    flags.start_log()?;
    let (port, mut metrics) = (config.port, Metrics::new("skeleton_"));
    metrics.build(PROGRAM.version, PROGRAM.revision);
    metrics.process();
    let live = Arc::new(Live {
        path: flags.config,
        config: ArcSwap::from_pointee(config),
        rounds: Arc::default(),
        made: metrics.add("rounds", "Rounds that were made", Counter::default()),
        reload: metrics.reload(),
        metrics,
        page: MetricsPage::default(),
    });
    Service::new(Duration::from_secs(5))
        .server(Some(Server::new(web::app(&live), "127.0.0.1", port, "port").offers("Metrics", "/metrics")))
        .rounds(&live.rounds, Count(Arc::clone(&live)))
        .reload(FromFile(Arc::clone(&live)))
        .run(process::runtime()?)?;
    Ok(Ended::Done)
}
