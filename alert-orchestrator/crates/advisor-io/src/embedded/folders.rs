//! Which files of a folder are to be imported, and what are they known by?

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use advisor_core::refused::LeftOutFile;
use advisor_core::resolve::{TablePrefixes, coin_names, names_market};
use advisor_core::store::{Market, StoreError, TableKind};
use rusqlite::Connection;

use super::access::{Trouble, find};
use super::misnamed::Misnamed;
use super::names::{self, Target};
use super::report::{ImportError, ImportReport};
use super::store::Embedded;
use super::{files, read};

/// Why nothing is taken of a file in a folder of the folder.
pub const BELOW: &str = "folders in a folder are not looked into; move the file, or name its folder, too";

/// What a folder holds.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Files that are named after a table, in the order in which they are to be read.
    pub(super) files: Vec<(Target, PathBuf)>,
    /// Files that look as if they were meant to be.
    pub(super) unnamed: Vec<(PathBuf, Misnamed)>,
    /// Those that would be files or unnamed, were they not in folders of the folder.
    pub(super) below: Vec<PathBuf>,
}

impl Embedded {
    /// Of the files that an import found those from which no one of the `assets` takes its rows: neither is it the one in
    /// their name, nor that of the market that the positions of that name say they are of.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn unclaimed(
        &self,
        report: &ImportReport,
        prefixes: &TablePrefixes,
        assets: &[String],
    ) -> Result<Vec<PathBuf>, StoreError> {
        let named: BTreeSet<String> = assets.iter().flat_map(|asset| coin_names(asset)).collect();
        let unclaimed = |connection: &Connection| -> rusqlite::Result<Vec<PathBuf>> {
            let mut unclaimed = Vec::new();
            for (path, asset) in report.found.iter().filter(|(_, asset)| !named.contains(asset)) {
                let table = files::stored_name(connection, &format!("{}{asset}", prefixes.positions))?;
                let market = match find(connection, &table, TableKind::Positions) {
                    Ok(table) => read::market(connection, table)?,
                    Err(Trouble::Store(error)) => return Err(error),
                    Err(Trouble::NoTable | Trouble::Table(_)) => Market::default(),
                };
                if !assets.iter().any(|asset| names_market(&market, asset)) {
                    unclaimed.push(path.clone());
                }
            }
            Ok(unclaimed)
        };
        self.shared.file.with_connection(unclaimed).map_err(|error| self.unavailable(&error))
    }
}

/// The one file at `path`.
pub(super) fn file_at(path: &Path, prefixes: &TablePrefixes) -> Result<Found, ImportError> {
    let error = || ImportError::Name { path: path.into(), why: Misnamed::of_any(prefixes, path) };
    let file = (names::target(prefixes, path).ok_or_else(error)?, path.into());
    Ok(Found { files: vec![file], ..Found::default() })
}

/// The files of the folder.
pub(super) fn files_of(folder: &Path, prefixes: &TablePrefixes) -> Result<Found, ImportError> {
    let failed = |source| path_error(folder, source);
    let Found { mut files, mut unnamed, mut below } = Found::default();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        if path.is_dir() {
            if is_looked_into(&entry) {
                add_below(&path, prefixes, &mut below);
            }
            continue;
        }
        match names::target(prefixes, &path) {
            Some(target) => files.push((target, path)),
            None => unnamed.extend(Misnamed::of(prefixes, &path).map(|why| (path, why))),
        }
    }
    files.sort_unstable();
    unnamed.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    below.sort_unstable();
    Ok(Found { files, unnamed, below })
}

/// Files that are not read for their names or places, as an evaluation may name them.
pub(super) fn left_out(unnamed: &[(PathBuf, Misnamed)], below: &[PathBuf], folders: &[PathBuf]) -> Vec<LeftOutFile> {
    let file = |path: &Path, shown: String, why: String| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        LeftOutFile { name, shown, why }
    };
    let unnamed = unnamed.iter().map(|(path, why)| file(path, legible::path(path), why.to_string()));
    let below = below.iter().map(|path| {
        // Of an absolute path what is below the folder, which says where it lies.
        let rest = folders.iter().find_map(|folder| path.strip_prefix(folder).ok()).filter(|_| path.is_absolute());
        file(path, legible::path(rest.unwrap_or(path)), BELOW.to_owned())
    });
    unnamed.chain(below).collect()
}

/// Not hidden ones: Kubernetes keeps what a volume's links lead to in such. Nor links, which may lead in a circle.
fn is_looked_into(entry: &fs::DirEntry) -> bool {
    let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
    !is_hidden && entry.file_type().is_ok_and(|kind| kind.is_dir())
}

/// A folder below that cannot be read is nobody's fault here.
fn add_below(folder: &Path, prefixes: &TablePrefixes, below: &mut Vec<PathBuf>) {
    let seems_meant = |path: &Path| names::target(prefixes, path).is_some() || Misnamed::of(prefixes, path).is_some();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if is_looked_into(&entry) {
                folders.push(entry.path());
            } else if seems_meant(&entry.path()) && entry.path().is_file() {
                below.push(entry.path());
            }
        }
    }
}

/// The text a file is known by: its folder without links, and its name, which may be a link that is exchanged for every
/// new version (as Kubernetes does).
pub(super) fn identity(path: &Path) -> Result<String, ImportError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = folder.canonicalize().map_err(|source| path_error(folder, source))?;
    let whole = folder.join(path.file_name().unwrap_or_default());
    // As it was named: what is everybody's to read has no further folders of the machine.
    whole.into_os_string().into_string().map_err(|_| ImportError::NotUtf8 { path: path.into() })
}

pub(super) fn path_error(path: &Path, source: io::Error) -> ImportError {
    ImportError::Path { path: path.into(), source }
}
