//! What goes wrong, for which request, how often?
//!
//! Start at [`Fault`] and [`Injection`]. Each request to `/v1/sql` takes at most one fault: the first injection, in the
//! order they were made, whose text its SQL contains and which is not used up.

use std::sync::Mutex;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Response, StatusCode};
use futures_util::{Stream, StreamExt as _, stream};
use testkit::socket::Cut;
use testkit::{Latch, lock};

use super::encode::Shape;
use super::error::SqlError;

/// Something a server or the network does wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The connection is reset (RST): before the status line, or after at most this many bytes of the body.
    Reset {
        /// Bytes of the body that are sent first; `None`: not even the status line.
        after_body_bytes: Option<usize>,
    },
    /// The answer comes as usual, but this much later.
    Delay(Duration),
    /// The statement is not run until the latch is open.
    Hold(Latch),
    /// The body stops after some bytes and goes on after a pause.
    Stall {
        /// Bytes of the body that are sent at once.
        after_body_bytes: usize,
        /// How long nothing comes.
        pause: Duration,
    },
    /// A complete HTTP response whose body is cut: broken JSON.
    Truncate {
        /// Bytes of the body that are kept.
        keep_bytes: usize,
    },
    /// A response that announces a longer body than it sends, after which the connection is closed.
    ShortBody {
        /// Bytes of the body that are sent.
        keep_bytes: usize,
    },
    /// Something else than the database answers: a proxy's page, an empty 408, a status of choice.
    Reply {
        /// HTTP status code, 200 to 599.
        status: u16,
        /// The `content-type` header.
        content_type: &'static str,
        /// The whole body.
        body: Bytes,
    },
    /// The server's own error reply, with the status its table gives the code.
    Error(SqlError),
    /// The reply is worded as an older release words it.
    Release(Release),
    /// A result column is declared with another type, and its cells are written as that type writes them.
    ColumnType {
        /// Name of the result column.
        column: String,
        /// The `data_type` to declare, known to the server or not; of an unknown one the cells stay as they are.
        data_type: String,
    },
}

/// Releases whose replies differ from today's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// `"code":0` comes first, `total_rows` is missing, errors answer 200.
    V0_4,
    /// 0.7.0: `total_rows` is missing, errors answer 200 with their code.
    V0_7,
}

impl Fault {
    /// An HTML page with status 200, as a captive portal or a wrongly routed proxy sends it.
    pub fn html() -> Self {
        let body = Bytes::from_static(b"<!doctype html><html><body><h1>It works!</h1></body></html>");
        Self::Reply { status: 200, content_type: "text/html; charset=utf-8", body }
    }

    /// `status` with an empty body, as the server answers when its own timeout strikes (408).
    pub fn empty(status: u16) -> Self {
        Self::Reply { status, content_type: "text/plain; charset=utf-8", body: Bytes::new() }
    }

    /// The server's error reply for one of its codes, such as 6001 (429) or 1003 (500).
    pub fn error(code: u32, message: &str) -> Self {
        Self::Error(SqlError::new(code, message))
    }

    /// This fault for the next `count` requests.
    pub fn times(self, count: u32) -> Injection {
        Injection { fault: self, sql_contains: None, remaining: Some(count) }
    }

    /// This fault for every request from now on.
    pub fn always(self) -> Injection {
        Injection { fault: self, sql_contains: None, remaining: None }
    }
}

/// A fault, the requests it meets and how many of them.
#[derive(Clone, Debug)]
pub struct Injection {
    fault: Fault,
    sql_contains: Option<String>,
    remaining: Option<u32>,
}

impl Injection {
    /// Only requests whose SQL contains `text` meet this fault; others pass and do not count.
    pub fn when_sql_contains(mut self, text: &str) -> Self {
        self.sql_contains = Some(text.to_owned());
        self
    }

    fn meets(&self, sql: &str) -> bool {
        self.remaining != Some(0) && self.sql_contains.as_ref().is_none_or(|text| sql.contains(text))
    }
}

impl From<Fault> for Injection {
    /// Once.
    fn from(fault: Fault) -> Self {
        fault.times(1)
    }
}

/// The injections of one server.
#[derive(Default)]
pub(crate) struct Script(Mutex<Vec<Injection>>);

impl Script {
    pub(crate) fn add(&self, injection: Injection) {
        lock(&self.0).push(injection);
    }

    pub(crate) fn clear(&self) {
        lock(&self.0).clear();
    }

    /// The fault this request meets.
    pub(crate) fn take(&self, sql: &str) -> Option<Fault> {
        let mut injections = lock(&self.0);
        let injection = injections.iter_mut().find(|injection| injection.meets(sql))?;
        injection.remaining = injection.remaining.map(|count| count.saturating_sub(1));
        Some(injection.fault.clone())
    }
}

impl Fault {
    /// What this fault changes in how a reply is worded.
    pub(crate) fn reshape(&self, shape: &mut Shape) {
        match self {
            Self::Release(release) => {
                shape.leading_code = *release == Release::V0_4;
                shape.without_total_rows = true;
            }
            Self::ColumnType { column, data_type } => {
                shape.declared_types.push((column.clone(), data_type.clone()));
            }
            _ => {}
        }
    }

    /// The reply that takes the database's place, if this fault has one.
    pub(crate) async fn instead(&self, cut: &Cut) -> Option<Response<Body>> {
        match self {
            Self::Reset { after_body_bytes: None } => {
                cut.now();
                Some(Response::default())
            }
            Self::Delay(delay) => {
                tokio::time::sleep(*delay).await;
                None
            }
            Self::Hold(latch) => {
                latch.pass().await;
                None
            }
            Self::Error(error) => Some(error.response(0)),
            Self::Reply { status, content_type, body } => {
                let mut response = Response::new(Body::from(body.clone()));
                *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
                Some(response)
            }
            _ => None,
        }
    }

    /// The database's reply as this fault lets it through.
    pub(crate) async fn spoil(self, response: Response<Body>, cut: &Cut) -> Response<Body> {
        let (mut head, body) = response.into_parts();
        let body = match self {
            Self::Reset { after_body_bytes: Some(bytes) } => {
                let (kept, _) = split(body, bytes).await;
                let cut = cut.clone();
                let end = stream::once(async move {
                    flushed().await;
                    cut.now();
                    Err(std::io::Error::other("reset on purpose"))
                });
                Body::from_stream(stream::once(async { Ok(kept) }).chain(end))
            }
            Self::Stall { after_body_bytes, pause } => {
                let (kept, rest) = split(body, after_body_bytes).await;
                let pause = stream::once(async move {
                    tokio::time::sleep(pause).await;
                    Ok(Bytes::new())
                });
                Body::from_stream(stream::once(async { Ok(kept) }).chain(pause).chain(rest))
            }
            Self::Truncate { keep_bytes } => Body::from(split(body, keep_bytes).await.0),
            Self::ShortBody { keep_bytes } => {
                let (kept, _) = split(body, keep_bytes).await;
                head.headers.insert(CONTENT_LENGTH, HeaderValue::from(kept.len() + 4096));
                let end = stream::once(async {
                    flushed().await;
                    Err(std::io::Error::other("ended early on purpose"))
                });
                Body::from_stream(stream::once(async { Ok(kept) }).chain(end))
            }
            Self::Release(_) => {
                head.status = StatusCode::OK;
                body
            }
            _ => body,
        };
        Response::from_parts(head, body)
    }
}

/// Lets the server send what it was given: it flushes before it asks a body again that had nothing ready.
async fn flushed() {
    tokio::task::yield_now().await;
}

/// The first `bytes` of a body, and what comes after them.
async fn split(body: Body, bytes: usize) -> (Bytes, impl Stream<Item = Result<Bytes, axum::Error>>) {
    let mut stream = body.into_data_stream();
    let mut read = Vec::new();
    while read.len() < bytes
        && let Some(Ok(chunk)) = stream.next().await
    {
        read.extend_from_slice(&chunk);
    }
    let mut kept = Bytes::from(read);
    let rest = kept.split_off(bytes.min(kept.len()));
    (kept, stream::iter([Ok(rest)]).chain(stream))
}
