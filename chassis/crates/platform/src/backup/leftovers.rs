//! What did backups and restores leave that were killed?

use std::fs;
use std::path::{Path, PathBuf};

/// How the names of what a backup writes begin until it is whole.
pub(super) const BACKUP: &str = ".backup-";
/// The same of a restore.
pub(super) const RESTORE: &str = ".restore-";

/// In the folders, what a killed backup or restore has left, or one that is running now has, and what else begins with
/// `also`; a folder that cannot be read shows nothing.
#[must_use]
pub fn leftovers(folders: &[&Path], also: &str) -> Vec<PathBuf> {
    let entries = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let is_left = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        [BACKUP, RESTORE, also].iter().any(|prefix| name.starts_with(prefix.as_bytes()))
    };
    let mut left: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_left).collect();
    left.sort_unstable();
    left.dedup();
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_and_folders_of_both_commands_are_found_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".backup-a", ".restore-b"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        for name in [".backup-c", "backup-d", ".other-e", "store.db"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = leftovers(&[folder.path(), folder.path(), Path::new("/nowhere")], ".other-");
        assert_eq!(found, [".backup-a", ".backup-c", ".other-e", ".restore-b"].map(|name| folder.path().join(name)));
    }
}
