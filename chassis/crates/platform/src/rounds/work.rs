//! What a service does in every round.

use std::time::Duration;

/// What is done in every round, and around the rounds.
///
/// Each of its futures runs on the rounds' own runtime: what is spawned in them is given the time of the drain once the
/// last round has ended, and is cut off then.
pub trait Work: Send + 'static {
    /// What the work of one round gives.
    type Outcome;

    /// What the rounds are called, in the plural, where none can be started.
    const NAME: &'static str = "rounds";

    /// What the log says where the loop itself breaks off, because something else than [`work`](Self::work) panicked.
    const BROKE_OFF: &'static str = "the rounds broke off; no more are made until the service is restarted";

    /// From the start of one round to the start of the next; more than zero. It is asked for before every round: where
    /// it has changed, the schedule is counted from that round.
    fn interval(&self) -> Duration;

    /// For how long a round may go on before the service passes for hung. It is asked for before every round.
    fn limit(&self) -> Duration;

    /// What comes before the first round.
    fn before_first(&mut self) -> impl Future<Output = ()> {
        async {}
    }

    /// The work of a round. It is dropped where the service is told to stop meanwhile: what must not be left half done
    /// belongs in a task of its own.
    fn work(&mut self) -> impl Future<Output = Self::Outcome>;

    /// Takes up what the work gave; `None` where it panicked, which the panic hook has logged. This is waited for, also
    /// where the service is told to stop.
    fn finish(&mut self, outcome: Option<Self::Outcome>) -> impl Future<Output = ()>;

    /// What follows the last round, also one that was dropped.
    fn after_last(self) -> impl Future<Output = ()>
    where
        Self: Sized,
    {
        async {}
    }
}
