//! How far is long work on a file? A bar where a person watches, plain lines in the log elsewhere.
//!
//! Start at [`watched`].

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use tracing::info;

/// Runs `work`, which says as often as it likes how many bytes of which file it has read, and how many there are.
///
/// On a terminal that is a bar on standard error, gone when the work is done. Elsewhere it is a line in the log every
/// few seconds, so that short work says nothing.
pub fn watched<T>(work: impl FnOnce(&mut dyn FnMut(&Path, u64, u64)) -> T) -> T {
    if !io::stderr().is_terminal() {
        let (started, mut lines) = (Instant::now(), Lines::default());
        return work(&mut |path, done, total| {
            if lines.is_due(started.elapsed()) {
                info!("{}", line(path, done, total));
            }
        });
    }
    let style = ProgressStyle::with_template("{wide_msg} {bar:30} {bytes}/{total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(0).with_style(style);
    let result = work(&mut |path, done, total| {
        bar.set_length(total);
        bar.set_position(done);
        bar.set_message(legible::line(&path.file_name().unwrap_or_default().to_string_lossy()));
    });
    bar.finish_and_clear();
    result
}

fn line(path: &Path, done: u64, total: u64) -> String {
    let megabytes = |bytes: u64| bytes / 1_000_000;
    format!("{}: {} of {} MB read", legible::full_path(path), megabytes(done), megabytes(total))
}

/// When a line is due.
#[derive(Default)]
struct Lines {
    /// How many were due so far.
    told: u32,
}

impl Lines {
    const EVERY: Duration = Duration::from_secs(5);

    /// Whether a line is due so long after the start; of those that were missed meanwhile it is one.
    fn is_due(&mut self, elapsed: Duration) -> bool {
        let due = u32::try_from(elapsed.as_secs() / Self::EVERY.as_secs()).unwrap_or(u32::MAX);
        let is_due = due > self.told;
        self.told = due;
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_due_every_five_seconds_and_none_before() {
        let mut lines = Lines::default();
        let due: Vec<u64> = (0..=260)
            .filter(|tenths| lines.is_due(Duration::from_millis(tenths * 100)))
            .map(|tenths| tenths / 10)
            .collect();
        assert_eq!(due, [5, 10, 15, 20, 25]);
        assert!(lines.is_due(Duration::from_secs(59)), "several were missed");
        assert!(!lines.is_due(Duration::from_secs(59)), "and are one");
    }

    #[test]
    fn a_line_says_which_file_and_how_far() {
        assert_eq!(line(Path::new("in/a.csv"), 12_999_999, 600_000_000), "in/a.csv: 12 of 600 MB read");
    }
}
