//! Is each example table the one that was derived last, byte for byte?
//!
//! [`list`] is what the deriving run leaves beside the tables; [`faults`] says where the folder is another. The list is
//! in the format of `sha256sum -c`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

use super::folder::file_names;
use crate::sha256::sha256;

pub(super) const FILE: &str = "SHA256SUMS";
/// Written by hand, so not in the list.
const BY_HAND: [&str; 2] = ["NOTICE", "README.md"];

/// One line per table: its SHA-256, two spaces, its name.
pub(super) fn list(tables: &BTreeMap<String, String>) -> String {
    tables.iter().map(|(name, contents)| format!("{}  {name}\n", sha256(contents.as_bytes()))).collect()
}

/// One sentence per file that is missing, changed or not listed.
pub(super) fn faults(folder: &Path) -> anyhow::Result<Vec<String>> {
    let path = folder.join(FILE);
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let mut listed = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (sum, name) = line.split_once("  ").with_context(|| {
            format!("{}:{number}: {line:?}, expected a SHA-256, two spaces and a name", path.display())
        })?;
        listed.insert(name, sum);
    }
    let present = file_names(folder)?;
    let is_known = |name: &str| name == FILE || BY_HAND.contains(&name) || listed.contains_key(name);
    let mut found: Vec<String> = present
        .iter()
        .filter(|name| !is_known(name.as_str()))
        .map(|name| format!("{name}: not listed in {FILE}"))
        .collect();
    for (name, sum) in listed {
        if !present.iter().any(|known| known == name) {
            found.push(format!("{name}: listed in {FILE}, but missing"));
            continue;
        }
        let contents = fs::read(folder.join(name)).with_context(|| format!("reading {name}"))?;
        if sha256(&contents) != sum {
            found.push(format!("{name}: its SHA-256 is not the one in {FILE}"));
        }
    }
    Ok(found)
}
