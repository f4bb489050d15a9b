//! Which old charts go? Those older than the configuration's cut-off.

use jiff::Timestamp;
use platform::files;

use crate::clock::Clock;
use crate::config::orchestrator::{Orchestrator, OutputCleanup};
use crate::evaluate::Evaluation;
use crate::settings::Settings;

/// Deletes what is older than the cut-off after a round, as far as the clock is to be believed; returns how many files that was.
pub(crate) fn after(settings: &Settings, evaluation: &Evaluation) -> u64 {
    match Clock::of(evaluation).believed(settings.interval()) {
        Some(now) => run(&settings.config.orchestrator, now),
        None => 0,
    }
}

/// The same before the first round, where the clock is all that tells the time: where a past date is evaluated.
pub(crate) fn at_start(settings: &Settings) -> u64 {
    if settings.plan.end.is_some() { run(&settings.config.orchestrator, Timestamp::now()) } else { 0 }
}

fn run(orchestrator: &Orchestrator, now: Timestamp) -> u64 {
    let cleanup = &orchestrator.output_cleanup;
    let Some(cutoff) = cutoff(cleanup, now).filter(|_| cleanup.enabled) else { return 0 };
    files::delete_old(&cleanup.paths, &cleanup.extensions, cutoff)
}

fn cutoff(cleanup: &OutputCleanup, now: Timestamp) -> Option<Timestamp> {
    match &cleanup.expire_before_relative {
        Some(age) => now.checked_sub(age.length()).ok(),
        None => cleanup.expire_before,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use std::fs::File;
    use std::path::Path;

    use super::*;

    fn file(path: &Path, modified: &str) {
        let at: Timestamp = modified.parse().unwrap();
        File::create(path).unwrap().set_modified(at.into()).unwrap();
    }

    #[test]
    fn a_relative_cut_off_counts_from_now_and_wins() {
        let folder = tempfile::tempdir().unwrap();
        file(&folder.path().join("a.png"), "2026-01-01T00:00:00Z");
        let output_cleanup = OutputCleanup {
            enabled: true,
            expire_before: Some("2026-01-02T00:00:00Z".parse().unwrap()),
            expire_before_relative: Some("7d".parse().unwrap()),
            paths: vec![folder.path().to_path_buf()],
            ..OutputCleanup::default()
        };
        let mut orchestrator = Orchestrator { output_cleanup, ..Orchestrator::default() };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(run(&orchestrator, at("2026-01-08T00:00:00Z")), 0); // exactly 7 days old
        assert_eq!(run(&orchestrator, at("2026-01-08T00:00:01Z")), 1);
        orchestrator.output_cleanup.enabled = false;
        file(&folder.path().join("b.png"), "2026-01-01T00:00:00Z");
        assert_eq!(run(&orchestrator, at("2026-02-08T00:00:00Z")), 0);
    }
}
