//! Which old files go? Those of the listed kinds in the listed folders, and nothing else.
//!
//! Start at [`delete_old`]. A folder or file that is a symbolic link is left alone, and so is a folder inside a listed
//! one: what somebody linked or keeps there is not ours to delete.

use std::fs::{self, DirEntry};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use jiff::Timestamp;
use tracing::{debug, warn};

/// Deletes files in `folders` that have one of the `extensions`, upper and lower case alike, and were last changed
/// before `cutoff`; returns how many those were. What cannot be deleted is logged and stays.
pub fn delete_old(folders: &[PathBuf], extensions: &[String], cutoff: Timestamp) -> u64 {
    folders.iter().map(|folder| clean(folder, extensions, cutoff.into())).sum()
}

fn clean(folder: &Path, extensions: &[String], cutoff: SystemTime) -> u64 {
    match is_as_named(folder) {
        Ok(true) => {}
        Ok(false) => {
            // Before the first file the folder is not there.
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
    let expired = entries.flatten().filter(|entry| is_expired(entry, extensions, cutoff));
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

/// The folder that a file is in.
pub fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// The path with `suffix` behind its name.
pub(crate) fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(suffix);
    path.into()
}

fn is_expired(entry: &DirEntry, extensions: &[String], cutoff: SystemTime) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy().to_lowercase();
    let is_listed = extensions.iter().any(|extension| {
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

    use super::*;

    const CUTOFF: &str = "2026-01-02T00:00:00Z";

    fn file(path: &Path, modified: &str) {
        let at: Timestamp = modified.parse().unwrap();
        File::create(path).unwrap().set_modified(at.into()).unwrap();
    }

    fn delete_old_images(folders: &[PathBuf]) -> u64 {
        delete_old(folders, &[".png".to_owned()], CUTOFF.parse().unwrap())
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
        assert_eq!(delete_old_images(&[folder.path().to_path_buf()]), 2);
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
        let folders = [listed.path().to_path_buf(), alias, through, dotted, listed.path().join("missing")];
        assert_eq!(delete_old_images(&folders), 0);
        assert_eq!(names(listed.path()), ["alias", "link.png"]);
        assert_eq!(
            (names(other.path()), names(&inner)),
            (vec!["inner".into(), "kept.png".into()], vec!["deep.png".into()])
        );
    }
}
