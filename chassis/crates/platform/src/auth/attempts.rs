//! How often may a client be wrong? Five times at once, and once more every 12 seconds.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::http::Client;

/// Failed logins that a client may have at once, and the time after which it may have one more: 5 per minute.
const BURST: u32 = 5;
const EVERY: Duration = Duration::from_secs(12);

/// Clients that are kept in mind; when there are more, the one that is forgiven soonest is forgotten.
const CLIENTS: usize = 4096;

/// A token bucket per client, each as the one instant at which it is full again; a client without one has a full bucket.
#[derive(Debug, Default)]
pub(super) struct Attempts(HashMap<IpAddr, Instant>);

impl Attempts {
    /// Whether `client` may try to log in.
    ///
    /// # Errors
    /// How long it has to wait.
    pub(super) fn allow(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let full_at = self.0.get(&Client(client).network()).copied().unwrap_or(now);
        // A bucket of five tokens is empty when it takes five times 12 s to fill; there is a token when it takes at most four.
        match (full_at + EVERY).saturating_duration_since(now + BURST * EVERY) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// There is none; how long it takes until there is one.
    pub(super) fn take(&mut self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        self.allow(client, now)?;
        let client = Client(client).network();
        if self.0.len() >= CLIENTS && !self.0.contains_key(&client) {
            self.forget(now);
        }
        let full_at = self.0.entry(client).or_insert(now);
        *full_at = (*full_at).max(now) + EVERY;
        Ok(())
    }

    /// Puts a token back that was taken for a login which then succeeded.
    pub(super) fn give_back(&mut self, client: IpAddr) {
        if let Some(full_at) = self.0.get_mut(&Client(client).network()) {
            *full_at -= EVERY;
        }
    }

    fn forget(&mut self, now: Instant) {
        self.0.retain(|_, full_at| *full_at > now);
        if self.0.len() >= CLIENTS
            && let Some(soonest) = self.0.iter().min_by_key(|(_, full_at)| **full_at).map(|(client, _)| *client)
        {
            self.0.remove(&soonest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn client(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn five_at_once_and_one_more_every_twelve_seconds() {
        let (mut attempts, start, one) = (Attempts::default(), Instant::now(), client("192.0.2.1"));
        for _ in 0..5 {
            assert_eq!(attempts.take(one, start), Ok(()));
        }
        assert_eq!(attempts.take(one, start), Err(12 * SECOND));
        assert_eq!(attempts.take(one, start + 5 * SECOND), Err(7 * SECOND), "a refused one costs nothing");
        assert_eq!(attempts.take(one, start + 12 * SECOND), Ok(()));
        assert_eq!(attempts.allow(one, start + 12 * SECOND), Err(12 * SECOND));
        assert_eq!(attempts.allow(client("192.0.2.2"), start), Ok(()), "another client");
        // 5 + 1 were taken: full again after 6 · 12 s, and no fuller than that.
        for _ in 0..5 {
            assert_eq!(attempts.take(one, start + 1000 * SECOND), Ok(()));
        }
        assert_eq!(attempts.take(one, start + 1000 * SECOND), Err(12 * SECOND));
    }

    #[test]
    fn a_token_given_back_was_never_taken() {
        let (mut attempts, now, one) = (Attempts::default(), Instant::now(), client("192.0.2.1"));
        for _ in 0..100 {
            assert_eq!(attempts.take(one, now), Ok(()));
            attempts.give_back(one);
        }
    }

    #[test]
    fn the_addresses_of_one_network_are_one_client() {
        let (mut attempts, now) = (Attempts::default(), Instant::now());
        for host in 1..=5 {
            assert_eq!(attempts.take(client(&format!("2001:db8::{host}")), now), Ok(()));
        }
        assert_eq!(attempts.allow(client("2001:db8:0:0:ffff::1"), now), Err(12 * SECOND));
        assert_eq!(attempts.allow(client("2001:db8:0:1::1"), now), Ok(()));
        for _ in 0..5 {
            assert_eq!(attempts.take(client("192.0.2.1"), now), Ok(()));
        }
        assert_eq!(attempts.allow(client("::ffff:192.0.2.1"), now), Err(12 * SECOND));
    }

    #[test]
    fn the_table_stays_bounded_and_keeps_those_who_failed_most() {
        let (mut attempts, now, worst) = (Attempts::default(), Instant::now(), client("192.0.2.1"));
        for _ in 0..5 {
            attempts.take(worst, now).unwrap();
        }
        for host in 0..10_000 {
            attempts.take(Ipv4Addr::from_bits(host).into(), now).unwrap();
        }
        assert_eq!(attempts.0.len(), CLIENTS);
        assert_eq!(attempts.allow(worst, now), Err(12 * SECOND));
        attempts.take(client("192.0.2.9"), now + 12 * SECOND).unwrap();
        assert_eq!(attempts.0.len(), 2, "the forgiven are forgotten first");
    }
}
