//! The `strategy` command: which strategies are there, how does one begin, and does one keep its word?

mod check;
mod list;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use platform::process::{Ended, Usage};
use serde_json::json;
use trading_core::rule_file::shipped;

use super::{Call, Fact};
use crate::cli::StrategyCommand;
use crate::config::RuleFiles;

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
fn file_of(name: &str) -> PathBuf {
    Path::new(FOLDER).join(format!("{name}.yaml"))
}

/// Writes a rule file to begin with; one that is there stays.
fn begin(call: &Call<'_>, name: &str) -> anyhow::Result<Ended> {
    let is_name = |name: &str| {
        let first = name.starts_with(|c: char| c.is_ascii_lowercase());
        first && name.len() <= 32 && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_')
    };
    if !is_name(name) {
        let text = format!("{name:?} is no name, expected a letter a-z and up to 31 of a-z, 0-9 and _");
        return Err(Usage(text).into());
    }
    let taken = taken(call, name)?;
    if !taken.is_empty() {
        let text = format!(
            "{name:?} is {}, which `strategy check {name}` checks in place of a file; choose another name",
            taken.join(" and ")
        );
        return Err(Usage(text).into());
    }
    fs::create_dir_all(FOLDER).with_context(|| format!("making the folder {FOLDER}"))?;
    let path = file_of(name);
    let mut file = File::create_new(&path).with_context(|| format!("making the rule file {}", path.display()))?;
    file.write_all(shipped::template(name).as_bytes())?;
    let path = path.display().to_string();
    let lines = format!("{path}: written; `graphwiz-trader backtest --strategy-file {path}` runs it\n");
    call.print(&Fact { value: json!({ "file": path }), lines })?;
    Ok(Ended::Done)
}

/// What has this name and is found before a rule file that has it.
fn taken(call: &Call<'_>, name: &str) -> anyhow::Result<Vec<String>> {
    let path = call.origin.path;
    let mut taken = Vec::new();
    if call.registry.kind(name).is_ok() {
        taken.push("the name of a kind".to_owned());
    }
    // One can begin without a configuration.
    let is_there = path.try_exists().with_context(|| format!("looking for the configuration {}", path.display()))?;
    if is_there && call.config(RuleFiles::Of(&[]))?.strategies.iter().any(|strategy| strategy.name == name) {
        taken.push(format!("the name of a strategy of {}", path.display()));
    }
    Ok(taken)
}
