//! What a client is told when its request fails.

use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer that is an error: a status and a sentence, sent as `{"error": "…", "status": "error"}`.
///
/// What the sentence says, everybody may read; the cause belongs into the log.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    error: String,
    realm: Option<&'static str>,
    retry_after: Option<u64>,
}

impl Problem {
    /// An error with this status, said in this sentence; it is shown as one line, whatever it names.
    pub fn new(status: StatusCode, error: impl AsRef<str>) -> Self {
        Self { status, error: legible::line(error.as_ref()), realm: None, retry_after: None }
    }

    /// 401: who asks must log in, by HTTP Basic, to `realm` (printable ASCII without quotes).
    pub fn unauthorized(realm: &'static str) -> Self {
        Self { realm: Some(realm), ..Self::new(StatusCode::UNAUTHORIZED, "log in to see this") }
    }

    /// 429: who asks has to wait for so long, rounded up to seconds.
    pub fn too_many(error: impl AsRef<str>, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, error) }
    }

    /// The body alone.
    pub(super) fn body(error: &str) -> String {
        json!({ "error": error, "status": "error" }).to_string()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = Self::body(&self.error);
        let mut response = (self.status, [(CONTENT_TYPE, "application/json")], body).into_response();
        let headers = response.headers_mut();
        if let Some(realm) = self.realm
            && let Ok(challenge) = HeaderValue::try_from(format!("Basic realm=\"{realm}\""))
        {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}
