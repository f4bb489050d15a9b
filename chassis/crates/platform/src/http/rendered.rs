//! A page that is made once and served often.

use std::io::Write as _;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::headers::weighted;

/// A body in memory with everything that is derived from it once: its tag, and its compressed form when it is first asked for.
///
/// Answers say `Cache-Control: no-cache`: keep it, but ask whether it is still true.
#[derive(Debug)]
pub struct Rendered {
    content_type: &'static str,
    plain: Form,
    gzip: OnceLock<Option<Form>>,
}

/// One encoding of the body. A strong tag names the bytes sent, so each has its own.
#[derive(Debug)]
struct Form {
    body: Bytes,
    etag: HeaderValue,
}

impl Rendered {
    /// Keeps `body`, which is of the MIME type `content_type`.
    pub fn new(content_type: &'static str, body: Vec<u8>) -> Self {
        let etag = tag(&body);
        Self { content_type, plain: Form { body: body.into(), etag }, gzip: OnceLock::new() }
    }

    /// Keeps `value` as JSON.
    ///
    /// # Panics
    /// `value` has no JSON form: it has a map whose keys are not texts, which is a defect of its type.
    pub fn json(value: &impl Serialize) -> Self {
        #[expect(clippy::expect_used, reason = "a type either has a JSON form or has not; a test would find it")]
        let body = serde_json::to_vec(value).expect("invariant: the type has a JSON form");
        Self::new("application/json", body)
    }

    /// The answer to a GET or HEAD with these headers: 304 where the client has these bytes already, else 200, compressed
    /// where the client takes gzip and it saves anything.
    pub fn respond(&self, request: &HeaderMap) -> Response {
        let gzip = if takes_gzip(request) { self.gzip.get_or_init(|| self.compressed()).as_ref() } else { None };
        let form = gzip.unwrap_or(&self.plain);
        let mut response = Response::new(Body::empty());
        // For these, and those that every answer gets: it would grow twice.
        *response.headers_mut() = HeaderMap::with_capacity(12);
        let headers = response.headers_mut();
        headers.insert(ETAG, form.etag.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
        if knows(request, &form.etag) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            return response;
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        if gzip.is_some() {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        *response.body_mut() = Body::from(form.body.clone());
        response
    }

    /// The body compressed, where that is shorter.
    fn compressed(&self) -> Option<Form> {
        let plain = &self.plain.body;
        let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 4), Compression::default());
        let body = encoder.write_all(plain).and_then(|()| encoder.finish()).ok()?;
        let etag = tag(&body);
        (body.len() < plain.len()).then(|| Form { body: body.into(), etag })
    }
}

/// A strong entity tag: the first half of the SHA-256 of the bytes, quoted.
fn tag(body: &[u8]) -> HeaderValue {
    let hash = Sha256::digest(body).iter().take(16).map(|byte| format!("{byte:02x}")).collect::<String>();
    HeaderValue::try_from(format!("\"{hash}\"")).unwrap_or_else(|_| unreachable!("invariant: hex digits are a header"))
}

/// Whether `If-None-Match` names `etag`, compared weakly as RFC 9110, section 13.1.2 asks.
fn knows(request: &HeaderMap, etag: &HeaderValue) -> bool {
    let lists = request.get_all(IF_NONE_MATCH).into_iter();
    lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b',')).any(|known| {
        let known = known.trim_ascii();
        known == b"*" || known.strip_prefix(b"W/").unwrap_or(known) == etag.as_bytes()
    })
}

/// Whether `Accept-Encoding` lists gzip, by name or as `*`, with a weight above 0 (RFC 9110, section 12.5.3).
fn takes_gzip(request: &HeaderMap) -> bool {
    let lists = request.get_all(ACCEPT_ENCODING).into_iter().filter_map(|list| list.to_str().ok());
    let mut any = false;
    for coding in lists.flat_map(|list| list.split(',')) {
        let (name, weight) = weighted(coding);
        if name.eq_ignore_ascii_case("gzip") {
            return weight > 0.0;
        }
        any |= name == "*" && weight > 0.0;
    }
    any
}
