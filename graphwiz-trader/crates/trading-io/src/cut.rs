//! A file without its end, so that nothing of it can be known too early.
//!
//! Start at [`cut`]: what is before an instant is copied byte for byte, whatever else a line says.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::NamedTempFile;
use trading_core::time::Micros;

use crate::bar_file::columns::{Layout, Wanted};
use crate::bar_file::fields::Fields;
use crate::bar_file::instant::{self, BadInstant};
use crate::bar_file::lines::{Line, Lines};
use crate::bar_file::report::excerpt;
use crate::bar_file::source::Source;
use crate::bar_file::{ReadOptions, Refusal, Refused, is_packed};

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cut {
    /// Lines of before the instant.
    pub kept: u64,
    /// Lines of the instant and after it.
    pub left_out: u64,
    /// Lines whose time cannot be read; they are not copied, as they may be of after it.
    pub unreadable: u64,
}

/// Why a file was not copied.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// The file to copy cannot be read.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is something where the copy is to be.
    #[error(
        "{} is there already, expected nothing in the place of the copy; remove it, or name another place",
        legible::full_path(.0)
    )]
    Taken(PathBuf),
    /// The copy cannot be written.
    #[error("writing {} failed", legible::full_path(path))]
    Write {
        /// The copy.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// Copies the file `from` to `to` with all lines left out whose time is `until` or later.
///
/// Any file with a column of times will do, also one of trades. Header, order and line ends stay; the copy is
/// compressed where its name ends in `.gz`. It is at `to` once it is whole. Of `options` those about columns, zone and
/// the time on the wall count.
///
/// # Errors
/// See [`CutError`]; then nothing is written.
pub fn cut(from: &Path, to: &Path, until: Micros, options: &ReadOptions) -> Result<Cut, CutError> {
    // Also a link that leads nowhere.
    if to.symlink_metadata().is_ok() {
        return Err(CutError::Taken(to.to_path_buf()));
    }
    copied(from, to, until, options).map_err(|failure| match failure {
        Failure::Read(cause) => Refused { path: from.to_path_buf(), cause }.into(),
        Failure::Write(source) => CutError::Write { path: to.to_path_buf(), source },
    })
}

enum Failure {
    Read(Refusal),
    Write(io::Error),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Read(refusal)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

fn copied(from: &Path, to: &Path, until: Micros, options: &ReadOptions) -> Result<Cut, Failure> {
    let wanted = Wanted::time(&options.mappings, options.order.as_deref());
    let mut lines = Lines::new(Box::new(Source::open(from, options.now)?.into_text()));
    let layout = Layout::find(&mut lines, &wanted)?;
    let first = lines.next_number();

    let source = Source::open(from, options.now)?;
    let freshness = source.freshness();
    let mut lines = Lines::new(Box::new(source.into_text()));
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut copy = NamedTempFile::new_in(folder)?;
    let mut output = Output::new(copy.as_file_mut(), is_packed(to));
    let outcome = copy_lines(&mut lines, &mut output, |line| {
        if line.number < first { Ok(Fate::Header) } else { fate(&line, &layout, until, options) }
    });
    if freshness.is_fresh() && (lines.ends_within_a_line() || lines.was_cut_off()) {
        return Err(Refusal::BeingWritten.into());
    }
    let outcome = outcome?;
    output.finish()?;
    // Others than this program's user are to read it where they may read the file.
    let permissions = fs::metadata(from).map_err(Refusal::Read)?.permissions();
    copy.as_file().set_permissions(permissions)?;
    copy.as_file().sync_all()?;
    copy.persist_noclobber(to).map_err(|error| error.error)?;
    Ok(outcome)
}

/// What becomes of a line.
enum Fate {
    Header,
    Kept,
    LeftOut,
    Unreadable,
}

fn fate(line: &Line<'_>, layout: &Layout, until: Micros, options: &ReadOptions) -> Result<Fate, Refusal> {
    if line.text.trim_ascii().is_empty() {
        return Ok(Fate::Header);
    }
    let mut fields = Fields::default();
    fields.split(line.text, layout.separator);
    let text = fields.of(line.text).get(layout.ts);
    match instant::micros(text, options.zone.as_ref()) {
        Ok(at) if at < until => Ok(Fate::Kept),
        Ok(_) => Ok(Fate::LeftOut),
        Err(BadInstant::NoOffset) => Err(Refusal::NoOffset { line: line.number, text: excerpt(text) }),
        Err(_) => Ok(Fate::Unreadable),
    }
}

fn copy_lines(
    lines: &mut Lines<'_>,
    output: &mut Output<'_>,
    fate: impl Fn(Line<'_>) -> Result<Fate, Refusal>,
) -> Result<Cut, Failure> {
    let mut cut = Cut::default();
    while let Some(line) = lines.next()? {
        match fate(line)? {
            Fate::Header => output.write_all(line.raw)?,
            Fate::Kept => {
                output.write_all(line.raw)?;
                cut.kept += 1;
            }
            Fate::LeftOut => cut.left_out += 1,
            Fate::Unreadable => cut.unreadable += 1,
        }
    }
    Ok(cut)
}

/// A copy, compressed or not.
enum Output<'a> {
    Plain(BufWriter<&'a mut File>),
    Packed(GzEncoder<BufWriter<&'a mut File>>),
}

impl<'a> Output<'a> {
    fn new(file: &'a mut File, is_packed: bool) -> Self {
        let file = BufWriter::new(file);
        if is_packed { Self::Packed(GzEncoder::new(file, Compression::default())) } else { Self::Plain(file) }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.write_all(bytes),
            Self::Packed(file) => file.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Self::Plain(mut file) => file.flush(),
            Self::Packed(file) => file.finish()?.flush(),
        }
    }
}
