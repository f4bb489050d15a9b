//! The bytes of a file, unpacked, how fresh they are, and by what they are known again.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::UNIX_EPOCH;

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};
use trading_core::time::{Micros, SECOND};

use super::file_stat::FileStat;
use super::refusal::Refusal;

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
pub(crate) struct Source {
    file: File,
    first: Vec<u8>,
    size: u64,
    freshness: Freshness,
    stat: FileStat,
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

impl Source {
    /// Opens a file and looks at how it begins.
    pub(crate) fn open(path: &Path, now: Micros) -> Result<Self, Refusal> {
        let mut file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let changed = changed.and_then(|since| Micros::try_from(since.as_micros()).ok());
        let freshness = Freshness { age: changed.map(|changed| now.saturating_sub(changed)) };
        let mut first = Vec::new();
        file.by_ref().take(8).read_to_end(&mut first)?;
        match OTHERS.iter().find(|(bytes, _)| first.starts_with(bytes)) {
            Some((_, what)) => Err(Refusal::OtherFormat(what)),
            None => {
                Ok(Self { file, first, size: metadata.len(), freshness, stat: FileStat::of_metadata(&metadata, now) })
            }
        }
    }

    pub(crate) fn freshness(&self) -> Freshness {
        self.freshness
    }

    /// Its bytes when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// What the file system said of it when it was opened.
    pub(crate) fn stat(&self) -> FileStat {
        self.stat
    }

    fn is_packed(&self) -> bool {
        self.first.starts_with(GZIP)
    }

    /// The text in it.
    pub(crate) fn into_text(self) -> Text {
        let is_packed = self.is_packed();
        let bytes = Bytes { file: io::Cursor::new(self.first).chain(self.file), read: 0, hash: Sha256::new() };
        if is_packed {
            Text::Packed(Box::new(MultiGzDecoder::new(io::BufReader::with_capacity(1 << 16, bytes))))
        } else {
            Text::Plain(bytes)
        }
    }
}

/// The text in a file.
pub(crate) enum Text {
    Plain(Bytes),
    Packed(Box<MultiGzDecoder<io::BufReader<Bytes>>>),
}

/// The bytes of a file, counted and hashed as they are read.
pub(crate) struct Bytes {
    file: io::Chain<io::Cursor<Vec<u8>>, File>,
    read: u64,
    hash: Sha256,
}

impl Text {
    /// How many bytes of the file were read so far.
    pub(crate) fn bytes_read(&self) -> u64 {
        match self {
            Self::Plain(bytes) => bytes.read,
            Self::Packed(decoder) => decoder.get_ref().get_ref().read,
        }
    }

    /// The SHA-256 of the bytes that were read.
    pub(crate) fn sha256(self) -> [u8; 32] {
        let bytes = match self {
            Self::Plain(bytes) => bytes,
            Self::Packed(decoder) => decoder.into_inner().into_inner(),
        };
        bytes.hash.finalize().into()
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(buffer),
            Self::Packed(decoder) => decoder.read(buffer),
        }
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read(buffer)?;
        self.read += n as u64;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}
