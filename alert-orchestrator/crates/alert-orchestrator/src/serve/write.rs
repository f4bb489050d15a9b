//! What changes the store: marking a reference, and pulling transactions.

use std::sync::Arc;

use advisor_core::decision::Failure;
use advisor_core::rules::Mark;
use advisor_core::store::StoreError;
use axum::Extension;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use platform::http::{Problem, User};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::api::{asset_of, bad, store, unavailable};
use super::live::Live;
use crate::journal;
use crate::reference::{ChangeView, Tag, TagError, Which};
use crate::round;
use crate::settings::Settings;
use crate::sync::{self, Summary, SyncError, Wish};

/// Which withdrawal shall be marked, or unmarked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReferenceWish {
    asset: String,
    /// A transaction hash, or `latest`.
    tx: String,
    wallet: Option<String>,
    /// As what it shall be marked.
    #[serde(default = "reference_mark")]
    mark: Mark,
    /// Whatever it is marked as comes off.
    #[serde(default)]
    remove: bool,
    /// The memo that somebody decided by, as the list of withdrawals shows it; empty: none.
    memo_before: Option<String>,
}

const fn reference_mark() -> Mark {
    Mark::Reference
}

/// Marks a withdrawal as the reference or as principal, or unmarks it; its asset is evaluated anew at once.
pub(super) async fn reference(
    State(live): State<Arc<Live>>,
    Extension(settings): Extension<Arc<Settings>>,
    user: Option<Extension<User>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<ChangeView>, Problem> {
    let Some(Extension(User(user))) = user else {
        let text = "references are set here only where orchestrator.auth is enabled; use `alert-orchestrator tag`";
        return Err(Problem::new(StatusCode::FORBIDDEN, text));
    };
    let ReferenceWish { asset, tx, wallet, mark, remove, memo_before } = parse(&headers, &body)?;
    let which = Which::parse(tx).ok_or_else(no_transaction)?;
    let tag = Tag { asset: asset_of(&live, Some(&asset))?, which, wallet, mark: (!remove).then_some(mark) };
    let store = store(&live)?;
    // Changed files first: the newest withdrawal may be in one.
    round::refresh(&store, &settings).await.map_err(|error| unavailable(error.to_string()))?;
    let change = tag.find(&store, &settings, live.write_prefix).await.map_err(refusal)?;
    if let Some(memo) = memo_before {
        change.is_of(&memo).map_err(|error| refusal(TagError::Write(error)))?;
    }
    let view = change.view();
    if change.is_nothing() {
        return Ok(Json(view));
    }
    let marked = Arc::clone(&live);
    let marking = live.writes.to_its_end(async move {
        change.write(&store).await.map_err(|error| refusal(TagError::Write(error)))?;
        journal::note(&store, &settings, &change, &user, marked.write_prefix).await;
        marked.marks.marked(tag.asset);
        Ok(Json(view))
    });
    marking.await
}

/// What a client is told who names no withdrawal.
pub(super) fn no_transaction() -> Problem {
    bad("found no tx, expected a transaction hash or latest")
}

/// What a client is told where a withdrawal cannot be marked.
pub(super) fn refusal(error: TagError) -> Problem {
    let status = match &error {
        TagError::NotConfigured { .. }
        | TagError::NotFound { .. }
        | TagError::NoneYet { .. }
        | TagError::Asset(Failure::AssetNotFound { .. }) => StatusCode::NOT_FOUND,
        // A table that cannot tell the row from others, or in which it is another meanwhile, or none.
        TagError::Ambiguous { .. }
        | TagError::Unclear(_)
        | TagError::Unusable { .. }
        | TagError::Write(StoreError::InvalidData { .. } | StoreError::Changed { .. }) => StatusCode::CONFLICT,
        TagError::Asset(_) | TagError::Write(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    Problem::new(status, error.to_string())
}

/// Pulls transactions from Liqwid, unless that is being done already.
pub(super) async fn sync(
    State(live): State<Arc<Live>>,
    Extension(settings): Extension<Arc<Settings>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Summary>, Problem> {
    let wish: Wish = if body.trim_ascii().is_empty() { Wish::default() } else { parse(&headers, &body)? };
    let Ok(one_at_a_time) = Arc::clone(&live.syncing).try_lock_owned() else {
        let text = "transactions are being pulled already; try again when that is done";
        return Err(Problem::new(StatusCode::CONFLICT, text));
    };
    let store = store(&live)?;
    let pulling = Arc::clone(&live);
    let pulled = live.writes.to_its_end(async move {
        // Changed files first: what they hold must not be pulled beside it.
        round::refresh(&store, &settings).await.map_err(|error| SyncError::Store(error.to_string()))?;
        let pulled = sync::pull(&store, &settings, &wish, pulling.write_prefix, None, &mut |_| {}).await;
        if let Ok(summary) = &pulled {
            sync::log(summary);
            pulling.note_sync(summary);
            if summary.wrote() {
                pulling.rounds.soon();
            }
        }
        drop(one_at_a_time);
        pulled
    });
    match pulled.await {
        Ok(summary) => Ok(Json(summary)),
        Err(SyncError::Unfit(text)) => Err(bad(text)),
        Err(SyncError::Store(text)) => Err(unavailable(text)),
        Err(busy @ SyncError::Busy(_)) => Err(Problem::new(StatusCode::CONFLICT, busy.to_string())),
    }
}

fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    let is_json = |of: &HeaderValue| {
        let essence = of.to_str().ok().and_then(|of| of.split(';').next());
        essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
    };
    if let Some(other) = headers.get(CONTENT_TYPE).filter(|of| !is_json(of)) {
        let text = format!("found a body of content type {other:?}, expected application/json");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text));
    }
    serde_json::from_slice(body).map_err(|error| bad(format!("the body is not as expected: {error}")))
}
