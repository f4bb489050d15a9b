//! What the store remembers of the files that its bars came from.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use trading_core::instrument::InstrumentId;
use trading_core::time::{Micros, SECOND, Timeframe};
use trading_io::bar_file::FileStat;
use trading_io::market_store::{Imported, MarketStore, SeriesKey};

use crate::support::{Files, HOUR, NOW, options, read};

const NAME: &str = "bitstamp_BTC-USD_1m.csv";

struct Bench {
    files: Files,
    store: MarketStore,
}

impl Bench {
    fn new() -> Self {
        let files = Files::new();
        let store = MarketStore::open(files.path("market.db")).unwrap();
        Self { files, store }
    }

    fn import(&self, path: &Path) -> Imported {
        self.store.import(&read(path, &options()).unwrap(), NOW).unwrap()
    }

    /// Writes a file of that name and imports it.
    fn take(&self, name: &str, text: &str) -> Imported {
        self.import(&self.files.write(name, text))
    }

    fn has(&self, path: &Path) -> bool {
        self.store.has_file(&key(Timeframe::M1), path, FileStat::of(path, NOW).unwrap()).unwrap()
    }

    fn rejected(&self, timeframe: Timeframe) -> u64 {
        self.store.series(&btc(), timeframe, Micros::MIN..Micros::MAX, NOW).unwrap().rejected
    }
}

fn btc() -> InstrumentId {
    "bitstamp:BTC/USD".parse().unwrap()
}

fn key(timeframe: Timeframe) -> SeriesKey {
    SeriesKey { instrument: btc(), timeframe }
}

/// A file of 400 bars of one price from a minute on, the first `bad` of which are none.
fn text(from: i64, price: &str, bad: i64) -> String {
    let line = |minute: i64| {
        let high = if minute < from + bad { "0" } else { price };
        format!("{},{price},{high},{price},{price},1\n", 1_786_924_800 + 60 * minute)
    };
    format!("ts,open,high,low,close,volume\n{}", (from..from + 400).map(line).collect::<String>())
}

#[test]
fn a_file_that_was_imported_is_known_from_wherever_it_is_named() {
    let bench = Bench::new();
    let path = bench.files.write(NAME, text(0, "10", 0));
    assert!(!bench.has(&path));
    bench.import(&path);
    assert!(bench.has(&path));
    fs::create_dir(bench.files.path("in")).unwrap();
    assert!(bench.has(&bench.files.path("in/../").join(NAME)));
    let stat = FileStat::of(&path, NOW).unwrap();
    assert!(!bench.store.has_file(&key(Timeframe::M5), &path, stat).unwrap(), "as bars of another series it is not");
}

#[test]
fn a_file_that_somebody_wrote_to_is_not_known() {
    let bench = Bench::new();
    let path = bench.files.write(NAME, text(0, "10", 0));
    bench.import(&path);
    bench.files.write_at(NAME, text(0, "11", 0), NOW - 2 * HOUR);
    assert!(!bench.has(&path), "another time");
    bench.import(&path);
    bench.files.write_at(NAME, text(0, "100", 0), NOW - 2 * HOUR);
    assert!(!bench.has(&path), "another size");
    bench.import(&path);
    let before = path.metadata().unwrap();
    // The clock of the file system is coarse, and the time that can be set is set to what it was. So many writes take
    // longer than the second that the coarsest of them counts in.
    let changed = |metadata: &fs::Metadata| (metadata.ctime(), metadata.ctime_nsec());
    let is_later = (0..100_000).any(|_| {
        bench.files.write_at(NAME, text(0, "200", 0), NOW - 2 * HOUR);
        changed(&path.metadata().unwrap()) != changed(&before)
    });
    assert!(is_later, "the file system counts changes too coarsely to be tested: {:?}", changed(&before));
    assert_eq!((path.metadata().unwrap().len(), path.metadata().unwrap().mtime()), (before.len(), before.mtime()));
    assert!(!bench.has(&path), "neither, but it was written to");
    assert_eq!(bench.import(&path).replaced.count, 400);
    assert!(bench.has(&path));
}

#[test]
fn a_file_that_was_written_just_now_may_be_written_again_within_the_same_time() {
    let bench = Bench::new();
    for (age, expected) in [(2 * SECOND, false), (2 * SECOND + 1, true), (-SECOND, false)] {
        let path = bench.files.write_at(NAME, text(0, "10", 0), NOW - age);
        bench.import(&path);
        assert_eq!(bench.has(&path), expected, "{age}");
    }
}

#[test]
fn a_file_whose_bars_were_all_there_is_remembered_too() {
    let bench = Bench::new();
    bench.take(NAME, &text(0, "10", 0));
    fs::create_dir(bench.files.path("again")).unwrap();
    let part = "ts,open,high,low,close,volume\n1786924800,10,10,10,10,1\n";
    let part = bench.files.write(&format!("again/{NAME}"), part);
    assert_eq!(bench.import(&part).equal, 1);
    assert!(bench.has(&part));
}

#[test]
fn lines_that_were_no_bars_are_those_of_all_files_as_they_are_now() {
    let bench = Bench::new();
    bench.take(NAME, &text(0, "10", 4));
    assert_eq!(bench.rejected(Timeframe::M1), 4);
    bench.take(NAME, &text(0, "10", 4));
    assert_eq!(bench.rejected(Timeframe::M1), 4, "imported twice");
    for folder in ["more", "copy"] {
        fs::create_dir(bench.files.path(folder)).unwrap();
    }
    bench.take(&format!("more/{NAME}"), &text(1000, "10", 3));
    assert_eq!(bench.rejected(Timeframe::M1), 7, "of two files");
    bench.take(&format!("copy/{NAME}"), &text(1000, "10", 3));
    assert_eq!(bench.rejected(Timeframe::M1), 7, "a copy is the same file");
    bench.take(NAME, &text(0, "10", 1));
    assert_eq!(bench.rejected(Timeframe::M1), 4, "one was mended, but for a line");
    assert_eq!(bench.rejected(Timeframe::M5), 4, "bars that are made of them have the same");
    bench.store.resample(&btc(), Timeframe::M5, NOW).unwrap();
    assert_eq!(bench.rejected(Timeframe::M5), 4, "also where they are stored");
}
