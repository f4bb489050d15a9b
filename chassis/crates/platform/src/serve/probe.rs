//! Does something outside answer?

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long an answer is waited for, and for how long it counts: probes come every few seconds.
const TIMEOUT: Duration = Duration::from_secs(2);
const COUNTS: Duration = Duration::from_secs(5);

/// A question to something outside, put at most every few seconds, by one at a time, however many ask.
#[derive(Debug, Default)]
pub struct Probe(Mutex<Option<(Instant, Result<(), String>)>>);

impl Probe {
    /// Whether `question` is answered now, or was a moment ago; no answer in time is none.
    ///
    /// # Errors
    /// What came instead of a good answer.
    pub async fn ask(&self, question: impl Future<Output = Result<(), String>>) -> Result<(), String> {
        let mut last = self.0.lock().await;
        if let Some((at, outcome)) = &*last
            && at.elapsed() < COUNTS
        {
            return outcome.clone();
        }
        let answer = timeout(TIMEOUT, question).await;
        let outcome = answer.unwrap_or_else(|_| Err(format!("no answer within {} s", TIMEOUT.as_secs())));
        *last = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_answer_counts_for_a_few_seconds() {
        let probe = Probe::default();
        assert_eq!(probe.ask(async { Ok(()) }).await, Ok(()));
        tokio::time::advance(COUNTS - Duration::from_millis(1)).await;
        assert_eq!(probe.ask(async { unreachable!("it was asked a moment ago") }).await, Ok(()));
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(probe.ask(async { Err("gone".to_owned()) }).await, Err("gone".to_owned()));
        assert_eq!(probe.ask(async { Ok(()) }).await, Err("gone".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_answer_in_time_does_not_answer() {
        assert_eq!(Probe::default().ask(std::future::pending()).await, Err("no answer within 2 s".to_owned()));
    }
}
