//! The `data` command: bars come in, and one can see which there are.

use std::io::{self, Write as _};
use std::path::Path;

use platform::process::{self, Ended};
use trading_core::time::shown;
use trading_io::bar_file::{FileName, Kind, ReadOptions, read_file};
use trading_io::market_store::Verified;

use crate::cli::DataCommand;
use crate::{config, data};

/// Runs `data`.
///
/// # Errors
/// Files that cannot be taken; a store that fails.
pub(crate) fn run(path: &Path, command: &DataCommand) -> anyhow::Result<Ended> {
    let config = config::load(path, &process::environment)?;
    let store = data::open(&config)?;
    let now = jiff::Timestamp::now().as_microsecond();
    let mut out = io::stdout().lock();
    match command {
        DataCommand::List => {
            for stored in store.list()? {
                let span =
                    stored.first.zip(stored.last).map(|(first, last)| format!("{} to {}", shown(first), shown(last)));
                let from = stored.sources.first().map_or("unknown", |source| source.name.as_str());
                let span = span.unwrap_or_default();
                writeln!(out, "{}: {} bars, {span}, from {from}, hash {}", stored.key, stored.bars, stored.hash)?;
            }
            Ok(Ended::Done)
        }
        DataCommand::Verify { instrument } => {
            let verified = store.verify(instrument.as_ref(), now)?;
            for one in &verified {
                tell_verified(&mut out, one)?;
            }
            Ok(if verified.iter().all(Verified::is_sound) { Ended::Done } else { Ended::WithFaults })
        }
        DataCommand::Resample { instrument, timeframe } => {
            let resampled = store.resample(instrument, *timeframe, now)?;
            let (made_of, imported) = (resampled.made_of, resampled.imported);
            writeln!(
                out,
                "{}: {} bars added, {} replaced, made of {} bars of {}",
                imported.key, imported.added, imported.replaced.count, made_of.bars, made_of.timeframe
            )?;
            Ok(Ended::Done)
        }
        DataCommand::Import { paths } => {
            for path in data::files_in(paths)? {
                if FileName::parse(&path).is_some_and(|name| !matches!(name.kind, Kind::Bars(_)))
                    && paths.iter().all(|given| *given != path)
                {
                    continue; // a folder holds trades and tickers beside bars
                }
                let file = read_file(&path, &ReadOptions { now, ..ReadOptions::default() }, &mut |_| {})?;
                let imported = store.import(&file, now)?;
                writeln!(
                    out,
                    "{}: {}: {} lines, {} bars added, {} stored already, {} replaced, {} rejected",
                    path.display(),
                    imported.key,
                    file.lines,
                    imported.added,
                    imported.equal,
                    imported.replaced.count,
                    file.rejected.count
                )?;
                if file.rejected.count > 0 {
                    writeln!(out, "  rejected: {}", file.rejected)?;
                }
                if imported.replaced.count > 0 {
                    writeln!(out, "  replaced: {}", imported.replaced)?;
                }
            }
            Ok(Ended::Done)
        }
    }
}

fn tell_verified(out: &mut impl io::Write, verified: &Verified) -> io::Result<()> {
    let Verified { key, report, broken, disagreements } = verified;
    let span = report.first.zip(report.last).map(|(first, last)| format!(", {} to {}", shown(first), shown(last)));
    writeln!(
        out,
        "{key}: {} bars{}, {} gaps, {} flat, {} without volume, {} flagged, {} broken, {} that disagree",
        report.bars,
        span.unwrap_or_default(),
        report.gaps.len(),
        report.flat,
        report.zero_volumes,
        report.flagged.len(),
        broken.count,
        disagreements.count
    )?;
    for gap in report.gaps.iter().take(20) {
        writeln!(out, "  gap of {} bars, {} to {}", gap.bars, shown(gap.from), shown(gap.to))?;
    }
    for at in report.flagged.iter().take(20) {
        writeln!(out, "  flagged {}", shown(*at))?;
    }
    if broken.count > 0 {
        writeln!(out, "  broken: {broken}")?;
    }
    if disagreements.count > 0 {
        writeln!(out, "  disagree: {disagreements}")?;
    }
    Ok(())
}
