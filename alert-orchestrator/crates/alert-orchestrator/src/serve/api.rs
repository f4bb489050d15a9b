//! What the page and other programs read.
//!
//! Nothing is computed here: answers are views of the last round, or of what the store remembers.

use std::sync::Arc;

use advisor_core::drawing::view::View;
use advisor_core::time;
use advisor_io::AnyStore;
use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use platform::auth::config::RequireFor;
use platform::config::text;
use platform::http::Problem;
use serde::{Deserialize, Serialize};

use super::live::Live;
use super::published::Published;
use crate::explain::{Explanation, Wallets};
use crate::journal::{self, History};
use crate::reference::{self, Withdrawal};
use crate::settings::Settings;
use crate::version::PROGRAM;

/// How far back `/api/history` goes where the question does not say.
const HISTORY_DAYS: i64 = 30;

/// What most questions name.
#[derive(Deserialize)]
pub(super) struct About {
    asset: Option<String>,
    view: Option<String>,
    from: Option<String>,
    to: Option<String>,
}

#[derive(Serialize)]
pub(super) struct Assets<'a> {
    assets: Vec<&'a str>,
    selected: &'a str,
}

/// The configured assets in alphabetical order, and the one that is meant.
pub(super) async fn assets(State(live): State<Arc<Live>>, Query(about): Query<About>) -> Response {
    let settings = live.settings();
    let client = &settings.config.client;
    let mut assets: Vec<&str> = client.assets.iter().map(String::as_str).collect();
    assets.sort_unstable();
    let known = about.asset.and_then(|asked| client.asset(&asked));
    // A configuration without assets is refused.
    let selected = known.or(assets.first().copied()).unwrap_or_default();
    Json(Assets { selected, assets }).into_response()
}

/// The decisions on all assets.
pub(super) async fn decisions(State(live): State<Arc<Live>>, headers: HeaderMap) -> Result<Response, Problem> {
    live.marks.look();
    Ok(last_round(&live)?.decisions().respond(&headers))
}

/// What is drawn of an asset.
pub(super) async fn series(
    State(live): State<Arc<Live>>,
    Query(about): Query<About>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = match about.view.as_deref() {
        None | Some("position") => View::Position,
        Some("corrected") => View::Corrected,
        Some("rate") => View::Rate,
        Some("residual") => View::Residual,
        Some(other) => {
            let other = legible::quoted(other);
            return Err(bad(format!("found view {other}, expected corrected, position, rate or residual")));
        }
    };
    // An asset that is not configured has no evaluation to wait for.
    let (asset, published) = (asset_of(&live, about.asset.as_deref())?, last_round(&live)?);
    let series = published.series(&asset, view).await.ok_or_else(|| not_evaluated(&asset))?;
    Ok(series.respond(&headers))
}

/// Every figure that a decision rests on, and the sentences. An error is explained like any other decision.
pub(super) async fn explain(State(live): State<Arc<Live>>, Query(about): Query<About>) -> Result<Response, Problem> {
    let (asset, published) = (asset_of(&live, about.asset.as_deref())?, last_round(&live)?);
    let (evaluation, plan) = (&published.finished.evaluation, &published.settings.plan);
    let (advice, of) = evaluation.of(&asset).zip(plan.of(&asset)).ok_or_else(|| not_evaluated(&asset))?;
    let is_past = evaluation.as_of.is_some();
    let explanation = Explanation { advice, rules: &of.rules, is_past, wallets: Wallets::All };
    Ok(Json(explanation.explained()).into_response())
}

/// Past decisions on an asset, the newest first.
pub(super) async fn history(
    State(live): State<Arc<Live>>,
    Query(about): Query<About>,
) -> Result<Json<History>, Problem> {
    let asset = asset_of(&live, about.asset.as_deref())?;
    let zone = live.settings().config.orchestrator.timezone.rules().clone();
    let to = instant(about.to.as_deref(), "to", &zone)?.unwrap_or_else(Timestamp::now);
    let from = match instant(about.from.as_deref(), "from", &zone)? {
        Some(from) => from,
        None => to.checked_sub(SignedDuration::from_hours(24 * HISTORY_DAYS)).unwrap_or(Timestamp::MIN),
    };
    if from > to {
        let [from, to] = [from, to].map(|at| time::shown(at, &zone));
        return Err(bad(format!("found from {from} after to {to}, expected it before")));
    }
    let _turn = live.questions.take().await.ok_or_else(crowded)?;
    let history = journal::read(&*store(&live)?, &asset, from, to).await;
    history.map(Json).map_err(|error| unavailable(error.to_string()))
}

fn crowded() -> Problem {
    unavailable("too many questions to the store are waiting for an answer, try again later")
}

#[derive(Serialize)]
pub(super) struct Withdrawals {
    withdrawals: Vec<Withdrawal>,
}

/// An asset's withdrawals, the newest first: what can be marked as the reference.
pub(super) async fn withdrawals(
    State(live): State<Arc<Live>>,
    Query(about): Query<About>,
) -> Result<Json<Withdrawals>, Problem> {
    let asset = asset_of(&live, about.asset.as_deref())?;
    let settings = Arc::clone(&live.settings());
    let _turn = live.questions.take().await.ok_or_else(crowded)?;
    let found = reference::withdrawals(&*store(&live)?, &settings, &asset).await;
    let withdrawals = found.map_err(|error| unavailable(error.to_string()))?;
    Ok(Json(Withdrawals { withdrawals }))
}

/// The configuration in effect, secrets redacted.
pub(super) async fn normalized(State(live): State<Arc<Live>>, headers: HeaderMap) -> Response {
    live.settings().normalized.respond(&headers)
}

#[derive(Serialize)]
pub(super) struct Status {
    version: &'static str,
    now: Timestamp,
    timezone: String,
    as_of: Option<Timestamp>,
    last_evaluation: Option<Timestamp>,
    next_evaluation: Option<Timestamp>,
    interval_seconds: f64,
    evaluation_seconds: Option<f64>,
    auth: Login,
    references_writable: bool,
    /// As the operator gave it, for commands that the page offers.
    config_path: String,
    store: StoreStatus,
}

#[derive(Serialize)]
struct Login {
    enabled: bool,
    require_for: RequireFor,
}

#[derive(Serialize)]
struct StoreStatus {
    ok: bool,
    detail: Option<String>,
}

/// How the service is doing, for the page.
pub(super) async fn status(State(live): State<Arc<Live>>) -> Json<Status> {
    let store = live.probe_store().await;
    let (settings, published) = (live.settings(), live.published());
    let Settings { config, plan, .. } = &**settings;
    let auth = &config.orchestrator.auth;
    Json(Status {
        version: PROGRAM.version,
        now: Timestamp::now(),
        timezone: config.orchestrator.timezone.to_string(),
        // Of what is shown, not of what a reload has asked for since.
        as_of: published.as_ref().map_or(plan.end, |published| published.finished.evaluation.as_of),
        last_evaluation: published.as_ref().map(|published| published.finished.evaluation.started_at),
        next_evaluation: live.rounds.next_at(),
        interval_seconds: settings.interval().as_secs_f64(),
        evaluation_seconds: published.map(|published| published.finished.took.as_secs_f64()),
        auth: Login { enabled: auth.enabled, require_for: auth.require_for },
        references_writable: auth.enabled,
        config_path: live.config_path.to_string_lossy().into_owned(),
        store: StoreStatus { ok: store.is_ok(), detail: store.err() },
    })
}

/// The asset that is meant, as configured; the first in alphabetical order where none is named.
pub(super) fn asset_of(live: &Live, asked: Option<&str>) -> Result<String, Problem> {
    let settings = live.settings();
    let client = &settings.config.client;
    let found = match asked {
        Some(asked) => client.asset(asked),
        None => client.assets.iter().map(String::as_str).min(),
    };
    found.map(str::to_owned).ok_or_else(|| {
        let (asked, assets) = (legible::quoted(asked.unwrap_or_default()), client.assets.join(", "));
        let text = format!("asset {asked} is not configured; there are {assets}");
        Problem::new(StatusCode::NOT_FOUND, text)
    })
}

pub(super) fn store(live: &Live) -> Result<Arc<AnyStore>, Problem> {
    live.store().ok_or_else(|| unavailable("the store has not been opened yet"))
}

pub(super) fn bad(text: impl AsRef<str>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, text)
}

pub(super) fn unavailable(text: impl AsRef<str>) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, text)
}

fn not_evaluated(asset: &str) -> Problem {
    unavailable(format!("asset {asset} was not part of the last evaluation; the next one has it"))
}

pub(super) fn last_round(live: &Live) -> Result<Arc<Published>, Problem> {
    live.published().ok_or_else(|| unavailable("the first evaluation has not finished"))
}

fn instant(written: Option<&str>, key: &str, zone: &TimeZone) -> Result<Option<Timestamp>, Problem> {
    let Some(written) = written else { return Ok(None) };
    let read = text::instant(written, zone);
    let unfit = || format!("found {key}={}, expected RFC 3339 or YYYY-MM-DD", legible::quoted(written));
    read.map(Some).ok_or_else(|| bad(unfit()))
}
