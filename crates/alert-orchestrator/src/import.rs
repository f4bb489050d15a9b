//! Bringing CSV files into the embedded store: by the `import` command, and at every start where directories are configured.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};

use advisor_io::embedded::{Embedded, FileReport, ImportOptions, ImportReport, Progress};
use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use tracing::{error, info, warn};

use crate::cli::Common;
use crate::config::{Config, Store};
use crate::exit::FAILED;
use crate::{plan, start};

/// Runs `import PATH…`; the exit code says whether every file and line was taken.
pub(crate) fn run(common: &Common, paths: &[PathBuf]) -> anyhow::Result<u8> {
    let config = start::load_config(&common.config)?;
    start::start_log(common)?;
    let Store::Embedded(settings) = config.client.store() else {
        bail!(
            "importing needs the embedded store, but client.greptime is configured; load the files into GreptimeDB instead"
        );
    };
    let store = Embedded::open(&settings.path)?;
    let prefixes = plan::prefixes(&config);
    let table_prefix = if common.test_prefix { "test_" } else { "" };
    if common.test_prefix {
        warn!("TEST MODE: importing into tables whose names start with test_; evaluations do not read them");
    }
    let mut complete = true;
    for path in paths {
        let report = with_bar(|progress| store.import(path, &prefixes, ImportOptions { table_prefix, progress }))?;
        log_doubts(&report);
        log_row_doubts(&report);
        complete &= report.refused.is_empty() && report.imported.iter().all(|file| file.rejected.count == 0);
        let mut out = std::io::stdout().lock();
        for file in &report.imported {
            writeln!(out, "{}", summary(file))?;
        }
    }
    Ok(if complete { 0 } else { FAILED })
}

/// Imports the configured directories, as far as their files changed. A file that is refused blocks its table, so that its
/// asset is in error until the file is mended; the other assets do not depend on it.
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
fn with_bar<T>(import: impl FnOnce(&mut dyn FnMut(Progress<'_>)) -> T) -> T {
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

/// What is wrong with single rows of positions, evaluations say every time; an import that was asked for says it at once.
fn log_row_doubts(report: &ImportReport) {
    for file in &report.imported {
        if file.contradicted > 0 {
            warn!(
                "{}: {} rows repeat a wallet and time with other figures; the last of each counts",
                file.path.display(),
                file.contradicted
            );
        }
        if file.rejected.count > 0 {
            warn!("{}: {} lines rejected: {}", file.path.display(), file.rejected.count, file.rejected);
        }
    }
}

fn log_doubts(report: &ImportReport) {
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

fn summary(file: &FileReport) -> String {
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
