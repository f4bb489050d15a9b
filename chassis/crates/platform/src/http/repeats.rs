//! What does the log say of what strangers can make happen a hundred thousand times a second?
//!
//! Start at [`Repeats::is_new`]: the first of a kind has its line at once. Those that follow are counted, and
//! [`Repeats::say`] writes one line for all of them every [`SUMMED`], until there is a pause of that length.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tracing::{error, warn};

/// How long the lines of one kind are apart at least.
const SUMMED: Duration = Duration::from_secs(10);

/// Which lines say the same: there are as many kinds as there are of these in the source, times statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// The line's message.
    pub(super) what: &'static str,
    /// What was answered, where something was.
    pub(super) status: Option<u16>,
}

/// What happened lately, by its kind.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    windows: Mutex<BTreeMap<Kind, Window>>,
    /// Something is to be said later.
    begun: Notify,
}

/// What has happened since the last line of a kind.
#[derive(Debug)]
struct Window {
    began_at: Instant,
    more: u64,
    /// From where, and what for, the last one was.
    client: IpAddr,
    path: String,
}

impl Repeats {
    /// Whether this is to be written to the log now; otherwise it is counted.
    pub(super) fn is_new(&self, kind: Kind, client: IpAddr, path: &str) -> bool {
        let now = Instant::now();
        let mut windows = self.windows();
        let Some(window) = windows.get_mut(&kind).filter(|window| window.more > 0 || now < window.ends_at()) else {
            windows.insert(kind, Window { began_at: now, more: 0, client, path: String::new() });
            return true;
        };
        window.more += 1;
        window.client = client;
        window.path.clear();
        window.path.push_str(path);
        if window.more == 1 {
            self.begun.notify_one();
        }
        false
    }

    /// Writes what was counted to the log when that is due.
    pub(super) async fn say(&self) -> Infallible {
        loop {
            let due_at = self.windows().values().filter(|window| window.more > 0).map(Window::ends_at).min();
            match due_at {
                Some(due_at) => {
                    sleep_until(due_at).await;
                    self.say_if(|window| window.ends_at() <= due_at);
                }
                None => self.begun.notified().await,
            }
        }
    }

    /// The same at once, so that nothing is lost at the end.
    pub(super) fn say_all(&self) {
        self.say_if(|_| true);
    }

    fn say_if(&self, is_due: impl Fn(&Window) -> bool) {
        let now = Instant::now();
        let mut due = Vec::new();
        self.windows().retain(|kind, window| {
            if is_due(window) && window.more > 0 {
                let next = Window { began_at: now, more: 0, client: window.client, path: String::new() };
                due.push((*kind, std::mem::replace(window, next)));
            }
            now < window.ends_at()
        });
        // The log may be slow; requests must not wait for it.
        for (kind, window) in due {
            window.log(kind, now);
        }
    }

    fn windows(&self) -> MutexGuard<'_, BTreeMap<Kind, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn ends_at(&self) -> Instant {
        self.began_at + SUMMED
    }

    fn log(&self, Kind { what, status }: Kind, now: Instant) {
        let Self { more, client, path, .. } = self;
        let path = (!path.is_empty()).then_some(path.as_str());
        let seconds = now.saturating_duration_since(self.began_at).as_secs_f64().ceil();
        macro_rules! line {
            ($level:ident) => {
                $level!(count = more, path, status, %client, "{what} ({more} more in {seconds} s, the last is named)")
            };
        }
        if status.is_some_and(|status| status >= 500) { line!(error) } else { line!(warn) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::telemetry::tests::Lines;
    use crate::telemetry::{Format, Level};

    const NOT_FOUND: Kind = Kind { what: "request", status: Some(404) };
    const REFUSED: Kind = Kind { what: "closed", status: None };

    fn note(repeats: &Repeats, kind: Kind, path: &str) -> bool {
        repeats.is_new(kind, Ipv4Addr::new(192, 0, 2, 7).into(), path)
    }

    #[tokio::test(start_paused = true)]
    async fn one_line_in_ten_seconds_counts_what_came_after_the_first() {
        let log = Lines::default();
        let _logging = tracing::subscriber::set_default(log.subscriber(Level::Info, Format::Text));
        let repeats = Repeats::default();
        let said = async |seconds: f64| {
            let pause = tokio::time::sleep(Duration::from_secs_f64(seconds));
            tokio::select! {
                never = repeats.say() => match never {},
                () = pause => log.text().lines().map(|line| line.split_once("Z ").unwrap().1.to_owned()).collect(),
            }
        };
        assert!(note(&repeats, NOT_FOUND, "/a") && note(&repeats, REFUSED, ""));
        for path in ["/b", "/c", "/d"] {
            assert!(!note(&repeats, NOT_FOUND, path));
        }
        let nothing: Vec<String> = said(9.9).await;
        assert_eq!(nothing, [""; 0]);
        let first =
            "WARNING request (3 more in 10 s, the last is named), client=192.0.2.7, count=3, path=/d, status=404";
        assert_eq!(said(0.2).await, [first]);
        assert!(!note(&repeats, NOT_FOUND, "/e"), "the line was a moment ago");
        assert!(note(&repeats, REFUSED, ""), "nothing of the kind came for ten seconds");
        assert!(!note(&repeats, REFUSED, ""));
        let second =
            "WARNING request (1 more in 10 s, the last is named), client=192.0.2.7, count=1, path=/e, status=404";
        let third = "WARNING closed (1 more in 10 s, the last is named), client=192.0.2.7, count=1";
        assert_eq!(said(10.1).await, [first, second, third]);
        assert_eq!(said(11.0).await, [first, second, third]);
        assert!(repeats.windows().is_empty() || note(&repeats, NOT_FOUND, "/f"), "after a pause it is new again");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_counted_is_said_at_the_end() {
        let log = Lines::default();
        let _logging = tracing::subscriber::set_default(log.subscriber(Level::Info, Format::Text));
        let repeats = Repeats::default();
        let busy = Kind { what: "request", status: Some(503) };
        assert!(note(&repeats, busy, "/a"));
        assert!(!note(&repeats, busy, "/a"));
        tokio::time::advance(Duration::from_millis(2500)).await;
        repeats.say_all();
        repeats.say_all();
        let text = log.text();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("ERROR request (1 more in 3 s, the last is named)"), "{text}");
    }
}
