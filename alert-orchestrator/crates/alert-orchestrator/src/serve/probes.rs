//! Is the service alive, started, ready? For whoever runs it.

use platform::serve::{Checks, Probed};

use super::live::Live;
use crate::version::PROGRAM;

impl Probed for Live {
    const VERSION: &'static str = PROGRAM.version;

    fn alive(&self) -> Result<(), String> {
        if self.rounds.is_alive() { Ok(()) } else { Err("the evaluation loop has ended".to_owned()) }
    }

    /// The first round has finished, also with errors.
    fn started(&self) -> Result<(), String> {
        self.published().map(drop).ok_or_else(|| "the first evaluation has not finished".to_owned())
    }

    /// The store answers, also to the newest evaluation, and that is not overdue.
    async fn checks(&self) -> Checks {
        vec![("store", self.probe_store().await), ("evaluation", newest_evaluation(self))]
    }
}

fn newest_evaluation(live: &Live) -> Result<(), String> {
    let published = live.published().ok_or("the first evaluation has not finished")?;
    if let Some(failure) = published.finished.store_failure() {
        return Err(format!("no asset could be read: {}", legible::line(&failure.to_string())));
    }
    let age = published.age();
    let limit = live.settings().interval() * 2;
    if age <= limit {
        return Ok(());
    }
    Err(format!("the newest evaluation is {} s old, more than two intervals ({} s)", age.as_secs(), limit.as_secs()))
}
