//! How is one query or change sent, and its answer read?
//!
//! Start at [`Client::query`] and [`Client::write`]. Nothing is tried again here: that is the round's to decide.

use std::time::Duration;

use bytes::Bytes;
use client::{Route, pool, root_cause, shorten};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;
use tokio::time::timeout;

use super::failure::Failure;
use super::scan::{Fault, Scanner, Sink};
use super::settings::{Settings, SettingsError};
use crate::api::PROGRAM;
use crate::requests::RequestCounter;

/// How much of an error's body is read, and of the answer to a write.
const SHORT_BYTES_MAX: usize = 64 << 10;

/// What the server says when it cannot answer.
#[derive(Deserialize)]
struct ErrorBody {
    code: Option<i64>,
    error: String,
}

/// What the server says of a write.
#[derive(Deserialize)]
struct WriteBody {
    code: Option<i64>,
    error: Option<String>,
    #[serde(default)]
    output: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    affectedrows: u64,
}

/// A connection pool to one server.
pub(super) struct Client {
    http: reqwest::Client,
    endpoint: Url,
    settings: Settings,
    pub(super) requests: RequestCounter,
}

impl Client {
    pub(super) fn new(settings: Settings) -> Result<Self, SettingsError> {
        let base_url = settings.base_url.clone();
        let http = pool(PROGRAM, &base_url, settings.timeout, Route::Direct)
            .map_err(|source| SettingsError::Client { base_url, source })?;
        let mut endpoint = settings.base_url.clone();
        endpoint.set_path(&format!("{}/v1/sql", endpoint.path().trim_end_matches('/')));
        Ok(Self { http, endpoint, settings, requests: RequestCounter::default() })
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Sends a query once and hands the rows of the answer to `sink`.
    pub(super) async fn query<S: Sink>(&self, sql: &str, sink: S) -> Result<S, Failure> {
        tracing::debug!(sql, "asking GreptimeDB");
        self.requests.count(self.read(sql, sink).await)
    }

    /// Sends a statement that changes something once; returns how many rows it touched.
    pub(super) async fn write(&self, sql: &str) -> Result<u64, Failure> {
        tracing::debug!(sql = shorten(sql), "writing to GreptimeDB");
        self.requests.count(self.change(sql).await)
    }

    async fn read<S: Sink>(&self, sql: &str, mut sink: S) -> Result<S, Failure> {
        let mut response = self.send(sql).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        let mut scanner = Scanner::new();
        let mut received = 0;
        while let Some(chunk) = self.next_chunk(&mut response, received).await? {
            received += chunk.len();
            scanner.feed(&chunk, &mut sink)?;
        }
        scanner.finish()?;
        Ok(sink)
    }

    async fn change(&self, sql: &str) -> Result<u64, Failure> {
        let mut response = self.send(sql).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response).await);
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.next_chunk(&mut response, body.len()).await? {
            body.extend_from_slice(&chunk);
            if body.len() > SHORT_BYTES_MAX {
                return Err(Fault::Malformed(format!("more than {SHORT_BYTES_MAX} bytes for a write")).into());
            }
        }
        match serde_json::from_slice(&body) {
            Ok(WriteBody { code: None | Some(0), error: None, output }) => {
                Ok(output.iter().map(|written| written.affectedrows).sum())
            }
            Ok(WriteBody { code, error, .. }) => {
                Err(Failure::answered(StatusCode::OK, code, &error.unwrap_or_default()))
            }
            Err(error) if error.is_eof() => Err(Fault::Truncated.into()),
            Err(error) => Err(Fault::Malformed(error.to_string()).into()),
        }
    }

    async fn send(&self, sql: &str) -> Result<Response, Failure> {
        let Settings { database, username, password, .. } = &self.settings;
        let mut request = self.http.post(self.endpoint.clone()).form(&[("sql", sql), ("db", database)]);
        if let Some(username) = username {
            request = request.basic_auth(username, password.as_ref());
        }
        match timeout(self.settings.timeout, request.send()).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(Failure::connect(root_cause(&error))),
            Err(_) => Err(Failure::connect(format!("no answer within {}", seconds(self.settings.timeout)))),
        }
    }

    /// Waits for the next piece of a body. The time limit starts anew with each: a long answer may take long as a
    /// whole, a stalled one ends.
    async fn next_chunk(&self, response: &mut Response, received: usize) -> Result<Option<Bytes>, Failure> {
        match timeout(self.settings.timeout, response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => {
                Err(Failure::busy(format!("the answer broke off after {received} bytes: {}", root_cause(&error))))
            }
            Err(_) => {
                let limit = seconds(self.settings.timeout);
                Err(Failure::busy(format!("the answer stalled for {limit} after {received} bytes")))
            }
        }
    }

    /// What an answer with an error status says.
    async fn refusal(&self, mut response: Response) -> Failure {
        let status = response.status();
        let mut body = Vec::new();
        let reading = async {
            while body.len() < SHORT_BYTES_MAX
                && let Ok(Some(chunk)) = response.chunk().await
            {
                body.extend_from_slice(&chunk);
            }
        };
        // The status says enough where the text breaks off or takes too long.
        let _ = timeout(self.settings.timeout, reading).await;
        match serde_json::from_slice(&body) {
            Ok(ErrorBody { code, error }) => Failure::answered(status, code, &error),
            Err(_) => Failure::answered(status, None, &String::from_utf8_lossy(&body)),
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{} s", duration.as_secs_f64())
}
