//! The `backup` command: writes one, says what is in it, and deletes those that are too old.

use anyhow::anyhow;
use platform::backup::{Files, Options};
use platform::process::Ended;

use crate::backup::{BACKUPS, configuration, places, warn_of_secrets};
use crate::cli::{BackupArgs, Common};
use crate::start;

/// Runs `backup`.
///
/// # Errors
/// Those of the configuration; what cannot be read or written; old backups that cannot be deleted once the new one is
/// there.
pub(crate) fn run(common: &Common, args: BackupArgs) -> anyhow::Result<Ended> {
    let BackupArgs { output, keep, with_secrets } = args;
    let path = &common.flags.config;
    let config = start::load_config(path)?;
    common.flags.start_log()?;
    // What was copied may have changed since it was read.
    let check = |copied: &Files<'_>| {
        configuration(path, copied)
            .map_err(|faults| anyhow!("a restore would refuse the configuration or the registry:\n{faults}"))?;
        warn_of_secrets(&config, path, copied.config());
        Ok(())
    };
    BACKUPS.back_up(path, &Options { output, keep, with_secrets }, &places(&config), &check)
}
