//! What goes wrong, for which request, how often?
//!
//! Each request takes at most one fault: the first injection, in the order they were made, whose text its path or body
//! contains and which is not used up.

use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use axum::http::{HeaderValue, Response, StatusCode};
use futures_util::{StreamExt as _, stream};

use super::received::Received;
use crate::Latch;
use crate::socket::Cut;

/// Something a server or the network does wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is reset (RST) before the status line.
    Reset,
    /// The answer comes as usual, but this much later.
    Delay(Duration),
    /// The answer comes as usual, once the latch is open.
    Hold(Latch),
    /// The headers come at once, the body stops after some bytes, for ever.
    Stall {
        /// Bytes of the body that are sent.
        after_body_bytes: usize,
    },
    /// A complete HTTP response whose body is cut.
    Truncate {
        /// Bytes of the body that are kept.
        keep_bytes: usize,
    },
    /// A response that announces a longer body than it sends, after which the connection is closed.
    ShortBody {
        /// Bytes of the body that are sent.
        keep_bytes: usize,
    },
    /// A body of that many blanks, sent in pieces.
    Blanks {
        /// How many bytes.
        bytes: usize,
    },
    /// Something else than the API answers.
    Reply {
        /// HTTP status code, 200 to 599.
        status: u16,
        /// One header more.
        header: Option<(HeaderName, &'static str)>,
        /// The whole body.
        body: Bytes,
    },
}

impl Fault {
    /// An HTML page with status 200, as a captive portal or a wrongly routed proxy sends it.
    pub fn html() -> Self {
        let body = Bytes::from_static(b"<!doctype html><html><body><h1>It works!</h1></body></html>");
        Self::Reply { status: 200, header: Some((CONTENT_TYPE, "text/html; charset=utf-8")), body }
    }

    /// `status` with an empty body.
    pub fn status(status: u16) -> Self {
        Self::Reply { status, header: None, body: Bytes::new() }
    }

    /// 429 with the header `Retry-After`.
    pub fn too_many_requests(retry_after: &'static str) -> Self {
        Self::Reply { status: 429, header: Some((RETRY_AFTER, retry_after)), body: Bytes::new() }
    }

    /// Status 200 with this body.
    pub fn body(body: &str) -> Self {
        Self::Reply { status: 200, header: None, body: Bytes::copy_from_slice(body.as_bytes()) }
    }

    /// This fault for the next `count` requests.
    pub fn times(self, count: u32) -> Injection {
        Injection { fault: self, contains: None, remaining: Some(count) }
    }

    /// This fault for every request from now on.
    pub fn always(self) -> Injection {
        Injection { fault: self, contains: None, remaining: None }
    }

    /// The usual answer as this fault lets it through.
    pub(super) async fn spoil(self, usual: impl Fn() -> Response<Body>, cut: &Cut) -> Response<Body> {
        let broken = |error: &str| stream::iter([Err(io::Error::other(error.to_owned()))]);
        match self {
            Self::Reset => {
                cut.now();
                Response::default()
            }
            Self::Delay(delay) => {
                tokio::time::sleep(delay).await;
                usual()
            }
            Self::Hold(latch) => {
                latch.pass().await;
                usual()
            }
            Self::Stall { after_body_bytes } => {
                let (head, kept) = kept(usual(), after_body_bytes).await;
                let body = stream::iter([Ok::<_, io::Error>(kept)]).chain(stream::pending());
                Response::from_parts(head, Body::from_stream(body))
            }
            Self::Truncate { keep_bytes } => {
                let (head, kept) = kept(usual(), keep_bytes).await;
                Response::from_parts(head, Body::from(kept))
            }
            Self::ShortBody { keep_bytes } => {
                let (mut head, kept) = kept(usual(), keep_bytes).await;
                head.headers.insert(CONTENT_LENGTH, HeaderValue::from(kept.len() + 4096));
                let end = stream::once(async {
                    // Lets the server send what it has: it flushes before it asks a body again that had nothing ready.
                    tokio::task::yield_now().await;
                    Ok(Bytes::new())
                });
                let body = stream::iter([Ok(kept)]).chain(end).chain(broken("ended early on purpose"));
                Response::from_parts(head, Body::from_stream(body))
            }
            Self::Blanks { bytes } => {
                const PIECE: usize = 64 << 10;
                let pieces = (0..bytes).step_by(PIECE).map(move |start| PIECE.min(bytes - start));
                let pieces = pieces.map(|length| Ok::<_, io::Error>(Bytes::from(vec![b' '; length])));
                Response::new(Body::from_stream(stream::iter(pieces)))
            }
            Self::Reply { status, header, body } => {
                let mut response = Response::new(Body::from(body));
                *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                if let Some((name, value)) = header {
                    response.headers_mut().insert(name, HeaderValue::from_static(value));
                }
                response
            }
        }
    }
}

/// A response's head and the first `bytes` of its body.
async fn kept(response: Response<Body>, bytes: usize) -> (axum::http::response::Parts, Bytes) {
    let (head, body) = response.into_parts();
    let mut body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    body.truncate(bytes);
    (head, body)
}

/// A fault, the requests it meets and how many of them.
#[derive(Clone, Debug)]
pub struct Injection {
    fault: Fault,
    contains: Option<String>,
    remaining: Option<u32>,
}

impl Injection {
    /// Only requests whose path or body contains `text` meet this fault; others pass and do not count.
    pub fn when_request_contains(mut self, text: &str) -> Self {
        self.contains = Some(text.to_owned());
        self
    }

    fn meets(&self, request: &Received) -> bool {
        let named = |text: &String| request.target.contains(text) || request.body.contains(text);
        self.remaining != Some(0) && self.contains.as_ref().is_none_or(named)
    }
}

impl From<Fault> for Injection {
    /// Once.
    fn from(fault: Fault) -> Self {
        fault.times(1)
    }
}

/// The fault this request meets.
pub(super) fn take(injections: &mut [Injection], request: &Received) -> Option<Fault> {
    let injection = injections.iter_mut().find(|injection| injection.meets(request))?;
    injection.remaining = injection.remaining.map(|count| count.saturating_sub(1));
    Some(injection.fault.clone())
}
