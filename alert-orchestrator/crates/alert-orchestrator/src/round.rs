//! One round: everything that is done every time, whoever asked for it.
//!
//! Start at [`run`]. The service's schedule goes through it, and so do `--once` and `explain`, which open the store for
//! it with [`open_and_run`].

use std::sync::Arc;
use std::time::{Duration, Instant};

use advisor_core::decision::{Decision, Failure};
use advisor_core::store::StoreError;
use advisor_io::AnyStore;
use jiff::Timestamp;
use platform::process;
use tokio::time::timeout;

use crate::evaluate::{self, Circumstances, Evaluation, Mismatches, Plan};
use crate::settings::Settings;
use crate::store;
use crate::sync::{self, Pulled};
use crate::told::Told;

/// The least time that a round has: a first import or a far database takes a while, whatever the interval.
const LIMIT_MIN: Duration = Duration::from_secs(120);

/// A round and how long it took.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) evaluation: Evaluation,
    pub(crate) took: Duration,
}

impl Finished {
    /// A round that began at `started` and gave no answer at all.
    pub(crate) fn failed(plan: &Plan, started: Instant, failure: &Failure) -> Self {
        Self { evaluation: Evaluation::failed(plan, Timestamp::now(), failure), took: started.elapsed() }
    }

    /// Whether the store answered for any asset: where it did not, it is not asked for more.
    pub(crate) fn has_store(&self) -> bool {
        self.store_failure().is_none()
    }

    /// Why the store answered for no asset, as the first of them says; `None` where it did for any.
    pub(crate) fn store_failure(&self) -> Option<&Failure> {
        let mut failures = self.evaluation.advice.iter().map(|advice| match &advice.decision {
            Decision::Error(failure) if failure.is_store_gone() => Some(failure),
            _ => None,
        });
        let first = failures.next()??;
        failures.all(|failure| failure.is_some()).then_some(first)
    }
}

/// Evaluates every asset of `plan`; `mismatches` says how often in a row the prices of an asset had disagreed before.
pub(crate) async fn run(
    store: &Arc<AnyStore>,
    settings: &Arc<Settings>,
    plan: &Plan,
    mismatches: &Mismatches,
) -> Finished {
    let (started, now) = (Instant::now(), Timestamp::now());
    let failed = |error| Evaluation::failed(plan, now, &Failure::Store(error));
    let answer = async {
        match refresh(store, settings).await {
            Ok(()) => evaluate(store, settings, plan, now, mismatches).await,
            Err(error) => failed(error),
        }
    };
    // A store that drips its answer would otherwise hold the schedule for as long as it likes.
    let evaluation = timeout(limit(settings), answer).await.unwrap_or_else(|_| failed(too_slow(settings)));
    Finished { evaluation, took: started.elapsed() }
}

fn too_slow(settings: &Settings) -> StoreError {
    let cause = format!("no complete answer within {} s", limit(settings).as_secs());
    StoreError::Unavailable { store: store::name(&settings.config), cause }
}

async fn evaluate(
    store: &AnyStore,
    settings: &Settings,
    plan: &Plan,
    now: Timestamp,
    mismatches: &Mismatches,
) -> Evaluation {
    // A round of its own: where the database of prices denies or fails, positions are asked for all the same.
    let of_prices = store.round();
    let prices = settings.prices.ask(plan, &of_prices, plan.end.unwrap_or(now));
    evaluate::evaluate(&store.round(), plan, Circumstances { now, prices, mismatches }).await
}

/// Evaluates some assets anew between two rounds of which `last` is the first ([`evaluate::anew`]), without what comes before a
/// round.
pub(crate) async fn again(store: &AnyStore, settings: &Settings, last: &Evaluation, assets: &[String]) -> Finished {
    let (started, now, plan) = (Instant::now(), Timestamp::now(), settings.plan.only(assets));
    let store = store.round();
    let answer = evaluate::anew(&store, &plan, last, now);
    let failed = |_| Evaluation::failed(&plan, now, &Failure::Store(too_slow(settings)));
    let evaluation = timeout(limit(settings), answer).await.unwrap_or_else(failed);
    Finished { evaluation, took: started.elapsed() }
}

/// Opens the store for a single round, says in the log what is wrong, and returns the store with what was found. With
/// `write_prefix`, transactions are pulled first where that is configured.
pub(crate) async fn open_and_run(
    settings: &Arc<Settings>,
    plan: &Plan,
    write_prefix: Option<&str>,
) -> (Option<Arc<AnyStore>>, Finished) {
    let started = Instant::now();
    let (store, finished) = match store::open(&settings.config) {
        Ok(store) => {
            let store = Arc::new(store);
            if let Some(write_prefix) = write_prefix
                && let Some(pulled) = pull_transactions(&store, settings, write_prefix).await
            {
                Told::default().pull(&pulled);
            }
            let finished = run(&store, settings, plan, &Mismatches::new()).await;
            (Some(store), finished)
        }
        Err(error) => (None, Finished::failed(plan, started, &Failure::Store(error))),
    };
    Told::default().round(&finished.evaluation);
    (store, finished)
}

/// Brings deposits and withdrawals up to date before a round, where the configuration wants that (`None`: it does not,
/// or the files cannot be read), for no longer than a round may take. The files come first: they say which wallets
/// there are.
pub(crate) async fn pull_transactions(
    store: &Arc<AnyStore>,
    settings: &Arc<Settings>,
    write_prefix: &str,
) -> Option<Pulled> {
    if !settings.config.orchestrator.transaction_sync.enabled {
        return None;
    }
    let asking = limit(settings);
    let until = tokio::time::Instant::now() + asking;
    let pull = async {
        // The round that follows says what is wrong with the files.
        refresh(store, settings).await.ok()?;
        Some(sync::before_round(store, settings, write_prefix, until).await)
    };
    // Whom Liqwid keeps waiting is left out; whom the store keeps waiting, for longer than a round has at least, gives up.
    let limit = asking + LIMIT_MIN;
    timeout(limit, pull).await.unwrap_or_else(|_| Some(Err(format!("cut off after {} s", limit.as_secs()))))
}

/// How long a round may take.
pub(crate) fn limit(settings: &Settings) -> Duration {
    settings.interval().max(LIMIT_MIN)
}

/// Reads changed files into the embedded store, on a thread that may block.
///
/// # Errors
/// See [`store::refresh`].
pub(crate) async fn refresh(store: &Arc<AnyStore>, settings: &Arc<Settings>) -> Result<(), StoreError> {
    let (store, settings) = (Arc::clone(store), Arc::clone(settings));
    process::outcome(tokio::task::spawn_blocking(move || store::refresh(&store, &settings.config))).await
}
