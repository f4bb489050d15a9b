//! The `data` command: bars come in, and one can see which there are.

mod told;

use std::path::Path;

use platform::process::Ended;
use trading_core::time::Micros;
use trading_io::bar_file::{ReadOptions, SeriesNames, Stamp};
use trading_io::cut::cut;
use trading_io::market_store::Verified;

use super::{Call, Fact, Facts};
use crate::cli::{DataCommand, End, ImportArgs, Reading};
use crate::config::{Config, RuleFiles};
use crate::data;

/// Runs `data`.
///
/// # Errors
/// Files that cannot be taken; a store that fails.
pub(crate) fn run(call: &Call<'_>, command: &DataCommand) -> anyhow::Result<Ended> {
    let config = || call.config(RuleFiles::Of(&[]));
    let store = || data::open(&config()?);
    let now = jiff::Timestamp::now().as_microsecond();
    match command {
        DataCommand::Cut { to, input, output, reading } => {
            // Nothing is asked of configuration or store.
            let cut = cut(input, output, *to, &options(reading, now))?;
            call.print(&told::cut(output, cut))?;
        }
        DataCommand::List => call.print(&Facts(store()?.list()?.iter().map(told::stored).collect()))?,
        DataCommand::Verify { instrument } => {
            let verified = store()?.verify(instrument.as_ref(), now)?;
            call.print(&Facts(verified.iter().map(told::verified).collect()))?;
            if !verified.iter().all(Verified::is_sound) {
                return Ok(Ended::WithFaults);
            }
        }
        DataCommand::Resample { instrument, timeframe } => {
            call.print(&told::resampled(&store()?.resample(instrument, *timeframe, now)?))?;
        }
        DataCommand::Import(args) => import(call, &config()?, args, now)?,
    }
    Ok(Ended::Done)
}

fn options(reading: &Reading, now: Micros) -> ReadOptions {
    ReadOptions {
        now,
        mappings: reading.map.clone(),
        order: reading.columns.clone(),
        zone: reading.tz.clone(),
        ..ReadOptions::default()
    }
}

fn import(call: &Call<'_>, config: &Config, args: &ImportArgs, now: Micros) -> anyhow::Result<()> {
    let store = data::open(config)?;
    let (venue, instrument, timeframe) = (args.venue.clone(), args.instrument.clone(), args.timeframe);
    let options = ReadOptions {
        names: SeriesNames { venue, instrument, timeframe },
        stamp: if args.ts == End::Close { Stamp::Close } else { Stamp::Open },
        allow_rejects: args.allow_rejects,
        volume_digits: args.volume_digits,
        ..options(&args.reading, now)
    };
    let imported = |path: &Path| -> anyhow::Result<Fact> {
        Ok(told::imported(path, &data::import(&store, config, path, &options)?))
    };
    let mut all = Vec::new();
    let ended = data::files_in(&args.paths)?.iter().try_for_each(|path| {
        let one = imported(path)?;
        if call.is_json {
            all.push(one);
        } else {
            // Told at once: the next file may fail, and this one is in.
            call.print(&one)?;
        }
        Ok(())
    });
    // Also where a file has failed: those before it are in.
    let printed = if call.is_json && (ended.is_ok() || !all.is_empty()) { call.print(&Facts(all)) } else { Ok(()) };
    ended.and(printed.map_err(Into::into))
}
