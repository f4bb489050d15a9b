//! Was a withdrawal marked since the last round, in this service or beside it? Then its asset is evaluated anew.
//!
//! Start at [`follow`]. Nothing but a mark causes that: whatever else was written, the marks are read and are what the last
//! evaluation went by. The embedded store tells without a question whether there was a write at all; GreptimeDB is asked
//! now and then, while somebody looks at the decisions. What was marked in the service itself needs no question.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use advisor_core::store::StoreError;
use advisor_io::AnyStore;
use jiff::Timestamp;
use tokio::time::timeout;
use tracing::{debug, error, info};

use super::live::Live;
use super::printing::Printing;
use super::published::{Later, Published};
use crate::evaluate;
use crate::{journal, round};

/// How often the embedded store is asked whether it has changed.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How often GreptimeDB is asked for the marks of an asset, at most.
const ASK_EVERY: Duration = Duration::from_secs(5);

/// For how long after a question for the decisions somebody counts as looking at them: the page asks every 10 s.
const LOOKED_AT_FOR: Duration = Duration::from_secs(12);

/// Evaluates assets anew when their marks change, for as long as the rounds are made.
pub(super) async fn follow(live: Arc<Live>) {
    let task = tokio::spawn(async move { Following::new(live).run().await });
    if let Err(ended) = task.await
        && ended.is_panic()
    {
        error!("marks that are set between two rounds count from the next round on, please report it: {ended}");
    }
}

struct Following {
    live: Arc<Live>,
    seen: Seen,
    printing: Printing,
    /// Until when nothing is tried, as the store has just failed.
    rests_until: Option<Instant>,
}

impl Following {
    fn new(live: Arc<Live>) -> Self {
        Self { live, seen: Seen::default(), printing: Printing::default(), rests_until: None }
    }

    async fn run(mut self) {
        loop {
            // Ready at once where something was marked meanwhile.
            let _ = timeout(LOOK_EVERY, self.live.marks.is_marked()).await;
            let rests = self.rests_until.is_some_and(|until| Instant::now() < until);
            if let (Some(store), Some(published), false) = (self.live.store(), self.live.published(), rests) {
                self.look(&store, &published).await;
            }
        }
    }

    async fn look(&mut self, store: &Arc<AnyStore>, published: &Arc<Published>) {
        let marked = self.live.marks.take();
        let version = version(store).await;
        // Where the store tells of the write, the comparison finds what was marked.
        let mut assets = if version == Version::Untold { marked } else { BTreeSet::new() };
        let looked_at = self.live.marks.looked_at();
        if let Some(seen) = self.seen.next(version, published, looked_at, Instant::now()) {
            match differing(store, published).await {
                Ok(found) => {
                    assets.extend(found);
                    self.seen = seen;
                }
                // What the rounds cannot read they say themselves.
                Err(error) => {
                    debug!("the marks could not be read: {error}");
                    self.rest();
                }
            }
        }
        let assets: Vec<String> =
            assets.into_iter().filter(|asset| published.settings.plan.of(asset).is_some()).collect();
        if !assets.is_empty() {
            self.evaluate(store, published, &assets).await;
        }
    }

    async fn evaluate(&mut self, store: &Arc<AnyStore>, published: &Arc<Published>, assets: &[String]) {
        let (settings, began_at) = (Arc::clone(&published.settings), Instant::now());
        let finished = round::again(store, &settings, &published.finished.evaluation, assets).await;
        if !finished.has_store() {
            // What is published still goes by other marks.
            assets.iter().for_each(|asset| self.live.marks.marked(asset.clone()));
            self.seen = Seen::default();
            return self.rest();
        }
        let later = Arc::new(Later { finished, settings, began_at });
        if !self.live.publish_later(&later) {
            return; // a round that began after it has said the same
        }
        info!("evaluated {} anew: a withdrawal was marked, or is no longer", assets.join(", "));
        let Later { finished, settings, .. } = &*later;
        self.live.told().round(&finished.evaluation);
        self.live.counters.evaluated_anew(&finished.evaluation.advice);
        self.printing.print(&finished.evaluation, settings.zone());
        let kept = journal::keep(store, settings, finished, self.live.write_prefix).await;
        self.live.told().kept(&kept);
    }

    fn rest(&mut self) {
        self.rests_until = Instant::now().checked_add(ASK_EVERY);
    }
}

/// The version of a store that tells by itself when it changes.
async fn version(store: &AnyStore) -> Version {
    match store {
        AnyStore::Embedded(store) => Version::Told(store.version().await),
        AnyStore::Greptime(_) => Version::Untold,
    }
}

async fn differing(store: &AnyStore, published: &Published) -> Result<Vec<String>, StoreError> {
    let (plan, evaluation) = (&published.settings.plan, &published.finished.evaluation);
    evaluate::marked_otherwise(&store.round(), plan, evaluation, Timestamp::now()).await
}

/// How a store tells that it has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// By a number; `None`: it cannot tell now, and has more to tell once it can.
    Told(Option<i64>),
    /// Only by being asked for what it holds.
    Untold,
}

/// What was compared the last time.
#[derive(Debug, Clone, Default)]
struct Seen {
    version: Option<i64>,
    published: Weak<Published>,
    asked_at: Option<Instant>,
}

impl Seen {
    /// What will have been seen where it is time to compare again; `None` where it is not. `looked_at`: when somebody asked for
    /// the decisions.
    fn next(
        &self,
        version: Version,
        published: &Arc<Published>,
        looked_at: Option<Instant>,
        now: Instant,
    ) -> Option<Self> {
        let within = |at: Option<Instant>, length| at.is_some_and(|at| now.duration_since(at) < length);
        let (is_due, version) = match version {
            // A round that began before a write may end after it, so its answer is compared, too.
            Version::Told(version) => {
                let is_other =
                    version != self.version || !std::ptr::eq(self.published.as_ptr(), Arc::as_ptr(published));
                (version.is_some() && is_other, version)
            }
            Version::Untold => (within(looked_at, LOOKED_AT_FOR) && !within(self.asked_at, ASK_EVERY), None),
        };
        is_due.then(|| Self { version, published: Arc::downgrade(published), asked_at: Some(now) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use advisor_core::decision::Failure;

    use super::*;
    use crate::round::Finished;
    use crate::settings::Settings;

    fn published() -> Arc<Published> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("one.yaml");
        std::fs::write(&path, "client: {assets: [djed]}").unwrap();
        let settings = Settings::of(crate::config::load(&path, &|_| None).unwrap()).unwrap();
        let failure = Failure::InvalidData(String::new());
        let finished = Finished::failed(&settings.plan, std::time::Instant::now(), &failure);
        Arc::new(Published::new(finished, Arc::new(settings)))
    }

    #[test]
    fn a_server_is_asked_every_five_seconds_at_most_and_only_while_somebody_looks() {
        let (published, start) = (published(), Instant::now());
        let at = |second| start + Duration::from_secs(second);
        let next = |seen: &Seen, looked_at: Option<u64>, now| {
            seen.next(Version::Untold, &published, looked_at.map(at), at(now))
        };
        let seen = Seen::default();
        assert!(next(&seen, None, 0).is_none(), "nobody looks");
        let seen = next(&seen, Some(0), 0).unwrap();
        assert!(next(&seen, Some(4), 4).is_none(), "it has just been asked");
        let seen = next(&seen, Some(4), 5).unwrap();
        assert!(next(&seen, Some(4), 15).is_some(), "the page asks again in a moment");
        assert!(next(&seen, Some(4), 16).is_none(), "12 s after somebody looked");
    }

    #[test]
    fn a_file_is_read_where_it_or_what_is_published_has_changed() {
        let first = published();
        let next = |seen: &Seen, version, published| seen.next(Version::Told(version), published, None, Instant::now());
        let seen = next(&Seen::default(), Some(1), &first).unwrap();
        assert!(next(&seen, Some(1), &first).is_none(), "nothing was written, and nobody has to look");
        assert!(next(&seen, Some(2), &first).is_some());
        assert!(next(&seen, None, &first).is_none(), "there is nothing to be read now");
        assert!(next(&seen, Some(1), &published()).is_some(), "a round may have begun before the mark");
    }
}
