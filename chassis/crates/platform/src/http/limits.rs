//! What may a client ask of the server, and by when must a request have come?

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

/// What a client may ask of the server before it is refused.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request's line and header; above: 431.
    pub header_bytes: usize,
    /// Bytes of a request's body; above: 413.
    pub body_bytes: usize,
    /// From the first byte of a request to its last, above: 408; also how long a client may go without taking a byte of an
    /// answer before its connection is closed.
    pub request_time: Duration,
    /// How long a connection is kept open without a request, where it need not give way.
    pub idle_time: Duration,
    /// Connections at once; when there are so many, the one idle longest gives way to a new one.
    pub connections: usize,
    /// How long requests in progress have to finish after the server was told to stop.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 16 * 1024,
            body_bytes: 64 * 1024,
            request_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            connections: 1024,
            drain: Duration::from_secs(10),
        }
    }
}

/// What the server knows of a request before it is looked at.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) peer: SocketAddr,
    /// When the last byte of the request must have come.
    pub(super) deadline: Instant,
    pub(super) body_bytes: usize,
}
