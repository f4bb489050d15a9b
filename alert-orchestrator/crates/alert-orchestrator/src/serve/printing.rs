//! How does a summary reach standard output while whoever reads it may have stopped reading?

use std::io::Write as _;

use jiff::tz::TimeZone;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::console;
use crate::evaluate::Evaluation;

/// Prints beside everything else.
#[derive(Default)]
pub(super) struct Printing(Option<JoinHandle<()>>);

impl Printing {
    /// Prints the summary of an evaluation, unless the one before is still being printed.
    pub(super) fn print(&mut self, evaluation: &Evaluation, zone: &TimeZone) {
        if self.0.as_ref().is_some_and(|printing| !printing.is_finished()) {
            warn!("nobody reads standard output: the summary of this evaluation is left out");
            return;
        }
        let mut summary = Vec::new();
        let written = console::write_summary(&mut summary, evaluation, zone);
        self.0 = Some(tokio::task::spawn_blocking(move || {
            let printed = written.and_then(|()| {
                let mut out = std::io::stdout().lock();
                out.write_all(&summary)?;
                out.flush()
            });
            if let Err(error) = printed {
                warn!("the summary could not be printed: {error}");
            }
        }));
    }
}
