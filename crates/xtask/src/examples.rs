//! Where do the example tables come from?
//!
//! Start at [`run`]. Real daily prices and yields (`data/liqwid-market-history`, read by [`history`]) carry the wallets
//! and flows of [`plan`], which are ours, day by day ([`mod@derive`]). The same inputs give the same bytes, so
//! the committed files can be compared with what this command would write.

mod derive;
mod history;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

/// Writes `examples/liqwid`, or with `check` compares what is there.
pub(crate) fn run(root: &Path, check: bool) -> anyhow::Result<()> {
    let folder = root.join("examples/liqwid");
    let tables = all_tables(&root.join("data/liqwid-market-history"))?;
    if check {
        let differences = differences(&folder, &tables)?;
        if !differences.is_empty() {
            bail!("examples/liqwid is not what `cargo xtask examples` writes:\n  {}", differences.join("\n  "));
        }
        println!("examples/liqwid: {} tables are up to date", tables.len());
    } else {
        write(&folder, &tables)?;
        println!("examples/liqwid: {} tables written", tables.len());
    }
    Ok(())
}

/// Every table as (file name, contents).
fn all_tables(history: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut tables = BTreeMap::new();
    for asset in plan::ASSETS {
        let days = history::read(&history.join(format!("{}.csv", asset.name)))?;
        tables.extend(derive::tables(asset, &days).with_context(|| format!("deriving the tables of {}", asset.name))?);
    }
    Ok(tables)
}

fn write(folder: &Path, tables: &BTreeMap<String, String>) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    for name in csv_files(folder)?.iter().filter(|name| !tables.contains_key(*name)) {
        fs::remove_file(folder.join(name)).with_context(|| format!("removing the stale table {name}"))?;
    }
    for (name, contents) in tables {
        fs::write(folder.join(name), contents).with_context(|| format!("writing {name}"))?;
    }
    Ok(())
}

/// One sentence per file that is missing, left over, or has a differing line.
fn differences(folder: &Path, tables: &BTreeMap<String, String>) -> anyhow::Result<Vec<String>> {
    let present = csv_files(folder)?;
    let mut found: Vec<String> =
        present.iter().filter(|name| !tables.contains_key(*name)).map(|name| format!("{name}: left over")).collect();
    for (name, expected) in tables {
        if !present.contains(name) {
            found.push(format!("{name}: missing"));
            continue;
        }
        let committed = fs::read_to_string(folder.join(name)).with_context(|| format!("reading {name}"))?;
        if committed != *expected {
            let same = committed.lines().zip(expected.lines()).take_while(|(a, b)| a == b).count();
            found.push(format!("{name}: differs from line {} on", same + 1));
        }
    }
    Ok(found)
}

fn csv_files(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".csv") {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
