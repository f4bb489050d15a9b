//! The description of the API.

use std::sync::LazyLock;

use axum::http::HeaderMap;
use axum::response::Response;
use platform::http::Rendered;

/// Written by hand, so that it says what the answers mean; a test compares its addresses with the routes.
static DOCUMENT: LazyLock<Rendered> =
    LazyLock::new(|| Rendered::new("application/json", include_bytes!("../../openapi.json").to_vec()));

/// `GET /api/openapi.json`.
pub(super) async fn document(headers: HeaderMap) -> Response {
    DOCUMENT.respond(&headers)
}
