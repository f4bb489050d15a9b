//! Is the service alive, started, ready? For whoever runs it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::Timestamp;
use platform::http::Problem;
use serde::Serialize;

use super::live::Live;
use crate::version::PROGRAM;

#[derive(Serialize)]
pub(super) struct Alive {
    status: &'static str,
}

/// Whether the process does its work at all: a new one is the remedy where it does not.
pub(super) async fn livez(State(live): State<Arc<Live>>) -> Result<Json<Alive>, Problem> {
    verdict(live.rounds.is_alive(), "ok", "the evaluation loop has ended")
}

/// Whether the first round has finished, also with errors.
pub(super) async fn startupz(State(live): State<Arc<Live>>) -> Result<Json<Alive>, Problem> {
    verdict(live.published().is_some(), "started", "the first evaluation has not finished")
}

fn verdict(good: bool, yes: &'static str, no: &'static str) -> Result<Json<Alive>, Problem> {
    if good { Ok(Json(Alive { status: yes })) } else { Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, no)) }
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
    let age = published.age();
    let limit = live.settings().interval() * 2;
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
    uptime: u64,
    version: &'static str,
}

/// That it answers, since when, and in which version.
pub(super) async fn health(State(live): State<Arc<Live>>) -> Json<Health> {
    let uptime = live.uptime().as_secs();
    Json(Health { status: "ok", timestamp: Timestamp::now(), uptime, version: PROGRAM.version })
}
