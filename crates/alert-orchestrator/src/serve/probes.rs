//! Is the service alive, started, ready? For whoever runs it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::live::Live;

#[derive(Serialize)]
pub(super) struct Alive {
    status: &'static str,
}

/// Whether the process does its work at all: a new one is the remedy where it does not.
pub(super) async fn livez(State(live): State<Arc<Live>>) -> (StatusCode, Json<Alive>) {
    verdict(live.is_alive(), "ok", "the evaluation loop has ended")
}

/// Whether the first round has finished, also with errors.
pub(super) async fn startupz(State(live): State<Arc<Live>>) -> (StatusCode, Json<Alive>) {
    verdict(live.published().is_some(), "started", "starting: the first evaluation has not finished")
}

fn verdict(good: bool, yes: &'static str, no: &'static str) -> (StatusCode, Json<Alive>) {
    if good {
        (StatusCode::OK, Json(Alive { status: yes }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Alive { status: no }))
    }
}

#[derive(Serialize)]
pub(super) struct Ready {
    status: &'static str,
    checks: Checks,
}

#[derive(Serialize)]
struct Checks {
    store: String,
    evaluation: String,
}

/// Whether the answers are worth asking for: the store answers, and the newest evaluation is not overdue.
pub(super) async fn readyz(State(live): State<Arc<Live>>) -> (StatusCode, Json<Ready>) {
    let (store, evaluation) = (live.probe_store().await, newest_evaluation(&live));
    let good = store.is_ok() && evaluation.is_ok();
    let (status, code) = if good { ("ready", StatusCode::OK) } else { ("not ready", StatusCode::SERVICE_UNAVAILABLE) };
    let ok = |outcome: Result<(), String>| outcome.err().unwrap_or_else(|| "ok".to_owned());
    (code, Json(Ready { status, checks: Checks { store: ok(store), evaluation: ok(evaluation) } }))
}

fn newest_evaluation(live: &Live) -> Result<(), String> {
    let published = live.published().ok_or("the first evaluation has not finished")?;
    let age = Timestamp::now().duration_since(published.finished.evaluation.started_at);
    let limit = SignedDuration::try_from(live.settings().interval() * 2).unwrap_or(SignedDuration::MAX);
    if age <= limit {
        return Ok(());
    }
    Err(format!("the newest evaluation is {} s old, more than two intervals ({} s)", age.as_secs(), limit.as_secs()))
}

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    timestamp: Timestamp,
    /// Seconds since the start.
    uptime: i64,
    version: &'static str,
}

/// That it answers, since when, and in which version.
pub(super) async fn health(State(live): State<Arc<Live>>) -> Json<Health> {
    let now = Timestamp::now();
    let uptime = now.duration_since(live.started_at).as_secs();
    Json(Health { status: "ok", timestamp: now, uptime, version: env!("CARGO_PKG_VERSION") })
}
