//! The `import` command: brings CSV files into the embedded store.

use std::io::{self, Write as _};

use advisor_io::AnyStore;
use advisor_io::embedded::{Embedded, ImportOptions, ImportReport};
use anyhow::bail;
use jiff::Timestamp;
use platform::process::{self, Ended};
use tracing::warn;

use crate::cli::{Common, ImportArgs};
use crate::config::{Config, Store};
use crate::csv_folders::{left_out, log_doubts, log_refused, summary, with_bar};
use crate::evaluate::{self, Checked};
use crate::{plan, points, start};

/// Runs `import`; the exit code says whether every file and line was taken.
///
/// # Errors
/// Those of the configuration and the store; a path that cannot be read.
pub(crate) fn run(common: &Common, ImportArgs { paths }: ImportArgs) -> anyhow::Result<Ended> {
    let config = start::load_config(&common.flags.config)?;
    common.flags.start_log()?;
    let Store::Embedded(settings) = config.client.store() else {
        bail!(
            "importing needs the embedded store, but client.greptime is configured; \
             load the files into GreptimeDB instead"
        );
    };
    let store = Embedded::open(&settings.path)?;
    let prefixes = plan::prefixes(&config);
    let table_prefix = common.write_prefix();
    if common.test_prefix {
        warn!("TEST MODE: importing into tables whose names start with test_; evaluations do not read them");
    }
    let mut complete = true;
    for path in &paths {
        let report = with_bar(|progress| store.import(path, &prefixes, ImportOptions { table_prefix, progress }))?;
        log_doubts(&report, &store.unclaimed(&report, &prefixes, &config.client.assets)?);
        for refused in &report.refused {
            log_refused(refused);
        }
        log_row_doubts(&report);
        let is_whole = report.refused.is_empty() && report.unfinished.is_empty();
        complete &= is_whole && report.imported.iter().all(|file| file.rejected.count == 0);
        let mut out = io::stdout().lock();
        for file in &report.imported {
            writeln!(out, "{}", summary(file))?;
        }
    }
    // What went into tables that are for a test is not what evaluations read.
    if !common.test_prefix {
        say_what_is_short(store, &config)?;
    }
    Ok(if complete { Ended::Done } else { Ended::WithFaults })
}

/// Says of every asset whose history is too short to be judged what it takes. Whatever else an evaluation would say, it
/// says when it is asked for.
fn say_what_is_short(store: Embedded, config: &Config) -> anyhow::Result<()> {
    let (store, plan) = (AnyStore::Embedded(store), plan::of(config));
    let checked = process::runtime()?.block_on(evaluate::check(&store.round(), &plan, Timestamp::now()));
    for (of, checked) in plan.assets.iter().zip(checked) {
        let Ok(Checked { advice, .. }) = checked else { continue };
        if let Some(shortage) = points::shortage(of, &advice).filter(|_| advice.gate_applied) {
            writeln!(io::stdout(), "{}: {shortage}", of.asset)?;
        }
    }
    Ok(())
}

/// What is wrong with single rows of positions, evaluations say every time; an import that was asked for says it at
/// once.
fn log_row_doubts(report: &ImportReport) {
    for (path, line) in &report.unfinished {
        warn!("{}; end the line, or import the file again in a minute", left_out(path, *line));
    }
    for file in &report.imported {
        if file.contradicted > 0 {
            warn!(
                "{}: {} rows repeat a wallet and time with other figures; the last of each counts",
                file.path.display(),
                file.contradicted
            );
        }
    }
}
