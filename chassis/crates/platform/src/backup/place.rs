//! Files put where others were: all of them or none, and what they replace is kept.
//!
//! Start at [`Placement::stage`], which writes beside the place and touches nothing; [`all`] swaps the files in. Each
//! takes one renaming: whoever looks at the path meanwhile finds the old file or the new one.

use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, fchown};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail, ensure};
use rustix::process::geteuid;
use tempfile::NamedTempFile;

use super::leftovers;
use crate::files::{folder_of, suffixed};

/// A file that is ready to be put in its place.
pub(super) struct Placement {
    path: PathBuf,
    staged: NamedTempFile,
    /// What stands behind its name in those of the files that go with it: a store would take what lies beside the
    /// replaced one for its own.
    companions: &'static [&'static str],
}

/// What became of a place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) path: PathBuf,
    /// What was there, and beside it, with its new name.
    pub(super) kept: Vec<(PathBuf, PathBuf)>,
}

/// The file that `path` names.
///
/// It is no link, and no link on the way to it is somebody else's: whoever may write in one of the folders, as the
/// service in that of its data, could have root write anywhere.
pub(super) fn resolve(path: &Path) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let near = nearest(&path);
    let real = near.canonicalize().with_context(|| format!("following {} failed", near.display()))?;
    check_way(near)?;
    if let Ok(found) = path.symlink_metadata() {
        let is_link = found.is_symlink();
        ensure!(
            !is_link,
            "{} is a link, through which nothing is restored; put the file itself there, or name it itself",
            path.display()
        );
        ensure!(found.is_file(), "{} is no file, expected one, or nothing", path.display());
    }
    Ok(real.join(path.strip_prefix(near)?))
}

fn check_way(folder: &Path) -> anyhow::Result<()> {
    for step in folder.ancestors() {
        let found = step.symlink_metadata()?;
        if !found.is_symlink() {
            continue;
        }
        let (owner, own) = (found.uid(), geteuid());
        ensure!(
            owner == 0 || owner == own.as_raw(),
            "{} is a link of user {owner}, expected one of root or user {own}; put the folder itself there",
            step.display()
        );
        check_way(&folder_of(step).join(fs::read_link(step)?))?;
    }
    Ok(())
}

impl Placement {
    /// An empty file for `path`, on the same file system, with mode and owner of the one that is there. Where none is,
    /// the owner is the folder's, and the mode `mode`: what root restores must be readable for the service.
    pub(super) fn stage(path: PathBuf, mode: u32, companions: &'static [&'static str]) -> anyhow::Result<Self> {
        let near = nearest(&path);
        let stage = || -> io::Result<NamedTempFile> {
            let staged = tempfile::Builder::new().prefix(leftovers::RESTORE).tempfile_in(near)?;
            let (like, mode) = match fs::metadata(&path) {
                Ok(there) => (there.clone(), there.mode() & 0o777),
                Err(_) => (fs::metadata(near)?, mode),
            };
            own_like(staged.as_file(), &like);
            staged.as_file().set_permissions(Permissions::from_mode(mode))?;
            Ok(staged)
        };
        let staged = stage().with_context(|| format!("making a file in {} failed", near.display()))?;
        Ok(Self { path, staged, companions })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file is until it is put in its place.
    pub(super) fn staged(&mut self) -> &mut File {
        self.staged.as_file_mut()
    }

    pub(super) fn staged_path(&self) -> &Path {
        self.staged.path()
    }
}

/// The innermost folder that exists of those that `path` lies in.
fn nearest(path: &Path) -> &Path {
    path.ancestors().skip(1).find(|folder| folder.is_dir()).unwrap_or(Path::new("/"))
}

/// Only root may give files away; whoever else restores owns what he restores.
fn own_like(file: &File, like: &Metadata) {
    if fchown(file, Some(like.uid()), Some(like.gid())).is_err() {
        let _as_it_is = fchown(file, None, Some(like.gid()));
    }
}

/// Puts every file in its place, in this order. `suffix` goes behind the names of what is replaced.
///
/// # Errors
/// Why one cannot be put there. Everything is as it was then, unless the text says otherwise.
pub(super) fn all(placements: Vec<Placement>, suffix: &str) -> anyhow::Result<Vec<Placed>> {
    let mut undo = Vec::new();
    let error = match each(placements, suffix, &mut undo) {
        Ok(placed) => return Ok(placed),
        Err(error) => error,
    };
    let left: Vec<String> = undo.into_iter().rev().filter_map(|step| step.take_back().err()).collect();
    if left.is_empty() {
        return Err(error.context("everything is as it was"));
    }
    Err(error.context(format!("putting back what had been replaced failed, too; do by hand: {}", left.join("; "))))
}

fn each(placements: Vec<Placement>, suffix: &str, undo: &mut Vec<Undo>) -> anyhow::Result<Vec<Placed>> {
    for placement in &placements {
        let sync = placement.staged.as_file().sync_all();
        sync.with_context(|| format!("bringing {} to the disk failed", placement.staged.path().display()))?;
    }
    placements.into_iter().map(|placement| put(placement, suffix, undo)).collect()
}

/// How a step is undone.
enum Undo {
    RemoveFolder(PathBuf),
    Remove(PathBuf),
    PutBack { kept: PathBuf, path: PathBuf },
}

impl Undo {
    /// # Errors
    /// What is left to do.
    fn take_back(self) -> Result<(), String> {
        match self {
            Self::RemoveFolder(path) => fs::remove_dir(&path).map_err(|error| format!("rmdir {path:?} ({error})")),
            Self::Remove(path) => fs::remove_file(&path).map_err(|error| format!("rm {path:?} ({error})")),
            Self::PutBack { kept, path } => {
                fs::rename(&kept, &path).map_err(|error| format!("mv {kept:?} {path:?} ({error})"))?;
                // Renaming one of two names of a file to the other leaves both.
                let _renamed = fs::remove_file(&kept);
                Ok(())
            }
        }
    }
}

fn put(placement: Placement, suffix: &str, undo: &mut Vec<Undo>) -> anyhow::Result<Placed> {
    let Placement { path, staged, companions } = placement;
    let folder = folder_of(&path);
    make_folders(folder, undo).with_context(|| format!("making the folder {} failed", folder.display()))?;
    let kept_path = suffixed(&path, suffix);
    let mut kept = Vec::new();
    let was_there = path.symlink_metadata().is_ok();
    if was_there {
        keep(&path, &kept_path).with_context(|| format!("keeping {} failed", path.display()))?;
        undo.push(Undo::PutBack { kept: kept_path.clone(), path: path.clone() });
        kept.push((path.clone(), kept_path.clone()));
    }
    for companion in companions {
        let [beside, kept_beside] = [&path, &kept_path].map(|file| suffixed(file, companion));
        if beside.symlink_metadata().is_err() {
            continue;
        }
        ensure!(kept_beside.symlink_metadata().is_err(), "{} exists", kept_beside.display());
        fs::rename(&beside, &kept_beside).with_context(|| format!("keeping {} failed", beside.display()))?;
        undo.push(Undo::PutBack { kept: kept_beside.clone(), path: beside.clone() });
        kept.push((beside, kept_beside));
    }
    staged
        .persist(&path)
        .map_err(|failed| anyhow!("putting {} in its place failed: {}", path.display(), failed.error))?;
    if !was_there {
        undo.push(Undo::Remove(path.clone()));
    }
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .with_context(|| format!("syncing {} failed", folder.display()))?;
    Ok(Placed { path, kept })
}

/// A second name for the file: the first leads to it until it leads to the new one. Where a file can have one name
/// only, it is renamed.
fn keep(path: &Path, kept: &Path) -> anyhow::Result<()> {
    match fs::hard_link(path, kept) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => bail!("{} exists", kept.display()),
        Err(_) => Ok(fs::rename(path, kept)?),
    }
}

fn make_folders(folder: &Path, undo: &mut Vec<Undo>) -> io::Result<()> {
    let mut missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.is_dir()).collect();
    while let Some(folder) = missing.pop() {
        let like = fs::metadata(folder_of(folder))?;
        fs::DirBuilder::new().mode(0o750).create(folder)?;
        undo.push(Undo::RemoveFolder(folder.to_path_buf()));
        own_like(&File::open(folder)?, &like);
    }
    Ok(())
}
