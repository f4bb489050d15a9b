//! The `tag` command: marks a withdrawal as the reference or as principal, or unmarks it, after asking.

use std::io::{self, Write as _};

use advisor_core::rules::Mark;
use platform::process::{self, Ended};

use super::confirm::confirm;
use crate::cli::{Common, TagArgs};
use crate::journal;
use crate::reference::{Tag, Which};
use crate::settings::Settings;
use crate::start;
use crate::store;

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
    let change = runtime.block_on(tag.find(&store, &settings, common.write_prefix()))?;
    let mut out = io::stdout().lock();
    writeln!(out, "{change}")?;
    if change.is_nothing() {
        writeln!(out, "nothing to change")?;
        return Ok(Ended::Done);
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
