//! How do names say when something was made?

use jiff::{SignedDuration, Timestamp};

/// The second, in UTC.
pub(super) const TIME: &str = "%Y%m%dT%H%M%SZ";

/// The first second from `now` on whose name is free, so that what is made twice in one second gets two; `now` where a
/// minute of them is taken.
pub(super) fn free_second(now: Timestamp, is_free: impl Fn(Timestamp) -> bool) -> Timestamp {
    let later = |second| now + SignedDuration::from_secs(second);
    (0..60).map(later).find(|at| is_free(*at)).unwrap_or(now)
}
