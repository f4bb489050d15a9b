//! How are bars kept in a row?
//!
//! A block is up to [`BARS`] records, one after the other without anything between: per record six 64-bit integers, the
//! least byte first: open time, open, high, low, close, volume.

use trading_core::bars::Record;

/// Few enough that a new bar rewrites little, and many enough that reading years is reading few rows.
pub(super) const BARS: usize = 4096;
/// Bytes of a record.
pub(super) const BYTES: usize = 48;

/// Writes records over what is in `bytes`.
pub(super) fn encode(records: &[Record], bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.reserve(records.len() * BYTES);
    for Record { open_time, open, high, low, close, volume } in records {
        for number in [open_time, open, high, low, close, volume] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
}

/// The records of a block. A rest that is no whole record is left out.
pub(super) fn decode(bytes: &[u8]) -> impl Iterator<Item = Record> {
    bytes.as_chunks::<BYTES>().0.iter().map(|bytes| {
        let numbers = bytes.as_chunks::<8>().0;
        let number = |at: usize| i64::from_le_bytes(numbers[at]);
        Record {
            open_time: number(0),
            open: number(1),
            high: number(2),
            low: number(3),
            close: number(4),
            volume: number(5),
        }
    })
}
