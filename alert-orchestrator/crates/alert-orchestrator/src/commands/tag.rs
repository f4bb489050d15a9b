//! The `tag` command: marks a withdrawal as the reference or as principal, or unmarks it, after asking.

use std::io::{self, Write as _};
use std::sync::Arc;
use std::time::Duration;

use advisor_core::rules::Mark;
use advisor_io::AnyStore;
use jiff::Timestamp;
use platform::process::{self, Ended};
use tokio::time::timeout;

use super::confirm::confirm;
use crate::cli::{Common, TagArgs};
use crate::evaluate::{Evaluation, Plan};
use crate::journal;
use crate::reference::{Change, Tag, Which};
use crate::settings::Settings;
use crate::start;
use crate::store;

/// Nobody who wants to be asked waits longer to know what the mark costs.
const EFFECT_MAX: Duration = Duration::from_secs(30);

/// Runs `tag`; ends with faults where nothing was found or the answer was no.
///
/// # Errors
/// Those of the configuration, the store and the terminal.
pub(crate) fn run(common: &Common, args: TagArgs) -> anyhow::Result<Ended> {
    let TagArgs { asset, tx, latest: _, wallet, principal, remove } = args;
    let mark = if principal { Mark::Principal } else { Mark::Reference };
    let which = tx.map_or(Which::Latest, Which::Transaction);
    let tag = Tag { asset, which, wallet, mark: (!remove).then_some(mark) };
    let settings = Settings::of(start::begin(common)?)?;
    let store = store::open(&settings.config)?;
    store::refresh(&store, &settings.config)?;
    let runtime = process::runtime()?;
    let change = runtime.block_on(tag.find_by_beginning(&store, &settings, common.write_prefix()))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{change}")?;
    if change.is_nothing() {
        writeln!(out, "nothing to change")?;
        return Ok(Ended::Done);
    }
    writeln!(out, "limit       {}", runtime.block_on(effect(&change, &store, &settings)))?;
    if let Some(note) = taken_as_known(&settings) {
        writeln!(out, "note        {note}")?;
    }
    if !confirm(&mut out, &format!("write this to {}?", change.written()))? {
        writeln!(out, "nothing written")?;
        return Ok(Ended::WithFaults);
    }
    runtime.block_on(change.write(&store))?;
    let user = format!("{} (command line)", process::user());
    runtime.block_on(journal::note(&store, &settings, &change, &user, common.write_prefix()));
    writeln!(out, "written")?;
    Ok(Ended::Done)
}

/// What the change does to the limits, or why that cannot be told.
async fn effect(change: &Change, store: &AnyStore, settings: &Settings) -> String {
    let plan = plan(change, settings);
    let effect = async {
        let at = plan.end.unwrap_or_else(Timestamp::now);
        let prices = Arc::new(settings.prices.ask(&plan, &store.round(), at).await);
        change.effect(store, &plan, &Evaluation { prices, ..Evaluation::default() }).await
    };
    match timeout(EFFECT_MAX, effect).await {
        Ok(Ok(effect)) => effect.to_string(),
        Ok(Err(failure)) => format!("not known: {failure}"),
        Err(_) => format!(
            "not known: no complete answer of {} within {} s",
            store::name(&settings.config),
            EFFECT_MAX.as_secs()
        ),
    }
}

/// How the asset is evaluated.
fn plan(change: &Change, settings: &Settings) -> Plan {
    let mut plan = settings.plan.only(&[change.asset().to_owned()]);
    if taken_as_known(settings).is_some() {
        plan.assets.iter_mut().for_each(|of| of.rules.coverage = None);
    }
    plan
}

/// What a person must know where the transactions in a database count as known: how far they are, only the service can
/// tell that pulls them.
fn taken_as_known(settings: &Settings) -> Option<&'static str> {
    let is_untold = settings.config.client.greptime.is_some() && settings.config.orchestrator.transaction_sync.enabled;
    is_untold.then_some(
        "as if all transactions were pulled: how far they are, only the service knows; while it holds for \
         flows_incomplete, it offers nothing",
    )
}
