//! Is the service alive, started, ready? For whoever runs it.

use std::sync::Arc;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::http::{Problem, Verdict};

/// What each check found, by its name: nothing, or what is wrong.
pub type Checks = Vec<(&'static str, Result<(), String>)>;

/// A running service that says how it is.
pub trait Probed: Send + Sync + 'static {
    /// The version of the program.
    const VERSION: &'static str;

    /// Whether the process does its work at all: a new one is the remedy where it does not.
    ///
    /// # Errors
    /// What it does not do.
    fn alive(&self) -> Result<(), String>;

    /// Whether it has come so far that answers can be expected of it.
    ///
    /// # Errors
    /// What it waits for.
    fn started(&self) -> Result<(), String>;

    /// Everything without which its answers are not worth asking for, in the order in which it is told.
    fn checks(&self) -> impl Future<Output = Checks> + Send;
}

#[derive(Serialize)]
pub(super) struct Alive {
    status: &'static str,
}

pub(super) async fn livez<S: Probed>(State(state): State<Arc<S>>) -> Verdict<Result<Json<Alive>, Problem>> {
    verdict(state.alive(), "ok")
}

pub(super) async fn startupz<S: Probed>(State(state): State<Arc<S>>) -> Verdict<Result<Json<Alive>, Problem>> {
    verdict(state.started(), "started")
}

fn verdict(found: Result<(), String>, status: &'static str) -> Verdict<Result<Json<Alive>, Problem>> {
    let alive = found.map(|()| Json(Alive { status }));
    Verdict(alive.map_err(|cause| Problem::new(StatusCode::SERVICE_UNAVAILABLE, cause)))
}

#[derive(Serialize)]
pub(super) struct Ready {
    status: &'static str,
    #[serde(serialize_with = "by_name")]
    checks: Checks,
}

fn by_name<S: Serializer>(checks: &Checks, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(checks.iter().map(|(name, found)| (name, found.as_ref().err().map_or("ok", String::as_str))))
}

/// Whether the answers are worth asking for.
pub(super) async fn readyz<S: Probed>(State(state): State<Arc<S>>) -> Verdict<(StatusCode, Json<Ready>)> {
    let checks = state.checks().await;
    let good = checks.iter().all(|(_, found)| found.is_ok());
    let (status, code) = if good { ("ready", StatusCode::OK) } else { ("not ready", StatusCode::SERVICE_UNAVAILABLE) };
    Verdict((code, Json(Ready { status, checks })))
}

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    timestamp: Timestamp,
    /// Seconds since the start.
    uptime: u64,
    version: &'static str,
}

/// That it answers, since when, and in which version.
pub(super) fn health<S: Probed>(started_at: Instant) -> Json<Health> {
    let uptime = started_at.elapsed().as_secs();
    Json(Health { status: "ok", timestamp: Timestamp::now(), uptime, version: S::VERSION })
}
