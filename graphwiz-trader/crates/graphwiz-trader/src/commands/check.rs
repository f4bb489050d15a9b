//! The `check` command: is everything in place? One line per thing, and an exit code.

use std::io::{self, Write as _};
use std::path::Path;

use platform::process::{self, Ended};

use crate::config::Origin;
use crate::kinds::Registry;
use crate::ready::Ready;
use crate::{config, data};

/// Runs `check`; ends with faults where something is not in place.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn run(path: &Path, registry: &Registry) -> anyhow::Result<Ended> {
    let mut out = io::stdout().lock();
    let config = match config::load(&Origin { path, profile: None, set: &[] }, registry, &process::environment) {
        Ok(config) => config,
        Err(faults) => {
            for fault in faults.to_string().lines() {
                writeln!(out, "FAIL configuration: {fault}")?;
            }
            return Ok(Ended::WithFaults);
        }
    };
    writeln!(out, "ok   configuration: {}", path.display())?;
    let mut ended = Ended::Done;
    let folder = path.parent().unwrap_or(Path::new(""));
    for answer in &config.answers {
        writeln!(out, "note configuration: {answer}")?;
    }
    for strategy in &config.strategies {
        match Ready::new(registry, strategy, folder) {
            Ok(_) => writeln!(out, "ok   strategy {}: {}", strategy.name, strategy.kind)?,
            Err(error) => {
                ended = Ended::WithFaults;
                writeln!(out, "FAIL {error}")?;
            }
        }
    }
    match data::open(&config) {
        Ok(store) => writeln!(out, "ok   market store: {}", store.path().display())?,
        Err(error) => {
            ended = Ended::WithFaults;
            writeln!(out, "FAIL {error:#}")?;
        }
    }
    Ok(ended)
}
