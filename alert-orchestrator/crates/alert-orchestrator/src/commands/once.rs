//! `--once`: one evaluation of every asset, for people, cron and scripts.

use std::io;
use std::sync::Arc;

use platform::process::{self, Ended};

use crate::cli::Common;
use crate::settings::Settings;
use crate::told::Told;
use crate::{chart_files, cleanup, console, decisions, journal, round, start};

/// Evaluates, prints and draws; ends with faults where an asset is in error.
///
/// # Errors
/// Those of the configuration; standard output cannot be written.
pub(crate) fn run(common: &Common, json: bool) -> anyhow::Result<Ended> {
    let mut settings = Settings::of(start::begin(common)?)?;
    settings.plan.draws = settings.config.orchestrator.diagnostics.enabled;
    let settings = Arc::new(settings);
    cleanup::at_start(&settings);
    let runtime = process::runtime()?;
    let (store, finished) =
        runtime.block_on(round::open_and_run(&settings, &settings.plan, Some(common.write_prefix())));
    let plots = chart_files::write_all(&settings, &finished.evaluation);
    let printed = if json {
        process::print_json(&decisions::by_asset(&finished.evaluation, &plots))
    } else {
        console::write_summary(&mut io::stdout().lock(), &finished.evaluation, settings.zone())
    };
    // Nobody who waits for the answer waits for the journal.
    if let Some(store) = store.filter(|_| finished.has_store()) {
        runtime.block_on(async {
            let (mut told, prefix) = (Told::default(), common.write_prefix());
            told.kept(&journal::keep(&store, &settings, &finished, prefix).await);
            told.pruned(&journal::forget(&store, &settings, &finished.evaluation, prefix).await);
        });
    }
    cleanup::after(&settings, &finished.evaluation);
    printed?;
    Ok(if finished.evaluation.has_errors() { Ended::WithFaults } else { Ended::Done })
}
