//! The `restore` command: puts back what a backup holds; `check` has the last word.

use anyhow::anyhow;
use platform::backup::Files;
use platform::process::Ended;

use super::check;
use crate::backup::{BACKUPS, configuration, places};
use crate::cli::{Common, RestoreArgs};

/// Runs `restore`; ends with faults where `check` finds fault with what was restored.
///
/// # Errors
/// The backup is of no use or of none here, somebody uses the store, or a file cannot be written; nothing has changed
/// then.
pub(crate) fn run(common: &Common, RestoreArgs { file }: RestoreArgs) -> anyhow::Result<Ended> {
    let path = &common.flags.config;
    let restored_to = |held: &Files<'_>| {
        let config = configuration(path, held)
            .map_err(|faults| anyhow!("the configuration in it cannot be used here:\n{faults}"))?;
        Ok(places(&config))
    };
    BACKUPS.restore(path, &file, &restored_to, |found| check::report(common, found))
}
