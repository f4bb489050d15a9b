//! The bytes of a file, unpacked, and how fresh they are.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use flate2::read::MultiGzDecoder;
use trading_core::time::{Micros, SECOND};

use super::refusal::Refusal;
use super::report::Progress;

const GZIP: &[u8] = &[0x1f, 0x8b];

/// What the first bytes say of files that are not read here.
const OTHERS: [(&[u8], &str); 7] = [
    (b"PAR1", "Parquet, which this version does not read; convert it to CSV"),
    (b"PK\x03\x04", "a zip archive; unpack the CSV in it"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; expected CSV, or CSV compressed with gzip"),
    (b"\xfd7zXZ\x00", "compressed with xz; expected CSV, or CSV compressed with gzip"),
    (b"BZh", "compressed with bzip2; expected CSV, or CSV compressed with gzip"),
    (b"\xff\xfe", "in UTF-16; save it in UTF-8"),
    (b"\xfe\xff", "in UTF-16; save it in UTF-8"),
];

/// An open file.
pub(crate) struct Source<'a> {
    file: Counted<'a>,
    first: Vec<u8>,
    freshness: Freshness,
}

/// How long ago a file changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    age: Option<Micros>,
}

impl Freshness {
    /// Whether somebody may still be writing it.
    pub(crate) fn is_fresh(self) -> bool {
        self.age.is_some_and(|age| (0..60 * SECOND).contains(&age))
    }
}

impl<'a> Source<'a> {
    /// Opens a file and looks at how it begins.
    pub(crate) fn open(
        path: &'a Path,
        now: Micros,
        progress: &'a mut dyn FnMut(Progress<'_>),
    ) -> Result<Self, Refusal> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let changed = changed.and_then(|since| Micros::try_from(since.as_micros()).ok());
        let freshness = Freshness { age: changed.map(|changed| now.saturating_sub(changed)) };
        let begun = Progress { path, bytes_done: 0, bytes_total: metadata.len() };
        let mut file = Counted { file, progress: begun, report: progress };
        let mut first = Vec::new();
        file.by_ref().take(8).read_to_end(&mut first)?;
        match OTHERS.iter().find(|(bytes, _)| first.starts_with(bytes)) {
            Some((_, what)) => Err(Refusal::OtherFormat(what)),
            None => Ok(Self { file, first, freshness }),
        }
    }

    pub(crate) fn freshness(&self) -> Freshness {
        self.freshness
    }

    pub(crate) fn is_packed(&self) -> bool {
        self.first.starts_with(GZIP)
    }

    /// The text in it.
    pub(crate) fn into_text(self) -> Box<dyn Read + 'a> {
        let is_packed = self.is_packed();
        let bytes = io::Cursor::new(self.first).chain(self.file);
        if is_packed {
            Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, bytes)))
        } else {
            Box::new(bytes)
        }
    }
}

/// A file that tells how much of it was read.
struct Counted<'a> {
    file: File,
    progress: Progress<'a>,
    report: &'a mut dyn FnMut(Progress<'_>),
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.progress.bytes_done += n as u64;
        (self.report)(self.progress);
        Ok(n)
    }
}
