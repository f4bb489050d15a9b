//! By what are the data of a run known again?
//!
//! Start at [`data_hash`]. Two runs that read the same bars have the same hash, wherever and in whatever steps those
//! are stored.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::bars::{Record, Series};
use crate::instrument::InstrumentId;
use crate::scale::coarser;

/// SHA-256 of what was read; written as 64 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DataHash(pub [u8; 32]);

impl fmt::Display for DataHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// Two hexadecimal digits for each byte.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of the bars of `series`, and of nothing else.
///
/// SHA-256 over one line of text, `venue BASE QUOTE timeframe price_digits volume_digits` and a line feed, with the
/// fewest digits that hold these bars; then per bar, oldest first, six 64-bit integers with the least byte first: open
/// time in microseconds, open, high, low, close and volume as counts of those digits, −1 for a volume that is not
/// known.
#[must_use]
pub fn data_hash(instrument: &InstrumentId, series: &Series) -> DataHash {
    let (scale, coarser) = coarser(series);
    let (venue, base, quote) = (instrument.venue(), instrument.base(), instrument.quote());
    let (prices, volumes) = (scale.price_digits, scale.volume_digits);
    let mut hash = Sha256::new();
    hash.update(format!("{venue} {base} {quote} {} {prices} {volumes}\n", series.timeframe));
    let mut bytes = Vec::with_capacity(RECORDS_AT_ONCE * 48);
    for records in series.records.chunks(RECORDS_AT_ONCE) {
        bytes.clear();
        for record in records {
            let Record { open_time, open, high, low, close, volume } = coarser(*record);
            for number in [open_time, open, high, low, close, volume] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
        hash.update(&bytes);
    }
    DataHash(hash.finalize().into())
}

/// Hashing is faster over many bytes at once.
const RECORDS_AT_ONCE: usize = 256;

#[cfg(test)]
mod tests;
