//! Why can the store not do what was asked?

use std::path::PathBuf;

use file_store::SqliteError;
use rusqlite::ffi::{SQLITE_READONLY, SQLITE_READONLY_DBMOVED};
use trading_core::instrument::InstrumentId;
use trading_core::resample::ResampleError;
use trading_core::scale::TooFine;

use super::key::SeriesKey;

/// That something could not be done; nothing of it was.
#[derive(Debug, thiserror::Error)]
#[error("{doing} the market store {} failed", legible::full_path(store))]
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
    /// This user may read the file and not write it.
    #[error("this user may not write it; what changes it needs the permission to write the file and its folder")]
    ReadOnly,
    /// There are no such bars, and none of which they could be made.
    #[error("{}; {}; `data import` brings bars in", lacking(key, stored), in_words(&key.instrument, stored))]
    NotStored {
        /// What was asked for.
        key: SeriesKey,
        /// All that there is.
        stored: Vec<SeriesKey>,
    },
    /// There are no bars of the instrument.
    #[error("{}", nothing_of(instrument, stored))]
    NothingOf {
        /// What was asked for.
        instrument: InstrumentId,
        /// All that there is.
        stored: Vec<SeriesKey>,
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
        // That the file was moved is a case of its own, and not a matter of permissions.
        match error.sqlite_error().map(|error| error.extended_code) {
            Some(code) if code & 0xff == SQLITE_READONLY && code != SQLITE_READONLY_DBMOVED => Self::ReadOnly,
            _ => Self::Sqlite(error.into()),
        }
    }
}

fn lacking(key: &SeriesKey, stored: &[SeriesKey]) -> String {
    match stored.contains(key) {
        true => format!("nothing shorter than {key} is stored, of which it could be made"),
        false => format!("{key} is not stored, and nothing shorter that it could be made of"),
    }
}

fn nothing_of(instrument: &InstrumentId, stored: &[SeriesKey]) -> String {
    match stored {
        [] => format!("nothing is stored, neither of {instrument} nor of another instrument"),
        stored => format!("nothing of {instrument} is stored; {}", in_words(instrument, stored)),
    }
}

fn in_words(wanted: &InstrumentId, stored: &[SeriesKey]) -> String {
    if stored.is_empty() { "nothing is stored".to_owned() } else { format!("stored is {}", nearest(wanted, stored)) }
}

/// Names of series, those first that are most like `wanted`, and not so many that they bury the rest of a message.
#[must_use]
pub fn nearest(wanted: &InstrumentId, stored: &[SeriesKey]) -> String {
    const NAMED: usize = 6;
    let mut stored: Vec<&SeriesKey> = stored.iter().collect();
    stored.sort_by_key(|key| {
        let instrument = &key.instrument;
        (instrument != wanted, instrument.base() != wanted.base(), instrument.venue() != wanted.venue(), *key)
    });
    let names: Vec<String> = stored.iter().take(NAMED).map(ToString::to_string).collect();
    let more = stored.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    names.join(", ") + &more
}

#[cfg(test)]
mod tests {
    use trading_core::time::Timeframe;

    use super::*;

    #[test]
    fn the_nearest_of_what_is_stored_is_named_first_and_of_many_only_some() {
        let key = |text: &str| SeriesKey { instrument: text.parse().unwrap(), timeframe: Timeframe::H1 };
        let told = |stored: &[&str]| {
            in_words(&"kraken:ETH/EUR".parse().unwrap(), &stored.iter().map(|text| key(text)).collect::<Vec<_>>())
        };
        assert_eq!(told(&[]), "nothing is stored");
        assert_eq!(
            told(&["bitstamp:BTC/USD", "bitstamp:ETH/USD", "kraken:BTC/EUR", "kraken:ETH/EUR"]),
            "stored is kraken:ETH/EUR 1h, bitstamp:ETH/USD 1h, kraken:BTC/EUR 1h, bitstamp:BTC/USD 1h"
        );
        let many: Vec<String> = (0..9).map(|i| format!("venue{i}:ETH/EUR")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(told(&many).ends_with("venue5:ETH/EUR 1h and 3 more"), "{}", told(&many));
    }

    #[test]
    fn a_file_that_may_not_be_written_is_told_from_one_that_was_moved() {
        let of = |code| StoreFault::from(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        assert!(matches!(of(SQLITE_READONLY), StoreFault::ReadOnly));
        assert!(matches!(of(rusqlite::ffi::SQLITE_READONLY_DIRECTORY), StoreFault::ReadOnly));
        assert!(matches!(of(SQLITE_READONLY_DBMOVED), StoreFault::Sqlite(_)));
        assert!(matches!(of(rusqlite::ffi::SQLITE_FULL), StoreFault::Sqlite(_)));
    }
}
