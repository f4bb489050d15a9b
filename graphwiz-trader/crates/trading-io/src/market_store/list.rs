//! What is stored, and where does it come from?

use rusqlite::Connection;
use trading_core::data_hash::{DataHash, data_hash};
use trading_core::scale::Scale;
use trading_core::time::Micros;

use super::error::StoreFault;
use super::key::SeriesKey;
use super::sources::{self, Source};
use super::stored;

/// A stored series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Whose bars, and how long each is.
    pub key: SeriesKey,
    /// How many there are.
    pub bars: usize,
    /// When the first opens.
    pub first: Option<Micros>,
    /// When the last opens.
    pub last: Option<Micros>,
    /// The steps in which they are kept.
    pub scale: Scale,
    /// Where they came from, the newest first.
    pub sources: Vec<Source>,
    /// Of all bars of the series.
    pub hash: DataHash,
}

pub(super) fn list(connection: &Connection) -> Result<Vec<Stored>, StoreFault> {
    let connection = connection.unchecked_transaction()?;
    let mut listed = Vec::new();
    for key in stored::keys(&connection)? {
        let Some(row) = stored::find(&connection, &key)? else { continue };
        let series = stored::read(&connection, &key, row, Micros::MIN..Micros::MAX)?;
        let hash = data_hash(&key.instrument, &series);
        let [first, last] = [series.records.first(), series.records.last()].map(|end| end.map(|bar| bar.open_time));
        let (bars, scale, sources) = (series.records.len(), row.scale, sources::of(&connection, row.id)?);
        listed.push(Stored { key, bars, first, last, scale, sources, hash });
    }
    Ok(listed)
}
