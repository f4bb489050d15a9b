//! The `forget` command: takes the rows of a file out of the embedded store, after asking.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use advisor_io::embedded::HeldFile;
use anyhow::bail;
use platform::files::folder_of;
use platform::process::Ended;

use super::confirm::confirm;
use crate::cli::{Common, ForgetArgs};
use crate::config::{Config, Store};
use crate::{start, store};

/// Runs `forget`; ends with faults where the answer was no.
///
/// # Errors
/// Those of the configuration, the store and the terminal; a file of which the store has nothing.
pub(crate) fn run(common: &Common, ForgetArgs { file }: &ForgetArgs) -> anyhow::Result<Ended> {
    let config = start::load_config(&common.flags.config)?;
    common.flags.start_log()?;
    let store = store::embedded(&config, "forgetting a file")?;
    let paths = names(file);
    let is_meant = |held: &HeldFile| paths.contains(&held.path) && held.table.starts_with(common.write_prefix());
    let held: Vec<HeldFile> = store.holdings()?.files.into_iter().filter(is_meant).collect();
    if held.is_empty() {
        bail!("the store has read no file {}; `alert-orchestrator files` lists those it has", legible::full_path(file));
    }
    let mut out = io::stdout().lock();
    for HeldFile { path, table, rows, .. } in &held {
        writeln!(out, "{}: {rows} rows of {table}", legible::full_path(path))?;
    }
    if held.iter().any(|file| file.is_there) {
        writeln!(out, "{}", way_back(&config, &held[0].path))?;
    }
    if !confirm(&mut out, &format!("take them out of the embedded store {}?", store.path().display()))? {
        writeln!(out, "nothing changed")?;
        return Ok(Ended::WithFaults);
    }
    for file in &held {
        let gone = store.forget_file(file)?;
        write!(out, "{}: {gone} rows are gone", file.table)?;
        match file.rows.saturating_sub(gone) {
            0 => writeln!(out)?,
            stay => writeln!(out, ", {stay} stay: another file has them, or the service wrote them")?,
        }
    }
    Ok(Ended::Done)
}

/// The paths that the store may know the file by: as it was said, and with its folder as it is without links.
fn names(file: &Path) -> Vec<PathBuf> {
    let real = folder_of(file).canonicalize().ok().zip(file.file_name()).map(|(folder, name)| folder.join(name));
    [Some(file.to_path_buf()), std::path::absolute(file).ok(), real].into_iter().flatten().collect()
}

fn way_back(config: &Config, path: &Path) -> &'static str {
    let Store::Embedded(settings) = config.client.store() else { return "" };
    let is_imported = settings.import.iter().any(|folder| folder.canonicalize().is_ok_and(|at| at == folder_of(path)));
    if is_imported {
        "The file lies in a folder of client.embedded.import: the next round reads it again; move it away first."
    } else {
        "The file is still there; importing it again brings the rows back."
    }
}
