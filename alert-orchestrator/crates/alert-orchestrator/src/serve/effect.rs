//! What would a mark cost or free? Asked before it is set; nothing is written or published.
//!
//! Two evaluations are more than other questions ask of store and processor. So there is one answer in the making at a
//! time for each client, and two in all: no client keeps the others from their turn. Who asks waits for a turn and for
//! the answer no longer than the page does (10 s); and what nobody waits for any more is left off.

use std::sync::Arc;
use std::time::Duration;

use advisor_core::rules::Mark;
use advisor_io::AnyStore;
use axum::extract::{Query, State};
use axum::{Extension, Json};
use platform::http::{Client, Problem};
use platform::process;
use serde::Deserialize;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::{Instrument as _, Span};

use super::api::{asset_of, bad, last_round, store, unavailable};
use super::live::Live;
use super::published::Published;
use super::write::{no_transaction, refusal};
use crate::reference::{Effect, Tag, Which};
use crate::store;

/// How long one waits for the answers to others.
const TURN_MAX: Duration = Duration::from_secs(2);

/// How long an answer may take.
const ANSWER_MAX: Duration = Duration::from_secs(7);

/// Which mark is thought of.
#[derive(Deserialize)]
pub(super) struct Question {
    asset: Option<String>,
    tx: Option<String>,
    wallet: Option<String>,
    mark: Option<String>,
}

/// What follows from marking a withdrawal, or from unmarking it.
pub(super) async fn effect(
    State(live): State<Arc<Live>>,
    Extension(client): Extension<Client>,
    Query(question): Query<Question>,
) -> Result<Json<Effect>, Problem> {
    let tag = question.tag(&live)?;
    let (published, store) = (last_round(&live)?, store(&live)?);
    let turn = timeout(TURN_MAX, live.computing_effects.take(client)).await.map_err(|_| crowded())?;
    // Dropped with this handler where the client goes away.
    let (_waits, gone) = oneshot::channel::<()>();
    let span = Span::current();
    let work = move || {
        let effect = async {
            tokio::select! {
                effect = compute(&tag, &store, &published, live.write_prefix) => effect,
                _ = gone => Err(unavailable("nobody waits for the answer")),
            }
        };
        let effect = Handle::current().block_on(effect.instrument(span));
        drop(turn);
        effect
    };
    // On a thread that may block: the rule itself computes without a pause.
    process::outcome(tokio::task::spawn_blocking(work)).await.map(Json)
}

async fn compute(tag: &Tag, store: &AnyStore, published: &Published, write_prefix: &str) -> Result<Effect, Problem> {
    let (settings, last) = (&published.settings, &published.finished.evaluation);
    let effect = async {
        let change = tag.find(store, settings, write_prefix).await.map_err(refusal)?;
        change.effect(store, &settings.plan, last).await.map_err(|failure| unavailable(failure.to_string()))
    };
    let late = |_| {
        let (store, seconds) = (store::name(&settings.config), ANSWER_MAX.as_secs());
        unavailable(format!("store unavailable: {store}: no complete answer within {seconds} s"))
    };
    timeout(ANSWER_MAX, effect).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
}

fn crowded() -> Problem {
    Problem::too_many("the effects of other marks are being computed, try again later", ANSWER_MAX)
}

impl Question {
    fn tag(self, live: &Live) -> Result<Tag, Problem> {
        let mark = match self.mark.as_deref() {
            Some("reference") => Some(Mark::Reference),
            Some("principal") => Some(Mark::Principal),
            Some("none") => None,
            other => {
                let found = other.map_or("no mark".to_owned(), |other| format!("mark {}", legible::quoted(other)));
                return Err(bad(format!("found {found}, expected reference, principal or none")));
            }
        };
        let which = self.tx.and_then(Which::parse).ok_or_else(no_transaction)?;
        Ok(Tag { asset: asset_of(live, self.asset.as_deref())?, which, wallet: self.wallet, mark })
    }
}
