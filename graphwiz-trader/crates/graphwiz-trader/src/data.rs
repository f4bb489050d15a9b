//! Which bars does a run read? Those of the market store, into which the files of `data.import` go when a run needs them, and again
//! when they have changed; or files as they are.

use std::mem;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use platform::progress;
use rust_decimal::Decimal;
use trading_core::bars::Series;
use trading_core::counts::counted;
use trading_core::instrument::{Instrument, InstrumentId};
use trading_core::quality::Report;
use trading_core::resample::resample;
use trading_core::time::{Micros, Timeframe, shown};
use trading_io::bar_file::{BarFile, FileName, FileStat, Kind, Progress, ReadOptions, read_file};
use trading_io::folder::{BarFiles, bar_files};
use trading_io::market_store::{FileStoreError, Imported, MarketStore, SeriesKey, nearest};

use crate::config::Config;
use crate::config::number::Number;

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
        for path in &config.data.import {
            let found = Importable::at(path)?;
            if let Some(text) = found.passed_over(path) {
                tracing::warn!("data.import: {text}");
            }
            for (key, path) in found.files {
                let stat =
                    FileStat::of(&path, now).with_context(|| format!("reading {}", legible::full_path(&path)))?;
                if !store.has_file(&key, &path, stat)? {
                    log(&store, &import(&store, config, &path, &options(now))?);
                }
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
                let (one, two) = (legible::full_path(&other.path), legible::full_path(&file.path));
                let (instrument, frame) = key(file);
                bail!(
                    "both {one} and {two} have bars of {instrument} {frame}, expected one file; `data import` joins them"
                );
            }
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
        let made_of =
            self.made_of.map_or_else(String::new, |(frame, count)| format!(" ({} of {frame})", counted(count, "bar")));
        let (frame, gaps, rejected) = (self.series.timeframe, counted(report.gaps.len(), "gap"), self.rejected);
        let bars = counted(report.bars, "bar");
        format!("{instrument} {frame}: {bars}, {span}, {gaps}, {rejected} rejected{made_of}")
    }
}

/// The store of this configuration; its folder is made where it is not there.
pub(crate) fn open(config: &Config) -> anyhow::Result<MarketStore> {
    let folder = &config.data.base_path;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("making the folder data.base_path, {}", legible::full_path(folder)))?;
    let path = folder.join("market.db");
    if path.is_dir() {
        bail!("{} is a folder, expected the market store, or nothing at that path", legible::full_path(&path));
    }
    MarketStore::open(path).map_err(|error| match error {
        FileStoreError::Open { .. } => anyhow::Error::new(error).context(
            "this user needs the permission to write the market store and its folder, data.base_path, also where it is \
             only read, or a copy of it in a folder of their own",
        ),
        _ => error.into(),
    })
}

/// The instrument with the steps that are configured, else those that its bars allow.
pub(crate) fn instrument(config: &Config, id: &InstrumentId, price_digits: u32) -> Instrument {
    let filters = config.instruments.get(id).cloned().unwrap_or_default();
    let or = |number: Option<Number>, default| number.map_or(default, |number| number.0);
    Instrument {
        id: id.clone(),
        tick: or(filters.tick, Decimal::new(1, price_digits)),
        lot: or(filters.lot, Decimal::new(1, 8)),
        min_quantity: or(filters.min_quantity, Decimal::ZERO),
        min_notional: or(filters.min_notional, Decimal::TEN),
        fee_in: filters.fee_in,
    }
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
        let key = |file: &BarFile| SeriesKey { instrument: file.instrument.clone(), timeframe: file.series.timeframe };
        let there = nearest(instrument, &files.iter().map(key).collect::<Vec<_>>());
        bail!("no bars of {instrument} for {timeframe}; the files have {there}");
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

/// A file that was brought into the store.
pub(crate) struct Import {
    pub(crate) file: BarFile,
    pub(crate) imported: Imported,
    /// What was assumed, and what may be otherwise than it seems.
    pub(crate) notes: Vec<String>,
}

/// Brings a file into the store; shows how far it is.
pub(crate) fn import(
    store: &MarketStore,
    config: &Config,
    path: &Path,
    options: &ReadOptions,
) -> anyhow::Result<Import> {
    watched(|progress| {
        let file = read_file(path, options, progress)?;
        let is_new = store.keys()?.iter().all(|key| key.instrument != file.instrument);
        let imported = store.import(&file, options.now)?;
        // What is assumed of an instrument is said once.
        let assumed = if is_new { assumed(config, &file.instrument, &file.series) } else { None };
        Ok(Import { notes: assumed.into_iter().chain(doubts(&file)).collect(), file, imported })
    })
}

/// The steps and minima of an instrument that nobody has configured, and where to.
fn assumed(config: &Config, id: &InstrumentId, series: &Series) -> Option<String> {
    let filters = config.instruments.get(id).cloned().unwrap_or_default();
    let Instrument { tick, lot, min_notional, .. } = instrument(config, id, series.price_digits);
    let assumed: Vec<_> =
        [("tick", filters.tick, tick), ("lot", filters.lot, lot), ("min_notional", filters.min_notional, min_notional)]
            .into_iter()
            .filter(|(_, configured, _)| configured.is_none())
            .map(|(name, _, value)| format!("{name}: {value}"))
            .collect();
    let assumed = assumed.join(", ");
    (!assumed.is_empty()).then(|| {
        format!("assumed, as nobody says otherwise in the configuration: `instruments: {{\"{id}\": {{{assumed}}}}}`")
    })
}

/// What of a file may be otherwise than it seems.
fn doubts(file: &BarFile) -> impl Iterator<Item = String> {
    let BarFile { instrument, series, has_volume, .. } = file;
    let no_volume = (!has_volume).then(|| {
        let base = instrument.base().to_lowercase();
        format!("no column volume, v, vol or volume_{base}: fills will not be limited; --map NAME=volume names another")
    });
    no_volume.into_iter().chain(of_longer(series.timeframe, &Report::of(series), true))
}

/// That bars may be of a longer timeframe than the one they were taken for; `are_stored`: they went into the store.
pub(crate) fn of_longer(timeframe: Timeframe, report: &Report, are_stored: bool) -> Option<String> {
    let longer = report.looks_like(timeframe)?;
    let remedy = match are_stored {
        true => format!("import the file into a new store, with {longer} in its name or by --timeframe {longer}"),
        false => format!("write {longer} into the name of the file"),
    };
    Some(format!(
        "these bars are said to be of {timeframe}, but look like bars of {longer}: every one opens when a bar of \
         {longer} does; if they are, {remedy}"
    ))
}

/// What there is to know of a file that was imported without somebody asking for it just now; nothing where it brought
/// nothing new.
fn log(store: &MarketStore, Import { file, imported, notes }: &Import) {
    let (path, replaced) = (legible::full_path(&file.path), &imported.replaced);
    if imported.added == 0 && replaced.count == 0 {
        return;
    }
    tracing::info!("{path}: {} imported into {}", counted(imported.added, "bar"), legible::full_path(store.path()));
    for note in notes {
        tracing::info!("{path}: {note}");
    }
    if replaced.count > 0 {
        tracing::warn!("{path}: {} took the place of stored ones: {replaced}", counted(replaced.count, "bar"));
    }
    if file.rejected.count > 0 {
        tracing::warn!("{path}: {} rejected: {}", counted(file.rejected.count, "line"), file.rejected);
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

/// Which files of a folder are taken for files of bars.
const EXPECTED: &str =
    "expected CSV files whose names say venue, instrument and timeframe, as binance_BTC-USDT_1h.csv.gz";

/// Files, and the files of bars in folders, in the order of their names.
pub(crate) fn files_in(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for path in paths {
        let BarFiles { files, passed_over } =
            bar_files(path).with_context(|| format!("reading {}", legible::full_path(path)))?;
        let (path, others) = (legible::full_path(path), named(&passed_over));
        match (files.is_empty(), passed_over.is_empty()) {
            (true, true) => bail!("no files in {path}, {EXPECTED}"),
            (true, false) => bail!("no files of bars in {path}, {EXPECTED}; there are {others}"),
            (false, true) => {}
            (false, false) => tracing::info!("passed over in {path}: {others}"),
        }
        all.extend(files);
    }
    Ok(all)
}

/// The names of files, and not so many that they bury the rest.
fn named(paths: &[PathBuf]) -> String {
    const NAMED: usize = 6;
    let name = |path: &PathBuf| legible::full_path(Path::new(path.file_name().unwrap_or_default()));
    let names: Vec<_> = paths.iter().take(NAMED).map(name).collect();
    let more = paths.len() - names.len();
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

/// What there is where `data.import` points.
pub(crate) struct Importable {
    /// Files whose names say whose bars they have.
    pub(crate) files: Vec<(SeriesKey, PathBuf)>,
    /// Files of bars, perhaps, whose names do not.
    unnamed: Vec<PathBuf>,
    others: Vec<PathBuf>,
}

impl Importable {
    /// What there is at a path of `data.import`.
    pub(crate) fn at(path: &Path) -> anyhow::Result<Self> {
        let missing = || {
            format!(
                "data.import names {}, expected a file or folder of bars, by a path from the working directory or \
                 an absolute one; it is `data: {{import: []}}` where bars come in by `data import` alone",
                legible::full_path(path)
            )
        };
        let BarFiles { files, passed_over } = bar_files(path).with_context(missing)?;
        let mut found = Self { files: Vec::new(), unnamed: Vec::new(), others: passed_over };
        for file in files {
            match FileName::parse(&file) {
                Some(FileName { instrument, kind: Kind::Bars(timeframe) }) => {
                    found.files.push((SeriesKey { instrument, timeframe }, file));
                }
                _ => found.unnamed.push(file),
            }
        }
        Ok(found)
    }

    /// What of it is not taken, where somebody may have meant it to be.
    pub(crate) fn passed_over(&self, path: &Path) -> Option<String> {
        let path = legible::full_path(path);
        if !self.unnamed.is_empty() {
            return Some(format!("passed over in {path}: {}; {EXPECTED}", named(&self.unnamed)));
        }
        let there = if self.others.is_empty() { String::new() } else { format!("; there are {}", named(&self.others)) };
        self.files.is_empty().then(|| format!("no files of bars in {path}, {EXPECTED}{there}"))
    }
}
