//! Which files of a folder are meant, where somebody names the folder?

use std::io;
use std::path::{Path, PathBuf};

use crate::bar_file::{FileName, Kind, stem};

/// The files of a path that somebody named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BarFiles {
    /// Those to be read, in the order of their names.
    pub files: Vec<PathBuf>,
    /// Of a folder all others but hidden ones: those that are no CSV, and those that hold trades or tickers by their
    /// names.
    pub passed_over: Vec<PathBuf>,
}

/// A file is itself, whatever it is called. Of a folder it is each `.csv` and `.csv.gz` that is in it; what is in
/// folders of it is not looked at, nor what begins with a point.
///
/// # Errors
/// The path cannot be read.
pub fn bar_files(path: &Path) -> io::Result<BarFiles> {
    if !path.metadata()?.is_dir() {
        return Ok(BarFiles { files: vec![path.to_path_buf()], passed_over: Vec::new() });
    }
    let mut found = BarFiles::default();
    for entry in path.read_dir()? {
        let path = entry?.path();
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if is_hidden || !path.is_file() {
            continue;
        }
        let kind = FileName::parse(&path).map(|name| name.kind);
        let is_read = stem(&path).is_some() && !matches!(kind, Some(Kind::Trades | Kind::Tickers));
        if is_read { &mut found.files } else { &mut found.passed_over }.push(path);
    }
    found.files.sort_unstable();
    found.passed_over.sort_unstable();
    Ok(found)
}
