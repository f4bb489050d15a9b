use super::*;
use crate::bars::NO_VOLUME;
use crate::bars::Record;
use crate::scale::{Scale, refine};
use crate::time::Timeframe;

fn instrument() -> InstrumentId {
    "bitstamp:BTC/USD".parse().unwrap()
}

fn series() -> Series {
    let first = Record { open_time: 0, open: 10_050, high: 10_100, low: 10_000, close: 10_020, volume: 1500 };
    let second = Record { open_time: 60_000_000, volume: NO_VOLUME, ..first };
    Series { timeframe: Timeframe::M1, price_digits: 2, volume_digits: 3, records: vec![first, second] }
}

#[test]
fn it_is_the_sum_of_the_bytes_that_the_text_says() {
    // Prices need one digit after the point (100.5), volumes one (1.5).
    let mut bytes = b"bitstamp BTC USD 1m 1 1\n".to_vec();
    for number in [0, 1005, 1010, 1000, 1002, 15, 60_000_000, 1005, 1010, 1000, 1002, -1_i64] {
        bytes.extend(number.to_le_bytes());
    }
    let expected: [u8; 32] = Sha256::digest(&bytes).into();
    assert_eq!(data_hash(&instrument(), &series()), DataHash(expected));
}

#[test]
fn the_steps_in_which_bars_are_stored_do_not_enter() {
    let mut finer = series();
    let to = Scale { price_digits: 7, volume_digits: 8 };
    refine(&mut finer.records, series().scale(), to).unwrap();
    (finer.price_digits, finer.volume_digits) = (7, 8);
    assert_eq!(data_hash(&instrument(), &finer), data_hash(&instrument(), &series()));
}

#[test]
fn everything_else_does() {
    let hash = data_hash(&instrument(), &series());
    assert_ne!(data_hash(&"kraken:BTC/USD".parse().unwrap(), &series()), hash);
    assert_ne!(data_hash(&"bitstamp:BTC/EUR".parse().unwrap(), &series()), hash);
    assert_ne!(data_hash(&instrument(), &Series { timeframe: Timeframe::M5, ..series() }), hash);
    let mut other = series();
    other.records[1].close += 1;
    assert_ne!(data_hash(&instrument(), &other), hash);
    other.records.pop();
    assert_ne!(data_hash(&instrument(), &other), hash);
}

#[test]
fn it_is_written_as_64_digits() {
    let text = DataHash([0x0f; 32]).to_string();
    assert_eq!(text, "0f".repeat(32));
}
