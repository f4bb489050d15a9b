//! What is done over and over.

use std::sync::Arc;
use std::time::Duration;

use platform::rounds::Work;

use crate::live::Live;

/// Counts the rounds.
pub(crate) struct Count(pub(crate) Arc<Live>);

impl Work for Count {
    type Outcome = ();

    fn interval(&self) -> Duration {
        Duration::from_secs(self.0.config.load().interval_seconds)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn work(&mut self) {}

    async fn finish(&mut self, outcome: Option<()>) {
        if outcome.is_some() {
            self.0.made.inc();
        }
        self.0.page.forget();
    }
}
