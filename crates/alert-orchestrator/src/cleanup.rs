//! Which old charts go? Files of the listed kinds in the listed folders, and nothing else.
//!
//! A folder or file that is a symbolic link is left alone, and so is a folder inside a listed one: what somebody linked or
//! keeps there is not ours to delete.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Component, Path};
use std::time::SystemTime;

use jiff::Timestamp;
use tracing::{debug, warn};

use crate::config::orchestrator::{Orchestrator, OutputCleanup};

/// Deletes what is older than the cut-off; returns how many files that was.
pub(crate) fn run(orchestrator: &Orchestrator, now: Timestamp) -> u64 {
    let cleanup = &orchestrator.output_cleanup;
    let Some(cutoff) = cutoff(cleanup, now).filter(|_| cleanup.enabled) else { return 0 };
    cleanup.paths.iter().map(|folder| clean(folder, cleanup, cutoff.into())).sum()
}

fn cutoff(cleanup: &OutputCleanup, now: Timestamp) -> Option<Timestamp> {
    match &cleanup.expire_before_relative {
        Some(age) => now.checked_sub(age.length()).ok(),
        None => cleanup.expire_before,
    }
}

fn clean(folder: &Path, cleanup: &OutputCleanup, cutoff: SystemTime) -> u64 {
    match is_as_named(folder) {
        Ok(true) => {}
        Ok(false) => {
            // Before the first chart the folder is not there.
            debug!("nothing deleted in {}: there is no such folder", folder.display());
            return 0;
        }
        Err(why) => {
            warn!("nothing deleted in {}: {why}", folder.display());
            return 0;
        }
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            warn!("nothing deleted in {}: {error}", folder.display());
            return 0;
        }
    };
    let expired = entries.flatten().filter(|entry| is_expired(entry, cleanup, cutoff));
    let mut deleted = 0;
    for entry in expired {
        match fs::remove_file(entry.path()) {
            Ok(()) => deleted += 1,
            Err(error) => warn!("deleting {} failed: {error}", entry.path().display()),
        }
    }
    if deleted > 0 {
        debug!("deleted {deleted} old files in {}", folder.display());
    }
    deleted
}

/// Whether the folder is there, and is the one that its path seems to name.
///
/// # Errors
/// What makes it another one, or why that cannot be told.
pub(crate) fn is_as_named(folder: &Path) -> Result<bool, String> {
    if folder.components().any(|component| component == Component::ParentDir) {
        return Err("a path with .. may mean another folder than it seems".to_owned());
    }
    for step in folder.ancestors().filter(|step| !step.as_os_str().is_empty()) {
        match step.symlink_metadata() {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => {
                return Err(format!("{} is a link or a file, expected a folder; name the real one", step.display()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(format!("looking at {} failed: {error}", step.display())),
        }
    }
    Ok(true)
}

fn is_expired(entry: &DirEntry, cleanup: &OutputCleanup, cutoff: SystemTime) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy().to_lowercase();
    let is_listed = cleanup.extensions.iter().any(|extension| {
        let extension = extension.trim_start_matches('.').to_lowercase();
        name.rsplit_once('.').is_some_and(|(stem, found)| !stem.is_empty() && found == extension)
    });
    // `DirEntry::metadata` does not follow links.
    let metadata = entry.metadata().ok().filter(|metadata| is_listed && metadata.is_file());
    metadata.and_then(|metadata| metadata.modified().ok()).is_some_and(|modified| modified < cutoff)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use std::fs::File;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    const CUTOFF: &str = "2026-01-02T00:00:00Z";

    fn file(path: &Path, modified: &str) {
        let at: Timestamp = modified.parse().unwrap();
        File::create(path).unwrap().set_modified(at.into()).unwrap();
    }

    fn cleanup(paths: Vec<PathBuf>) -> Orchestrator {
        let output_cleanup = OutputCleanup {
            enabled: true,
            expire_before: Some(CUTOFF.parse().unwrap()),
            paths,
            ..OutputCleanup::default()
        };
        Orchestrator { output_cleanup, ..Orchestrator::default() }
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn only_listed_kinds_strictly_older_than_the_cut_off_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for (name, modified) in [
            ("old.png", "2026-01-01T23:59:59.999Z"),
            ("old.PNG", "2026-01-01T00:00:00Z"),
            ("exact.png", CUTOFF),
            ("new.png", "2026-01-03T00:00:00Z"),
            ("old.csv", "2026-01-01T00:00:00Z"),
            ("old.png.bak", "2026-01-01T00:00:00Z"),
            (".png", "2026-01-01T00:00:00Z"),
            ("png", "2026-01-01T00:00:00Z"),
        ] {
            file(&path(name), modified);
        }
        fs::create_dir(path("folder.png")).unwrap();
        file(&path("folder.png").join("inner.png"), "2026-01-01T00:00:00Z");
        assert_eq!(run(&cleanup(vec![folder.path().to_path_buf()]), Timestamp::MAX), 2);
        let left = [".png", "exact.png", "folder.png", "new.png", "old.csv", "old.png.bak", "png"];
        assert_eq!(names(folder.path()), left);
        assert_eq!(names(&path("folder.png")), ["inner.png"]);
    }

    #[test]
    fn links_and_paths_that_lead_elsewhere_are_left_alone() {
        let (listed, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let kept = other.path().join("kept.png");
        file(&kept, "2026-01-01T00:00:00Z");
        symlink(&kept, listed.path().join("link.png")).unwrap();
        let alias = listed.path().join("alias");
        symlink(other.path(), &alias).unwrap();
        let dotted = listed.path().join("..").join(other.path().file_name().unwrap());
        let inner = other.path().join("inner");
        fs::create_dir(&inner).unwrap();
        file(&inner.join("deep.png"), "2026-01-01T00:00:00Z");
        let through = alias.join("inner");
        let paths = vec![listed.path().to_path_buf(), alias, through, dotted, listed.path().join("missing")];
        assert_eq!(run(&cleanup(paths), Timestamp::MAX), 0);
        assert_eq!(names(listed.path()), ["alias", "link.png"]);
        assert_eq!(
            (names(other.path()), names(&inner)),
            (vec!["inner".into(), "kept.png".into()], vec!["deep.png".into()])
        );
    }

    #[test]
    fn a_relative_cut_off_counts_from_now_and_wins() {
        let folder = tempfile::tempdir().unwrap();
        file(&folder.path().join("a.png"), "2026-01-01T00:00:00Z");
        let mut orchestrator = cleanup(vec![folder.path().to_path_buf()]);
        orchestrator.output_cleanup.expire_before_relative = Some("7d".parse().unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(run(&orchestrator, at("2026-01-08T00:00:00Z")), 0); // exactly 7 days old
        assert_eq!(run(&orchestrator, at("2026-01-08T00:00:01Z")), 1);
        orchestrator.output_cleanup.enabled = false;
        file(&folder.path().join("b.png"), "2026-01-01T00:00:00Z");
        assert_eq!(run(&orchestrator, at("2026-02-08T00:00:00Z")), 0);
    }
}
