//! How does a failure look on the wire: which code, which HTTP status, which body?
//!
//! Start at [`SqlError`]. The table of codes is the published one; a code it does not list answers 500.

use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use rusqlite::ErrorCode;

/// A failure as the server reports it: a code of its own table and a sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (code {code})")]
pub struct SqlError {
    code: u32,
    message: String,
}

/// Codes of the server's table that the stand-in produces by itself.
pub(crate) mod code {
    pub(crate) const UNKNOWN: u32 = 1000;
    pub(crate) const UNSUPPORTED: u32 = 1001;
    pub(crate) const INTERNAL: u32 = 1003;
    pub(crate) const INVALID_ARGUMENTS: u32 = 1004;
    pub(crate) const CANCELLED: u32 = 1005;
    pub(crate) const INVALID_SYNTAX: u32 = 2000;
    pub(crate) const PLAN_QUERY: u32 = 3000;
    pub(crate) const ENGINE_EXECUTE_QUERY: u32 = 3001;
    pub(crate) const TABLE_ALREADY_EXISTS: u32 = 4000;
    pub(crate) const TABLE_NOT_FOUND: u32 = 4001;
    pub(crate) const COLUMN_NOT_FOUND: u32 = 4002;
    pub(crate) const DATABASE_NOT_FOUND: u32 = 4004;
    pub(crate) const DATABASE_ALREADY_EXISTS: u32 = 4011;
    pub(crate) const USER_NOT_FOUND: u32 = 7000;
    pub(crate) const PASSWORD_MISMATCH: u32 = 7002;
    pub(crate) const AUTH_HEADER_NOT_FOUND: u32 = 7003;
    pub(crate) const INVALID_AUTH_HEADER: u32 = 7004;
    pub(crate) const PERMISSION_DENIED: u32 = 7006;
}

impl SqlError {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(code::UNSUPPORTED, message)
    }

    pub(crate) fn syntax(cause: impl std::fmt::Display) -> Self {
        Self::new(code::INVALID_SYNTAX, format!("Invalid SQL syntax: {cause}"))
    }

    pub(crate) fn table_not_found(database: &str, table: &str) -> Self {
        Self::new(code::TABLE_NOT_FOUND, format!("Failed to plan SQL: Table not found: greptime.{database}.{table}"))
    }

    pub(crate) fn database_not_found(database: &str) -> Self {
        Self::new(code::DATABASE_NOT_FOUND, format!("Database not found: greptime-{database}"))
    }

    /// The server's number for what went wrong, 1000 to 9001.
    pub fn code(&self) -> u32 {
        self.code
    }

    /// The sentence a client sees. Internal failures are masked, as the server masks them.
    pub fn message(&self) -> String {
        match self.code {
            code::UNKNOWN | code::INTERNAL => format!("Internal error: {}", self.code),
            _ => self.message.clone(),
        }
    }

    /// The HTTP status the server maps the code to.
    pub(crate) fn status(&self) -> StatusCode {
        match self.code {
            1001 | 1004 | 2000 | 3000 | 4000..=4006 | 4011 | 5001 | 8000 | 8001 | 9000 | 9001 => {
                StatusCode::BAD_REQUEST
            }
            // 4007 is RegionReadonly; the server answers 401 for it.
            7000..=7004 | 4007 => StatusCode::UNAUTHORIZED,
            7005 | 7006 => StatusCode::FORBIDDEN,
            6001 => StatusCode::TOO_MANY_REQUESTS,
            1007 | 1009 | 4008..=4010 | 5000 => StatusCode::SERVICE_UNAVAILABLE,
            1005 | 1008 => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The whole error reply: status, headers and JSON body.
    pub(crate) fn response(&self, execution_time_ms: u64) -> Response<Body> {
        let Self { code, .. } = self;
        let message = self.message();
        let error = serde_json::Value::String(message.clone());
        let body = format!(r#"{{"code":{code},"error":{error},"execution_time_ms":{execution_time_ms}}}"#);
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(HeaderName::from_static("x-greptime-err-code"), HeaderValue::from(*code));
        let header = format!("error: {message}, execution_time_ms: {execution_time_ms}");
        if let Ok(header) = HeaderValue::from_str(&printable(&header)) {
            headers.insert(HeaderName::from_static("x-greptime-err-msg"), header);
        }
        response
    }

    /// What SQLite refused, in the server's words. `valid_fields`: the columns a statement may name.
    pub(crate) fn from_sqlite(error: &rusqlite::Error, valid_fields: &[String]) -> Self {
        let (kind, message) = match error {
            rusqlite::Error::SqliteFailure(cause, Some(message)) => (cause.code, message.as_str()),
            rusqlite::Error::SqlInputError { error: cause, msg, .. } => (cause.code, msg.as_str()),
            other => return Self::new(code::ENGINE_EXECUTE_QUERY, other.to_string()),
        };
        if let Some(field) = message.strip_prefix("no such column: ") {
            // For a quoted name SQLite goes on to ask whether a string was meant.
            let field = field.split(" - should this be").next().unwrap_or(field).trim_matches('"');
            let valid = valid_fields.join(", ");
            let message = format!("Failed to plan SQL: No field named {field}. Valid fields are {valid}.");
            return Self::new(code::PLAN_QUERY, message);
        }
        if let Some((_, field)) = message.split_once(" has no column named ") {
            return Self::new(code::COLUMN_NOT_FOUND, format!("Cannot find column by name: {field}"));
        }
        match kind {
            ErrorCode::ConstraintViolation => {
                Self::new(code::INVALID_ARGUMENTS, format!("Invalid request parameter: {message}"))
            }
            ErrorCode::Unknown if message.ends_with("syntax error") => Self::syntax(message),
            // SQLite's generic SQL error while preparing: an unknown function, a wrong number of arguments.
            ErrorCode::Unknown => Self::new(code::PLAN_QUERY, format!("Failed to plan SQL: {message}")),
            _ => Self::new(code::ENGINE_EXECUTE_QUERY, format!("Failed to execute query: {message}")),
        }
    }
}

/// The text with everything escaped that a header cannot hold.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_graphic() || c == ' ' {
            printable.push(c);
        } else {
            printable.extend(c.escape_default());
        }
    }
    printable
}
