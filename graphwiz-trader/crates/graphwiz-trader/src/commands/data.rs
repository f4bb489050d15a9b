//! The `data` command: bars come in, and one can see which there are.

use std::io::{self, Write as _};
use std::path::Path;

use platform::process::{self, Ended};
use trading_core::time::{Micros, shown};
use trading_io::bar_file::{ReadOptions, SeriesNames, Stamp, read_file};
use trading_io::cut::cut;
use trading_io::market_store::{MarketStore, Verified};

use crate::cli::{DataCommand, End, ImportArgs, Reading};
use crate::config::Origin;
use crate::kinds::Registry;
use crate::{config, data};

/// Runs `data`.
///
/// # Errors
/// Files that cannot be taken; a store that fails.
pub(crate) fn run(path: &Path, command: &DataCommand, registry: &Registry) -> anyhow::Result<Ended> {
    let store =
        || data::open(&config::load(&Origin { path, profile: None, set: &[] }, registry, &process::environment)?);
    let now = jiff::Timestamp::now().as_microsecond();
    let mut out = io::stdout().lock();
    match command {
        DataCommand::Cut { to, input, output, reading } => cut_file(input, output, *to, reading),
        DataCommand::List => {
            for stored in store()?.list()? {
                let span =
                    stored.first.zip(stored.last).map(|(first, last)| format!("{} to {}", shown(first), shown(last)));
                let from = stored.sources.first().map_or("unknown", |source| source.name.as_str());
                let span = span.unwrap_or_default();
                writeln!(out, "{}: {} bars, {span}, from {from}, hash {}", stored.key, stored.bars, stored.hash)?;
            }
            Ok(Ended::Done)
        }
        DataCommand::Verify { instrument } => {
            let verified = store()?.verify(instrument.as_ref(), now)?;
            for one in &verified {
                tell_verified(&mut out, one)?;
            }
            Ok(if verified.iter().all(Verified::is_sound) { Ended::Done } else { Ended::WithFaults })
        }
        DataCommand::Resample { instrument, timeframe } => {
            let resampled = store()?.resample(instrument, *timeframe, now)?;
            let (made_of, imported) = (resampled.made_of, resampled.imported);
            writeln!(
                out,
                "{}: {} bars added, {} replaced, made of {} bars of {}",
                imported.key, imported.added, imported.replaced.count, made_of.bars, made_of.timeframe
            )?;
            Ok(Ended::Done)
        }
        DataCommand::Import(args) => {
            import(&store()?, args, now, &mut out)?;
            Ok(Ended::Done)
        }
    }
}

/// Copies a file without its end; nothing else is asked of configuration or store.
fn cut_file(input: &Path, output: &Path, to: Micros, reading: &Reading) -> anyhow::Result<Ended> {
    let cut = cut(input, output, to, &options(reading, jiff::Timestamp::now().as_microsecond()))?;
    let mut out = io::stdout().lock();
    write!(out, "{}: {} lines kept, {} left out", output.display(), cut.kept, cut.left_out)?;
    if cut.unreadable > 0 {
        write!(out, ", {} of which the time cannot be read left out, too", cut.unreadable)?;
    }
    writeln!(out)?;
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

fn import(store: &MarketStore, args: &ImportArgs, now: Micros, out: &mut impl io::Write) -> anyhow::Result<()> {
    let (venue, instrument, timeframe) = (args.venue.clone(), args.instrument.clone(), args.timeframe);
    let options = ReadOptions {
        names: SeriesNames { venue, instrument, timeframe },
        stamp: if args.ts == End::Close { Stamp::Close } else { Stamp::Open },
        allow_rejects: args.allow_rejects,
        volume_digits: args.volume_digits,
        ..options(&args.reading, now)
    };
    for path in data::files_in(&args.paths)? {
        let file = read_file(&path, &options, &mut |_| {})?;
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
        if file.contradicted.count > 0 {
            writeln!(out, "  said twice, the later line counts: {}", file.contradicted)?;
        }
        if imported.replaced.count > 0 {
            writeln!(out, "  replaced: {}", imported.replaced)?;
        }
    }
    Ok(())
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
