//! Files to read, and what was read in few words.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;
use trading_core::exact::written;
use trading_core::time::{Micros, SECOND, shown};
use trading_io::bar_file::{BarFile, ReadOptions, Refused, read_file};

/// 2026-09-01T00:00Z.
pub(crate) const NOW: Micros = 1_788_220_800 * SECOND;
pub(crate) const HOUR: Micros = 3600 * SECOND;

/// A folder of files, all of which changed an hour before [`NOW`].
pub(crate) struct Files(TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.write_at(name, content, NOW - HOUR)
    }

    pub(crate) fn write_at(&self, name: &str, content: impl AsRef<[u8]>, changed: Micros) -> PathBuf {
        let path = self.path(name);
        let mut file = File::create(&path).unwrap();
        file.write_all(content.as_ref()).unwrap();
        file.set_modified(UNIX_EPOCH + Duration::from_micros(changed.try_into().unwrap())).unwrap();
        path
    }
}

pub(crate) fn packed(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_ref()).unwrap();
    packed.finish().unwrap()
}

pub(crate) fn options() -> ReadOptions {
    ReadOptions { now: NOW, ..ReadOptions::default() }
}

pub(crate) fn read(path: &Path, options: &ReadOptions) -> Result<BarFile, Refused> {
    read_file(path, options, &mut |_| {})
}

/// A file with its bars, a line each, and what there is to be told of it.
pub(crate) fn in_words(file: &BarFile) -> String {
    let series = &file.series;
    let price = |count: i64| written(count.into(), series.price_digits);
    let mut words = format!("{} {}", file.instrument, series.timeframe);
    for record in &series.records {
        let volume = match record.volume {
            -1 => "?".to_owned(),
            count => written(count.into(), series.volume_digits),
        };
        let [open, high, low, close] = [record.open, record.high, record.low, record.close].map(price);
        words += &format!("\n{} {open} {high} {low} {close} {volume}", shown(record.open_time));
    }
    for (what, told) in [("rejected", file.rejected.to_string()), ("differing", file.contradicted.to_string())] {
        if !told.is_empty() {
            words += &format!("\n{what}: {told}");
        }
    }
    if file.repeated > 0 {
        words += &format!("\nrepeated: {}", file.repeated);
    }
    words
}

/// What reading a file of this name and content says.
pub(crate) fn said(name: &str, content: impl AsRef<[u8]>, options: &ReadOptions) -> String {
    let files = Files::new();
    match read(&files.write(name, content), options) {
        Ok(file) => in_words(&file),
        Err(refused) => refused.cause.to_string(),
    }
}
