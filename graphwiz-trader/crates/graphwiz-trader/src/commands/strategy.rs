//! The `strategy` command: which strategies are there, how does one begin, and does one keep its word?

mod check;
mod list;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use platform::process::{Ended, Usage};
use serde_json::json;
use trading_core::rule_file::{is_name, shipped};

use super::line::Line;
use super::{Call, Fact};
use crate::cli::StrategyCommand;
use crate::config::strategies::{default_instruments, default_timeframe};
use crate::config::{Config, RuleFiles, unfit_name};

/// The folder of the user's rule files, in the working directory.
const FOLDER: &str = "strategies";

/// Runs `strategy`.
///
/// # Errors
/// A file that is there already, or has faults; bars that are not there; standard output cannot be written.
pub(crate) fn run(call: &Call<'_>, command: &StrategyCommand) -> anyhow::Result<Ended> {
    match command {
        StrategyCommand::List => list::run(call, Path::new(FOLDER)),
        StrategyCommand::New { name } => begin(call, name),
        StrategyCommand::Check { target } => check::run(call, target, &file_of(target)),
    }
}

/// Where `strategy new` writes the rule file of this name.
pub(super) fn file_of(name: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{name}.yaml"))
}

/// Writes a rule file to begin with; one that is there stays.
fn begin(call: &Call<'_>, name: &str) -> anyhow::Result<Ended> {
    if !is_name(name) {
        let name = legible::quoted(name);
        let text = format!("{name} is no name, expected a letter a-z and up to 31 of a-z, 0-9 and _");
        return Err(Usage(text).into());
    }
    if let Some(expected) = unfit_name(name) {
        return Err(Usage(format!("found {name:?}, expected {expected}")).into());
    }
    let config = configuration(call)?;
    let taken = taken(call, config.as_ref(), name);
    if !taken.is_empty() {
        let text = format!(
            "{name:?} is {}, which `strategy check {name}` checks in place of a file; choose another name",
            taken.join(" and ")
        );
        return Err(Usage(text).into());
    }
    fs::create_dir_all(FOLDER).with_context(|| format!("making the folder {FOLDER}"))?;
    let path = file_of(name);
    let mut file =
        File::create_new(&path).with_context(|| format!("making the rule file {}", legible::full_path(&path)))?;
    file.write_all(shipped::template(name).as_bytes())?;
    let lines = format!("{}: written\n{}", legible::full_path(&path), next_steps(call, config.as_ref(), name, &path));
    call.print(&Fact { value: json!({ "file": path.display().to_string() }), lines })?;
    Ok(Ended::Done)
}

/// The configuration; one can begin without.
fn configuration(call: &Call<'_>) -> anyhow::Result<Option<Config>> {
    let path = call.origin.path;
    let is_there =
        path.try_exists().with_context(|| format!("looking for the configuration {}", legible::full_path(path)))?;
    Ok(if is_there { Some(call.config(RuleFiles::Of(&[]))?) } else { None })
}

/// What to do with a new file: try it, then configure it; where there is no configuration, that comes first.
fn next_steps(call: &Call<'_>, config: Option<&Config>, name: &str, path: &Path) -> String {
    let mut check = Line::begin(call, &["strategy", "check"]);
    check.word(&path.display().to_string());
    let mut backtest = Line::begin(call, &["backtest"]);
    backtest.flag("strategy-file", path.display());
    let commands = format!("  {check}\n  {backtest}\n");
    let first = config.and_then(|config| config.strategies.first());
    let instruments = first.map_or_else(default_instruments, |first| first.instruments.clone());
    let timeframe = first.map_or_else(default_timeframe, |first| first.timeframe);
    let instruments: Vec<_> = instruments.iter().map(|instrument| format!("\"{instrument}\"")).collect();
    let entry = format!(
        "  - name: {name}\n    kind: rules\n    file: {}\n    instruments: [{}]\n    timeframe: {timeframe}\n",
        seen_from(call.origin.folder(), path),
        instruments.join(", ")
    );
    let configuration = legible::full_path(call.origin.path);
    match first {
        Some(_) => format!(
            "Check it, and run it:\n{commands}To run it with every backtest, put this under strategies in \
             {configuration}:\n{entry}"
        ),
        None => format!(
            "Write {configuration}:\nstrategies:\n{entry}Put bars into examples/market, as bitstamp_BTC-USD_5m.csv, or \
             name another folder in data.import. Then check it, and run it:\n{commands}"
        ),
    }
}

/// A file as the configuration in `folder` names it.
fn seen_from(folder: &Path, file: &Path) -> String {
    let parts: Vec<_> = folder.components().filter(|part| *part != Component::CurDir).collect();
    let up = parts.iter().map(|_| "..").collect::<PathBuf>().join(file);
    let real = |path: &Path| fs::canonicalize(path).ok();
    // A folder that is a link, or lies elsewhere, has another way to the file.
    let is_below = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    if is_below && (!folder.exists() || real(&folder.join(&up)) == real(file)) {
        return up.display().to_string();
    }
    let absolute = real(file).unwrap_or_else(|| file.to_owned());
    json!(absolute.display().to_string()).to_string() // in quotes: a path may hold anything
}

/// What has this name and is found before a rule file that has it.
fn taken(call: &Call<'_>, config: Option<&Config>, name: &str) -> Vec<String> {
    let mut taken = Vec::new();
    if call.registry.kind(name).is_ok() {
        taken.push("the name of a kind".to_owned());
    }
    if config.is_some_and(|config| config.strategies.iter().any(|strategy| strategy.name == name)) {
        taken.push(format!("the name of a strategy of {}", legible::full_path(call.origin.path)));
    }
    taken
}
