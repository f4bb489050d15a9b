//! The market store: bars of many instruments and timeframes in one SQLite file.
//!
//! Start at [`MarketStore::open`]. [`MarketStore::import`] takes a [`BarFile`], whole or not at all;
//! [`MarketStore::series`] gives bars back, made of shorter ones where they are not stored; [`MarketStore::resample`]
//! stores what was made.
//! [`MarketStore::list`] and [`MarketStore::verify`] tell what there is and what is wrong with it.
//!
//! A series is kept on one scale, the coarsest that holds all of it, in blocks of `blocks::BARS` bars.
//! Every change of it is one transaction: a kill leaves the state before it or the one after it.

mod blocks;
mod error;
mod key;
mod list;
mod schema;
mod sources;
mod stored;
mod verify;
mod write;

use std::ops::Range;
use std::path::Path;

use file_store::FileStore;
use rusqlite::Connection;
use trading_core::bars::Series;
use trading_core::instrument::InstrumentId;
use trading_core::resample::resample;
use trading_core::time::{Micros, Timeframe};

use self::sources::Origin;
use crate::bar_file::{BarFile, FileStat};

pub use file_store::FileStoreError;

pub use error::{StoreError, StoreFault, nearest};
pub use key::SeriesKey;
pub use list::Stored;
pub use schema::FORMAT;
pub use sources::Source;
pub use verify::{Disagreement, Verified};
pub use write::{Imported, Replacement};

/// The open store.
#[derive(Debug)]
pub struct MarketStore {
    file: FileStore,
}

/// Bars that were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The bars.
    pub series: Series,
    /// What they were made of, where they are not stored.
    pub made_of: Option<MadeOf>,
    /// Lines that were no bars, of all files that what is stored came from, each as it was last imported.
    pub rejected: u64,
}

/// What bars were made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeOf {
    /// The stored timeframe.
    pub timeframe: Timeframe,
    /// How many of its bars.
    pub bars: usize,
}

/// What storing longer bars did.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// What they were made of.
    pub made_of: MadeOf,
    /// What became of them.
    pub imported: Imported,
}

impl MarketStore {
    /// Opens the store's file; makes it, and its folder, where it does not exist.
    ///
    /// # Errors
    /// See [`FileStoreError`]; a file that is not ours is never written to.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileStoreError> {
        Ok(Self { file: FileStore::open(&FORMAT, path)? })
    }

    /// The store's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Takes the bars of a file, all of them or none. Bars at times that are stored replace those; `now` is when it
    /// happens.
    ///
    /// A file that was imported before changes nothing.
    ///
    /// # Errors
    /// The store fails, or has no room for digits as fine as those of the file.
    pub fn import(&self, file: &BarFile, now: Micros) -> Result<Imported, StoreError> {
        let key = SeriesKey { instrument: file.instrument.clone(), timeframe: file.series.timeframe };
        let origin = Origin::file(file);
        self.with("importing into", |connection| write::put(connection, &key, &file.series, &origin, now))
    }

    /// Whether the bars of the file at `path`, of which the file system says `stat`, are stored: it was imported into
    /// the series, and nobody has written to it since. `false` where that is not sure; to import it again does no harm.
    ///
    /// # Errors
    /// The store fails.
    pub fn has_file(&self, key: &SeriesKey, path: &Path, stat: FileStat) -> Result<bool, StoreError> {
        self.with("asking", |connection| match stored::find(connection, key)? {
            Some(row) => sources::is_known(connection, row.id, path, stat),
            None => Ok(false),
        })
    }

    /// The bars of an instrument that open in `range`, where they are stored or can be made of the shortest that are.
    ///
    /// A bar that is made and would close after `now` is not there yet.
    ///
    /// # Errors
    /// [`StoreFault::NotStored`], or the store fails.
    pub fn series(
        &self,
        instrument: &InstrumentId,
        timeframe: Timeframe,
        range: Range<Micros>,
        now: Micros,
    ) -> Result<Found, StoreError> {
        let key = SeriesKey { instrument: instrument.clone(), timeframe };
        self.with("reading", |connection| {
            // One snapshot: another process may import between two questions.
            let transaction = connection.unchecked_transaction()?;
            match stored::find(&transaction, &key)? {
                Some(row) => {
                    let series = stored::read(&transaction, &key, row, range)?;
                    Ok(Found { series, made_of: None, rejected: sources::rejected(&transaction, row.id)? })
                }
                None => made(&transaction, &key, range, now),
            }
        })
    }

    /// Makes bars of the shortest that are stored, and stores them.
    ///
    /// # Errors
    /// [`StoreFault::NotStored`] where there are no shorter ones, or the store fails.
    pub fn resample(
        &self,
        instrument: &InstrumentId,
        timeframe: Timeframe,
        now: Micros,
    ) -> Result<Resampled, StoreError> {
        let key = SeriesKey { instrument: instrument.clone(), timeframe };
        self.with("resampling in", |connection| {
            let Found { series, made_of, rejected } = made(connection, &key, Micros::MIN..Micros::MAX, now)?;
            let made_of = made_of.ok_or_else(|| not_stored(&key, Vec::new()))?;
            let origin = Origin::made(format!("made of {}", made_of.timeframe), rejected);
            let imported = write::put(connection, &key, &series, &origin, now)?;
            Ok(Resampled { made_of, imported })
        })
    }

    /// Whose bars are stored, in the order of the names; reads none of them.
    ///
    /// # Errors
    /// The store fails.
    pub fn keys(&self) -> Result<Vec<SeriesKey>, StoreError> {
        self.with("listing", stored::keys)
    }

    /// What is stored, in the order of its names; reads all of it for the hashes.
    ///
    /// # Errors
    /// The store fails.
    pub fn list(&self) -> Result<Vec<Stored>, StoreError> {
        self.with("listing", list::list)
    }

    /// What the stored series are like, those of `only` or all, and whether the timeframes of an instrument agree.
    ///
    /// # Errors
    /// [`StoreFault::NothingOf`] the instrument that is asked for, or the store fails.
    pub fn verify(&self, only: Option<&InstrumentId>, now: Micros) -> Result<Vec<Verified>, StoreError> {
        self.with("verifying", |connection| verify::verify(connection, only, now))
    }

    fn with<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, StoreFault>,
    ) -> Result<T, StoreError> {
        let failed = |cause: StoreFault| StoreError { doing, store: self.path().to_path_buf(), cause: cause.into() };
        self.file.with_connection(work).map_err(failed)
    }
}

/// Bars made of the shortest that are stored.
fn made(connection: &Connection, key: &SeriesKey, range: Range<Micros>, now: Micros) -> Result<Found, StoreFault> {
    let stored = stored::keys(connection)?;
    // In order of their names and lengths, so that the first of the instrument is its shortest.
    let finest = stored.iter().find(|stored| stored.instrument == key.instrument);
    let Some(fine) = finest.filter(|finest| finest.timeframe < key.timeframe).cloned() else {
        return Err(not_stored(key, stored));
    };
    let row = stored::find(connection, &fine)?.ok_or_else(|| not_stored(key, stored))?;
    let first_of = |at: Micros| {
        // Far beyond every bar, and not so far that adding to it overflows.
        let at = at.clamp(Micros::MIN / 2, Micros::MAX / 2);
        key.timeframe.start_of(at + key.timeframe.micros() - 1)
    };
    let fine_series = stored::read(connection, &fine, row, first_of(range.start)..first_of(range.end))?;
    let made_of = MadeOf { timeframe: fine.timeframe, bars: fine_series.records.len() };
    let series = resample(&fine_series, key.timeframe, now)?;
    Ok(Found { series, made_of: Some(made_of), rejected: sources::rejected(connection, row.id)? })
}

fn not_stored(key: &SeriesKey, stored: Vec<SeriesKey>) -> StoreFault {
    StoreFault::NotStored { key: key.clone(), stored }
}
