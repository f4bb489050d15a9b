//! The folders of CSV files that the embedded store is filled from, and what there is to say about an import.
//!
//! Start at [`automatic`], which brings the store up to date before every evaluation. The `import` command shows and
//! reports what it does by the same means.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use advisor_io::embedded::{Embedded, FileReport, ImportReport, Progress};
use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressStyle};
use tracing::{error, info, warn};

use crate::config::Config;
use crate::plan;

/// Imports the configured directories, as far as their files changed. A file that is refused blocks its table, so that
/// its asset is in error until the file is mended; the other assets do not depend on it.
///
/// # Errors
/// A folder or file that cannot be read, or a store that cannot be written.
pub(crate) fn automatic(store: &Embedded, folders: &[PathBuf], config: &Config) -> anyhow::Result<()> {
    if folders.is_empty() {
        return Ok(());
    }
    let report = with_bar(|progress| store.import_changed(folders, &plan::prefixes(config), progress))
        .context("importing client.embedded.import")?;
    report.imported.iter().for_each(|file| info!("imported {}", summary(file)));
    log_doubts(&report);
    Ok(())
}

/// Runs an import; shows how far it is where a person watches.
pub(crate) fn with_bar<T>(import: impl FnOnce(&mut dyn FnMut(Progress<'_>)) -> T) -> T {
    if !std::io::stderr().is_terminal() {
        return import(&mut |_| {});
    }
    let style = ProgressStyle::with_template("{wide_msg} {bar:30} {bytes}/{total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    let result = import(&mut |progress| {
        bar.set_length(progress.bytes_total);
        bar.set_position(progress.bytes_done);
        bar.set_message(file_name(progress.path));
    });
    bar.finish_and_clear();
    result
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Says in the log which files and rows an import could not take, or no longer has.
pub(crate) fn log_doubts(report: &ImportReport) {
    for file in &report.imported {
        if file.removed > 0 {
            warn!("{}: {} rows that an earlier version of the file had are gone", file.path.display(), file.removed);
        }
    }
    for unnamed in &report.unnamed {
        warn!("{}: left out, its name is no table's; is it misspelt?", unnamed.display());
    }
    for refused in &report.refused {
        error!("{}: nothing imported into {}: {}", refused.path.display(), refused.table, refused.cause);
    }
}

/// What was done with a file, in one line.
pub(crate) fn summary(file: &FileReport) -> String {
    format!(
        "{} into {}: {} rows ({} new, {} changed, {} known, {} removed), {} rejected",
        file.path.display(),
        file.table,
        file.rows,
        file.inserted,
        file.updated,
        file.unchanged,
        file.removed,
        file.rejected.count
    )
}
