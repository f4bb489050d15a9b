//! Why can the store not do what was asked?

use std::path::PathBuf;

use file_store::SqliteError;
use trading_core::resample::ResampleError;
use trading_core::scale::TooFine;
use trading_core::time::Timeframe;

use super::key::SeriesKey;

/// That something could not be done; nothing of it was.
#[derive(Debug, thiserror::Error)]
#[error("{doing} the market store {} failed", store.display())]
pub struct StoreError {
    pub(super) doing: &'static str,
    pub(super) store: PathBuf,
    /// Why.
    #[source]
    pub cause: Box<StoreFault>,
}

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// SQLite says so: the disk is full, another process holds the file, or it is damaged.
    #[error(transparent)]
    Sqlite(SqliteError),
    /// There are no such bars, and none of which they could be made.
    #[error(
        "{key} is not stored, and nothing shorter that it could be made of; \
         stored of {} is {}; `data import` brings bars in",
        key.instrument, in_words(stored)
    )]
    NotStored {
        /// What was asked for.
        key: SeriesKey,
        /// What there is of the instrument.
        stored: Vec<Timeframe>,
    },
    /// What is stored and what came in do not fit on one scale.
    #[error("{key} and what is stored of it do not fit together: {source}")]
    TooFine {
        /// Of which series.
        key: SeriesKey,
        /// What does not fit.
        source: TooFine,
    },
    /// Longer bars cannot be made.
    #[error(transparent)]
    Resample(#[from] ResampleError),
    /// A row is not what this program writes.
    #[error("{key} is damaged: {what}; put back a copy of the store")]
    Damaged {
        /// Of which series.
        key: SeriesKey,
        /// What was found.
        what: String,
    },
}

impl From<rusqlite::Error> for StoreFault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.into())
    }
}

fn in_words(stored: &[Timeframe]) -> String {
    if stored.is_empty() {
        return "nothing".to_owned();
    }
    stored.iter().map(|timeframe| timeframe.name()).collect::<Vec<_>>().join(", ")
}
