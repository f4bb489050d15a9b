//! Where do the example tables come from, and are they still what they were?
//!
//! Start at [`run`]. Real daily prices and yields (a folder outside the repository, read by [`history`]) carry the
//! wallets and flows of [`plan`], which are ours, day by day ([`mod@derive`]). The same inputs give the same bytes, so
//! the committed files can be compared with what this command would write. Where the histories are not at hand, as in
//! CI, the committed files are held to their [`checksums`] and to the plan and themselves ([`accounts`]).

mod accounts;
mod checksums;
mod derive;
mod folder;
mod history;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use folder::{Tables, committed, csv_files, first_difference};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail when the committed tables are not right
    #[arg(long)]
    check: bool,
    /// The folder of the market histories, usdc.csv and so on; examples/liqwid/README.md says what they are
    #[arg(long, value_name = "FOLDER")]
    history: Option<PathBuf>,
}

/// Writes `examples/liqwid` from the histories, or with `check` compares what is there: with what it would write, or
/// where no histories are given, with its checksums and itself.
pub(crate) fn run(root: &Path, Options { check, history }: &Options) -> anyhow::Result<()> {
    let folder = root.join("examples/liqwid");
    match (check, history) {
        (false, None) => bail!(
            "the market histories that the examples are derived from are not in the repository: pass their folder with \
             --history FOLDER, or --check to check the committed tables without them"
        ),
        (false, Some(history)) => {
            let tables = all_tables(history)?;
            write(&folder, &tables)?;
            println!("examples/liqwid: {} tables written", tables.len());
        }
        (true, Some(history)) => {
            let tables = all_tables(history)?;
            report(differences(&folder, &tables)?, "examples/liqwid is not what `cargo xtask examples` writes")?;
            println!("examples/liqwid: {} tables are up to date", tables.len());
        }
        (true, None) => {
            let tables = committed(&folder)?;
            let found = [checksums::faults(&folder)?, accounts::faults(&tables)].concat();
            report(found, "examples/liqwid is not what `cargo xtask examples` wrote")?;
            println!("examples/liqwid: {} tables have their checksums and add up", tables.len());
        }
    }
    Ok(())
}

fn report(faults: Vec<String>, summary: &str) -> anyhow::Result<()> {
    if faults.is_empty() { Ok(()) } else { bail!("{summary}:\n  {}", faults.join("\n  ")) }
}

/// Every table as (file name, contents).
fn all_tables(history: &Path) -> anyhow::Result<Tables> {
    let mut tables = BTreeMap::new();
    for asset in plan::ASSETS {
        let days = history::read(&history.join(format!("{}.csv", asset.name)))?;
        tables.extend(derive::tables(asset, &days).with_context(|| format!("deriving the tables of {}", asset.name))?);
    }
    Ok(tables)
}

fn write(folder: &Path, tables: &Tables) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    for name in csv_files(folder)?.iter().filter(|name| !tables.contains_key(*name)) {
        fs::remove_file(folder.join(name)).with_context(|| format!("removing the stale table {name}"))?;
    }
    for (name, contents) in tables {
        fs::write(folder.join(name), contents).with_context(|| format!("writing {name}"))?;
    }
    let path = folder.join(checksums::FILE);
    fs::write(&path, checksums::list(tables)).with_context(|| format!("writing {}", path.display()))
}

/// One sentence per file that is missing, left over, or has a differing line; the list of checksums is one of them.
fn differences(folder: &Path, tables: &Tables) -> anyhow::Result<Vec<String>> {
    let present = csv_files(folder)?;
    let list = (checksums::FILE.to_owned(), checksums::list(tables));
    let mut found: Vec<String> =
        present.iter().filter(|name| !tables.contains_key(*name)).map(|name| format!("{name}: left over")).collect();
    for (name, expected) in tables.iter().chain([(&list.0, &list.1)]) {
        if !folder.join(name).exists() {
            found.push(format!("{name}: missing"));
            continue;
        }
        let committed = fs::read_to_string(folder.join(name)).with_context(|| format!("reading {name}"))?;
        let fault = first_difference(&committed, expected);
        found.extend(fault.map(|line| format!("{name}: differs from line {line} on")));
    }
    Ok(found)
}
