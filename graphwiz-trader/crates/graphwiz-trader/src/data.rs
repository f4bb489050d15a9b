//! Which bars does a run read? Those of the market store, into which the files of `data.import` go on first use; or files as
//! they are.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use trading_core::bars::Series;
use trading_core::instrument::InstrumentId;
use trading_core::quality::Report;
use trading_core::resample::resample;
use trading_core::time::{Micros, Timeframe, shown};
use trading_io::bar_file::{BarFile, FileName, Kind, ReadOptions, read_file};
use trading_io::folder::bar_files;
use trading_io::market_store::{MarketStore, SeriesKey};

use crate::config::Config;

/// Where bars come from.
pub(crate) struct Source {
    place: Place,
    /// Lines of files read now that were no bars.
    rejected: BTreeMap<InstrumentId, u64>,
}

enum Place {
    /// The market store.
    Store(MarketStore),
    /// Files, read as they are; nothing is imported.
    Files(Vec<BarFile>),
}

/// Bars, and what they were made of, where they were.
pub(crate) struct Bars {
    pub(crate) series: Series,
    made_of: Option<(Timeframe, usize)>,
}

impl Source {
    /// The store of this configuration. What lies in `data.import` and is not stored yet is imported; `tell` hears of it.
    pub(crate) fn store(config: &Config, now: Micros, tell: &mut dyn FnMut(&str)) -> anyhow::Result<Self> {
        let store = open(config)?;
        let stored = store.keys()?;
        let mut rejected = BTreeMap::new();
        for path in files_in(&config.data.import)? {
            let Some(FileName { instrument, kind: Kind::Bars(timeframe) }) = FileName::parse(&path) else { continue };
            if stored.contains(&SeriesKey { instrument: instrument.clone(), timeframe }) {
                continue;
            }
            let file = read(&path, now)?;
            store.import(&file, now)?;
            rejected.insert(instrument, file.rejected.count);
            tell(&format!(
                "{}: {} bars imported into {}",
                path.display(),
                file.series.records.len(),
                store.path().display()
            ));
        }
        Ok(Self { place: Place::Store(store), rejected })
    }

    /// Files, and those in folders.
    pub(crate) fn files(paths: &[PathBuf], now: Micros) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for path in files_in(paths)? {
            files.push(read(&path, now)?);
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
        let rejected = files.iter().map(|file| (file.instrument.clone(), file.rejected.count)).collect();
        Ok(Self { place: Place::Files(files), rejected })
    }

    /// The bars of an instrument that open in `range`.
    pub(crate) fn bars(
        &self,
        instrument: &InstrumentId,
        timeframe: Timeframe,
        range: Range<Micros>,
        now: Micros,
    ) -> anyhow::Result<Bars> {
        match &self.place {
            Place::Store(store) => {
                let found = store.series(instrument, timeframe, range, now)?;
                let made_of = found.made_of.map(|made_of| (made_of.timeframe, made_of.bars));
                Ok(Bars { series: found.series, made_of })
            }
            Place::Files(files) => of_files(files, instrument, timeframe, range, now),
        }
    }

    /// One line of facts about bars that are read, which are like `report`.
    pub(crate) fn facts(&self, instrument: &InstrumentId, bars: &Bars, report: &Report) -> String {
        let span = match (report.first, report.last) {
            (Some(first), Some(last)) => format!("{} to {}", shown(first), shown(last)),
            _ => "none".to_owned(),
        };
        let made_of = bars.made_of.map_or_else(String::new, |(frame, count)| format!(" ({count} bars of {frame})"));
        let rejected = self.rejected.get(instrument).copied().unwrap_or(0);
        let (frame, gaps) = (bars.series.timeframe, report.gaps.len());
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
    files: &[BarFile],
    instrument: &InstrumentId,
    timeframe: Timeframe,
    range: Range<Micros>,
    now: Micros,
) -> anyhow::Result<Bars> {
    let mut of_instrument: Vec<_> = files.iter().filter(|file| file.instrument == *instrument).collect();
    of_instrument.sort_by_key(|file| file.series.timeframe);
    let exact = of_instrument.iter().find(|file| file.series.timeframe == timeframe);
    let Some(file) = exact.or(of_instrument.first().filter(|file| file.series.timeframe < timeframe)) else {
        let names: Vec<_> = files.iter().map(|file| format!("{} {}", file.instrument, file.series.timeframe)).collect();
        bail!("no bars of {instrument} for {timeframe}; the files have {}", names.join(", "));
    };
    let within = |series: &Series| {
        let records = series.records.iter().filter(|record| range.contains(&record.open_time)).copied().collect();
        Series { records, ..*series }
    };
    if file.series.timeframe == timeframe {
        return Ok(Bars { series: within(&file.series), made_of: None });
    }
    let made = resample(&file.series, timeframe, now)?;
    Ok(Bars { series: within(&made), made_of: Some((file.series.timeframe, file.series.records.len())) })
}

fn read(path: &Path, now: Micros) -> anyhow::Result<BarFile> {
    let options = ReadOptions { now, ..ReadOptions::default() };
    Ok(read_file(path, &options, &mut |_| {})?)
}

/// Files, and the files of bars in folders, in the order of their names.
pub(crate) fn files_in(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        files.extend(bar_files(path).with_context(|| format!("reading {}", path.display()))?.files);
    }
    Ok(files)
}
