//! What did the client ask, in which order, when?

use std::sync::Mutex;
use std::time::Instant;

use axum::http::{HeaderMap, Method};
use testkit::lock;

/// One request to `/v1/sql`, whether it was answered, refused or broken off.
#[derive(Clone, Debug)]
pub struct ReceivedQuery {
    /// The SQL as it was sent; empty where the request had none.
    pub sql: String,
    /// The database it ran in, `public` where none was named.
    pub database: String,
    /// `GET` or `POST`.
    pub method: String,
    /// When it arrived.
    pub received_at: Instant,
    headers: HeaderMap,
}

impl ReceivedQuery {
    pub(crate) fn new(sql: String, database: String, method: Method, headers: HeaderMap) -> Self {
        Self { sql, database, method: method.to_string(), received_at: Instant::now(), headers }
    }

    /// A request header's value, where it is text; names are case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[derive(Default)]
pub(crate) struct RequestLog(Mutex<Vec<ReceivedQuery>>);

impl RequestLog {
    pub(crate) fn add(&self, query: ReceivedQuery) {
        lock(&self.0).push(query);
    }

    pub(crate) fn all(&self) -> Vec<ReceivedQuery> {
        lock(&self.0).clone()
    }

    pub(crate) fn len(&self) -> usize {
        lock(&self.0).len()
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }
}
