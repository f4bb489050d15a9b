//! How does a request reach the engine, and how does its result leave?
//!
//! Start at [`router`]. Parameters, content types, statuses and headers are the server's; `greptimedb_v1` is the only
//! format written here, a request for another known one is refused as unsupported.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{FormRejection, QueryRejection};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Form, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use axum::response::IntoResponse as _;
use axum::routing::get;
use axum::{Json, Router};
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;
use testkit::lock;
use testkit::socket::Cut;
use tokio::sync::mpsc;

use super::auth::{self, User};
use super::dialect;
use super::encode::{Part, Reply, Shape};
use super::engine::{DEFAULT_DATABASE, Engine};
use super::error::{SqlError, code};
use super::faults::Script;
use super::request_log::{ReceivedQuery, RequestLog};

/// The largest request body the server reads.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// Chunks a query may be ahead of its reader.
const CHUNKS_AHEAD: usize = 4;

/// What every request sees.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) users: Vec<User>,
    pub(crate) script: Script,
    pub(crate) log: RequestLog,
    /// Whole reply bodies, by database and SQL text.
    pub(crate) prepared: Mutex<HashMap<(String, String), Bytes>>,
}

/// The paths this stand-in serves.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let alive = || async { Json(serde_json::Map::new()) };
    Router::new()
        .route("/v1/sql", get(sql).post(sql))
        .route("/health", get(alive).post(alive))
        .route("/ready", get(alive).post(alive))
        .route("/v1/health", get(alive).post(alive))
        .route("/status", get(status))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(shared)
}

async fn status() -> Json<serde_json::Value> {
    Json(serde_json::json!({
        "commit": "stand-in", "branch": "stand-in", "rustc_version": "stand-in", "hostname": "localhost",
        "version": "1.3.0",
    }))
}

#[derive(Default, Deserialize)]
struct QueryParams {
    sql: Option<String>,
    db: Option<String>,
    format: Option<String>,
    limit: Option<usize>,
}

#[derive(Default, Deserialize)]
struct FormParams {
    sql: Option<String>,
    db: Option<String>,
    format: Option<String>,
}

/// A request's parameters, the query string before the form.
struct Call {
    sql: Option<String>,
    database: String,
    format: String,
    shape: Shape,
}

async fn sql(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    method: Method,
    headers: HeaderMap,
    query: Result<Query<QueryParams>, QueryRejection>,
    form: Result<Form<FormParams>, FormRejection>,
) -> Response<Body> {
    let started = Instant::now();
    let login = match shared.users.as_slice() {
        [] => Ok(None),
        users => auth::login(users, &headers).cloned().map(Some),
    };
    let (query, form, rejection) = match (query, form) {
        (Ok(Query(query)), Ok(Form(form))) => (query, form, None),
        (Ok(Query(query)), Err(bad)) => (query, FormParams::default(), Some(bad.into_response())),
        (Err(bad), form) => {
            (QueryParams::default(), form.map(|form| form.0).unwrap_or_default(), Some(bad.into_response()))
        }
    };
    let mut call = call(query, form, &headers);
    let sql = call.sql.clone().unwrap_or_default();
    shared.log.add(ReceivedQuery::new(sql.clone(), call.database.clone(), method, headers));

    let fault = shared.script.take(&sql);
    if let Some(fault) = &fault {
        if let Some(response) = fault.instead(&cut).await {
            return response;
        }
        fault.reshape(&mut call.shape);
    }
    let response = match (login, rejection) {
        (Err(error), _) => error.response(elapsed_ms(started)),
        (Ok(_), Some(rejection)) => rejection,
        (Ok(user), None) => answer(shared, call, user, started).await,
    };
    match fault {
        Some(fault) => fault.spoil(response, &cut).await,
        None => response,
    }
}

fn call(query: QueryParams, form: FormParams, headers: &HeaderMap) -> Call {
    let named = headers.get("x-greptime-db-name").and_then(|name| name.to_str().ok()).map(str::to_owned);
    let database = query.db.or(form.db).or(named).unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    Call {
        sql: query.sql.or(form.sql),
        // `greptime-public` names the same database as `public`.
        database: database.strip_prefix("greptime-").map(str::to_owned).unwrap_or(database),
        format: query.format.or(form.format).unwrap_or_default().to_lowercase(),
        shape: Shape { limit: query.limit, ..Shape::default() },
    }
}

/// Runs the statements on a thread of their own and streams what they write.
async fn answer(shared: Arc<Shared>, call: Call, user: Option<User>, started: Instant) -> Response<Body> {
    let (sender, mut parts) = mpsc::channel::<Part>(CHUNKS_AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = run(&shared, call, user.as_ref(), started, &sender) {
            // Without a receiver the client is gone, and so is whoever could be told.
            let _gone = sender.blocking_send(Err(error));
        }
    });
    let first = match parts.recv().await {
        Some(Ok(first)) => first,
        Some(Err(error)) => return error.response(elapsed_ms(started)),
        None => return SqlError::new(code::INTERNAL, "the query ended without a reply").response(elapsed_ms(started)),
    };
    let body = match parts.recv().await {
        None => Body::from(first),
        Some(second) => {
            let rest = stream::unfold(parts, |mut parts| async { parts.recv().await.map(|part| (part, parts)) });
            Body::from_stream(stream::iter([Ok(first), second]).chain(rest))
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("x-greptime-format"), HeaderValue::from_static("greptimedb_v1"));
    headers.insert(HeaderName::from_static("x-greptime-execution-time"), HeaderValue::from(elapsed_ms(started)));
    response
}

fn run(
    shared: &Shared,
    call: Call,
    user: Option<&User>,
    started: Instant,
    sender: &mpsc::Sender<Part>,
) -> Result<(), SqlError> {
    let required = || SqlError::new(code::INVALID_ARGUMENTS, "sql parameter is required.");
    let sql = call.sql.ok_or_else(required)?;
    if !shared.engine.has_database(&call.database) {
        return Err(SqlError::database_not_found(&call.database));
    }
    if is_other_format(&call.format) {
        return Err(SqlError::unsupported(format!("format {} is not served by this stand-in", call.format)));
    }
    let key = (call.database, sql);
    let prepared = lock(&shared.prepared).get(&key).cloned();
    if let Some(body) = prepared {
        let _gone = sender.blocking_send(Ok(body));
        return Ok(());
    }
    let (database, sql) = key;
    let statements = dialect::parse(&sql, &database)?;
    if let Some(user) = user {
        auth::permit(user, &statements)?;
    }
    let mut reply = Reply::new(sender.clone(), call.shape);
    shared.engine.run(statements, &database, &mut reply)?;
    reply.finish(elapsed_ms(started))
}

/// Formats the server knows besides `greptimedb_v1`; any other word means `greptimedb_v1`.
fn is_other_format(format: &str) -> bool {
    matches!(
        format,
        "influxdb_v1" | "csv" | "csvwithnames" | "csvwithnamesandtypes" | "json" | "arrow" | "table" | "null"
    )
}

fn elapsed_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}
