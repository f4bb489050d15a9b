//! Pulling deposits and withdrawals from Liqwid into the store.
//!
//! Start at [`pull`]: all wallets are asked about, and what could be had is written at once, so that a pull that is killed
//! leaves the store as it was. What a wallet lacks the next run gets. Which transactions are to be stored is
//! `advisor_core::sync`'s to say; how far they are known, `advisor_core::coverage`'s.

mod asked;
mod outcome;
mod tables;

use std::sync::Arc;
use std::time::Duration;

use advisor_core::coverage::Span;
use advisor_core::ledger::Ledger as _;
use advisor_core::time::{self, nanos};
use advisor_io::AnyStore;
use advisor_io::api;
use advisor_io::embedded::Alone;
use advisor_io::liqwid::Liqwid;
use jiff::Timestamp;
use platform::config::text;
use serde::Deserialize;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::address;
use crate::meant::{self, Kind, Known, Unclear};
use crate::settings::Settings;
use crate::store;

pub(crate) use asked::Progress;
use asked::Scope;
pub(crate) use outcome::{Summary, SyncError};
use tables::FlowTables;

/// Before this the lending market has no history.
const HISTORY_START: &str = "2023-10-01T00:00:00Z";

/// How long all the requests about one wallet may take together: analytics take up to 35 s, a long history many of them.
const WALLET_DEADLINE: Duration = Duration::from_secs(600);

/// The longest address that is shown whole.
const ADDRESS_CHARS: usize = 128;

/// How often a request is repeated that failed for a passing reason.
const RETRIES: u32 = 3;

/// What is to be pulled; what is left out is as configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Wish {
    pub(crate) wallets: Vec<String>,
    pub(crate) start: Option<String>,
    pub(crate) end: Option<String>,
    pub(crate) dry_run: bool,
}

/// Pulls what Liqwid knows of the wallets' deposits and withdrawals, and stores what is new. Of what it has not heard by
/// `until` it goes without.
///
/// # Errors
/// [`SyncError`] where nothing could be begun; what goes wrong later is in the summary's errors.
pub(crate) async fn pull(
    store: &AnyStore,
    settings: &Settings,
    wish: &Wish,
    write_prefix: &str,
    until: Option<Instant>,
    progress: &mut (dyn FnMut(Progress<'_>) + Send),
) -> Result<Summary, SyncError> {
    let liqwid = client(settings)?;
    let _alone = if wish.dry_run { None } else { alone(store, settings)? };
    let mut tables = FlowTables::find(store, settings, write_prefix, wish.dry_run).await?;
    let scope = scope(store, settings, wish, &tables, until).await?;
    let asked = asked::ask(&liqwid, &scope, progress).await;
    tables.errors.extend(asked.errors);
    tables.store(&asked.wallets).await;
    Ok(tables.summary(scope.wallets.len()))
}

/// What came of a pull before a round, or why there was none.
pub(crate) type Pulled = Result<Summary, String>;

/// Pulls before a round, which goes on with what is stored where that fails.
pub(crate) async fn before_round(store: &AnyStore, settings: &Settings, write_prefix: &str, until: Instant) -> Pulled {
    let pulled = pull(store, settings, &Wish::default(), write_prefix, Some(until), &mut |_| {}).await;
    pulled.map_err(|error| error.to_string())
}

/// Says in the log how a pull went that nobody watched.
pub(crate) fn log(summary: &Summary) {
    info!("transactions pulled from Liqwid: {}", summary.message);
    summary.errors.iter().for_each(|error| warn!("pulling transactions from Liqwid: {error}"));
}

fn client(settings: &Settings) -> Result<Liqwid, SyncError> {
    let orchestrator = &settings.config.orchestrator;
    let api = settings.config.pulled_from().map_err(|unfit| SyncError::Unfit(unfit.to_owned()))?;
    let client = Liqwid::new(api::Settings {
        url: api.url().clone(),
        timeout: Duration::from_secs_f64(orchestrator.transaction_sync.timeout_seconds),
        deadline: WALLET_DEADLINE,
        retries: RETRIES,
        retry_delay: api::Settings::RETRY_DELAY,
    });
    client.map_err(|error| SyncError::Unfit(format!("{:#}", anyhow::Error::from(error))))
}

/// Keeps other processes from pulling into the embedded store meanwhile, and from nothing else. In GreptimeDB a row that is
/// written again is the same row.
fn alone(store: &AnyStore, settings: &Settings) -> Result<Option<Alone>, SyncError> {
    let AnyStore::Embedded(store) = store else { return Ok(None) };
    let alone = store.try_alone().map_err(|error| SyncError::Store(error.to_string()))?;
    alone.map(Some).ok_or_else(|| SyncError::Busy(store::name(&settings.config)))
}

async fn scope(
    store: &AnyStore,
    settings: &Settings,
    wish: &Wish,
    tables: &FlowTables<'_>,
    until: Option<Instant>,
) -> Result<Scope, SyncError> {
    let sync = &settings.config.orchestrator.transaction_sync;
    let zone = settings.config.orchestrator.timezone.rules();
    let instant = |key: &str, written: &Option<String>, configured: Option<Timestamp>| match written {
        None => Ok(configured),
        Some(written) => text::instant(written, zone).map(Some).ok_or_else(|| {
            let written = legible::quoted(written);
            SyncError::Unfit(format!("found {key} {written}, expected RFC 3339 or YYYY-MM-DD"))
        }),
    };
    let start = instant("start", &wish.start, sync.start_date)?;
    let beginning = HISTORY_START.parse().unwrap_or(Timestamp::UNIX_EPOCH);
    let from = start.unwrap_or(beginning);
    let now = Timestamp::now();
    let to = instant("end", &wish.end, sync.end_date)?.unwrap_or(now);
    if from > to {
        let [from, to] = [from, to].map(|at| time::shown(at, zone));
        return Err(SyncError::Unfit(format!("found start {from} after end {to}, expected it before")));
    }
    let stored = async || {
        let stored = store.round().wallets(&tables.positions).await;
        stored.map_err(|error| SyncError::Store(error.to_string()))
    };
    let wallets = match (&*wish.wallets, &*sync.wallets) {
        ([], []) => rotated(stored().await?, now),
        ([], configured) => rotated(configured.iter().map(|wallet| wallet.as_str().into()).collect(), now),
        (wished, configured) => {
            let stored = stored().await?;
            let known = stored.iter().map(|wallet| &**wallet).chain(configured.iter().map(String::as_str));
            written_out(&Known::new(Kind::Wallet, known), wished)?
        }
    };
    // Where all of the history is asked for, there is nothing before it; and what is to come nobody knows yet.
    let known_from = if from <= beginning { Span::BEGINNING } else { nanos(from) };
    let span = Span { from: known_from, to: nanos(to.min(now)) };
    Ok(Scope { from, to, wallets, span, until })
}

/// The wallets that somebody named; of one that is known the beginning is enough, and one that is not may be new.
fn written_out(known: &Known, wished: &[String]) -> Result<Vec<Arc<str>>, SyncError> {
    let written_out = |written: &String| match known.find(written) {
        Ok(whole) => Ok(whole.into()),
        Err(Unclear::Unknown) if meant::is_elided(written) => {
            let written = legible::quoted(written);
            Err(SyncError::Unfit(format!("no wallet that is known is like {written}; give the whole address")))
        }
        // Liqwid knows no transaction of a mistyped address, and an answer of none would pass for all there is.
        Err(Unclear::Unknown) => address::parse(written.trim()).map(Arc::from).map_err(|why| {
            let written = legible::quoted_to(written, ADDRESS_CHARS);
            SyncError::Unfit(format!("no wallet that is known is {written}, and it is no address: {why}"))
        }),
        Err(Unclear::Several(several)) => Err(SyncError::Unfit(several)),
    };
    wished.iter().map(written_out).collect()
}

/// Lets every pull begin with another wallet: where one is cut off, it must not always be the same that are left out.
fn rotated(mut wallets: Vec<Arc<str>>, now: Timestamp) -> Vec<Arc<str>> {
    if let Some(by) = now.as_second().unsigned_abs().checked_rem(wallets.len() as u64) {
        wallets.rotate_left(usize::try_from(by).unwrap_or(0));
    }
    wallets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wallet_is_the_first_to_be_asked_about_at_times() {
        let firsts = [100, 101, 102, 103].map(|second| {
            let wallets = ["a", "b", "c"].map(Arc::from).to_vec();
            let wallets = rotated(wallets, Timestamp::from_second(second).unwrap());
            assert_eq!(wallets.len(), 3);
            wallets[0].to_string()
        });
        assert_eq!(firsts, ["b", "c", "a", "b"]);
        assert!(rotated(Vec::new(), Timestamp::UNIX_EPOCH).is_empty());
    }
}
