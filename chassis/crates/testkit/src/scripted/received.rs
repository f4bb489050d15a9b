//! What reached a scripted server?

use std::time::Instant;

use axum::http::HeaderMap;

/// A request as it came, whether it was answered, refused or broken off.
#[derive(Clone, Debug)]
pub struct Received {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The body, as text.
    pub body: String,
    /// When it arrived.
    pub received_at: Instant,
    pub(super) headers: HeaderMap,
}

impl Received {
    /// A request header's value, where it is text; names are case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
