//! How is an API on the internet asked, and what can go wrong?
//!
//! Start at [`Api::ask`]; [`Settings`] say where the API is, [`ApiError`] why there is no answer. A request that failed for
//! a passing reason is sent again after a wait that doubles, or as long as the API asks for, as long as the question's
//! deadline allows. What comes back is foreign: it is bounded, checked field by field, and shortened where we repeat it.
//! Unlike a neighbour, an API may be reached through the environment's proxy (`HTTPS_PROXY`, `NO_PROXY`), which is the only
//! way out of some networks; TLS goes through it end to end.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{RequestBuilder, StatusCode, Url};
use tokio::time::{Instant, timeout};

use crate::json::Unread;
use crate::pool::{Route, pool, root_cause};
use crate::retry::{GaveUp, Patience, persist};
use crate::text::shorten;

/// The longest answer that is read; real ones are a thousandth of it.
const BODY_BYTES_MAX: usize = 16 << 20;
/// How much is read of an answer that is an error.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// Longest wait between two attempts that the API did not ask for.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(30);

/// Where an API is, and how patiently it is asked. Has no `Debug`, so that no log shows what an address may hold.
#[derive(Clone)]
pub struct Settings {
    /// Its address, `http` or `https`.
    pub url: Url,
    /// How long one request may take, until its whole answer is here.
    pub timeout: Duration,
    /// How long a question may take with all its requests, repetitions and waits.
    pub deadline: Duration,
    /// How often a request that failed for a passing reason is sent again.
    pub retries: u32,
    /// The wait before the first retry; each further one is twice as long.
    pub retry_delay: Duration,
}

impl Settings {
    /// The usual wait before the first retry.
    pub const RETRY_DELAY: Duration = Duration::from_millis(200);
}

/// Why there can be no client for these settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The address cannot be asked.
    #[error("no API can be asked at {url}, expected an address such as https://api.example.org/path")]
    Address {
        /// The address, without credentials.
        url: String,
    },
    /// A secure connection cannot be set up, usually because the system has no root certificates.
    #[error("no client for {url}")]
    Client {
        /// The address, without credentials.
        url: String,
        /// What the HTTP library says.
        #[source]
        source: reqwest::Error,
    },
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Nobody answers, or refuses to: other questions can be expected to end alike for now.
    #[error("{api}: {cause}")]
    Unavailable {
        /// The API and its address.
        api: String,
        /// What went wrong.
        cause: String,
    },
    /// The answer takes too long; that of another question may not.
    #[error("{api}: {cause}")]
    Slow {
        /// The API and its address.
        api: String,
        /// How long was waited for it.
        cause: String,
    },
    /// There is an answer, but what it says cannot be used.
    #[error("{api}: {cause}")]
    Unusable {
        /// The API and its address.
        api: String,
        /// What is wrong with it, naming the field.
        cause: String,
    },
}

/// Why one attempt failed.
#[derive(Debug)]
enum Failure {
    /// The next attempt may succeed, if it comes after this long.
    Passing { cause: String, retry_after: Option<Duration> },
    /// The next attempt may be quicker.
    Slow(String),
    /// Other attempts would be refused alike.
    Refused(String),
    /// The answer cannot be used.
    Unusable(String),
}

impl Failure {
    fn passing(cause: String) -> Self {
        Self::Passing { cause, retry_after: None }
    }

    /// How long the next attempt has to wait at least; `None` where it would fail alike.
    fn again(&self) -> Option<Duration> {
        match self {
            Self::Passing { retry_after, .. } => Some(retry_after.unwrap_or_default()),
            Self::Slow(_) => Some(Duration::ZERO),
            Self::Refused(_) | Self::Unusable(_) => None,
        }
    }
}

/// One API: its connections and how it is asked.
pub struct Api {
    /// Name and address, for messages.
    name: String,
    http: reqwest::Client,
    settings: Settings,
}

impl Api {
    /// A client of the API that messages call `name`; nothing is sent yet. `program` is how requests say who asks, as in
    /// [`pool`].
    ///
    /// # Errors
    /// [`SettingsError`] where the address cannot be asked.
    pub fn new(program: &str, name: &str, settings: Settings) -> Result<Self, SettingsError> {
        let url = shown(&settings.url);
        if !matches!(settings.url.scheme(), "http" | "https") || !settings.url.has_host() {
            return Err(SettingsError::Address { url });
        }
        let name = format!("{name} at {url}");
        let http = pool(program, &settings.url, settings.timeout, Route::MayUseProxy);
        let http = http.map_err(|source| SettingsError::Client { url, source: source.without_url() })?;
        Ok(Self { name, http, settings })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.settings.url
    }

    /// Until when a question that is asked now is to be answered.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        const LONG: Duration = Duration::from_secs(86_400);
        Instant::now() + self.settings.deadline.min(LONG)
    }

    /// What is wrong with an answer that could be read.
    #[must_use]
    pub fn unusable(&self, cause: String) -> ApiError {
        ApiError::Unusable { api: self.name.clone(), cause }
    }

    /// Sends a request, again where that may help and `until` allows, and reads the answer with `read`.
    ///
    /// # Errors
    /// There is no answer that can be used.
    pub async fn ask<T>(
        &self,
        request: impl Fn(&reqwest::Client) -> RequestBuilder,
        read: fn(&[u8]) -> Result<T, Unread>,
        until: Instant,
    ) -> Result<T, ApiError> {
        let patience = Patience {
            retries: self.settings.retries,
            first_pause: self.settings.retry_delay,
            longest_pause: RETRY_DELAY_MAX,
            until: Some(until),
        };
        let attempt = || self.attempt(request(&self.http), read, until);
        let outcome = persist(&self.name, patience, attempt, Failure::again, tokio::time::sleep).await;
        outcome.map_err(|gave_up| self.give_up(&gave_up))
    }

    fn give_up(&self, gave_up: &GaveUp<Failure>) -> ApiError {
        let api = self.name.clone();
        match &gave_up.failure {
            Failure::Passing { cause, .. } => ApiError::Unavailable { api, cause: gave_up.in_vain(cause) },
            Failure::Slow(cause) => ApiError::Slow { api, cause: gave_up.in_vain(cause) },
            Failure::Refused(cause) => ApiError::Unavailable { api, cause: cause.clone() },
            Failure::Unusable(cause) => ApiError::Unusable { api, cause: cause.clone() },
        }
    }

    async fn attempt<T>(
        &self,
        request: RequestBuilder,
        read: fn(&[u8]) -> Result<T, Unread>,
        until: Instant,
    ) -> Result<T, Failure> {
        let limit = self.settings.timeout.min(until.saturating_duration_since(Instant::now()));
        let body = match timeout(limit, exchange(request)).await {
            Ok(body) => body?,
            Err(_) => return Err(Failure::Slow(format!("no complete answer within {:.1} s", limit.as_secs_f64()))),
        };
        read(&body).map_err(|unread| match unread {
            Unread::Truncated => Failure::passing(format!("the answer broke off after {} bytes", body.len())),
            Unread::Unusable(cause) => Failure::Unusable(cause),
        })
    }
}

/// Sends a request once; the body of an answer of status 200.
async fn exchange(request: RequestBuilder) -> Result<Vec<u8>, Failure> {
    let mut response = request.send().await.map_err(|error| Failure::passing(root_cause(&error)))?;
    let status = response.status();
    let retry_after = retry_after(response.headers());
    let bytes_max = if status == StatusCode::OK { BODY_BYTES_MAX } else { ERROR_BYTES_MAX };
    let mut body = Vec::new();
    let cut = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => {
                break Some(Failure::Unusable(format!("the answer is longer than {} MiB", BODY_BYTES_MAX >> 20)));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break None,
            Err(error) => {
                let cause = format!("the answer broke off after {} bytes: {}", body.len(), root_cause(&error));
                break Some(Failure::passing(cause));
            }
        }
    };
    if status != StatusCode::OK {
        // The status says enough where the text is cut.
        return Err(answered(status, retry_after, &String::from_utf8_lossy(&body)));
    }
    cut.map_or(Ok(body), Err)
}

/// What an answer with another status than 200 means.
fn answered(status: StatusCode, retry_after: Option<Duration>, text: &str) -> Failure {
    let mut cause = format!("answered {status}");
    let text = shorten(text);
    if !text.is_empty() {
        cause = format!("{cause}: {text}");
    }
    if let Some(wait) = retry_after {
        cause = format!("{cause} (asks to wait for {} s)", wait.as_secs());
    }
    let passes = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS);
    if passes || status.is_server_error() { Failure::Passing { cause, retry_after } } else { Failure::Refused(cause) }
}

/// How long the server asks to wait: a number of seconds, or an instant.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(at.duration_since(jiff::Timestamp::now()).try_into().unwrap_or_default())
}

/// An address without what may be secret in it.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // An address that takes no credentials has none.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_an_instant() {
        assert_eq!(asked("120"), Some(Duration::from_secs(120)));
        assert_eq!(asked(" 0 "), Some(Duration::ZERO));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO)); // is over
        let far = asked("Tue, 31 Dec 2199 23:59:59 GMT").unwrap();
        assert!(far > Duration::from_secs(86_400 * 365), "{far:?}");
        for text in ["", "soon", "-1", "1.5", "99999999999999999999999"] {
            assert_eq!(asked(text), None, "{text}");
        }
    }

    #[test]
    fn what_may_be_secret_in_an_address_is_not_shown() {
        let url = Url::parse("https://user:word@api.example:8443/path?key=secret#part").unwrap();
        assert_eq!(shown(&url), "https://api.example:8443/path");
    }

    #[test]
    fn only_passing_statuses_are_worth_another_attempt() {
        let passes = |status: u16| {
            let failure = answered(StatusCode::from_u16(status).unwrap(), None, "");
            matches!(failure, Failure::Passing { .. })
        };
        assert!([408, 429, 500, 502, 503, 504].into_iter().all(passes));
        assert!(![201, 204, 301, 400, 401, 403, 404, 413].into_iter().any(passes));
    }
}
