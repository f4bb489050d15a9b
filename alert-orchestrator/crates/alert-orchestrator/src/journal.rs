//! What was decided before: every decision is written down, and can be read again.
//!
//! Start at [`keep`]. A journal that cannot be written is a warning: no decision waits for it or rests on it.

use std::sync::LazyLock;
use std::time::Duration;

use advisor_core::advice::Advice;
use advisor_core::journal::{Entry, Journal as _, TABLE};
use advisor_core::store::StoreError;
use advisor_core::time;
use advisor_io::AnyStore;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::evaluate::Evaluation;
use crate::reference::Change;
use crate::round::Finished;
use crate::settings::Settings;
use crate::version::PROGRAM;

/// How often old decisions are removed, which are kept for days.
pub(crate) const FORGET_EVERY: Duration = Duration::from_secs(3600);

/// More decisions than this are not answered at once.
const ANSWER_MAX: usize = 1000;

/// Stands in the place of a reason's code where an entry is no decision, but a mark that was changed.
const MARK_CHANGED: &str = "mark_changed";

/// Which of several processes side by side this is: the name of the machine or container.
static REPLICA: LazyLock<String> = LazyLock::new(|| gethostname::gethostname().to_string_lossy().into_owned());

/// Writes the decisions of a round down.
///
/// # Errors
/// Those of the store; for [`Told`](crate::told::Told), as they may come with every round.
pub(crate) async fn keep(
    store: &AnyStore,
    settings: &Settings,
    finished: &Finished,
    write_prefix: &str,
) -> Result<(), StoreError> {
    let entries = finished.evaluation.advice.iter().map(|advice| entry(advice, settings, finished)).collect();
    append(store, settings, write_prefix, entries).await
}

/// Logs a changed mark and writes it down among the decisions, where it explains the next one.
pub(crate) async fn note(store: &AnyStore, settings: &Settings, change: &Change, user: &str, write_prefix: &str) {
    let record = change.record(user);
    info!(asset = change.asset(), table = change.written(), "mark changed: {record}");
    let entry = Entry {
        ts: time::nanos(Timestamp::now()),
        asset: change.asset().to_owned(),
        code: Some(MARK_CHANGED.to_owned()),
        reason: Some(record),
        t0: change.reference(),
        ..blank(settings)
    };
    if let Err(error) = append(store, settings, write_prefix, vec![entry]).await {
        warn!("the changed mark could not be written into the journal: {error}");
    }
}

async fn append(
    store: &AnyStore,
    settings: &Settings,
    write_prefix: &str,
    entries: Vec<Entry>,
) -> Result<(), StoreError> {
    if !settings.config.orchestrator.journal.enabled {
        return Ok(());
    }
    store.round().append(&table(write_prefix), &entries).await
}

/// What every entry of this process has.
fn blank(settings: &Settings) -> Entry {
    Entry {
        version: PROGRAM.version.to_owned(),
        config_hash: settings.hash.clone(),
        replica: REPLICA.clone(),
        ..Entry::default()
    }
}

/// Forgets what is older than the configuration keeps it, as far as the clock is to be believed; returns whether that was all.
///
/// # Errors
/// As those of [`keep`].
pub(crate) async fn forget(
    store: &AnyStore,
    settings: &Settings,
    evaluation: &Evaluation,
    write_prefix: &str,
) -> Result<bool, StoreError> {
    let journal = &settings.config.orchestrator.journal;
    if !journal.enabled {
        return Ok(true);
    }
    let keep = SignedDuration::from_hours(24 * i64::from(journal.keep_days));
    let (round, table) = (store.round(), table(write_prefix));
    let Some(oldest) = round.oldest(&table).await? else { return Ok(true) };
    let oldest = time::timestamp(oldest);
    let Some(due) = due(Clock::of(evaluation), oldest, keep, settings.interval()) else { return Ok(true) };
    let removed = round.forget(&table, time::nanos(due.before)).await?;
    let [oldest, before] = [oldest, due.before].map(|at| time::shown(at, settings.zone()));
    let days = journal.keep_days;
    info!("removed {removed} decisions from the journal, of {oldest} to {before} (journal.keep_days: {days})");
    Ok(due.is_all)
}

/// What is removed at once.
#[derive(Debug, PartialEq, Eq)]
struct Due {
    before: Timestamp,
    /// Whether that is all that is old enough.
    is_all: bool,
}

/// What of a journal that begins with `oldest` is removed; `None`: nothing.
///
/// At once that is no more than what was kept and one interval: should the clock be wrong after all, there is time to see
/// it. Where nothing confirms the clock, it is what the rounds since the last removal have added.
fn due(clock: Clock, oldest: Timestamp, keep: SignedDuration, interval: Duration) -> Option<Due> {
    let most = match clock {
        Clock::Alone(_) => SignedDuration::try_from(FORGET_EVERY).unwrap_or(SignedDuration::MAX),
        Clock::Doubtful | Clock::Confirmed { .. } => keep,
    };
    let old = clock.believed(interval)?.checked_sub(keep).unwrap_or(Timestamp::MIN);
    let limit = oldest.checked_add(most).and_then(|at| at.checked_add(interval)).unwrap_or(Timestamp::MAX);
    (oldest < old).then(|| Due { before: old.min(limit), is_all: old <= limit || matches!(clock, Clock::Alone(_)) })
}

fn table(write_prefix: &str) -> String {
    format!("{write_prefix}{TABLE}")
}

fn entry(advice: &Advice, settings: &Settings, finished: &Finished) -> Entry {
    let reason = advice.decision.reason();
    let gate = advice.gate.as_ref();
    Entry {
        ts: time::nanos(finished.evaluation.started_at),
        asset: advice.asset.clone(),
        decision: advice.decision.code(),
        code: reason.as_ref().map(|reason| reason.code.to_owned()),
        reason: reason.map(|reason| reason.message),
        wmax_usd: (!advice.decision.is_error()).then(|| advice.decision.limit_usd()),
        g_usd: advice.totals.map(|totals| totals.gain_usd),
        residual: gate.and_then(|gate| gate.residual),
        sigma: gate.and_then(|gate| gate.sigma),
        t0: advice.t0.map(time::nanos),
        t1: advice.t1.map(time::nanos),
        duration_seconds: finished.took.as_secs_f64(),
        ..blank(settings)
    }
}

/// Past decisions on an asset.
#[derive(Debug, Serialize)]
pub(crate) struct History {
    asset: String,
    from: Timestamp,
    to: Timestamp,
    /// Whether there are older ones in the range that were left out.
    truncated: bool,
    entries: Vec<Past>,
}

/// One decision of the past.
#[derive(Debug, Serialize)]
struct Past {
    ts: Timestamp,
    decision: i8,
    code: Option<String>,
    reason: Option<String>,
    wmax_usd: Option<f64>,
    g_usd: Option<f64>,
    residual_usd: Option<f64>,
    sigma_usd: Option<f64>,
    t0: Option<Timestamp>,
    t1: Option<Timestamp>,
    duration_seconds: f64,
    version: String,
    config_hash: String,
    replica: String,
}

/// The newest decisions on an asset in a range of time, newest first.
///
/// # Errors
/// Those of the store.
pub(crate) async fn read(store: &AnyStore, asset: &str, from: Timestamp, to: Timestamp) -> Result<History, StoreError> {
    let (first, last) = (time::nanos(from), time::nanos(to));
    let mut entries = store.round().read(TABLE, asset, first, last, ANSWER_MAX + 1).await?;
    let truncated = entries.len() > ANSWER_MAX;
    entries.truncate(ANSWER_MAX);
    let entries = entries.into_iter().map(past).collect();
    Ok(History { asset: asset.to_owned(), from, to, truncated, entries })
}

fn past(entry: Entry) -> Past {
    Past {
        ts: time::timestamp(entry.ts),
        decision: entry.decision,
        code: entry.code,
        reason: entry.reason,
        wmax_usd: entry.wmax_usd,
        g_usd: entry.g_usd,
        residual_usd: entry.residual,
        sigma_usd: entry.sigma,
        t0: entry.t0.map(time::timestamp),
        t1: entry.t1.map(time::timestamp),
        duration_seconds: entry.duration_seconds,
        version: entry.version,
        config_hash: entry.config_hash,
        replica: entry.replica,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);
    const HOUR: Duration = Duration::from_secs(3600);

    fn day(day: i64) -> Timestamp {
        "2026-01-01T00:00:00Z".parse::<Timestamp>().unwrap() + DAY * i32::try_from(day).unwrap()
    }

    /// What is removed of a journal from day `oldest` on that keeps 30 days, with a round every hour.
    #[track_caller]
    fn removes(clock: Clock, oldest: i64, expected: Option<(Timestamp, bool)>) {
        let due = due(clock, day(oldest), DAY * 30, HOUR);
        assert_eq!(due.map(|due| (due.before, due.is_all)), expected);
    }

    fn confirmed(now: i64, newest: i64) -> Clock {
        Clock::Confirmed { now: day(now), newest: day(newest) }
    }

    #[test]
    fn what_is_older_than_it_is_kept_goes_where_samples_confirm_the_clock() {
        removes(confirmed(100, 100), 60, Some((day(70), true)));
        removes(confirmed(100, 100), 70, None);
    }

    #[test]
    fn a_clock_that_is_ahead_removes_nothing_that_is_to_be_kept() {
        removes(confirmed(900, 100), 70, Some((day(70) + HOUR, true)));
        removes(confirmed(900, 100), 71, None);
        removes(Clock::Doubtful, 0, None);
    }

    #[test]
    fn at_once_no_more_goes_than_what_is_kept_and_one_interval() {
        removes(confirmed(100, 100), 0, Some((day(30) + HOUR, false)));
        removes(Clock::Alone(day(900)), 70, Some((day(70) + HOUR * 2, true))); // an hour between removals, and one interval
        removes(Clock::Alone(day(100)), 70, None);
    }
}
