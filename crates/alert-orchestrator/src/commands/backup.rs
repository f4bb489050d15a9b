//! The `backup` command: writes one, says what is in it, and deletes those that are too old.

use std::io;
use std::path::Path;

use advisor_io::embedded::snapshot::folder_of;
use anyhow::Context as _;
use jiff::Timestamp;
use platform::process::Ended;

use crate::backup::keep;
use crate::backup::manifest::{Listed, Store};
use crate::cli::{BackupArgs, Common};
use crate::console::say;
use crate::{backup, start};

const DEFAULT_FOLDER: &str = "/var/backups/orchestrator";

/// Runs `backup`.
///
/// # Errors
/// Those of the configuration; what cannot be read or written; old backups that cannot be deleted once the new one is
/// there.
pub(crate) fn run(common: &Common, args: BackupArgs) -> anyhow::Result<Ended> {
    let BackupArgs { output, keep: age, with_secrets } = args;
    let config = start::load_config(&common.flags.config)?;
    common.flags.start_log()?;
    let now = Timestamp::now();
    let output = output.unwrap_or_else(|| keep::free_path(Path::new(DEFAULT_FOLDER), now));
    let folder = folder_of(&output);
    let manifest = backup::write(&common.flags.config, &config, with_secrets, &output, now)
        .with_context(|| format!("backing up to {} failed, nothing was written", output.display()))?;
    let mut done = String::new();
    for Listed { name, path, size, .. } in &manifest.files {
        done += &format!("{name}: {size} bytes from {path}\n");
    }
    if let Store::Greptimedb { address, .. } = &manifest.store {
        done += &format!("NOT INCLUDED: what is stored in {address}; back that up with GreptimeDB's own tools\n");
    }
    done += &format!("written: {}\n", output.display());
    say(io::stdout(), &done);
    if let Some(age) = age {
        let deleted = keep::delete_older(folder, age.length(), now).with_context(|| {
            format!("{} is written, but deleting older backups in {} failed", output.display(), folder.display())
        })?;
        say(io::stdout(), &format!("deleted: {deleted} backups older than {age} in {}\n", folder.display()));
    }
    Ok(Ended::Done)
}
