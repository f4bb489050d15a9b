//! Which error statuses are no failures? Those of a probe: it was asked how the service is, and has said so.

use axum::response::{IntoResponse, Response};

/// The answer of a probe: whatever its status, the request was answered as it should be, and is logged as such.
#[derive(Debug, Clone, Copy)]
pub struct Verdict<T>(pub T);

/// Marks such an answer, for the log.
#[derive(Debug, Clone, Copy)]
pub(super) struct IsVerdict;

impl<T: IntoResponse> IntoResponse for Verdict<T> {
    fn into_response(self) -> Response {
        let mut response = self.0.into_response();
        response.extensions_mut().insert(IsVerdict);
        response
    }
}
