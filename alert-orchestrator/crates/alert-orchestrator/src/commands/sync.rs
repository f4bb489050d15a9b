//! The `sync` command: pulls from Liqwid, and shows how far it is where a person watches.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use platform::process::{self, Ended, Usage};

use crate::cli::{Common, SyncArgs};
use crate::decisions::abbreviate;
use crate::settings::Settings;
use crate::start;
use crate::store;
use crate::sync::{Progress, SyncError, Wish, pull};

/// Runs `sync`; ends with faults where something was left out.
///
/// # Errors
/// Those of the configuration and the store; what is asked for cannot be.
pub(crate) fn run(common: &Common, args: SyncArgs) -> anyhow::Result<Ended> {
    let SyncArgs { wallets, start, end, dry_run } = args;
    let wish = Wish { wallets, start, end, dry_run };
    let settings = Settings::of(start::begin(common)?)?;
    let store = store::open(&settings.config)?;
    // Which wallets there are, and what is stored already, the files say too.
    store::refresh(&store, &settings.config)?;
    let bar = if io::stderr().is_terminal() { ProgressBar::new(0) } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{wide_msg} {bar:30} {pos}/{len} wallets") {
        bar.set_style(style);
    }
    let mut show = |Progress { wallet, done, of }: Progress<'_>| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        bar.set_message(abbreviate(wallet));
    };
    let pulled = process::runtime()?.block_on(pull(&store, &settings, &wish, common.write_prefix(), None, &mut show));
    bar.finish_and_clear();
    let summary = match pulled {
        Err(SyncError::Unfit(why)) => bail!(Usage(why)),
        pulled => pulled?,
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{}", summary.message)?;
    summary.errors.iter().try_for_each(|error| writeln!(out, "error: {error}"))?;
    Ok(if summary.is_complete() { Ended::Done } else { Ended::WithFaults })
}
