//! The flags that every service takes.
//!
//! A service flattens [`Flags`] into its own command line, whose top says where its configuration is by default:
//! `#[command(mut_args(cli::default_config("config/service.yaml")))]`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, Args, ValueEnum};

use crate::telemetry;

/// Flags of the program itself, which every command takes.
#[derive(Debug, Args)]
pub struct Flags {
    /// Configuration file
    #[arg(long, global = true, value_name = "PATH")]
    pub config: PathBuf,

    /// Least severe message to log (standard error)
    #[arg(long, global = true, value_name = "LEVEL", ignore_case = true, default_value = "INFO", value_parser = level())]
    log_level: telemetry::Level,

    /// Shape of log lines
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    log_format: LogFormat,
}

/// One of the levels by its name.
fn level() -> impl TypedValueParser<Value = telemetry::Level> {
    PossibleValuesParser::new(telemetry::Level::NAMES).try_map(|name| name.parse::<telemetry::Level>())
}

/// Shape of log lines.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Has `--config` be `path` where nobody says another.
pub fn default_config(path: &'static str) -> impl Fn(Arg) -> Arg {
    move |arg| if arg.get_id() == "config" { arg.required(false).default_value(path) } else { arg }
}

impl Flags {
    /// Sends the log of this process to standard error from here on.
    ///
    /// # Errors
    /// It goes elsewhere already.
    pub fn start_log(&self) -> anyhow::Result<()> {
        telemetry::init(self.log_level, self.log_format.into()).context("starting the log")
    }
}

impl From<LogFormat> for telemetry::Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}
