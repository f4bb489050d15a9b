//! When is a round due?

use std::time::Duration;

use tokio::time::Instant;

/// Instants that lie a whole number of intervals apart.
#[derive(Debug)]
pub(super) struct Timetable {
    start: Instant,
    interval: Duration,
}

impl Timetable {
    /// The first round is due at `start`.
    pub(super) fn new(start: Instant, interval: Duration) -> Self {
        Self { start, interval }
    }

    /// Keeps to `interval` from now on; where it is another than before, it is counted from `now`.
    pub(super) fn keep_to(&mut self, interval: Duration, now: Instant) {
        if interval != self.interval {
            *self = Self { start: now, interval };
        }
    }

    /// The first instant after `now` at which a round is due.
    pub(super) fn after(&self, now: Instant) -> Instant {
        let interval = self.interval.as_nanos().max(1);
        let begun = now.saturating_duration_since(self.start).as_nanos() % interval;
        // Less than an interval, which is a duration itself.
        let left = Duration::from_nanos_u128(interval - begun);
        now.max(self.start) + left
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_next_round_is_the_first_of_the_timetable_after_now(
            interval in 1..400_000_000_u64,
            passed in 0..400_000_000_000_u64,
        ) {
            let (start, interval) = (Instant::now(), Duration::from_millis(interval));
            let now = start + Duration::from_millis(passed);
            let next = Timetable::new(start, interval).after(now);
            prop_assert!(now < next && next <= now + interval);
            prop_assert_eq!((next - start).as_nanos() % interval.as_nanos(), 0);
        }
    }

    #[test]
    fn another_interval_is_counted_from_when_it_was_first_kept() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut timetable = Timetable::new(start, Duration::from_secs(60));
        timetable.keep_to(Duration::from_secs(60), at(70));
        assert_eq!(timetable.after(at(70)), at(120));
        timetable.keep_to(Duration::from_secs(7), at(71));
        assert_eq!(timetable.after(at(71)), at(78));
        assert_eq!(timetable.after(at(78)), at(85));
    }
}
