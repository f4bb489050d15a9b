//! Why did a request fail, and is it worth sending again?

use client::shorten;
use reqwest::StatusCode;

use super::scan::Fault;

/// What kind of failure it is decides who can do something about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// No answer came; it may come to the next attempt.
    Connect,
    /// The server is not able to answer at the moment, or its answer broke off.
    Busy,
    /// The server does not let this user in, so every other request would end alike.
    Denied,
    /// The server lets this user in, but not do this.
    Forbidden,
    /// The server understands the statement and does not carry it out.
    Refused,
    /// The answer is no use; another request may succeed.
    Rejected,
    /// A table is not there.
    Missing,
    /// A column is not there, or is not what the description of its table says.
    Table,
}

impl FailureKind {
    /// Whether the same request may succeed later.
    pub(super) fn may_pass(self) -> bool {
        matches!(self, Self::Connect | Self::Busy)
    }

    /// Whether other requests can be expected to fail alike.
    pub(super) fn concerns_all(self) -> bool {
        matches!(self, Self::Connect | Self::Busy | Self::Denied | Self::Forbidden)
    }
}

/// Why one attempt failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) cause: String,
}

impl Failure {
    pub(super) fn connect(cause: String) -> Self {
        Self { kind: FailureKind::Connect, cause }
    }

    pub(super) fn busy(cause: String) -> Self {
        Self { kind: FailureKind::Busy, cause }
    }

    /// What an answer with this status means; `code` and `text` are what its body says.
    pub(super) fn answered(status: StatusCode, code: Option<i64>, text: &str) -> Self {
        let meant = if status.is_success() { code.map_or(StatusCode::BAD_REQUEST, status_of) } else { status };
        let kind = match (code, meant) {
            (Some(codes::TABLE_NOT_FOUND), _) => FailureKind::Missing,
            (Some(codes::PLAN_QUERY | codes::TABLE_COLUMN_NOT_FOUND), _) => FailureKind::Table,
            (_, StatusCode::UNAUTHORIZED) => FailureKind::Denied,
            (_, StatusCode::FORBIDDEN) => FailureKind::Forbidden,
            (Some(code), StatusCode::BAD_REQUEST) if code != codes::DATABASE_NOT_FOUND => FailureKind::Refused,
            (_, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) => FailureKind::Busy,
            (_, meant) if meant.is_server_error() => FailureKind::Busy,
            _ => FailureKind::Rejected,
        };
        let mut cause = format!("answered {status}");
        let text = shorten(text);
        if !text.is_empty() {
            cause = format!("{cause}: {text}");
        }
        if let Some(code) = code {
            cause = format!("{cause} (code {code})");
        }
        if matches!(kind, FailureKind::Denied | FailureKind::Forbidden) {
            cause.push_str("; check client.greptime.username and password");
        }
        Self { kind, cause }
    }
}

impl From<Fault> for Failure {
    /// What a fault in an answer of status 200 means.
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Truncated => Self::busy("the answer broke off".into()),
            Fault::Malformed(cause) => {
                let cause = format!("the answer is not GreptimeDB's: {cause}");
                Self { kind: FailureKind::Rejected, cause }
            }
            Fault::Column(cause) => Self { kind: FailureKind::Table, cause },
            Fault::Server { code, text } => Self::answered(StatusCode::OK, code, &text),
        }
    }
}

/// GreptimeDB's status codes that are told apart here.
mod codes {
    pub(super) const PLAN_QUERY: i64 = 3000;
    pub(super) const TABLE_NOT_FOUND: i64 = 4001;
    pub(super) const TABLE_COLUMN_NOT_FOUND: i64 = 4002;
    pub(super) const DATABASE_NOT_FOUND: i64 = 4004;
}

/// The HTTP status that newer servers send with `code`; old ones send 200 with every code.
fn status_of(code: i64) -> StatusCode {
    match code {
        7000..=7004 => StatusCode::UNAUTHORIZED,
        7005 | 7006 => StatusCode::FORBIDDEN,
        6001 => StatusCode::TOO_MANY_REQUESTS,
        1000 | 1002 | 1003 | 1006 | 3001 | 6000 => StatusCode::INTERNAL_SERVER_ERROR,
        1007 | 1009 | 4008..=4010 | 5000 => StatusCode::SERVICE_UNAVAILABLE,
        1005 | 1008 => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn kind(status: u16, code: Option<i64>, expected: FailureKind) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(Failure::answered(status, code, "").kind, expected, "{status} {code:?}");
    }

    #[test]
    fn only_passing_conditions_are_worth_another_attempt() {
        for status in [408, 429, 500, 502, 503, 504] {
            kind(status, None, FailureKind::Busy);
        }
        for status in [301, 400, 404, 413, 415] {
            kind(status, None, FailureKind::Rejected);
        }
        kind(401, Some(7002), FailureKind::Denied);
        kind(403, Some(7006), FailureKind::Forbidden);
        kind(400, Some(4001), FailureKind::Missing);
        for code in [3000, 4002] {
            kind(400, Some(code), FailureKind::Table);
        }
        kind(400, Some(4004), FailureKind::Rejected);
        kind(400, Some(1004), FailureKind::Refused);
    }

    #[test]
    fn a_code_with_status_200_means_what_its_own_status_would() {
        kind(200, Some(1009), FailureKind::Busy);
        kind(200, Some(6001), FailureKind::Busy);
        kind(200, Some(1005), FailureKind::Busy);
        kind(200, Some(7002), FailureKind::Denied);
        kind(200, Some(4001), FailureKind::Missing);
        kind(200, Some(7006), FailureKind::Forbidden);
        kind(200, Some(1004), FailureKind::Refused);
        kind(200, None, FailureKind::Rejected);
    }
}
