//! What is in the folder of the tables, and where do two of them part?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Contents by file name.
pub(super) type Tables = BTreeMap<String, String>;

/// Every table that is there.
pub(super) fn committed(folder: &Path) -> anyhow::Result<Tables> {
    let read = |name: String| {
        let contents = fs::read_to_string(folder.join(&name)).with_context(|| format!("reading {name}"))?;
        Ok((name, contents))
    };
    csv_files(folder)?.into_iter().map(read).collect()
}

/// The number of the first line that is not the same in both.
pub(super) fn first_difference(found: &str, expected: &str) -> Option<usize> {
    let same = || found.lines().zip(expected.lines()).take_while(|(a, b)| a == b).count();
    (found != expected).then(|| same() + 1)
}

pub(super) fn csv_files(folder: &Path) -> anyhow::Result<Vec<String>> {
    Ok(file_names(folder)?.into_iter().filter(|name| name.ends_with(".csv")).collect())
}

pub(super) fn file_names(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
