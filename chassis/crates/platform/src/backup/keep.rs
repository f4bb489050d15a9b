//! Which old backups go? Those that bear a default name whose time is before the cut-off, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::second::{TIME, free_second};
use crate::files;

const SUFFIX: &str = ".tar.gz";

/// The name of a backup that `program` makes at `now`.
fn name(program: &str, now: Timestamp) -> String {
    format!("{program}-{}{SUFFIX}", now.strftime(TIME))
}

/// Where a backup that `program` makes at `now` goes; where others were made in the same second, under the next one
/// that is free.
pub(super) fn free_path(folder: &Path, program: &str, now: Timestamp) -> PathBuf {
    let path = |at| folder.join(name(program, at));
    path(free_second(now, |at| path(at).symlink_metadata().is_err()))
}

/// When `program` made the backup of that name; `None` for any other file.
fn made_at(program: &str, name: &str) -> Option<Timestamp> {
    let time = name.strip_prefix(program)?.strip_prefix('-')?.strip_suffix(SUFFIX)?;
    let at = DateTime::strptime(TIME, time).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp();
    // Only as it is written here: the parser forgives some variants.
    (self::name(program, at) == name).then_some(at)
}

/// Deletes backups of `program` in `folder` that are older than `age`, but never the newest; returns how many those
/// were.
///
/// Links and folders with such a name stay, and so does everything where the way to `folder` leads through a link.
///
/// # Errors
/// What could not be looked at or deleted; the others are deleted all the same.
pub(super) fn delete_older(folder: &Path, program: &str, age: SignedDuration, now: Timestamp) -> anyhow::Result<usize> {
    let is_there = files::is_as_named(folder).map_err(|why| anyhow!(why))?;
    ensure!(is_there, "there is no such folder");
    let mut backups: Vec<(Timestamp, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        // `file_type` does not follow links.
        let made_at = name.to_str().and_then(|name| made_at(program, name));
        if let Some(at) = made_at.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            backups.push((at, entry.path()));
        }
    }
    backups.sort();
    backups.pop();
    let cutoff = now.checked_sub(age)?;
    let old = backups.into_iter().filter(|(at, _)| *at < cutoff);
    let outcomes: Vec<_> = old
        .map(|(_, path)| fs::remove_file(&path).with_context(|| format!("deleting {} failed", path.display())))
        .collect();
    let deleted = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
    outcomes.into_iter().collect::<anyhow::Result<()>>().map(|()| deleted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn backups_of_one_second_have_names_of_their_own() {
        let folder = folder_with(&["service-20261121T020059Z.tar.gz"]);
        let now = "2026-11-21T02:00:59.7Z".parse().unwrap();
        let expected = folder.path().join("service-20261121T020100Z.tar.gz");
        assert_eq!(free_path(folder.path(), "service", now), expected);
    }

    fn folder_with(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            fs::write(folder.path().join(name), "").unwrap();
        }
        folder
    }

    /// What is left after everything older than a day before noon of 10 January was deleted.
    #[track_caller]
    fn left(folder: &Path, expected: &[&str]) {
        let now = "2026-01-10T12:00:00Z".parse().unwrap();
        let before = fs::read_dir(folder).unwrap().count();
        let deleted = delete_older(folder, "service", SignedDuration::from_hours(24), now).unwrap();
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        assert_eq!(
            (names.iter().map(String::as_str).collect::<Vec<_>>(), deleted),
            (expected.to_vec(), before - names.len())
        );
    }

    #[test]
    fn only_backups_by_name_strictly_before_the_cut_off_go() {
        let stay = [
            "service-20260109T120000Z.tar.gz", // the cut-off itself
            "service-20260110T020000Z.tar.gz",
            "service-2026010T0200000Z.tar.gz",
            "service-20260101T020000Z.tar.gz.partial",
            "service-20260101T020000z.tar.gz",
            "service-20261301T020000Z.tar.gz", // no such month
            "service-before-upgrade.tar.gz",
            "other-20260101T020000Z.tar.gz",
        ];
        let go = ["service-20260109T115959Z.tar.gz", "service-20250101T000000Z.tar.gz"];
        let folder = folder_with(&[&stay[..], &go[..]].concat());
        let mut stay = stay;
        stay.sort_unstable();
        left(folder.path(), &stay);
    }

    #[test]
    fn the_newest_stays_however_old_it_is() {
        let newest = "service-20250102T000000Z.tar.gz";
        let folder = folder_with(&[newest, "service-20250101T000000Z.tar.gz"]);
        left(folder.path(), &[newest]);
        left(folder.path(), &[newest]);
    }

    #[test]
    fn links_and_folders_stay_and_no_link_is_followed() {
        let (link, subfolder) = ("service-20250101T000000Z.tar.gz", "service-20250102T000000Z.tar.gz");
        let newest = "service-20260110T000000Z.tar.gz";
        let folder = folder_with(&[newest, "elsewhere"]);
        symlink(folder.path().join("elsewhere"), folder.path().join(link)).unwrap();
        fs::create_dir(folder.path().join(subfolder)).unwrap();
        left(folder.path(), &["elsewhere", link, subfolder, newest]);

        let to_folder = folder.path().join("linked");
        symlink(folder.path(), &to_folder).unwrap();
        let age = SignedDuration::from_hours(1);
        let now = Timestamp::now();
        let error = delete_older(&to_folder, "service", age, now).unwrap_err().to_string();
        assert!(error.contains("linked is a link or a file"), "{error}");
        let error =
            delete_older(&folder.path().join(subfolder).join(".."), "service", age, now).unwrap_err().to_string();
        assert!(error.contains("a path with .."), "{error}");
        let error = delete_older(&folder.path().join("gone"), "service", age, now).unwrap_err().to_string();
        assert_eq!(error, "there is no such folder");
        let error = delete_older(&folder.path().join("n".repeat(300)), "service", age, now).unwrap_err().to_string();
        assert!(error.ends_with("n failed: File name too long (os error 36)"), "{error}");
    }
}
