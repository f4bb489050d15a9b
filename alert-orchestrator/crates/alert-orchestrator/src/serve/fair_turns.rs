//! Whose turn is it to have something computed that takes a while?
//!
//! Start at [`FairTurns::take`]. A client has one turn at a time, however much it asks, so that none keeps the others from
//! theirs.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex as StdMutex, PoisonError, Weak};

use platform::http::Client;
use tokio::sync::{AcquireError, Mutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

/// How many have their turn at once.
const AT_ONCE: usize = 2;

/// One turn for each client, and two at once in all.
pub(crate) struct FairTurns {
    /// Of those that have their turn or wait for it.
    clients: StdMutex<HashMap<IpAddr, Weak<Mutex<()>>>>,
    all: Arc<Semaphore>,
}

/// The right to have it computed, which lasts until it is dropped.
pub(crate) struct FairTurn {
    _all: Result<OwnedSemaphorePermit, AcquireError>,
    _own: OwnedMutexGuard<()>,
}

impl Default for FairTurns {
    fn default() -> Self {
        Self { clients: StdMutex::default(), all: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl FairTurns {
    /// The client's next turn. What else it asks waits behind that, and not before the questions of others.
    pub(crate) async fn take(&self, client: Client) -> FairTurn {
        let own = self.of(client).lock_owned().await;
        FairTurn { _all: Arc::clone(&self.all).acquire_owned().await, _own: own }
    }

    fn of(&self, client: Client) -> Arc<Mutex<()>> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, turn| turn.strong_count() > 0);
        let turn = clients.entry(client.network()).or_default();
        turn.upgrade().unwrap_or_else(|| {
            let own = Arc::default();
            *turn = Arc::downgrade(&own);
            own
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    /// The client's turn, unless others must end theirs before: the clock stands still until nothing else can go on.
    async fn now(turns: &FairTurns, client: &str) -> Option<FairTurn> {
        timeout(Duration::from_secs(1), turns.take(Client(client.parse().unwrap()))).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_asks_much_leaves_a_turn_to_others() {
        let turns = FairTurns::default();
        let first = now(&turns, "192.0.2.1").await;
        assert!(first.is_some());
        assert!(now(&turns, "192.0.2.1").await.is_none(), "it has one");
        let other = now(&turns, "192.0.2.2").await;
        assert!(other.is_some());
        assert!(now(&turns, "192.0.2.3").await.is_none(), "two are all");
        drop(first);
        assert!(now(&turns, "192.0.2.1").await.is_some());
        drop(other);
        let _network = now(&turns, "2001:db8::1").await;
        assert!(now(&turns, "2001:db8::2").await.is_none(), "one customer's network is one client");
        assert!(now(&turns, "2001:db8:0:1::1").await.is_some());
        assert_eq!(turns.clients.lock().unwrap().len(), 2, "who waits for nothing is forgotten");
    }
}
