//! What may somebody say about a file?

use jiff::tz::TimeZone;
use trading_core::time::Micros;

use super::columns::Mapping;
use super::named::SeriesNames;

/// What somebody may say about a file.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The time on the wall: bars that close later are rejected.
    pub now: Micros,
    /// Whose bars they are, where the name of the file does not say it, or says something else.
    pub names: SeriesNames,
    /// Columns that are called something else (`--map`).
    pub mappings: Vec<Mapping>,
    /// What the columns of a file without header are (`--columns`); names that are no field's are passed over.
    pub order: Option<Vec<String>>,
    /// What a time without offset means (`--tz`).
    pub zone: Option<TimeZone>,
    /// Which end of a bar its time is.
    pub stamp: Stamp,
    /// Takes the other lines also where more than one in a hundred is rejected.
    pub allow_rejects: bool,
    /// Rounds volumes, half to even: for files that were written from floating-point numbers (`--volume-digits`).
    pub volume_digits: Option<u32>,
}

/// Which end of a bar its time in a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stamp {
    /// When it opens.
    #[default]
    Open,
    /// When it closes.
    Close,
}
