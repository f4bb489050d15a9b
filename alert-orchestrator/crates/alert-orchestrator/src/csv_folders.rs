//! The folders of CSV files that the embedded store is filled from, and what there is to say about an import.
//!
//! Start at [`automatic`], which brings the store up to date before every evaluation. The `import` command shows and
//! reports what it does by the same means.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use advisor_io::embedded::{BELOW, Embedded, FileReport, ImportError, ImportReport, Progress, Refused};
use platform::progress;
use tracing::{error, info, warn};

use crate::config::Config;
use crate::plan;

/// How many files with the same fault the log names: more would bury the rest of it.
const NAMED_MAX: usize = 5;

/// Imports the configured directories, as far as their files changed. A file that is refused blocks its table, so that
/// its asset is in error until the file is mended; the other assets do not depend on it.
///
/// # Errors
/// A folder or file that cannot be read, or a store that cannot be written.
pub(crate) fn automatic(store: &Embedded, folders: &[PathBuf], config: &Config) -> anyhow::Result<()> {
    if folders.is_empty() {
        return Ok(());
    }
    let prefixes = plan::prefixes(config);
    let report =
        with_bar(|progress| store.import_changed(folders, &prefixes, progress)).map_err(|error| match error {
            ImportError::Store { .. } => error.into(),
            of_the_folders => anyhow::Error::from(of_the_folders).context("client.embedded.import"),
        })?;
    let unclaimed = store.unclaimed(&report, &prefixes, &config.client.assets)?;
    report.imported.iter().for_each(|file| info!("imported {}", summary(file)));
    log_doubts(&report, &unclaimed);
    // What no evaluation reads is in no asset's way.
    report.refused.iter().filter(|refused| !unclaimed.contains(&refused.path)).for_each(log_refused);
    report.unfinished.iter().for_each(|(path, line)| info!("{}", left_out(path, *line)));
    for (path, table) in &report.gone {
        let path = path.display();
        warn!(
            "{path}: the file is gone, and its rows stay in {table}; put it back, or take them out with \
             `alert-orchestrator forget {path}`"
        );
    }
    Ok(())
}

/// Runs an import; shows how far it is.
pub(crate) fn with_bar<T>(import: impl FnOnce(&mut dyn FnMut(Progress<'_>)) -> T) -> T {
    progress::watched(|show| {
        import(&mut |Progress { path, bytes_done, bytes_total }| {
            show(path, bytes_done, bytes_total);
        })
    })
}

/// Says in the log which files were left out, and which rows files no longer have. `unclaimed` are files of no configured
/// asset. What is wrong with a file's name or place is said once: it stays as it is.
pub(crate) fn log_doubts(report: &ImportReport, unclaimed: &[PathBuf]) {
    for file in &report.imported {
        match file.all_refused() {
            Some(all) => warn!("{}: {all}", file.path.display()),
            None if file.rejected.count > 0 => {
                warn!("{}: {} lines rejected: {}", file.path.display(), file.rejected.count, file.rejected);
            }
            None => {}
        }
        if file.removed > 0 {
            warn!("{}: {} rows that an earlier version of the file had are gone", file.path.display(), file.removed);
        }
    }
    let unnamed = report.unnamed.iter().filter(|(path, _)| is_new(path));
    warn_of_few(unnamed.map(|(path, why)| (path, format!("left out, {why}"))));
    let below = report.below.iter().filter(|path| is_new(path));
    warn_of_few(below.map(|path| (path, format!("left out, {BELOW}"))));
    let unclaimed = unclaimed.iter().filter(|path| is_new(path));
    warn_of_few(unclaimed.map(|path| {
        let refused = report.refused.iter().find(|refused| refused.path == *path);
        let refused = refused.map(|refused| format!("; nothing imported: {}", refused.cause)).unwrap_or_default();
        (path, format!("no asset of client.assets has this name, so that nothing reads it{refused}"))
    }));
}

/// Says what is wrong with files, each by itself; of many that they are many, and the first.
fn warn_of_few<'a>(files: impl Iterator<Item = (&'a PathBuf, String)>) {
    let files: Vec<(&PathBuf, String)> = files.collect();
    match files.as_slice() {
        [(path, what), ..] if files.len() > NAMED_MAX => {
            warn!("{} files are like this one, {}: {what}", files.len(), path.display());
        }
        few => few.iter().for_each(|(path, what)| warn!("{}: {what}", path.display())),
    }
}

/// Says in the log that a file was refused.
pub(crate) fn log_refused(refused: &Refused) {
    error!("{}: nothing imported into {}: {}", refused.path.display(), refused.table, refused.cause);
}

/// That a last line does not count yet.
pub(crate) fn left_out(path: &Path, line: u64) -> String {
    format!(
        "{}: line {line} is left out: it has no line end, and the file was written less than a minute ago",
        path.display()
    )
}

/// Whether this process has not named the file yet.
fn is_new(path: &Path) -> bool {
    static NAMED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    NAMED.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_path_buf())
}

/// What was done with a file, in one line.
pub(crate) fn summary(file: &FileReport) -> String {
    format!(
        "{} into {}: {} rows ({} new, {} changed, {} known, {} removed), {} rejected",
        legible::full_path(&file.path),
        file.table,
        file.rows,
        file.inserted,
        file.updated,
        file.unchanged,
        file.removed,
        file.rejected.count
    )
}
