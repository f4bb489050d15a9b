//! One login after the other: what is remembered, what is refused, and what is worked out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::warn;

use super::attempts::Attempts;
use super::users::Users;
use crate::http::Problem;

/// For how long a login is known without working it out again: a page asks every few seconds, and bcrypt takes a quarter of one.
const REMEMBERED: Duration = Duration::from_secs(300);
/// Logins that are remembered; the rest are worked out every time.
const MOST_REMEMBERED: usize = 256;

/// Logins that are worked out at once, each on a thread of its own, and those that may wait for their turn.
const AT_ONCE: usize = 2;
const WAITING: usize = 32;

/// Lets users in, and keeps those out who guess.
#[derive(Debug)]
pub struct Logins {
    users: Arc<Users>,
    /// Under which logins are remembered; nobody else can make such a hash.
    key: [u8; 32],
    remembered: Mutex<Remembered>,
    attempts: Arc<Mutex<Attempts>>,
    turns: Arc<Semaphore>,
    waiting: Semaphore,
}

/// Names by the keyed hash of their credentials, with the time of the login.
type Remembered = HashMap<[u8; 32], (Arc<str>, Instant)>;

/// Why a request has no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There are no credentials, or wrong ones.
    Unauthorized,
    /// The client was wrong too often.
    TooMany {
        /// After this time it is worth another try.
        wait: Duration,
    },
    /// Too many log in at once.
    Busy,
}

impl Refused {
    /// The answer to such a request: 401 with a challenge for `realm`, or 429 with the seconds to wait.
    pub fn into_problem(self, realm: &'static str) -> Problem {
        match self {
            Self::Unauthorized => Problem::unauthorized(realm),
            Self::TooMany { wait } => Problem::too_many("too many failed logins, try again later", wait),
            Self::Busy => Problem::too_many("too many logins at once, try again in a second", Duration::from_secs(1)),
        }
    }
}

impl Logins {
    /// Lets in whom `users` holds.
    pub fn new(users: Users) -> Self {
        let mut key = [0; 32];
        #[expect(clippy::expect_used, reason = "no service can keep a secret without them")]
        getrandom::fill(&mut key).expect("invariant: the operating system has random bytes");
        Self {
            users: Arc::new(users),
            key,
            remembered: Mutex::default(),
            attempts: Arc::default(),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Semaphore::new(AT_ONCE + WAITING),
        }
    }

    /// The user whose HTTP Basic credentials a request of `client` carries.
    ///
    /// A failed login, by wrong or by malformed credentials, takes one of the five that a client has per minute; while none is left
    /// its credentials are not looked at, not even right ones. A request without credentials is no login and takes nothing.
    /// Failures are logged with the client's address and never with what was sent.
    ///
    /// # Errors
    /// There is no such user, the password is wrong, or the client has to wait.
    pub async fn check(&self, headers: &HeaderMap, client: IpAddr) -> Result<Arc<str>, Refused> {
        let Some(header) = headers.get(AUTHORIZATION) else {
            return Err(Refused::Unauthorized);
        };
        let too_many = |wait| Refused::TooMany { wait };
        self.attempts().allow(client, Instant::now()).map_err(too_many)?;
        let Some(credentials) = Credentials::of(header) else {
            warn!(%client, "failed login: the Authorization header is malformed");
            self.attempts().take(client, Instant::now()).map_err(too_many)?;
            return Err(Refused::Unauthorized);
        };
        let key = self.remembered_by(&credentials);
        if let Some(name) = self.recall(&key) {
            return Ok(name);
        }
        let _place = self.waiting.try_acquire().map_err(|_| Refused::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Refused::Unauthorized)?;
        // A page asks for several things at once, with the same credentials: the first to be worked out serves all.
        if let Some(name) = self.recall(&key) {
            return Ok(name);
        }
        // Taken before it is known whether it fails, so that many at once are not more than five.
        self.attempts().take(client, Instant::now()).map_err(too_many)?;
        let (users, attempts) = (Arc::clone(&self.users), Arc::clone(&self.attempts));
        // Also where the client goes away meanwhile, the turn lasts as long as the work, and who was right has not failed.
        let work = move || {
            let _turn = turn;
            let found = users.verify(credentials.name(), credentials.password());
            if found.is_some() {
                lock(&attempts).give_back(client);
            }
            found
        };
        let found = tokio::task::spawn_blocking(work).await.ok().flatten();
        let Some(name) = found else {
            warn!(%client, "failed login: the user is unknown or the password is wrong");
            return Err(Refused::Unauthorized);
        };
        self.remember(key, &name);
        Ok(name)
    }

    fn remembered_by(&self, credentials: &Credentials) -> [u8; 32] {
        Sha256::new().chain_update(self.key).chain_update(&credentials.text).finalize().into()
    }

    fn recall(&self, key: &[u8; 32]) -> Option<Arc<str>> {
        let remembered = self.remembered();
        let (name, at) = remembered.get(key)?;
        (at.elapsed() < REMEMBERED).then(|| Arc::clone(name))
    }

    fn remember(&self, key: [u8; 32], name: &Arc<str>) {
        let mut remembered = self.remembered();
        if remembered.len() >= MOST_REMEMBERED {
            remembered.retain(|_, (_, at)| at.elapsed() < REMEMBERED);
        }
        if remembered.len() < MOST_REMEMBERED {
            remembered.insert(key, (Arc::clone(name), Instant::now()));
        }
    }

    fn remembered(&self) -> MutexGuard<'_, Remembered> {
        lock(&self.remembered)
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        lock(&self.attempts)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A name and a password, as HTTP Basic sends them (RFC 7617): `name:password`, where the name has no colon.
struct Credentials {
    text: String,
    colon: usize,
}

impl Credentials {
    fn of(header: &HeaderValue) -> Option<Self> {
        let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let text = String::from_utf8(BASE64_STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let colon = text.find(':')?;
        Some(Self { text, colon })
    }

    fn name(&self) -> &str {
        &self.text[..self.colon]
    }

    fn password(&self) -> &str {
        &self.text[self.colon + 1..]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    /// bcrypt at its lowest cost for `anna` with `anna's password`, SHA-256 for `bert`.
    fn logins() -> Logins {
        let mut users = Users::default();
        users.add("anna", format!("bcrypt:{}", bcrypt::hash("anna's: password", 4).unwrap()).parse().unwrap());
        let sha256 = Sha256::digest("bert's").iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        users.add("bert", format!("sha256:{sha256}").parse().unwrap());
        Logins::new(users)
    }

    fn basic(credentials: &str) -> HeaderMap {
        raw(&format!("Basic {}", BASE64_STANDARD.encode(credentials)))
    }

    fn raw(authorization: &str) -> HeaderMap {
        HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_bytes(authorization.as_bytes()).unwrap())])
    }

    fn wait(seconds: u64) -> Result<Arc<str>, Refused> {
        Err(Refused::TooMany { wait: Duration::from_secs(seconds) })
    }

    #[tokio::test]
    async fn only_the_right_password_of_a_known_user_lets_in() {
        let logins = logins();
        assert_eq!(logins.check(&basic("anna:anna's: password"), CLIENT).await.as_deref(), Ok("anna"));
        assert_eq!(logins.check(&basic("bert:bert's"), CLIENT).await.as_deref(), Ok("bert"));
        assert_eq!(logins.check(&HeaderMap::new(), CLIENT).await, Err(Refused::Unauthorized));
        for wrong in ["anna:bert's", "bert:", "nobody:bert's", ":", "Anna:anna's: password"] {
            assert_eq!(logins.check(&basic(wrong), CLIENT).await, Err(Refused::Unauthorized), "{wrong}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn five_failures_close_the_door_to_one_client_until_it_has_waited() {
        let logins = logins();
        let (right, wrong) = (basic("bert:bert's"), basic("bert:wrong"));
        for _ in 0..10 {
            assert!(logins.check(&right, CLIENT).await.is_ok(), "what succeeds takes nothing");
            assert_eq!(logins.check(&HeaderMap::new(), CLIENT).await, Err(Refused::Unauthorized), "nor does silence");
        }
        for _ in 0..5 {
            assert_eq!(logins.check(&wrong, CLIENT).await, Err(Refused::Unauthorized));
        }
        assert_eq!(logins.check(&wrong, CLIENT).await, wait(12));
        assert_eq!(logins.check(&right, CLIENT).await, wait(12));
        assert!(logins.check(&right, IpAddr::from([192, 0, 2, 2])).await.is_ok(), "another client");
        tokio::time::advance(Duration::from_secs(12)).await;
        assert!(logins.check(&right, CLIENT).await.is_ok());
        assert_eq!(logins.check(&wrong, CLIENT).await, Err(Refused::Unauthorized));
        assert_eq!(logins.check(&right, CLIENT).await, wait(12));
    }

    #[tokio::test(start_paused = true)]
    async fn malformed_credentials_are_failed_logins() {
        let cases = ["Bearer x", "Basic", "Basic !", "Basic eA==", "Basic /zo=", "", "\u{e9}"];
        for malformed in cases {
            let logins = logins();
            for _ in 0..5 {
                assert_eq!(logins.check(&raw(malformed), CLIENT).await, Err(Refused::Unauthorized), "{malformed:?}");
            }
            assert_eq!(logins.check(&raw(malformed), CLIENT).await, wait(12), "{malformed:?}");
        }
    }

    #[tokio::test]
    async fn many_guesses_at_once_are_no_more_than_five() {
        let logins = logins();
        let guesses = (0..20).map(|guess| basic(&format!("anna:{guess}"))).collect::<Vec<_>>();
        let answers = futures_util::future::join_all(guesses.iter().map(|guess| logins.check(guess, CLIENT))).await;
        assert_eq!(answers.iter().filter(|answer| **answer == Err(Refused::Unauthorized)).count(), 5);
    }

    #[tokio::test]
    async fn many_requests_of_one_page_are_one_login() {
        let logins = logins();
        let right = basic("anna:anna's: password");
        let answers = futures_util::future::join_all((0..20).map(|_| logins.check(&right, CLIENT))).await;
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(logins.remembered().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_is_remembered_for_minutes_and_not_for_ever() {
        let logins = logins();
        let right = basic("anna:anna's: password");
        logins.check(&right, CLIENT).await.unwrap();
        logins.turns.close(); // whatever has to be worked out from here on fails
        tokio::time::advance(Duration::from_secs(299)).await;
        assert!(logins.check(&right, CLIENT).await.is_ok());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(logins.check(&right, CLIENT).await, Err(Refused::Unauthorized));
    }

    #[tokio::test]
    async fn those_who_wait_are_bounded() {
        let logins = logins();
        let guesses = (0..40).map(|guess| basic(&format!("anna:{guess}"))).collect::<Vec<_>>();
        let checks = guesses.iter().enumerate().map(|(host, guess)| {
            let client = std::net::Ipv4Addr::from_bits(u32::try_from(host).unwrap());
            logins.check(guess, client.into())
        });
        let all_turns = Arc::clone(&logins.turns).acquire_many_owned(u32::try_from(AT_ONCE).unwrap()).await.unwrap();
        let release = async {
            tokio::task::yield_now().await; // after each of them has asked for a place
            drop(all_turns);
        };
        let (answers, ()) = tokio::join!(futures_util::future::join_all(checks), release);
        assert_eq!(answers.iter().filter(|answer| **answer == Err(Refused::Busy)).count(), 40 - AT_ONCE - WAITING);
    }

    #[test]
    fn a_right_login_costs_nothing_although_who_asked_has_gone() {
        // One thread for the work, which is kept busy until whoever asked has gone.
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        runtime.block_on(async {
            let (logins, right) = (logins(), basic("anna:anna's: password"));
            for _ in 0..6 {
                let (release, released) = std::sync::mpsc::channel::<()>();
                let busy = tokio::task::spawn_blocking(move || released.recv());
                tokio::select! {
                    biased; // it asks, and goes away before there can be an answer
                    _ = logins.check(&right, CLIENT) => panic!("answered, although nobody was free to"),
                    () = std::future::ready(()) => {}
                }
                drop(release);
                assert!(busy.await.unwrap().is_err(), "it was kept busy for as long as somebody asked");
                let every_turn = u32::try_from(AT_ONCE).unwrap();
                drop(logins.turns.acquire_many(every_turn).await.unwrap()); // the work is done
            }
            assert_eq!(logins.attempts().allow(CLIENT, Instant::now()), Ok(()));
        });
    }
}
