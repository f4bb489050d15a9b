//! Putting back what a backup holds: everything is verified first, then put in place together.
//!
//! Start at [`put_back`].

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use advisor_io::embedded::snapshot;
use anyhow::{Context as _, anyhow, bail, ensure};
use jiff::Timestamp;
use platform::process;

use super::archive::Archive;
use super::manifest::{Manifest, Member, Store};
use super::names::{CREDENTIALS, SECRETS, TIME, free_second};
use super::place::{self, Placed, Placement};
use crate::config;

/// Puts everything in place that the backup `file` holds, where the configuration at `config_path` will say; returns
/// what became of each place.
///
/// # Errors
/// The backup is of no use or of none here, somebody uses the store, or a file cannot be written; nothing has changed
/// then.
pub(crate) fn put_back(config_path: &Path, file: &Path) -> anyhow::Result<(Vec<Placed>, Manifest)> {
    let prepare = || -> anyhow::Result<_> {
        let archive = Archive::open(file)?;
        let targets = targets(config_path, &archive)?;
        let claim = targets.get(&Member::Store).map(|path| snapshot::claim(path)).transpose()?;
        let placements = stage(&archive, targets)?;
        Ok((placements, claim, archive.manifest))
    };
    // As long as the claim is held, nobody opens the store whose file is being replaced.
    let (placements, _claim, manifest) =
        prepare().with_context(|| format!("restoring {} failed, nothing was changed", file.display()))?;
    let suffix = free_suffix(&placements, Timestamp::now());
    let placed = place::all(placements, &suffix).with_context(|| format!("restoring {} failed", file.display()))?;
    Ok((placed, manifest))
}

/// What goes behind the names of files that are replaced at `now`; where others were in the same second, of the next that is free.
fn free_suffix(placements: &[Placement], now: Timestamp) -> String {
    let suffix = |at: Timestamp| format!(".before-restore-{}", at.strftime(TIME));
    let is_taken = |path: &Path, at| snapshot::companion(path, &suffix(at)).symlink_metadata().is_ok();
    suffix(free_second(now, |at| !placements.iter().any(|placement| is_taken(placement.path(), at))))
}

/// Where each file goes: where the restored configuration says, once it is the one at `--config`.
fn targets(config_path: &Path, archive: &Archive) -> anyhow::Result<BTreeMap<Member, PathBuf>> {
    let text = archive.small(&Member::Config).context("invariant: every manifest lists the configuration")?;
    let text = std::str::from_utf8(text).context("the configuration in it is not UTF-8")?;
    let config = config::load_text(config_path, text, archive.small(&Member::Registry), &process::environment)
        .map_err(|faults| anyhow!("the configuration in it cannot be used here:\n{faults}"))?;
    let is_embedded = matches!(archive.manifest.store, Store::Embedded { .. });
    ensure!(
        is_embedded == matches!(config.client.store(), config::Store::Embedded(_)),
        "its manifest and its configuration name different stores"
    );
    let mut targets = BTreeMap::new();
    for file in &archive.manifest.files {
        let path = match (&file.name, config.client.store()) {
            (Member::Config, _) => config_path.to_path_buf(),
            (Member::Secrets, _) => config_path.with_file_name(SECRETS),
            (Member::Credential(name), _) => config_path.with_file_name(CREDENTIALS).join(name),
            (Member::Registry, _) => config.orchestrator.token_registry.clone(),
            (Member::Store, config::Store::Embedded(settings)) => settings.path,
            (Member::Store, config::Store::Greptime(_)) => continue,
        };
        let path = place::resolve(&path)?;
        if let Some((other, _)) = targets.iter().find(|(_, taken)| **taken == path) {
            bail!("both {other} and {} of it belong at {}", file.name, path.display());
        }
        targets.insert(file.name.clone(), path);
    }
    Ok(targets)
}

/// Writes every file beside its place, and looks at the store there.
fn stage(archive: &Archive, targets: BTreeMap<Member, PathBuf>) -> anyhow::Result<Vec<Placement>> {
    let mut placements = Vec::new();
    for (member, path) in targets {
        let mode = match member {
            Member::Store | Member::Registry | Member::Config => 0o640,
            Member::Secrets => 0o600,
            Member::Credential(_) => archive.mode(&member).unwrap_or(0o600),
        };
        let mut placement = Placement::stage(path, mode, member == Member::Store)?;
        let writing = format!("writing {member} beside {} failed", placement.path().display());
        match archive.small(&member) {
            Some(content) => placement.staged().write_all(content).context(writing)?,
            None => archive.extract_store(placement.staged()).context(writing)?,
        }
        if let (Member::Store, Store::Embedded { schema_version }) = (&member, &archive.manifest.store) {
            let found =
                snapshot::verify(placement.staged_path()).with_context(|| format!("{member} in it is of no use"))?;
            ensure!(
                found == *schema_version,
                "{member} in it has schema version {found}, its manifest says {schema_version}"
            );
        }
        placements.push(placement);
    }
    Ok(placements)
}

/// The commands that undo a restore, as a shell takes them.
pub(crate) fn way_back(placed: &[Placed]) -> impl Iterator<Item = String> {
    placed.iter().flat_map(|Placed { path, kept }| {
        let new = kept.iter().all(|(old, _)| old != path).then(|| format!("rm {}", quoted(path)));
        new.into_iter().chain(kept.iter().map(|(old, kept)| format!("mv {} {}", quoted(kept), quoted(old))))
    })
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use std::fs;

    use super::*;

    #[test]
    fn what_two_restores_of_one_second_replace_has_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let placements = ["config.yaml", "store.db"].map(|name| Placement::stage(path(name), 0o600, false).unwrap());
        let now: Timestamp = "2026-11-21T02:00:59Z".parse().unwrap();
        assert_eq!(free_suffix(&placements, now), ".before-restore-20261121T020059Z");
        for kept in ["store.db.before-restore-20261121T020059Z", "config.yaml.before-restore-20261121T020100Z"] {
            fs::write(path(kept), "").unwrap();
        }
        assert_eq!(free_suffix(&placements, now), ".before-restore-20261121T020101Z");
    }
}
