//! By what are the data of a run known again?
//!
//! Start at [`data_hash`]. Two runs that read the same bars have the same hash, wherever and in whatever steps those
//! are stored.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::bars::{NO_VOLUME, Series};
use crate::counts::power;
use crate::instrument::InstrumentId;
use crate::scale::coarsest;

/// SHA-256 of what was read; written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DataHash(pub [u8; 32]);

impl fmt::Display for DataHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The hash of the bars of `series`, and of nothing else.
///
/// SHA-256 over one line of text, `venue BASE QUOTE timeframe price_digits volume_digits` and a line feed, with the
/// fewest digits that hold these bars; then per bar, oldest first, six 64-bit integers with the least byte first: open
/// time in microseconds, open, high, low, close and volume as counts of those digits, −1 for a volume that is not
/// known.
#[must_use]
pub fn data_hash(instrument: &InstrumentId, series: &Series) -> DataHash {
    let scale = coarsest(&series.records, series.scale());
    let (venue, base, quote) = (instrument.venue(), instrument.base(), instrument.quote());
    let (prices, volumes) = (scale.price_digits, scale.volume_digits);
    let mut hash = Sha256::new();
    hash.update(format!("{venue} {base} {quote} {} {prices} {volumes}\n", series.timeframe));
    let divisor = |kept: u32, needed: u32| power(kept - needed).unwrap_or(1);
    let (price, volume) = (divisor(series.price_digits, prices), divisor(series.volume_digits, volumes));
    let mut bytes = Vec::with_capacity(RECORDS_AT_ONCE * 48);
    for records in series.records.chunks(RECORDS_AT_ONCE) {
        bytes.clear();
        for record in records {
            bytes.extend_from_slice(&record.open_time.to_le_bytes());
            for count in [record.open, record.high, record.low, record.close] {
                bytes.extend_from_slice(&(count / price).to_le_bytes());
            }
            let traded = if record.volume == NO_VOLUME { NO_VOLUME } else { record.volume / volume };
            bytes.extend_from_slice(&traded.to_le_bytes());
        }
        hash.update(&bytes);
    }
    DataHash(hash.finalize().into())
}

/// Hashing is faster over many bytes at once.
const RECORDS_AT_ONCE: usize = 256;

#[cfg(test)]
mod tests;
