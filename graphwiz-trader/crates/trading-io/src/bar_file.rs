//! What does a bar file say?
//!
//! Start at [`read_file`]: CSV or CSV.gz in, a [`BarFile`] out, or the [`Refused`] that says why nothing is taken.
//! Which line is a bar is decided in `trading_core::quality`; what columns are called in `columns`; which instant a
//! field means in `instant`. Prices and volumes become whole counts without an `f64` between.

mod ahead;
pub(crate) mod columns;
pub(crate) mod fields;
mod file_stat;
pub(crate) mod instant;
mod line_fault;
pub(crate) mod lines;
mod named;
mod options;
mod order;
mod plain;
mod refusal;
pub(crate) mod report;
mod rows;
pub(crate) mod source;

use std::path::{Path, PathBuf};

use trading_core::bars::Series;
use trading_core::instrument::InstrumentId;
use trading_core::time::Timeframe;

pub use columns::{BadMapping, Field, Mapping};
pub use file_stat::FileStat;
pub use instant::BadInstant;
pub use named::{FileName, Kind, SeriesNames};
pub(crate) use named::{is_packed, stem};
pub use options::{ReadOptions, Stamp};
pub use refusal::{Refusal, Refused};
pub use report::{Contradiction, Listed, Progress, RejectedLine};

use self::ahead::read_ahead;
use self::columns::{Layout, Wanted};
use self::line_fault::LineFault;
use self::lines::Lines;
use self::rows::Rows;
use self::source::Source;

/// The bars of a file.
#[derive(Debug, Clone)]
pub struct BarFile {
    /// The file.
    pub path: PathBuf,
    /// Whose bars they are.
    pub instrument: InstrumentId,
    /// The bars, oldest first. Its `price_digits` are the tick where nothing else says what that is.
    pub series: Series,
    /// Lines without the header and empty ones.
    pub lines: u64,
    /// Lines that are no bars.
    pub rejected: Listed<RejectedLine>,
    /// Lines that another says the same as.
    pub repeated: u64,
    /// Lines of which a later one says something else; that one counts.
    pub contradicted: Listed<Contradiction>,
    /// Whether there is a column of volumes.
    pub has_volume: bool,
    /// What the file system said of it when it was opened.
    pub stat: FileStat,
    /// SHA-256 of the file as it is, compressed or not.
    pub sha256: [u8; 32],
}

/// Reads a file of bars; `progress` hears how far, many times a file.
///
/// # Errors
/// [`Refused`] where nothing of the file may be taken.
pub fn read_file(
    path: &Path,
    options: &ReadOptions,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<BarFile, Refused> {
    read(path, options, progress).map_err(|cause| Refused { path: path.to_path_buf(), cause })
}

fn read(path: &Path, options: &ReadOptions, progress: &mut dyn FnMut(Progress<'_>)) -> Result<BarFile, Refusal> {
    let (instrument, timeframe) = options.names.resolve(path)?;
    let source = Source::open(path, options.now)?;
    let (freshness, stat, bytes_total) = (source.freshness(), source.stat(), source.size());
    let wanted = Wanted::bars(&instrument, &options.mappings, options.order.as_deref());
    let mut hear = |bytes_done| progress(Progress { path, bytes_done, bytes_total });
    let ((outcome, is_part), sha256) = read_ahead(source, &mut hear, |text| {
        let mut lines = Lines::new(text);
        let outcome = read_lines(&mut lines, &wanted, timeframe, options);
        (outcome, lines.ends_within_a_line() || lines.was_cut_off())
    })?;
    // Before any other fault: half a file has faults that the whole one will not have.
    if freshness.is_fresh() && is_part {
        return Err(Refusal::BeingWritten);
    }
    let Read { rows, has_volume, tally } = outcome?;
    let Tally { lines, rejected } = tally;
    if rows.is_empty() {
        return Err(Refusal::NoBars { lines, rejected });
    }
    if !options.allow_rejects && u128::from(rejected.count) * 100 > u128::from(lines) {
        return Err(Refusal::Rejected { lines, rejected });
    }
    let order::Ordered { records, repeated, contradicted, scale } = rows.in_order();
    let (price_digits, volume_digits) = (scale.price_digits, scale.volume_digits);
    let series = Series { timeframe, price_digits, volume_digits, records };
    let path = path.to_path_buf();
    Ok(BarFile { path, instrument, series, lines, rejected, repeated, contradicted, has_volume, stat, sha256 })
}

struct Read {
    rows: Rows,
    has_volume: bool,
    tally: Tally,
}

#[derive(Default)]
struct Tally {
    lines: u64,
    rejected: Listed<RejectedLine>,
}

fn read_lines(
    lines: &mut Lines,
    wanted: &Wanted<'_>,
    timeframe: Timeframe,
    options: &ReadOptions,
) -> Result<Read, Refusal> {
    let layout = Layout::find(lines, wanted)?;
    let (mut rows, mut tally) = (Rows::new(&layout, timeframe, options), Tally::default());
    while let Some(line) = lines.next()? {
        if line.text.trim_ascii().is_empty() {
            continue;
        }
        tally.lines += 1;
        match rows.take(line.number, line.text) {
            Ok(()) => {}
            Err(LineFault::File(refusal)) => return Err(refusal),
            Err(fault) => tally.rejected.note(|| RejectedLine { line: line.number, cause: fault.to_string() }),
        }
    }
    Ok(Read { rows, has_volume: layout.volume.is_some(), tally })
}
