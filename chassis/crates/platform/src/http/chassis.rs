//! What every request and every answer has, whatever the route.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody as _, to_bytes};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use tracing::{Instrument as _, debug, error, error_span, info, warn};

use super::client::{Client, Proxies};
use super::headers::{REQUEST_ID, SECURITY_HEADERS, new_request_id};
use super::limits::Arrival;
use super::problem::Problem;
use super::repeats::{Kind, Repeats};
use super::verdict::IsVerdict;

/// The longest request id that is taken over from a client, in bytes.
const REQUEST_ID_BYTES: usize = 128;

/// How much more than allowed a client may send and still be told that it is too much, in multiples of what is allowed.
const OVERSENT: usize = 16;

/// The longest sentence of an error that is taken over into JSON, in bytes.
const SENTENCE_BYTES: usize = 4096;
/// How much of a path the log gets.
const PATH_BYTES_LOGGED: usize = 200;

/// Gives every route of `router`, and whatever answers where there is none, what all have in common.
///
/// Requests carry an id, accepted from `x-request-id` or made, which is echoed and stands in every log line of the request
/// (`correlationId`); have their body in memory when a handler sees them, within the limits of [`serve`](super::serve); and
/// carry [`Client`] as an extension. Answers carry the security headers; those with an error status are JSON as
/// [`Problem`] writes it, also where axum made them or a handler panicked.
pub fn chassis(router: Router, proxies: Proxies) -> App {
    App { router: TowerToHyperService::new(router), proxies, repeats: Arc::default() }
}

/// What [`serve`](super::serve) serves: routes in their [`chassis`].
///
/// It stands around the router, not in it as a layer: each layer of a router costs every request several allocations.
#[derive(Debug, Clone)]
pub struct App {
    router: TowerToHyperService<Router>,
    proxies: Proxies,
    /// What of it the log has said.
    pub(super) repeats: Arc<Repeats>,
}

impl App {
    /// The answer to a request, with its log line written.
    pub(super) async fn answer(&self, request: Request<Incoming>, arrival: Arrival) -> Response {
        let started_at = Instant::now();
        let id = request_id(request.headers());
        let client = self.proxies.client(arrival.peer.ip(), request.headers());
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(client);
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let span = error_span!("request", correlationId = id.to_str().unwrap_or_default());
        async move {
            let answer = AssertUnwindSafe(self.handle(request, arrival)).catch_unwind().await;
            // The panic hook has logged what happened, and where.
            let response = answer
                .unwrap_or_else(|_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response());
            let mut response = as_json(response).await;
            let headers = response.headers_mut();
            headers.insert(REQUEST_ID, id);
            headers.extend(SECURITY_HEADERS);
            log(&self.repeats, &method, uri.path(), &response, started_at.elapsed(), client);
            response
        }
        .instrument(span)
        .await
    }

    /// Answers the request once it has come completely, or says why it did not.
    async fn handle(&self, request: Request<Body>, arrival: Arrival) -> Response {
        if request.body().is_end_stream() {
            return self.route(request).await;
        }
        match complete(request, arrival).await {
            Ok(request) => self.route(request).await,
            Err(problem) => problem.into_response(),
        }
    }

    async fn route(&self, request: Request<Body>) -> Response {
        match self.router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }
}

async fn complete(request: Request<Body>, arrival: Arrival) -> Result<Request<Body>, Problem> {
    let Arrival { deadline, body_bytes: limit, .. } = arrival;
    let (parts, body) = request.into_parts();
    // A client that is not done sending would not read the answer, so more is taken than is allowed, and thrown away.
    let body = Limited::new(body, limit.saturating_mul(OVERSENT));
    match tokio::time::timeout_at(deadline, read(body, limit)).await {
        Ok(body) => Ok(Request::from_parts(parts, body?)),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the request was not sent in time")),
    }
}

async fn read(mut body: Limited<Body>, limit: usize) -> Result<Body, Problem> {
    let too_large = || {
        let text = format!("the body is larger than {limit} bytes, expected at most that");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, text)
    };
    if body.size_hint().lower() > (limit.saturating_mul(OVERSENT)) as u64 {
        return Err(too_large());
    }
    let mut read = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => too_large(),
            None => Problem::new(StatusCode::BAD_REQUEST, "the body is malformed"),
        })?;
        if let Ok(data) = frame.into_data() {
            length += data.len();
            if length <= limit {
                read.extend_from_slice(&data);
            }
        }
    }
    if length > limit { Err(too_large()) } else { Ok(Body::from(read)) }
}

/// Turns an error of axum's or of a handler's that is plain text, or nothing, into JSON.
async fn as_json(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let content_type = response.headers().get(CONTENT_TYPE);
    if !is_error || content_type.is_some_and(|mime| !mime.as_bytes().starts_with(b"text/plain")) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let text = to_bytes(body, SENTENCE_BYTES).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let sentence = match text.trim() {
        "" => status.canonical_reason().unwrap_or("error"),
        text => text,
    };
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(Problem::body(sentence)))
}

/// The id a client gave, where it is sane, or a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_sane = |id: &&HeaderValue| {
        let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
        (1..=REQUEST_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(allowed)
    };
    headers.get(REQUEST_ID).filter(is_sane).cloned().unwrap_or_else(new_request_id)
}

/// One line per request, the louder the worse it went; refusals of one kind are summed up. A probe that says no has
/// done its work.
fn log(repeats: &Repeats, method: &Method, path: &str, response: &Response, took: Duration, Client(client): Client) {
    let status = response.status();
    let is_verdict = response.extensions().get::<IsVerdict>().is_some();
    // Nobody needs more of an address that was not found, and anybody may send one.
    let path = &path[..path.floor_char_boundary(PATH_BYTES_LOGGED)];
    let kind = Kind { what: "request", status: Some(status.as_u16()) };
    let is_refusal = status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE && !is_verdict;
    macro_rules! line {
        ($level:ident) => {{
            let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
            let method = || legible::name(method.as_str());
            $level!(method = method(), path, status = status.as_u16(), duration_ms, %client, "request")
        }};
    }
    if is_refusal && !repeats.is_new(kind, client, path) {
        line!(debug);
    } else if status.is_server_error() && !is_verdict {
        line!(error);
    } else if status.is_client_error() {
        line!(warn);
    } else if matches!(*method, Method::GET | Method::HEAD) {
        line!(debug);
    } else {
        line!(info);
    }
}
