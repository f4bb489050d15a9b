//! When is something that failed worth another attempt, and after which pause?
//!
//! Start at [`persist`]. Pauses double up to a longest one; a server that asks for a longer pause gets it.

use std::fmt::Debug;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use tokio::time::Instant;
use tracing::debug;

/// How often something is tried again.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Attempts after the first.
    pub retries: u32,
    /// The pause before the first of them; each further one is twice as long.
    pub first_pause: Duration,
    /// No pause is longer, unless a longer one is asked for.
    pub longest_pause: Duration,
    /// An attempt that could not begin before it is not made; `None`: however long it takes.
    pub until: Option<Instant>,
}

/// How the last attempt failed, and how many there were.
#[derive(Debug, PartialEq, Eq)]
pub struct GaveUp<E> {
    /// Why the last attempt failed.
    pub failure: E,
    /// Attempts there were, at least one.
    pub attempts: u32,
}

impl<E> GaveUp<E> {
    /// The sentence that says that `cause` stood in the way each time.
    #[must_use]
    pub fn in_vain(&self, cause: &str) -> String {
        let Self { attempts, .. } = self;
        format!("{cause} after {attempts} {}", if *attempts == 1 { "attempt" } else { "attempts" })
    }
}

/// Attempts until it succeeds, fails for good, or patience ends.
///
/// `again` says of a failure how long to wait at least, or `None` where another attempt would fail alike. `pause` waits: it is
/// [`tokio::time::sleep`], or what may end earlier. `whom` is who is asked, for the log.
///
/// # Errors
/// The last failure.
pub async fn persist<T, E: Debug, A, P>(
    whom: &str,
    patience: Patience,
    mut attempt: impl FnMut() -> A,
    again: impl Fn(&E) -> Option<Duration>,
    pause: impl Fn(Duration) -> P + 'static,
) -> Result<T, GaveUp<E>>
where
    A: Future<Output = Result<T, E>>,
    P: Future<Output = ()>,
{
    let Patience { retries, first_pause, longest_pause, until } = patience;
    let pauses = ExponentialBuilder::new()
        .with_factor(2.0)
        .with_min_delay(first_pause)
        .with_max_delay(longest_pause)
        .with_max_times(retries as usize);
    let mut attempts = 0_u32;
    let outcome = (|| {
        attempts += 1;
        attempt()
    })
    .retry(pauses)
    .sleep(pause)
    .when(|failure| again(failure).is_some())
    .adjust(|failure, pause| {
        let pause = pause?.max(again(failure)?);
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        left.is_none_or(|left| pause < left).then_some(pause)
    })
    .notify(|failure, pause| debug!(whom, ?failure, ?pause, "asking again"))
    .await;
    outcome.map_err(|failure| GaveUp { failure, attempts })
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    const PATIENCE: Patience = Patience {
        retries: 3,
        first_pause: Duration::from_secs(1),
        longest_pause: Duration::from_secs(3),
        until: None,
    };

    /// Fails `failures` times, each with the pause it asks for, in seconds, or for good; what came out, and the pauses.
    async fn tried(patience: Patience, failures: &[Option<u64>]) -> (Result<(), GaveUp<Option<u64>>>, Vec<u64>) {
        let mut left = failures.iter();
        let attempt = || std::future::ready(left.next().map_or(Ok(()), |failure| Err(*failure)));
        let again = |failure: &Option<u64>| failure.map(Duration::from_secs);
        let pauses = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&pauses);
        let pause = move |pause: Duration| {
            kept.borrow_mut().push(pause.as_secs());
            tokio::time::advance(pause)
        };
        let outcome = persist("a test", patience, attempt, again, pause).await;
        (outcome, pauses.take())
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_double_up_to_the_longest_and_what_is_asked_for_is_given() {
        assert_eq!(tried(PATIENCE, &[]).await, (Ok(()), vec![]));
        assert_eq!(tried(PATIENCE, &[Some(0), Some(0), Some(0)]).await, (Ok(()), vec![1, 2, 3]));
        assert_eq!(tried(PATIENCE, &[Some(7), Some(0), Some(4)]).await, (Ok(()), vec![7, 2, 4]));
    }

    #[tokio::test(start_paused = true)]
    async fn retries_used_up_and_failures_for_good_end_it() {
        let gave_up = |failure, attempts| Err(GaveUp { failure, attempts });
        assert_eq!(tried(PATIENCE, &[Some(0); 5]).await, (gave_up(Some(0), 4), vec![1, 2, 3]));
        assert_eq!(tried(PATIENCE, &[Some(0), None]).await, (gave_up(None, 2), vec![1]));
        assert_eq!(tried(Patience { retries: 0, ..PATIENCE }, &[Some(0)]).await, (gave_up(Some(0), 1), vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn no_attempt_is_waited_for_that_would_come_too_late() {
        let until = |seconds| Patience { until: Some(Instant::now() + Duration::from_secs(seconds)), ..PATIENCE };
        let in_vain = Err(GaveUp { failure: Some(0), attempts: 2 });
        assert_eq!(tried(until(3), &[Some(0); 5]).await, (in_vain, vec![1])); // the next would begin at 1 + 2 = 3
        assert_eq!(tried(until(4), &[Some(0); 2]).await, (Ok(()), vec![1, 2]));
        assert_eq!(tried(until(4), &[Some(9)]).await, (Err(GaveUp { failure: Some(9), attempts: 1 }), vec![]));
    }

    #[test]
    fn one_attempt_is_one() {
        let gave_up = |attempts| GaveUp { failure: (), attempts };
        assert_eq!(gave_up(1).in_vain("no answer"), "no answer after 1 attempt");
        assert_eq!(gave_up(4).in_vain("no answer"), "no answer after 4 attempts");
    }
}
