//! The `strategy` command: which strategies are there, how does one begin, and does one keep its word?

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::process::{self, Ended, Usage};
use trading_core::rule_file::shipped;
use trading_core::strategy::checks::{look_ahead, start_up};
use trading_core::time::Micros;

use crate::cli::StrategyCommand;
use crate::config::Origin;
use crate::data::Source;
use crate::kinds::Registry;
use crate::{config, ready};

/// Draws the bars from which the future is replaced.
const SEED: u64 = 1;

/// Runs `strategy`.
///
/// # Errors
/// A file that is there already, or has faults; bars that are not there; standard output cannot be written.
pub(crate) fn run(path: &Path, command: &StrategyCommand, registry: &Registry) -> anyhow::Result<Ended> {
    match command {
        StrategyCommand::List => list(registry),
        StrategyCommand::New { name } => begin(name),
        StrategyCommand::Check { file } => check(path, file, registry),
    }
}

fn list(registry: &Registry) -> anyhow::Result<Ended> {
    let mut out = io::stdout().lock();
    for (name, kind) in registry.kinds() {
        let parameters: Vec<_> = kind
            .parameters
            .iter()
            .map(|one| format!("{} {} ({} to {})", one.name, one.default, one.min, one.max))
            .collect();
        let defaults: Vec<_> = kind.parameters.iter().map(|one| one.default).collect();
        let made = (kind.make)(&defaults).map_err(anyhow::Error::msg)?;
        let rules = shipped::ALL.iter().any(|(file, _)| *file == name);
        let also = if rules { "; also as a rule file" } else { "" };
        writeln!(out, "{name}: {}; warm-up {} bars{also}", parameters.join(", "), made.warm_up().defined)?;
    }
    Ok(Ended::Done)
}

/// Writes a rule file to begin with; one that is there stays.
fn begin(name: &str) -> anyhow::Result<Ended> {
    let is_name = |name: &str| {
        let first = name.starts_with(|c: char| c.is_ascii_lowercase());
        first && name.len() <= 32 && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
    };
    if !is_name(name) {
        let text = format!("{name:?} is no name, expected a letter a-z and up to 31 of a-z, 0-9 and _");
        return Err(Usage(text).into());
    }
    let folder = PathBuf::from("strategies");
    fs::create_dir_all(&folder).context("making the folder strategies")?;
    let path = folder.join(format!("{name}.yaml"));
    let mut file = File::create_new(&path).with_context(|| format!("making the rule file {}", path.display()))?;
    file.write_all(shipped::template(name).as_bytes())?;
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}: written; `graphwiz-trader backtest --strategy-file {}` runs it",
        path.display(),
        path.display()
    )?;
    Ok(Ended::Done)
}

fn check(path: &Path, file: &Path, registry: &Registry) -> anyhow::Result<Ended> {
    let (rules, _) = ready::read(file).map_err(|error| Usage(format!("{error:#}")))?;
    let config = config::load(&Origin { path, profile: None, set: &[] }, registry, &process::environment)?;
    let first = config.strategies.first().context("no strategy is configured that says what to trade")?;
    let instance = rules.instance(&BTreeMap::new(), first.timeframe).map_err(|errors| {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        Usage(format!("{}: {}", file.display(), errors.join("; ")))
    })?;
    let now = jiff::Timestamp::now().as_microsecond();
    let source = Source::store(&config, now, &mut |told| tracing::info!("{told}"))?;
    let instrument = first.instruments.first().context("the first strategy has no instrument")?;
    let series = source.bars(instrument, first.timeframe, Micros::MIN..Micros::MAX, now)?.series;
    let warm_up = instance.warm_up();
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "{}: no fault; on {} bars of {instrument} {}",
        file.display(),
        series.records.len(),
        first.timeframe
    )?;
    writeln!(out, "ok   warm-up: {} bars, {} until it settles", warm_up.defined, warm_up.settle)?;
    let make = |_: &trading_core::bars::Series| instance.program();
    let mut ended = Ended::Done;
    for (name, difference) in [("look-ahead", look_ahead(&series, SEED, make)), ("start-up", start_up(&series, make))] {
        match difference {
            None => writeln!(out, "ok   {name}")?,
            Some(difference) => {
                ended = Ended::WithFaults;
                writeln!(out, "FAIL {name}: {difference}")?;
            }
        }
    }
    Ok(ended)
}
