//! The `tag` command: marks a withdrawal as the reference, or unmarks it, after asking.

use std::io::{self, Write as _};

use platform::process::{self, Ended};

use super::confirm::confirm;
use crate::cli::{Common, TagArgs};
use crate::reference::{Tag, Which};
use crate::settings::Settings;
use crate::start;
use crate::store;

/// Runs `tag`; ends with faults where nothing was found or the answer was no.
///
/// # Errors
/// Those of the configuration, the store and the terminal.
pub(crate) fn run(common: &Common, args: TagArgs) -> anyhow::Result<Ended> {
    let TagArgs { asset, tx, latest: _, wallet, remove } = args;
    let tag = Tag { asset, which: tx.map_or(Which::Latest, Which::Transaction), wallet, remove };
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
    writeln!(out, "written")?;
    Ok(Ended::Done)
}
