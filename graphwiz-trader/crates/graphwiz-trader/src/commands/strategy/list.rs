//! Which strategies are there: kinds, rule files in the program, and those of the user.

use std::fmt::{self, Display};
use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context as _;
use platform::process::Ended;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use trading_core::counts::counted;
use trading_core::data_hash::hex;
use trading_core::rule_file::{RuleFile, shipped};
use trading_core::strategy::WarmUp;
use trading_core::time::Timeframe;

use crate::commands::Call;
use crate::kinds::Kind;
use crate::ready;

/// The bars on which the warm-up of rule files is told: those of the first run.
const TIMEFRAME: Timeframe = Timeframe::M5;

/// All of them.
#[derive(Debug, Serialize)]
struct All {
    kinds: Vec<Listed>,
    files: Vec<Listed>,
}

/// One of them.
#[derive(Debug, Default, Serialize)]
struct Listed {
    name: String,
    /// Its rule file; `None` for one that is in the program.
    file: Option<String>,
    parameters: Vec<Parameter>,
    /// Bars until it has a value, and until it has settled; `None` where it has faults.
    warm_up: Option<WarmUp>,
    /// SHA-256, of a kind's name and parameters, or of a file's bytes; `None` where that cannot be read.
    hash: Option<String>,
    faults: Vec<String>,
}

/// What a parameter is, and may be; without bounds it is fixed.
#[derive(Debug, Serialize)]
struct Parameter {
    name: String,
    default: String,
    min: Option<String>,
    max: Option<String>,
}

/// Lists all of them; `folder` has the user's. One that has faults is listed with them, and ends with faults.
pub(super) fn run(call: &Call<'_>, folder: &Path) -> anyhow::Result<Ended> {
    let kinds: Vec<_> = call.registry.kinds().map(|(name, kind)| of_kind(name, kind)).collect();
    let in_program = shipped::ALL.iter().map(|(name, text)| of_file(&format!("{name}.yaml"), None, text.as_bytes()));
    let mut files: Vec<_> = in_program.collect();
    files.extend(of_user(folder)?);
    let all = All { kinds, files };
    call.print(&all)?;
    let is_sound = all.kinds.iter().chain(&all.files).all(|one| one.faults.is_empty());
    Ok(if is_sound { Ended::Done } else { Ended::WithFaults })
}

fn of_kind(name: &str, kind: &Kind) -> Listed {
    let parameter = |one: &trading_core::strategies::Parameter| Parameter {
        name: one.name.to_owned(),
        default: one.default.to_string(),
        min: Some(one.min.to_string()),
        max: Some(one.max.to_string()),
    };
    let parameters: Vec<_> = kind.parameters.iter().map(parameter).collect();
    let shown: Vec<_> = parameters.iter().map(ToString::to_string).collect();
    let defaults: Vec<_> = kind.parameters.iter().map(|one| one.default).collect();
    let (warm_up, faults) = match (kind.make)(&defaults) {
        Ok(made) => (Some(made.warm_up()), Vec::new()),
        Err(fault) => (None, vec![format!("its defaults: {fault}")]),
    };
    let hash = hash(format!("{name}: {}", shown.join(", ")).as_bytes());
    Listed { name: name.to_owned(), file: None, parameters, warm_up, hash: Some(hash), faults }
}

/// The rule files of a folder that have this `name:`, whatever they themselves are called.
pub(super) fn files_named(folder: &Path, name: &str) -> anyhow::Result<Vec<String>> {
    let has_name = |one: &Listed| one.faults.is_empty() && one.name == name;
    Ok(of_user(folder)?
        .into_iter()
        .filter(has_name)
        .filter_map(|one| one.file.map(|file| legible::line(&file).to_string()))
        .collect())
}

/// The rule files of a folder, in the order of their names; none where there is no folder.
fn of_user(folder: &Path) -> anyhow::Result<Vec<Listed>> {
    let reading = || format!("reading the folder {}", legible::full_path(folder));
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(reading)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.with_context(reading)?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.iter().map(|path| of_path(path)).collect())
}

/// One that cannot be read is listed with the reason, and hides no other.
fn of_path(path: &Path) -> Listed {
    let (shown, file) = (legible::full_path(path), Some(path.display().to_string()));
    match ready::listed(path) {
        Ok(bytes) => of_file(&shown, file, &bytes),
        Err(error) => Listed { name: stem(&shown), file, faults: vec![format!("{error:#}")], ..Listed::default() },
    }
}

fn stem(shown: &str) -> String {
    Path::new(shown).file_stem().map(|name| name.display().to_string()).unwrap_or_default()
}

fn of_file(shown: &str, file: Option<String>, bytes: &[u8]) -> Listed {
    let listed = Listed { file, hash: Some(hash(bytes)), ..Listed::default() };
    let rules = match RuleFile::parse(shown, bytes) {
        Ok(rules) => rules,
        Err(faults) => {
            let faults = faults.to_string().lines().map(str::to_owned).collect();
            return Listed { name: stem(shown), faults, ..listed };
        }
    };
    let parameter = |one: &trading_core::rule_file::Parameter| Parameter {
        name: one.name.clone(),
        default: one.default.to_string(),
        min: one.range.map(|range| range.min.to_string()),
        max: one.range.map(|range| range.max.to_string()),
    };
    let (warm_up, faults) = match rules.instance(&std::collections::BTreeMap::new(), TIMEFRAME) {
        Ok(instance) => (Some(instance.warm_up()), Vec::new()),
        Err(errors) => (None, errors.iter().map(ToString::to_string).collect()),
    };
    let parameters = rules.parameters().iter().map(parameter).collect();
    Listed { name: rules.name().to_owned(), parameters, warm_up, faults, ..listed }
}

fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

impl Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, default, min, max } = self;
        match min.as_ref().zip(max.as_ref()) {
            Some((min, max)) => write!(f, "{name} {default} ({min} to {max})"),
            None => write!(f, "{name} {default} (fixed)"),
        }
    }
}

impl Display for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, file, parameters, warm_up, hash, faults } = self;
        let place = file.as_ref().map_or(String::new(), |file| format!(" ({})", legible::line(file)));
        let hash = hash.as_ref().map_or(String::new(), |hash| format!("hash {hash}"));
        let parameters: Vec<_> = parameters.iter().map(ToString::to_string).collect();
        let parameters = if parameters.is_empty() { "no parameters".to_owned() } else { parameters.join(", ") };
        if let Some(WarmUp { defined, settle }) = warm_up {
            return writeln!(
                f,
                "{name}{place}: {parameters}; warm-up {}, settles in {settle}; {hash}",
                counted(*defined, "bar")
            );
        }
        writeln!(f, "FAIL {name}{place}: {}", if hash.is_empty() { "not read" } else { &hash })?;
        faults.iter().try_for_each(|fault| writeln!(f, "  {fault}"))
    }
}

impl Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Kinds:")?;
        self.kinds.iter().try_for_each(|one| one.fmt(f))?;
        let (own, shipped): (Vec<_>, Vec<_>) = self.files.iter().partition(|one| one.file.is_some());
        writeln!(f, "Rule files in the program:")?;
        shipped.iter().try_for_each(|one| one.fmt(f))?;
        if own.is_empty() {
            return writeln!(f, "No rule files of your own in strategies; `strategy new NAME` writes one.");
        }
        writeln!(f, "Rule files of your own:")?;
        own.iter().try_for_each(|one| one.fmt(f))
    }
}
