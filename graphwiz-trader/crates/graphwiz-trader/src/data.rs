//! Which bars does a run read? Those of the market store, into which the files of `data.import` go when a run needs them, and again
//! when they have changed; or files as they are.

use std::mem;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use platform::progress;
use trading_core::bars::Series;
use trading_core::instrument::InstrumentId;
use trading_core::quality::Report;
use trading_core::resample::resample;
use trading_core::time::{Micros, Timeframe, shown};
use trading_io::bar_file::{BarFile, FileName, FileStat, Kind, Progress, ReadOptions, read_file};
use trading_io::folder::bar_files;
use trading_io::market_store::{Imported, MarketStore, SeriesKey};

use crate::config::Config;

/// Where bars come from.
pub(crate) enum Source {
    /// The market store.
    Store(MarketStore),
    /// Files, read as they are; nothing is imported.
    Files(Vec<BarFile>),
}

/// Bars, and what there is to be told of them.
pub(crate) struct Bars {
    pub(crate) series: Series,
    /// What they were made of, where they were.
    made_of: Option<(Timeframe, usize)>,
    /// Lines of the files they came from that were no bars.
    rejected: u64,
}

impl Source {
    /// The store of this configuration, after those files of `data.import` were imported that never were or have
    /// changed.
    pub(crate) fn store(config: &Config, now: Micros) -> anyhow::Result<Self> {
        let store = open(config)?;
        for path in files_in(&config.data.import)? {
            let Some(FileName { instrument, kind: Kind::Bars(timeframe) }) = FileName::parse(&path) else { continue };
            let stat = FileStat::of(&path, now).with_context(|| format!("reading {}", path.display()))?;
            if !store.has_file(&SeriesKey { instrument, timeframe }, &path, stat)? {
                let (file, imported) = import(&store, &path, &options(now))?;
                log(&store, &file, &imported);
            }
        }
        Ok(Self::Store(store))
    }

    /// Files, and those in folders.
    pub(crate) fn files(paths: &[PathBuf], now: Micros) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for path in files_in(paths)? {
            files.push(watched(|progress| read_file(&path, &options(now), progress))?);
        }
        let key = |file: &BarFile| (file.instrument.clone(), file.series.timeframe);
        for (i, file) in files.iter().enumerate() {
            if let Some(other) = files[..i].iter().find(|other| key(other) == key(file)) {
                let (one, two) = (other.path.display(), file.path.display());
                let (instrument, frame) = key(file);
                bail!(
                    "both {one} and {two} have bars of {instrument} {frame}, expected one file; `data import` joins them"
                );
            }
        }
        if files.is_empty() {
            let paths: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            bail!("no files of bars in {}, expected names as binance_BTC-USDT_1h.csv.gz", paths.join(", "));
        }
        Ok(Self::Files(files))
    }

    /// The bars of an instrument that open in `range`.
    ///
    /// `is_last`: those of the instrument are not asked for again. Those of a file are then given away, not copied.
    pub(crate) fn bars(
        &mut self,
        instrument: &InstrumentId,
        timeframe: Timeframe,
        range: Range<Micros>,
        now: Micros,
        is_last: bool,
    ) -> anyhow::Result<Bars> {
        match self {
            Self::Store(store) => {
                let found = store.series(instrument, timeframe, range, now)?;
                let made_of = found.made_of.map(|made_of| (made_of.timeframe, made_of.bars));
                Ok(Bars { series: found.series, made_of, rejected: found.rejected })
            }
            Self::Files(files) => of_files(files, instrument, timeframe, range, now, is_last),
        }
    }
}

impl Bars {
    /// One line of facts about them; they are of `instrument`, and like `report`.
    pub(crate) fn facts(&self, instrument: &InstrumentId, report: &Report) -> String {
        let span = match (report.first, report.last) {
            (Some(first), Some(last)) => format!("{} to {}", shown(first), shown(last)),
            _ => "none".to_owned(),
        };
        let made_of = self.made_of.map_or_else(String::new, |(frame, count)| format!(" ({count} bars of {frame})"));
        let (frame, gaps, rejected) = (self.series.timeframe, report.gaps.len(), self.rejected);
        format!("{instrument} {frame}: {} bars, {span}, {gaps} gaps, {rejected} rejected{made_of}", report.bars)
    }
}

/// The store of this configuration; its folder is made where it is not there.
pub(crate) fn open(config: &Config) -> anyhow::Result<MarketStore> {
    let folder = &config.data.base_path;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("making the folder data.base_path, {}", folder.display()))?;
    let path = folder.join("market.db");
    MarketStore::open(&path).with_context(|| format!("opening the market store {}", path.display()))
}

fn of_files(
    files: &mut [BarFile],
    instrument: &InstrumentId,
    timeframe: Timeframe,
    range: Range<Micros>,
    now: Micros,
    is_last: bool,
) -> anyhow::Result<Bars> {
    let frame = |place: &usize| files[*place].series.timeframe;
    let of_instrument = (0..files.len()).filter(|place| files[*place].instrument == *instrument);
    let finer = of_instrument.filter(|place| frame(place) <= timeframe);
    // Bars of this timeframe, else those that it takes the most of.
    let Some(place) = finer.min_by_key(|place| (frame(place) != timeframe, frame(place))) else {
        let names: Vec<_> = files.iter().map(|file| format!("{} {}", file.instrument, file.series.timeframe)).collect();
        bail!("no bars of {instrument} for {timeframe}; the files have {}", names.join(", "));
    };
    let within = |mut series: Series| {
        series.records.retain(|record| range.contains(&record.open_time));
        series
    };
    let file = &mut files[place];
    if file.series.timeframe == timeframe {
        let records = if is_last { mem::take(&mut file.series.records) } else { file.series.records.clone() };
        let series = within(Series { records, ..file.series });
        return Ok(Bars { series, made_of: None, rejected: file.rejected.count });
    }
    let made = resample(&file.series, timeframe, now)?;
    let made_of = Some((file.series.timeframe, file.series.records.len()));
    Ok(Bars { series: within(made), made_of, rejected: file.rejected.count })
}

/// Brings a file into the store; shows how far it is.
pub(crate) fn import(store: &MarketStore, path: &Path, options: &ReadOptions) -> anyhow::Result<(BarFile, Imported)> {
    watched(|progress| {
        let file = read_file(path, options, progress)?;
        let imported = store.import(&file, options.now)?;
        Ok((file, imported))
    })
}

/// What there is to know of a file that was imported without somebody asking for it just now; nothing where it brought
/// nothing new.
fn log(store: &MarketStore, file: &BarFile, imported: &Imported) {
    let (path, replaced) = (file.path.display(), &imported.replaced);
    if imported.added == 0 && replaced.count == 0 {
        return;
    }
    tracing::info!("{path}: {} bars imported into {}", imported.added, store.path().display());
    if replaced.count > 0 {
        tracing::warn!("{path}: {} bars took the place of stored ones: {replaced}", replaced.count);
    }
    if file.rejected.count > 0 {
        tracing::warn!("{path}: {} lines rejected: {}", file.rejected.count, file.rejected);
    }
}

/// Runs what reads a file; shows how far it is.
fn watched<T>(work: impl FnOnce(&mut dyn FnMut(Progress<'_>)) -> T) -> T {
    progress::watched(|show| {
        work(&mut |Progress { path, bytes_done, bytes_total }| show(path, bytes_done, bytes_total))
    })
}

fn options(now: Micros) -> ReadOptions {
    ReadOptions { now, ..ReadOptions::default() }
}

/// Files, and the files of bars in folders, in the order of their names.
pub(crate) fn files_in(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(bar_files(path).with_context(|| format!("reading {}", path.display()))?.files);
    }
    Ok(files)
}
