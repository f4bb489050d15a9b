//! How are bars kept in a row?
//!
//! A block is up to [`BARS`] records: [`pack`] makes one, [`unpack`] reads it. Most of what a bar says follows from the
//! bar before it, so a block has differences, each in as few bytes as it needs. A bar takes about 15 bytes of the 48
//! that its six integers have, and what an import writes is most of its time.
//!
//! Of each bar there are three bytes with six lengths of 4 bits, the lowest bits first, and then so many bytes of each
//! number, the least first:
//!
//! | number | what |
//! |---|---|
//! | time | how much longer ago the bar before opened than it did after its own predecessor, with its sign |
//! | open | difference from the close before, with its sign |
//! | close | difference from the open, with its sign |
//! | high | how far above the higher one of open and close |
//! | low | how far below the lower one of open and close |
//! | volume | volume + 1 |
//!
//! A sign is the lowest bit. All of it is arithmetic modulo 2⁶⁴, so that any six integers come out as they went in.
//! Before the first bar everything is 0; behind the last there are eight bytes 0, so that every number can be read as
//! eight bytes.

use trading_core::bars::Record;
use trading_core::time::Micros;

/// Few enough that a new bar rewrites little, and many enough that reading years is reading few rows.
pub(super) const BARS: usize = 4096;
/// What the column `form` says of blocks as they are written now; 0 are those of the first schema, whose records are
/// their six integers, each of eight bytes, the least first.
pub(super) const PACKED: i64 = 1;

const LENGTHS: usize = 3;
const NUMBERS: usize = 6;
const PADDING: [u8; 8] = [0; 8];

/// Writes records over what is in `bytes`.
pub(super) fn pack(records: &[Record], bytes: &mut Vec<u8>) {
    bytes.clear();
    let mut before = Before::default();
    for record in records {
        let mut packed = [0; LENGTHS + NUMBERS * 8];
        let (mut end, mut lengths) = (LENGTHS, 0_u32);
        for (place, number) in before.numbers(record).into_iter().enumerate() {
            // All eight bytes, of which the next number overwrites those that are 0: faster than to copy the others.
            packed[end..end + 8].copy_from_slice(&number.to_le_bytes());
            let length = 8 - number.leading_zeros() / 8;
            lengths |= length << (4 * place);
            end += length as usize;
        }
        packed[..LENGTHS].copy_from_slice(&lengths.to_le_bytes()[..LENGTHS]);
        bytes.extend_from_slice(&packed[..end]);
        before.note(record);
    }
    bytes.extend_from_slice(&PADDING);
}

/// Adds the `bars` records of a block to `records`; `None` where it is not a block of so many, and then some may be
/// there.
pub(super) fn unpack(form: i64, bytes: &[u8], bars: usize, records: &mut Vec<Record>) -> Option<()> {
    match form {
        PACKED => packed_records(bytes, bars, records),
        0 => plain_records(bytes, bars, records),
        _ => None,
    }
}

fn packed_records(bytes: &[u8], bars: usize, records: &mut Vec<Record>) -> Option<()> {
    let (mut before, mut rest) = (Before::default(), bytes);
    for _ in 0..bars {
        let lengths = u32::from_le_bytes(*rest.first_chunk()?);
        rest = &rest[LENGTHS..];
        let mut numbers = [0; NUMBERS];
        for (place, number) in numbers.iter_mut().enumerate() {
            let length = lengths >> (4 * place) & 0xf;
            let eight = u64::from_le_bytes(*rest.first_chunk()?);
            *number = match length {
                0 => 0,
                1..=8 => eight & (u64::MAX >> (64 - 8 * length)),
                _ => return None,
            };
            rest = &rest[length as usize..];
        }
        let record = before.record(numbers);
        before.note(&record);
        records.push(record);
    }
    (rest == PADDING).then_some(())
}

fn plain_records(bytes: &[u8], bars: usize, records: &mut Vec<Record>) -> Option<()> {
    let (plain, []) = bytes.as_chunks::<48>() else { return None };
    records.extend(plain.iter().map(|bytes| {
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
    }));
    (plain.len() == bars).then_some(())
}

/// What a bar is told as the difference from.
#[derive(Default)]
struct Before {
    open_time: Micros,
    /// From the bar before to this one.
    step: Micros,
    close: i64,
}

impl Before {
    fn note(&mut self, record: &Record) {
        self.step = record.open_time.wrapping_sub(self.open_time);
        (self.open_time, self.close) = (record.open_time, record.close);
    }

    fn numbers(&self, record: &Record) -> [u64; NUMBERS] {
        let Record { open_time, open, high, low, close, volume } = *record;
        let step = open_time.wrapping_sub(self.open_time);
        [
            folded(step.wrapping_sub(self.step)),
            folded(open.wrapping_sub(self.close)),
            folded(close.wrapping_sub(open)),
            high.wrapping_sub(open.max(close)).cast_unsigned(),
            open.min(close).wrapping_sub(low).cast_unsigned(),
            volume.wrapping_add(1).cast_unsigned(),
        ]
    }

    fn record(&self, [time, open, close, high, low, volume]: [u64; NUMBERS]) -> Record {
        let open_time = self.open_time.wrapping_add(self.step).wrapping_add(unfolded(time));
        let open = self.close.wrapping_add(unfolded(open));
        let close = open.wrapping_add(unfolded(close));
        Record {
            open_time,
            open,
            high: open.max(close).wrapping_add(high.cast_signed()),
            low: open.min(close).wrapping_sub(low.cast_signed()),
            close,
            volume: volume.cast_signed().wrapping_sub(1),
        }
    }
}

/// A number whose sign is the lowest bit, so that small ones of either sign need few bytes.
fn folded(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

fn unfolded(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unpacked(bytes: &[u8], bars: usize) -> Option<Vec<Record>> {
        let mut records = Vec::new();
        unpack(PACKED, bytes, bars, &mut records).map(|()| records)
    }

    fn packed(records: &[Record]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(records, &mut bytes);
        bytes
    }

    fn record([open_time, open, high, low, close, volume]: [i64; 6]) -> Record {
        Record { open_time, open, high, low, close, volume }
    }

    #[test]
    fn a_bar_that_follows_another_needs_few_bytes() {
        let minute = 60_000_000;
        let first = [1_786_924_800_000_000, 6_283_165, 6_284_000, 6_283_000, 6_283_900, 336_376];
        let bars = [
            first,
            [first[0] + minute, 6_283_900, 6_283_950, 6_283_800, 6_283_840, 70_000],
            [first[0] + 2 * minute, 6_283_840, 6_283_840, 6_283_840, 6_283_840, 0],
        ];
        let bytes = packed(&bars.map(record));
        // In bytes: lengths, time, open, close, high, low, volume. The first bar is told from 0, the second has a step
        // that no bar had before it, and the third is as long after it, and flat.
        assert_eq!(bytes.len(), (3 + 7 + 3 + 2 + 1 + 1 + 3) + (3 + 7 + 1 + 1 + 1 + 3) + (3 + 1) + 8);
        assert_eq!(unpacked(&bytes, 3).unwrap(), bars.map(record));
    }

    #[test]
    fn what_is_no_block_of_so_many_bars_is_told() {
        let bytes = packed(&[record([60_000_000, 5, 9, 4, 7, 3]); 3]);
        assert!(unpacked(&bytes, 3).is_some());
        for bars in [0, 2, 4] {
            assert_eq!(unpacked(&bytes, bars), None, "{bars}");
        }
        for length in 0..bytes.len() {
            assert_eq!(unpacked(&bytes[..length], 3), None, "{length}");
        }
        let mut nine = bytes;
        nine[0] = 0x99;
        assert_eq!(unpacked(&nine, 3), None);
        assert_eq!(unpack(2, &nine, 3, &mut Vec::new()), None);
    }

    fn any_number() -> impl Strategy<Value = i64> {
        // Of each length, and the ends.
        prop_oneof![(any::<i64>(), 0..64_u32).prop_map(|(number, bits)| number >> bits), Just(i64::MIN), Just(i64::MAX)]
    }

    proptest! {
        #[test]
        fn any_integers_come_out_as_they_went_in(
            bars in prop::collection::vec(prop::array::uniform6(any_number()), 0..40)
        ) {
            let records: Vec<Record> = bars.into_iter().map(record).collect();
            prop_assert_eq!(unpacked(&packed(&records), records.len()), Some(records));
        }

        #[test]
        fn any_bytes_are_a_block_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200), bars in 0..9_usize) {
            let found = unpacked(&bytes, bars);
            prop_assert!(found.is_none_or(|records| records.len() == bars));
        }
    }
}
