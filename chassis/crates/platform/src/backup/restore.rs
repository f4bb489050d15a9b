//! The command `restore`: everything is verified first, then put in place together, and the service's check has the
//! last word.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use jiff::Timestamp;

use super::archive::Archive;
use super::contents::{Backups, Files, Places, StoreAt};
use super::manifest::{MadeBy, Manifest, Store};
use super::member::{Kind, Member};
use super::place::{self, Placed, Placement};
use super::second::{TIME, free_second};
use crate::files::suffixed;
use crate::process::{Ended, tell};

/// Where everything belongs, by what the files of a backup say.
type Where<'a> = &'a dyn Fn(&Files<'_>) -> anyhow::Result<Places>;

impl Backups {
    /// Puts back what the backup `file` holds, the configuration at `config`, everything else at its places by
    /// `places`, which is asked with what the backup holds. Tells on standard output what was done, and what `check`
    /// writes: whether everything is in place.
    ///
    /// Ends with faults where `check` does.
    ///
    /// # Errors
    /// The backup is of no use or of none here, somebody uses the store, or a file cannot be written; nothing
    /// has changed then.
    pub fn restore(
        &self,
        config: &Path,
        file: &Path,
        places: Where<'_>,
        check: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<Ended>,
    ) -> anyhow::Result<Ended> {
        let (placed, manifest) = put_back(self, config, file, places)?;
        let mut done = String::new();
        for Placed { path, kept } in &placed {
            done += &format!("restored: {}\n", path.display());
            done.extend(kept.iter().map(|(_, kept)| format!("kept: {}\n", kept.display())));
        }
        tell(io::stdout(), &done);
        let program = self.program.name;
        let mut found = Vec::new();
        let verdict = check(&mut found);
        tell(io::stdout(), &String::from_utf8_lossy(&found));
        let fault = match verdict {
            Ok(Ended::Done) => {
                let MadeBy { version, .. } = &manifest.program;
                let at = manifest.created_at;
                tell(io::stdout(), &format!("the backup that {program} {version} made at {at:.0} is in place\n"));
                return Ok(Ended::Done);
            }
            Ok(Ended::WithFaults) => "see above".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        let mut failed = format!(
            "{program}: {} was restored, but check found fault with it: {fault}\n\
             to go back, with the service stopped:\n",
            file.display()
        );
        failed.extend(way_back(&placed).map(|command| format!("  {command}\n")));
        tell(io::stderr(), &failed);
        Ok(Ended::WithFaults)
    }
}

fn put_back(
    backups: &Backups,
    config: &Path,
    file: &Path,
    places: Where<'_>,
) -> anyhow::Result<(Vec<Placed>, Manifest)> {
    let prepare = || -> anyhow::Result<_> {
        let archive = Archive::open(backups, file)?;
        let targets = targets(backups, config, places, &archive)?;
        let claim = match (targets.iter().find(|(member, _)| member.is_store()), backups.store) {
            (Some((_, path)), Some(store)) => Some(store.claim(path)?),
            _ => None,
        };
        let placements = stage(backups, &archive, targets)?;
        Ok((placements, claim, archive.manifest))
    };
    // As long as the claim is held, nobody opens the store whose file is being replaced.
    let (placements, _claim, manifest) =
        prepare().with_context(|| format!("restoring {} failed, nothing was changed", file.display()))?;
    let suffix = free_suffix(&placements, Timestamp::now());
    let placed = place::all(placements, &suffix).with_context(|| format!("restoring {} failed", file.display()))?;
    Ok((placed, manifest))
}

/// What goes behind the names of files that are replaced at `now`; where others were in the same second, of the next
/// that is free.
fn free_suffix(placements: &[Placement], now: Timestamp) -> String {
    let suffix = |at: Timestamp| format!(".before-restore-{}", at.strftime(TIME));
    let is_taken = |path: &Path, at| suffixed(path, &suffix(at)).symlink_metadata().is_ok();
    suffix(free_second(now, |at| !placements.iter().any(|placement| is_taken(placement.path(), at))))
}

/// Where each file goes: where the restored configuration says, once it is the one at `config`.
fn targets(
    backups: &Backups,
    config: &Path,
    places: Where<'_>,
    archive: &Archive<'_>,
) -> anyhow::Result<BTreeMap<Member, PathBuf>> {
    let text = archive.small(&Member::config()).context("invariant: every manifest lists the configuration")?;
    let text = std::str::from_utf8(text).context("the configuration in it is not UTF-8")?;
    let listed = archive.manifest.files.iter();
    let own = listed.filter_map(|file| Some((file.name.name(), archive.small(&file.name)?))).collect();
    let places = places(&Files { config: text, own })?;
    ensure!(
        is_same_kind(backups, archive.manifest.store.as_ref(), places.store.as_ref()),
        "its manifest and its configuration name different stores"
    );
    let mut targets = BTreeMap::new();
    for file in &archive.manifest.files {
        let path = place::resolve(&place_of(&file.name, config, &places)?)?;
        if let Some((other, _)) = targets.iter().find(|(_, taken)| **taken == path) {
            bail!("both {other} and {} of it belong at {}", file.name, path.display());
        }
        targets.insert(file.name.clone(), path);
    }
    Ok(targets)
}

fn is_same_kind(backups: &Backups, manifest: Option<&Store>, configured: Option<&StoreAt>) -> bool {
    match (manifest, configured) {
        (None, None) => true,
        (Some(Store::Included { kind, .. }), Some(StoreAt::File(_))) => {
            backups.store.is_some_and(|store| store.kind() == kind)
        }
        (Some(Store::Elsewhere { kind, .. }), Some(StoreAt::Elsewhere { kind: configured, .. })) => configured == kind,
        _ => false,
    }
}

fn place_of(member: &Member, config: &Path, places: &Places) -> anyhow::Result<PathBuf> {
    match (member.kind(), &places.store) {
        (Kind::Config, _) => Ok(config.to_path_buf()),
        // Their names in a backup are their names beside the configuration.
        (Kind::Secrets | Kind::Credential, _) => Ok(config.with_file_name(member.name())),
        (Kind::Store, Some(StoreAt::File(path))) => Ok(path.clone()),
        (Kind::Store, _) => bail!("invariant: a manifest lists a store only where it says so"),
        (Kind::Own(_), _) => {
            let own = places.own.iter().find(|own| own.name == member.name());
            Ok(own.context("invariant: every file of the list has a place")?.path.clone())
        }
    }
}

/// Writes every file beside its place, and looks at the store there.
fn stage(
    backups: &Backups,
    archive: &Archive<'_>,
    targets: BTreeMap<Member, PathBuf>,
) -> anyhow::Result<Vec<Placement>> {
    let mut placements = Vec::new();
    for (member, path) in targets {
        let mode = match member.kind() {
            Kind::Own(_) | Kind::Config => 0o640,
            // Its owner is the folder's, so that the service can use it, and nobody else has to.
            Kind::Store | Kind::Secrets => 0o600,
            Kind::Credential => archive.mode(&member).unwrap_or(0o600),
        };
        let store = backups.store.filter(|_| member.is_store());
        let mut placement = Placement::stage(path, mode, store.map_or(&[], |store| store.companions()))?;
        let writing = format!("writing {member} beside {} failed", placement.path().display());
        match archive.small(&member) {
            Some(content) => placement.staged().write_all(content).context(writing)?,
            None => archive.extract_store(placement.staged()).context(writing)?,
        }
        if let (Some(store), Some(Store::Included { schema_version, .. })) = (store, &archive.manifest.store) {
            let found =
                store.verify(placement.staged_path()).with_context(|| format!("{member} in it is of no use"))?;
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
fn way_back(placed: &[Placed]) -> impl Iterator<Item = String> {
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

    use super::super::contents::OwnFile;
    use super::super::make::Options;
    use super::*;
    use crate::process::Program;

    /// A service that keeps one file beside its configuration, and no store.
    const BACKUPS: Backups = Backups {
        program: Program { name: "service", version: "1.2.3", revision: "0123456789ab", built_at: "0" },
        folder: "/nowhere",
        store: None,
        own: &["rules.csv"],
    };

    #[test]
    fn a_service_without_a_store_gets_back_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let [config, rules, backup] = ["config.yaml", "rules.csv", "b.tar.gz"].map(|name| folder.path().join(name));
        let places = || {
            let own = OwnFile { name: "rules.csv", path: rules.clone(), is_needed: true };
            Places { own: vec![own], store: None }
        };
        fs::write(&config, "interval: 5\n").unwrap();
        fs::write(&rules, "1,2\n").unwrap();
        let options = Options { output: Some(backup.clone()), keep: None, with_secrets: false };
        BACKUPS.back_up(&config, &options, &places(), &|_| Ok(())).unwrap();

        fs::write(&config, "interval: 6\n").unwrap();
        fs::remove_file(&rules).unwrap();
        let restored_to = |held: &Files<'_>| {
            assert_eq!((held.config(), held.own("rules.csv")), ("interval: 5\n", Some(b"1,2\n".as_slice())));
            Ok(places())
        };
        let ended = BACKUPS.restore(&config, &backup, &restored_to, |_| Ok(Ended::WithFaults)).unwrap();
        assert_eq!(ended, Ended::WithFaults); // so the check says
        let read = |path: &Path| fs::read_to_string(path).unwrap();
        assert_eq!((read(&config), read(&rules)), ("interval: 5\n".to_owned(), "1,2\n".to_owned()));
    }

    #[test]
    fn what_two_restores_of_one_second_replace_has_two_names() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let placements = ["config.yaml", "store.db"].map(|name| Placement::stage(path(name), 0o600, &[]).unwrap());
        let now: Timestamp = "2026-11-21T02:00:59Z".parse().unwrap();
        assert_eq!(free_suffix(&placements, now), ".before-restore-20261121T020059Z");
        for kept in ["store.db.before-restore-20261121T020059Z", "config.yaml.before-restore-20261121T020100Z"] {
            fs::write(path(kept), "").unwrap();
        }
        assert_eq!(free_suffix(&placements, now), ".before-restore-20261121T020101Z");
    }
}
