//! Which headers has every answer, and how is one with weights read?

use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::HeaderValue;
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

/// What every answer tells a browser not to do.
pub(super) const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'self'")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
];

/// The header that carries a request's id, both ways.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// 16 hex digits that no other request of this process has, and hardly any of another.
pub(super) fn new_request_id() -> HeaderValue {
    static FIRST: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("request id"));
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Counting in steps of an odd number reaches every value once; this one (2^64 / φ) leaves neighbours far apart.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut digits = [0; 16];
    let mut rest = FIRST.wrapping_add(count.wrapping_mul(STEP));
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdef"[(rest % 16) as usize];
        rest /= 16;
    }
    HeaderValue::from_bytes(&digits).unwrap_or_else(|_| unreachable!("invariant: hex digits are a header"))
}

/// One item of a header like `Accept`: its name, and its weight `q`, which is 1 where none is said and 0 where it is not a number.
pub(crate) fn weighted(item: &str) -> (&str, f64) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
}
