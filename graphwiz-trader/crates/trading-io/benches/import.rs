//! Importing a million bars beside the csv crate reading the columns alone, and reading them back.
//!
//! Each is done several times and the fastest counts; ratios are what performance is held to, since machines differ.

#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to report")]
#![expect(clippy::print_stdout, reason = "what was measured is printed")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use trading_core::time::{Micros, Timeframe};
use trading_io::bar_file::{BarFile, ReadOptions, read_file};
use trading_io::market_store::MarketStore;

const BARS: u64 = 1_000_000;
const TIMES: u32 = 7;

fn write_csv(path: &Path) {
    let mut text = String::from("ts,open,high,low,close,volume\n");
    for minute in 0..BARS {
        let cents = 6_000_000 + (minute * 7919) % 50_000;
        let [open, high, low, close] =
            [cents, cents + 1234, cents - 1111, cents + 17].map(|cents| format!("{}.{:02}", cents / 100, cents % 100));
        let (ts, volume) = (1_700_000_040_000 + 60_000 * minute, (minute * 104_729) % 900_000_000);
        writeln!(text, "{ts},{open},{high},{low},{close},0.{volume:09}").unwrap();
    }
    fs::write(path, text).unwrap();
}

/// What the csv crate needs to give every field of the columns, without looking at it.
fn columns_alone(path: &Path) -> usize {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut record = csv::ByteRecord::new();
    let mut bytes = 0;
    while reader.read_byte_record(&mut record).unwrap() {
        bytes += record.iter().map(<[u8]>::len).sum::<usize>();
    }
    bytes
}

/// The same, and every field a number.
fn columns_as_floats(path: &Path) -> f64 {
    let mut reader = csv::Reader::from_path(path).unwrap();
    let mut record = csv::ByteRecord::new();
    let mut sum = 0.0;
    while reader.read_byte_record(&mut record).unwrap() {
        sum += record.iter().map(|field| std::str::from_utf8(field).unwrap().parse::<f64>().unwrap()).sum::<f64>();
    }
    sum
}

fn read(path: &Path) -> BarFile {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let options = ReadOptions { now: Micros::try_from(now).unwrap(), ..ReadOptions::default() };
    read_file(path, &options, &mut |_| {}).unwrap()
}

fn import(path: &Path) -> MarketStore {
    let folder = path.parent().unwrap();
    for name in ["market.db", "market.db-wal", "market.db-shm"] {
        let _ = fs::remove_file(folder.join(name));
    }
    let store = MarketStore::open(folder.join("market.db")).unwrap();
    assert_eq!(store.import(&read(path), 0).unwrap().added as u64, BARS);
    store
}

fn fastest<T>(mut work: impl FnMut() -> T) -> Duration {
    let one = |_| {
        let started = Instant::now();
        std::hint::black_box(work());
        started.elapsed()
    };
    (0..TIMES).map(one).min().unwrap()
}

fn main() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("bitstamp_BTC-USD_1m.csv");
    write_csv(&path);
    let alone = fastest(|| columns_alone(&path));
    let compare = |what: &str, time: Duration| {
        println!("{what}: {time:.0?}, {:.2} x the csv crate", time.as_secs_f64() / alone.as_secs_f64());
    };
    compare("csv crate, columns alone", alone);
    compare("csv crate, columns as floats", fastest(|| columns_as_floats(&path)));
    compare("reading a file of bars", fastest(|| read(&path)));
    compare("importing it into a new store", fastest(|| import(&path)));
    let store = import(&path);
    let file = read(&path);
    compare("importing it again", fastest(|| store.import(&file, 0).unwrap()));
    let all = || store.series(&file.instrument, Timeframe::M1, Micros::MIN..Micros::MAX, 0).unwrap();
    compare("reading all from the store", fastest(all));
    compare("listing with the hash", fastest(|| store.list().unwrap()));
}
