//! The command line.

use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use platform::cli::{Flags, default_config};
use platform::process::Program;
use serde::Serialize;
use trading_core::instrument::InstrumentId;
use trading_core::time::{Micros, Timeframe};
use trading_io::bar_file::Mapping;

use crate::config::setting::Setting;

/// This program.
pub(crate) const PROGRAM: Program = Program {
    name: "graphwiz-trader",
    version: env!("CARGO_PKG_VERSION"),
    revision: build_info::REVISION,
    built_at: build_info::BUILT_AT,
};

/// Where the configuration is, where nobody says another place.
pub(crate) const CONFIG: &str = "config/graphwiz.yaml";

/// The variable that says another.
pub(crate) const CONFIG_VARIABLE: &str = "GRAPHWIZ_CONFIG";

/// What `--version` says behind the program's name.
static LINE: LazyLock<String> = LazyLock::new(|| PROGRAM.line());

/// Tries trading strategies honestly on stored market data.
#[derive(Debug, Parser)]
#[command(name = "graphwiz-trader", version = LINE.as_str(), max_term_width = 120)]
#[command(mut_args(default_config(CONFIG)), arg_required_else_help = true)]
#[command(mut_arg("config", |arg| arg.env(CONFIG_VARIABLE).hide_env_values(true)))]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) flags: Flags,

    #[command(flatten)]
    pub(crate) common: Common,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes beside the flags of every service.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Lay a profile over the configuration: profiles/NAME.yaml beside it, or one of conservative, paper, swing,
    /// scalping, aggressive, germany_live
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,

    /// Print one JSON document and nothing else; each command's --help says what it holds
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// Which program this is, as it is told.
#[derive(Debug, Serialize)]
pub(crate) struct Version {
    name: &'static str,
    version: &'static str,
    revision: &'static str,
    built_at: Option<i64>,
}

impl Version {
    pub(crate) fn of(program: &Program) -> Self {
        let Program { name, version, revision, built_at } = *program;
        Self { name, version, revision, built_at: built_at.parse().ok().map(|seconds: i64| seconds * 1000) }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", PROGRAM.name, PROGRAM.line())
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run strategies over stored bars and say what they would have earned
    #[command(
        after_help = "--json: {data: [a line of facts for each series], runs: [{name, account, metrics, gate_unmet, \
        emergency, held, warnings, fingerprint, reports: [paths]}]}. Money is text, instants are milliseconds of Unix \
        time; the keys of a run are those of a report, which the guide explains."
    )]
    Backtest(BacktestArgs),
    /// Bring bars in, and look at those that are stored
    #[command(subcommand)]
    Data(DataCommand),
    /// The strategies that there are
    #[command(subcommand)]
    Strategy(StrategyCommand),
    /// Say whether configuration, strategies and store are in place
    #[command(after_help = "--json: [{about, is_ok, text}], with is_ok null where it is a note.")]
    Check,
    /// The configuration as it takes effect
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the JSON Schema of the configuration
    Schema,
    /// Print what a shell needs to complete the command line
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the version
    #[command(after_help = "--json: {name, version, revision, built_at in milliseconds of Unix time}.")]
    Version,
}

/// What to run, on what, and where its reports go.
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// Only this strategy of the configuration; may be given again
    #[arg(long, value_name = "NAME")]
    pub(crate) strategy: Vec<String>,

    /// Only the strategy of this rule file, on what the first configured strategy trades
    #[arg(long, value_name = "FILE", conflicts_with_all = ["strategy", "portfolio"])]
    pub(crate) strategy_file: Option<PathBuf>,

    /// Read these files, or folders of files, as they are, in place of the store; nothing is imported
    #[arg(long, value_name = "FILE|DIR")]
    pub(crate) data: Vec<PathBuf>,

    /// In place of the strategies' instruments
    #[arg(long, value_name = "VENUE:BASE/QUOTE")]
    pub(crate) instrument: Option<InstrumentId>,

    /// In place of the strategies' timeframes
    #[arg(long, value_name = "1m|5m|15m|1h|4h|1d")]
    pub(crate) timeframe: Option<Timeframe>,

    /// Trade bars from this time on; earlier ones only warm up
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) from: Option<Micros>,

    /// Trade bars that open before this time
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) to: Option<Micros>,

    /// All strategies on one account, each with its share; one left out by --strategy keeps its share, unused
    #[arg(long)]
    pub(crate) portfolio: bool,

    /// Set a parameter of the strategies that run, as fast=10, or a key of the configuration, as risk.cooldown_bars=3;
    /// may be given again
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<Setting>,

    /// What happens after an emergency: `continue` accepts the loss at the next UTC midnight, for research
    #[arg(long, value_name = "continue")]
    pub(crate) emergency: Option<AfterEmergency>,

    /// Seed of whatever is random
    #[arg(long)]
    pub(crate) seed: Option<u64>,

    /// The report as JSON into this file, `-` for standard output
    #[arg(long, value_name = "FILE|-")]
    pub(crate) out: Option<PathBuf>,

    /// Folder of the reports, in place of backtesting.reports.dir
    #[arg(long, value_name = "DIR")]
    pub(crate) report_dir: Option<PathBuf>,
}

/// What happens after an emergency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AfterEmergency {
    /// The loss is accepted at the next UTC midnight
    Continue,
}

/// What to do with market data.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// What is stored, from where, and its hash
    #[command(
        after_help = "--json: [{series, bars, first, last, from, hash}]; first and last: when these bars open, in \
        milliseconds of Unix time."
    )]
    List,
    /// Whether stored bars are sound, and whether timeframes agree
    #[command(
        after_help = "--json: [{series, is_sound, bars, first, last, gaps: [{from, to, bars}], flat, zero_volumes, \
        flagged: [times], broken: {count, first}, disagreements: {count, first}}]; first: the first 20, in words. \
        Instants are milliseconds of Unix time."
    )]
    Verify {
        /// Only this instrument
        instrument: Option<InstrumentId>,
    },
    /// Store longer bars that are made of the shortest
    #[command(after_help = "--json: {series, added, replaced, made_of: {timeframe, bars}}.")]
    Resample {
        /// Of which instrument
        instrument: InstrumentId,
        /// How long
        timeframe: Timeframe,
    },
    /// Bring files of bars into the store
    #[command(after_help = "--json: [{file, series, lines, added, equal, replaced, rejected, contradicted, notes}]; \
        replaced, rejected and contradicted: {count, first}; first: the first 20, in words; notes: sentences.")]
    Import(ImportArgs),
    /// Copy a file with all that is of an instant and later left out, compressed where the copy's name ends in .gz
    #[command(after_help = "--json: {file, kept, left_out, unreadable}, in lines.")]
    Cut {
        /// The instant
        #[arg(long, value_name = "TIME", value_parser = time)]
        to: Micros,
        /// The file to copy
        input: PathBuf,
        /// The copy
        output: PathBuf,
        #[command(flatten)]
        reading: Reading,
    },
}

/// Which files to bring in, and whose bars they have.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// Files as binance_BTC-USDT_1h.csv.gz, or folders of such files
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// The venue, where the name of the file does not say it
    #[arg(long)]
    pub(crate) venue: Option<String>,

    /// The instrument, where the name of the file does not say it
    #[arg(long, value_name = "BASE/QUOTE")]
    pub(crate) instrument: Option<String>,

    /// The timeframe, where the name of the file does not say it
    #[arg(long, value_name = "1m|5m|15m|1h|4h|1d")]
    pub(crate) timeframe: Option<Timeframe>,

    /// Which end of a bar its time is
    #[arg(long, value_name = "open|close", default_value = "open")]
    pub(crate) ts: End,

    /// Take the other lines also where more than one in a hundred is no bar
    #[arg(long)]
    pub(crate) allow_rejects: bool,

    /// Round volumes to so many digits, for files that were written from floating-point numbers
    #[arg(long, value_name = "DIGITS")]
    pub(crate) volume_digits: Option<u32>,

    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// How the columns of a file are read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// A column that is called something else, as Last=close; may be given again
    #[arg(long, value_name = "NAME=FIELD")]
    pub(crate) map: Vec<Mapping>,

    /// What the columns of a file without header are, with commas between
    #[arg(long, value_name = "ts,open,…", value_delimiter = ',')]
    pub(crate) columns: Option<Vec<String>>,

    /// The time zone of times without offset
    #[arg(long, value_name = "ZONE", value_parser = TimeZone::get)]
    pub(crate) tz: Option<TimeZone>,
}

/// Which end of a bar its time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum End {
    /// When it opens
    Open,
    /// When it closes
    Close,
}

/// What to do with strategies.
#[derive(Debug, Subcommand)]
pub(crate) enum StrategyCommand {
    /// All kinds, the rule files in the program, and those of ./strategies, with parameters, warm-up and hash
    #[command(after_help = "The hash is SHA-256: of a kind's name and parameters, of a rule file's bytes.\n\
        --json: {kinds, files}, each [{name, file, parameters: [{name, default, min, max}], \
        warm_up: {defined, settle}, hash, faults}]; warm_up and hash are null where a file does not tell them. \
        The warm-up of a file is that on the timeframe of the first run, 5m.")]
    List,
    /// Write strategies/NAME.yaml, a rule file that runs as it is
    #[command(after_help = "--json: {file}.")]
    New {
        /// A letter a-z, then up to 31 of a-z, 0-9 and _; no kind or configured strategy has it
        name: String,
    },
    /// Whether a strategy has no fault, sees no bar before it is there, and does not notice where its data began
    #[command(
        after_help = "Look-ahead: all bars from a random time on are replaced, a thousand times; no signal before may \
        change. Start-up: five starts give the same signals once they have settled. Signals: on how many bars it \
        would buy and sell; never to buy is a warning. Where exit asks for what is held, only a run knows when it \
        sells.\n\
        --json: {strategy, checked, warm_up: {defined, settle}, series: [{instrument, timeframe, bars, buys, sells, \
        exit_asks, no_buy, look_ahead, start_up, too_few_bars}]}; checked: what was, in words; sells: null where exit \
        asks for the names in exit_asks; no_buy: null, or why it never buys; look_ahead and start_up: null where they \
        hold, else what is wrong; too_few_bars: true where that is the data, too short to tell."
    )]
    Check {
        /// A configured strategy, a kind with its defaults, strategies/NAME.yaml, or a rule file; the last three on
        /// what the first configured strategy trades
        #[arg(value_name = "FILE|NAME")]
        target: String,
    },
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print it as it takes effect
    Show,
}

/// An instant: RFC 3339 with offset, or a day, which begins at 00:00 UTC.
fn time(text: &str) -> Result<Micros, String> {
    // A date also reads from a time without offset, which would be dropped.
    let is_day = text.len() == "2026-08-17".len();
    let day = || text.parse::<jiff::civil::Date>().ok().filter(|_| is_day)?.to_zoned(TimeZone::UTC).ok();
    let at = text.parse::<Timestamp>().ok().or_else(|| Some(day()?.timestamp()));
    at.map(Timestamp::as_microsecond).ok_or_else(|| "expected a time as 2026-08-17T00:00Z, or a day".to_owned())
}
