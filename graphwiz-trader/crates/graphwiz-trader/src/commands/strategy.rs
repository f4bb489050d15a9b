//! The `strategy` command: which strategies are there?

use std::io::{self, Write as _};

use platform::process::Ended;

use crate::cli::StrategyCommand;
use crate::kinds::Registry;

/// Runs `strategy`.
///
/// # Errors
/// Standard output cannot be written.
pub(crate) fn run(command: &StrategyCommand, registry: &Registry) -> anyhow::Result<Ended> {
    let mut out = io::stdout().lock();
    match command {
        StrategyCommand::List => {
            for (name, kind) in registry.kinds() {
                let parameters: Vec<_> = kind
                    .parameters
                    .iter()
                    .map(|one| format!("{} {} ({} to {})", one.name, one.default, one.min, one.max))
                    .collect();
                let defaults: Vec<_> = kind.parameters.iter().map(|one| one.default).collect();
                let made = (kind.make)(&defaults).map_err(anyhow::Error::msg)?;
                writeln!(out, "{name}: {}; warm-up {} bars", parameters.join(", "), made.warm_up().defined)?;
            }
        }
    }
    Ok(Ended::Done)
}
