//! The command line.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Parser, Subcommand};
use platform::cli::{Flags, default_config};
use platform::config::text::{Age, is_made_of};
use url::Url;

use crate::{address, version};

/// Says how much may safely be withdrawn from stablecoin supply positions on Liqwid.
#[derive(Debug, Parser)]
#[command(name = "alert-orchestrator", version = version::LINE.as_str(), max_term_width = 120, after_help = EXAMPLES)]
#[command(mut_args(default_config(CONFIG)), mut_subcommands(listing_what_means_something))]
pub struct Cli {
    #[command(flatten)]
    pub common: Common,

    /// Evaluate once, print one line per asset, and exit (0: all evaluated, 1: an error, 2: configuration or usage)
    #[arg(long)]
    pub once: bool,

    /// With --once: print the decisions as JSON
    #[arg(long, requires = "once")]
    pub json: bool,

    /// Serve no metrics, dashboard or API; rounds go to the console
    #[arg(long)]
    pub no_telemetry: bool,

    /// Print the effective configuration as JSON, secrets redacted, and exit
    #[arg(long)]
    pub print_config_normalized: bool,

    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Where the configuration is by default.
const CONFIG: &str = "config/orchestrator_config.yaml";

/// Hides the common flags that mean nothing to a command from its help. They are taken all the same: command lines that
/// name them stay right.
fn listing_what_means_something(command: clap::Command) -> clap::Command {
    let meaningless: &[&str] = match command.get_name() {
        "files" | "backup" | "restore" | "check" => &["test_prefix"],
        "init" | "hash-password" | "health" | "schema" | "completions" => {
            &["test_prefix", "config", "log_level", "log_format"]
        }
        _ => &[],
    };
    let common = Common::augment_args(clap::Command::default()).mut_args(default_config(CONFIG));
    let hidden = common.get_arguments().filter(|arg| meaningless.contains(&arg.get_id().as_str()));
    command.args(hidden.map(|arg| arg.clone().hide(true)))
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub struct Common {
    #[command(flatten)]
    pub flags: Flags,

    /// Write to tables whose names start with test_; reads and the automatic import are not affected
    #[arg(long, global = true)]
    pub test_prefix: bool,
}

impl Common {
    /// What stands before the name of every table that is written.
    pub(crate) fn write_prefix(&self) -> &'static str {
        if self.test_prefix { "test_" } else { "" }
    }
}

fn age(text: &str) -> Result<Age, String> {
    text.parse().map_err(|_| "expected a length of time such as 90m, 48h, 30d or 4w".to_owned())
}

/// An address that can be asked, for `health`.
fn parse_url(text: &str) -> Result<Url, String> {
    let expected = "expected an address like http://127.0.0.1:9808/livez";
    let url: Url = text.parse().map_err(|error| format!("{error}; {expected}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("found scheme {:?}; {expected}", url.scheme()));
    }
    Ok(url)
}

/// A positive number of seconds, for `health`.
fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds above 0".to_owned())
}

/// An asset's name, for `init`: it becomes part of names of files.
fn parse_asset(text: &str) -> Result<String, String> {
    let is_name = is_made_of(text, 64, "_");
    is_name
        .then(|| text.to_ascii_lowercase())
        .ok_or_else(|| "expected a name of at most 64 letters, digits and _".into())
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a configuration and empty CSV files to begin with your own wallets; nothing that is there is overwritten
    #[command(after_help = INIT_EXAMPLES)]
    Init(InitArgs),
    /// Load CSV files into the embedded store
    #[command(after_help = IMPORT_EXAMPLES)]
    Import(ImportArgs),
    /// List which rows the embedded store has from which file, and which of the files are gone
    #[command(after_help = FILES_EXAMPLES)]
    Files,
    /// Take the rows of a file out of the embedded store; asks before it writes
    #[command(after_help = FORGET_EXAMPLES)]
    Forget(ForgetArgs),
    /// Say why an asset is decided as it is, what would change that, and every step with its numbers
    #[command(after_help = EXPLAIN_EXAMPLES)]
    Explain(ExplainArgs),
    /// Pull deposits and withdrawals of the configured assets from Liqwid into the store
    #[command(after_help = SYNC_EXAMPLES)]
    Sync(SyncArgs),
    /// Mark a withdrawal as the reference since which gains count, or as principal, or unmark it; asks before it writes
    #[command(after_help = TAG_EXAMPLES, group = ArgGroup::new("which").required(true))]
    Tag(TagArgs),
    /// Write configuration, token registry and a snapshot of the embedded store into one file, also while the service runs
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup(BackupArgs),
    /// Put back what a backup holds, all of it or nothing; the service must be stopped
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore(RestoreArgs),
    /// Make a password hash for auth.password_hash; reads the password from the terminal, or a line of standard input
    #[command(
        after_help = "Examples:\n  alert-orchestrator hash-password\n  pass show orchestrator | alert-orchestrator hash-password"
    )]
    HashPassword,
    /// Ask a running service whether it is well, once; exit 0 where it answers 200, else 1
    #[command(after_help = HEALTH_EXAMPLES)]
    Health(HealthArgs),
    /// Check configuration, store, tables and what is in them, token registry and clock; a line for each, exit 0 or 1
    Check,
    /// Print the JSON Schema of the configuration
    #[command(after_help = "Example:\n  alert-orchestrator schema > orchestrator.schema.json")]
    Schema,
    /// Print a completion script
    #[command(
        after_help = "Example:\n  alert-orchestrator completions bash > /etc/bash_completion.d/alert-orchestrator"
    )]
    Completions(CompletionsArgs),
}

/// What follows `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder to write into; it is made where it is not there
    pub(crate) folder: PathBuf,
    /// An asset to evaluate, such as usdc (may be repeated)
    #[arg(long = "asset", value_name = "NAME", required = true, value_parser = parse_asset)]
    pub(crate) assets: Vec<String>,
    /// A wallet that `sync` is to ask Liqwid about (may be repeated); lines of the CSV files name their own
    #[arg(long = "wallet", value_name = "ADDRESS", value_parser = address::parse)]
    pub(crate) wallets: Vec<String>,
}

/// What follows `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files named like the tables they fill, or directories of them
    #[arg(required = true)]
    pub(crate) paths: Vec<PathBuf>,
}

/// What follows `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The file, as `files` names it; it need not be there any more
    pub(crate) file: PathBuf,
}

/// What follows `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Asset as configured
    pub(crate) asset: String,
    /// Show only this wallet's figures: its address, the beginning, or the page's short form (addr1q89…gpze)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) wallet: Option<String>,
    /// Show every wallet, not only the ten that matter most
    #[arg(long, conflicts_with_all = ["wallet", "json"])]
    pub(crate) all: bool,
    /// As JSON, at full precision
    #[arg(long)]
    pub(crate) json: bool,
}

/// What follows `sync`.
#[derive(Debug, Args)]
pub struct SyncArgs {
    /// Only this wallet (may be repeated; of one that is known the beginning is enough); default:
    /// transaction_sync.wallets, else all that have positions
    #[arg(long = "wallet", value_name = "ADDRESS")]
    pub(crate) wallets: Vec<String>,
    /// First instant, RFC 3339 or YYYY-MM-DD in orchestrator.timezone; default: transaction_sync.start_date
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Last instant; default: transaction_sync.end_date, else now
    #[arg(long, value_name = "TIME")]
    pub(crate) end: Option<String>,
    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// What follows `tag`.
#[derive(Debug, Args)]
pub struct TagArgs {
    /// Asset as configured
    #[arg(long)]
    pub(crate) asset: String,
    /// The withdrawal of this transaction; the beginning is enough where no other withdrawal's begins like it
    #[arg(long, value_name = "HASH", group = "which", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) tx: Option<String>,
    /// The newest withdrawal
    #[arg(long, group = "which")]
    pub(crate) latest: bool,
    /// Only withdrawals of this wallet: its address, the beginning, or the page's short form (addr1q89…gpze)
    #[arg(long, value_name = "ADDRESS", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) wallet: Option<String>,
    /// Mark it as principal: it took out what was put in, and lowers no limit
    #[arg(long)]
    pub(crate) principal: bool,
    /// Take off whatever it is marked as
    #[arg(long)]
    pub(crate) remove: bool,
}

/// What follows `backup`.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// The file to write, which must not exist; default: alert-orchestrator-YYYYMMDDTHHMMSSZ.tar.gz (UTC) in
    /// /var/backups/orchestrator
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Once it is written, delete those beside it that have such a default name and are older: 90m, 48h, 30d, 4w
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(crate) keep: Option<Age>,
    /// Include secrets.env and the files of credentials/, which lie beside the configuration file
    #[arg(long)]
    pub(crate) with_secrets: bool,
}

/// What follows `restore`.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A file that `alert-orchestrator backup` wrote
    pub(crate) file: PathBuf,
}

/// What follows `health`.
#[derive(Debug, Args)]
pub struct HealthArgs {
    /// What to ask: /livez, /readyz, /startupz or /health of the service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9808/livez", value_parser = parse_url)]
    pub(crate) url: Url,
    /// How long to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    pub(crate) timeout: Duration,
}

/// What follows `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// Shell to complete for
    pub(crate) shell: clap_complete::Shell,
}

const EXAMPLES: &str = "\
Examples:
  alert-orchestrator                                      serve: metrics, dashboard, API, evaluations on schedule
  alert-orchestrator --once                               decisions for every asset, one line each
  alert-orchestrator --once --json                        the same for programs
  alert-orchestrator explain usdc                         every step of a decision
  alert-orchestrator init my-treasury --asset usdc        begin with your own wallets
  alert-orchestrator --config my.yaml check               is everything in place?
  alert-orchestrator --print-config-normalized            what is in effect, defaults included";

const INIT_EXAMPLES: &str = "\
The folder gets orchestrator.yaml, and in data/ three CSV files for each asset, with their columns' names: supply
positions, deposits and withdrawals. It ends by saying what to do next. --config has no part in it.

Examples:
  alert-orchestrator init my-treasury --asset usdc
  alert-orchestrator init my-treasury --asset usdc --asset djed";

const IMPORT_EXAMPLES: &str = "\
A file's name is its table: liqwid_supply_positions_usdc.csv, liqwid_deposits_usdc.csv, liqwid_withdrawals_usdc.csv
(with the configured prefixes). Importing a file again changes nothing; a file that changed replaces what its earlier
version brought, so rows it no longer has are removed. It happens at once or, after an interruption, not at all.
A file of deposits or withdrawals with an unusable line is refused; of positions, unusable lines are left out and reported.
Times are RFC 3339 with an offset (2026-11-26T03:26:00Z), or seconds or milliseconds since 1970. A last line without line
end is left out, and said, while the file is less than a minute old: it may still be being written.

Examples:
  alert-orchestrator import exports/
  alert-orchestrator import liqwid_supply_positions_usdc.csv liqwid_deposits_usdc.csv";

const FILES_EXAMPLES: &str = "\
A file that is gone leaves its rows in the store: so does one that was moved and changed, and then the store has both
versions. `forget` takes the rows of one out.

Example:
  alert-orchestrator files";

const FORGET_EXAMPLES: &str = "\
A row stays that another file has, too, or that sync pulled. A file that is still in a folder of client.embedded.import
is read again in the next round: move it away first.

Example:
  alert-orchestrator forget /srv/old/liqwid_deposits_usdc.csv";

const SYNC_EXAMPLES: &str = "\
Transactions that are stored already are recognised by their hash and left alone, so running it again changes nothing.
Nothing is marked as a reference: that is `alert-orchestrator tag`.

Examples:
  alert-orchestrator sync --dry-run
  alert-orchestrator sync --wallet addr1v9d2k --start 2026-01-01";

const TAG_EXAMPLES: &str = "\
Examples:
  alert-orchestrator tag --asset usdc --latest
  alert-orchestrator tag --asset usdc --tx 5f3a --principal
  alert-orchestrator tag --asset usdc --tx 5f3a --remove";

const HEALTH_EXAMPLES: &str = "\
It reads no configuration and goes through no proxy of the environment.

Examples:
  alert-orchestrator health
  alert-orchestrator health --url http://127.0.0.1:9808/readyz --timeout 2";

const BACKUP_EXAMPLES: &str = "\
Rows in GreptimeDB are not included, and neither are the CSV files that the embedded store is filled from.

Examples:
  alert-orchestrator --config /etc/alert-orchestrator/config.yaml backup --keep 30d
  alert-orchestrator backup --output before-upgrade.tar.gz --with-secrets";

const RESTORE_EXAMPLES: &str = "\
The configuration goes where --config says, everything else where that configuration says. The whole backup is verified before
anything is touched, what is replaced is kept beside it, and `check` has the last word.

Examples:
  alert-orchestrator --config /etc/alert-orchestrator/config.yaml restore alert-orchestrator-20261121T020000Z.tar.gz";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  alert-orchestrator explain usdc
  alert-orchestrator explain usdc --wallet addr1v9d2k
  alert-orchestrator explain usdc --json | jq .gate";
