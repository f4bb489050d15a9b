//! What is in the store after what came in.

use std::path::Path;

use file_store::{FileStore, Format};
use trading_core::bars::{Record, Series};
use trading_core::instrument::InstrumentId;
use trading_core::time::{Micros, SECOND, Timeframe, shown};
use trading_io::bar_file::BarFile;
use trading_io::market_store::{FORMAT, Imported, MarketStore, Source, StoreError};

use crate::support::{Files, NOW, options, read};

const MINUTE: Micros = 60 * SECOND;
const START: Micros = 1_786_924_800 * SECOND;
const EVER: std::ops::Range<Micros> = Micros::MIN..Micros::MAX;
const NAME: &str = "bitstamp_BTC-USD_1m.csv";

fn btc() -> InstrumentId {
    "bitstamp:BTC/USD".parse().unwrap()
}

/// A file of bars at these minutes, all of whose prices are `price`.
fn file(files: &Files, minutes: impl IntoIterator<Item = i64>, price: &str) -> BarFile {
    let line = |minute| format!("{},{price},{price},{price},{price},1\n", START / SECOND + 60 * minute);
    let lines: String = minutes.into_iter().map(line).collect();
    read(&files.write(NAME, format!("ts,open,high,low,close,volume\n{lines}")), &options()).unwrap()
}

fn store(files: &Files) -> MarketStore {
    MarketStore::open(files.path("market.db")).unwrap()
}

fn stored(store: &MarketStore) -> Series {
    store.series(&btc(), Timeframe::M1, EVER, NOW).unwrap().series
}

fn minutes(series: &Series) -> Vec<i64> {
    series.records.iter().map(|record| (record.open_time - START) / MINUTE).collect()
}

fn counts(imported: &Imported) -> [u64; 3] {
    [imported.added as u64, imported.equal as u64, imported.replaced.count]
}

fn cause(error: &StoreError) -> String {
    error.cause.to_string()
}

#[test]
fn what_was_imported_is_read_again_and_a_second_time_changes_nothing() {
    let files = Files::new();
    let (store, file) = (store(&files), file(&files, 0..10_000, "10.5"));
    assert_eq!(counts(&store.import(&file, NOW).unwrap()), [10_000, 0, 0]);
    assert_eq!(stored(&store), file.series);
    let before = store.list().unwrap();
    assert_eq!(counts(&store.import(&file, NOW + 1).unwrap()), [0, 10_000, 0]);
    assert_eq!(store.list().unwrap(), before);
    assert_eq!(before[0].sources[0].name, file.path.display().to_string());
    assert_eq!((before[0].bars, before[0].first, before[0].last), (10_000, Some(START), Some(START + 9999 * MINUTE)));
}

#[test]
fn a_range_is_cut_at_its_bounds_wherever_blocks_end() {
    let files = Files::new();
    let store = store(&files);
    store.import(&file(&files, 0..10_000, "10"), NOW).unwrap();
    for (from, to) in [(0, 1), (0, 10_000), (4095, 4097), (5, 9000), (8192, 8192), (9999, 20_000), (20_000, 30_000)] {
        let range = START + from * MINUTE..START + to * MINUTE;
        let found = store.series(&btc(), Timeframe::M1, range, NOW).unwrap().series;
        assert_eq!(minutes(&found), (from..to.min(10_000)).collect::<Vec<_>>(), "{from} to {to}");
    }
}

#[test]
fn bars_come_in_before_between_and_behind_those_that_are_there() {
    let files = Files::new();
    let store = store(&files);
    let mut expected = std::collections::BTreeSet::new();
    for (part, rest) in [(5000..12_000, 0), (0..3000, 1), (20_000..20_010, 0), (4000..20_005, 2), (0..6000, 0)] {
        let new: Vec<i64> = part.filter(|minute| minute % 3 == rest).collect();
        let added = new.iter().filter(|minute| !expected.contains(*minute)).count() as u64;
        let imported = store.import(&file(&files, new.clone(), "10"), NOW).unwrap();
        assert_eq!(counts(&imported), [added, new.len() as u64 - added, 0]);
        expected.extend(new);
        assert_eq!(minutes(&stored(&store)), expected.iter().copied().collect::<Vec<_>>());
    }
}

#[test]
fn one_bar_after_the_other_fills_blocks() {
    let files = Files::new();
    let store = store(&files);
    for minute in 0..40 {
        store.import(&file(&files, [minute], "10"), NOW).unwrap();
    }
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    let rows: (i64, i64) = connection
        .query_row("select count(*), sum(bars) from blocks", (), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!(rows, (1, 40));
}

#[test]
fn a_later_import_that_differs_replaces_and_is_told() {
    let files = Files::new();
    let store = store(&files);
    store.import(&file(&files, 0..5, "10.5"), NOW).unwrap();
    let imported = store.import(&file(&files, 3..6, "11"), NOW).unwrap();
    assert_eq!(counts(&imported), [1, 0, 2]);
    let told = "2026-08-17T00:03Z: open 11 instead of 10.5, high 11 instead of 10.5, low 11 instead of 10.5, \
                close 11 instead of 10.5; 2026-08-17T00:04Z: open 11 instead of 10.5, high 11 instead of 10.5, \
                low 11 instead of 10.5, close 11 instead of 10.5";
    assert_eq!(imported.replaced.to_string(), told);
    let closes: Vec<i64> = stored(&store).records.iter().map(|record| record.close).collect();
    assert_eq!(closes, [105, 105, 105, 110, 110, 110]);
}

#[test]
fn a_finer_import_moves_all_that_is_stored_to_its_scale() {
    let files = Files::new();
    let store = store(&files);
    let coarse = file(&files, 0..5000, "10");
    assert!(!store.import(&coarse, NOW).unwrap().is_rescaled);
    assert!(store.import(&file(&files, 6000..6001, "10.123"), NOW).unwrap().is_rescaled);
    let series = stored(&store);
    assert_eq!((series.price_digits, series.records[0].close, series.records[5000].close), (3, 10_000, 10_123));
    // What was there comes in again on its own scale and is known again.
    let again = store.import(&coarse, NOW).unwrap();
    assert_eq!((counts(&again), again.is_rescaled), ([0, 5000, 0], false));
}

#[test]
fn an_import_that_fits_on_no_scale_changes_nothing() {
    let files = Files::new();
    let store = store(&files);
    store.import(&file(&files, 0..3, "98213.5"), NOW).unwrap();
    let before = store.list().unwrap();
    let error = store.import(&file(&files, 3..4, "0.1234567890123456"), NOW).unwrap_err();
    let expected = "bitstamp:BTC/USD 1m and what is stored of it do not fit together: prices with 16 and volumes \
                    with 0 digits after the point do not fit in 64 bits beside the bar of 2026-08-17T00:00Z";
    assert_eq!(cause(&error), expected);
    assert_eq!(error.to_string(), format!("importing into the market store {} failed", store.path().display()));
    assert_eq!(store.list().unwrap(), before);
}

#[test]
fn what_is_not_stored_is_made_of_the_shortest_that_is() {
    let files = Files::new();
    let store = store(&files);
    store.import(&file(&files, (0..60).filter(|minute| !(10..15).contains(minute)), "10"), NOW).unwrap();
    let found = store.series(&btc(), Timeframe::M5, EVER, NOW).unwrap();
    assert_eq!(minutes(&found.series), [0, 5, 15, 20, 25, 30, 35, 40, 45, 50, 55]);
    let made_of = found.made_of.unwrap();
    assert_eq!((made_of.timeframe, made_of.bars), (Timeframe::M1, 55));
    // Bars that open in the range, each of all its minutes.
    let found = store.series(&btc(), Timeframe::M5, START + MINUTE..START + 16 * MINUTE, NOW).unwrap();
    let volumes: Vec<i64> = found.series.records.iter().map(|record| record.volume).collect();
    assert_eq!((minutes(&found.series), volumes), (vec![5, 15], vec![5, 5]));
    // The hour that is not over is not there.
    let early = store.series(&btc(), Timeframe::H1, EVER, START + 59 * MINUTE).unwrap();
    assert_eq!(early.series.records, []);
}

#[test]
fn what_was_resampled_is_stored() {
    let files = Files::new();
    let store = store(&files);
    store.import(&file(&files, 0..60, "10"), NOW).unwrap();
    let made = store.series(&btc(), Timeframe::M15, EVER, NOW).unwrap().series;
    let resampled = store.resample(&btc(), Timeframe::M15, NOW).unwrap();
    assert_eq!((counts(&resampled.imported), resampled.made_of.bars), ([4, 0, 0], 60));
    let found = store.series(&btc(), Timeframe::M15, EVER, NOW).unwrap();
    assert_eq!((found.series, found.made_of), (made, None));
    assert_eq!(store.list().unwrap()[1].sources[0].name, "made of 1m");
    assert_eq!(counts(&store.resample(&btc(), Timeframe::M15, NOW).unwrap().imported), [0, 4, 0]);
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let files = Files::new();
    let store = store(&files);
    let ask = |timeframe| cause(&store.series(&btc(), timeframe, EVER, NOW).unwrap_err());
    let expected = |key: &str, stored: &str| {
        format!(
            "{key} is not stored, and nothing shorter that it could be made of; {stored}; `data import` brings bars in"
        )
    };
    assert_eq!(ask(Timeframe::M5), expected("bitstamp:BTC/USD 5m", "nothing is stored"));
    store.import(&file(&files, 0..60, "10"), NOW).unwrap();
    store.resample(&btc(), Timeframe::H1, NOW).unwrap();
    let error = store.resample(&btc(), Timeframe::M1, NOW).unwrap_err();
    let is_there = "nothing shorter than bitstamp:BTC/USD 1m is stored, of which it could be made; stored is \
                    bitstamp:BTC/USD 1m, bitstamp:BTC/USD 1h; `data import` brings bars in";
    assert_eq!(cause(&error), is_there);
}

#[test]
fn the_hash_of_a_series_does_not_depend_on_how_it_came_in() {
    let (one, two) = (Files::new(), Files::new());
    let (in_one, in_two) = (store(&one), store(&two));
    in_one.import(&file(&one, 0..9000, "10.5"), NOW).unwrap();
    in_two.import(&file(&two, 8000..8001, "10.12345"), NOW).unwrap();
    in_two.import(&file(&two, (0..9000).filter(|minute| minute % 2 == 0), "10.5"), NOW).unwrap();
    in_two.import(&file(&two, (0..9000).rev(), "10.5"), NOW).unwrap();
    let [one, two] = [in_one, in_two].map(|store| store.list().unwrap().remove(0));
    assert_eq!(one.hash, two.hash);
    assert_ne!(one.scale, two.scale);
}

/// Records in the first form of a block.
fn plain(records: &[Record]) -> Vec<u8> {
    let numbers = |bar: &Record| [bar.open_time, bar.open, bar.high, bar.low, bar.close, bar.volume];
    records.iter().flat_map(numbers).flat_map(i64::to_le_bytes).collect()
}

#[test]
fn a_store_of_the_first_schema_is_brought_up_to_date_with_its_bars() {
    let files = Files::new();
    let (file, path) = (file(&files, 0..5000, "10.5"), files.path("market.db"));
    let first = Format { steps: &FORMAT.steps[..1], ..FORMAT };
    drop(FileStore::open(&first, &path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute("insert into series values (1, 'bitstamp', 'BTC', 'USD', '1m', 1, 0)", ()).unwrap();
    connection.execute("insert into sources values (1, 'old.csv', 7)", ()).unwrap();
    let insert = "insert into blocks (series, first, last, bars, records) values (1, ?1, ?2, ?3, ?4)";
    for block in file.series.records.chunks(4096) {
        let (first, last) = (block[0].open_time, block[block.len() - 1].open_time);
        connection.execute(insert, (first, last, block.len() as i64, plain(block))).unwrap();
    }
    drop(connection);

    let store = store(&files);
    assert_eq!(stored(&store), file.series);
    let source = Source { name: "old.csv".to_owned(), taken_at: 7, rejected: 0 };
    assert_eq!(store.list().unwrap()[0].sources, [source]);
    // What comes in joins the bars of before, wherever it falls.
    let imported = store.import(&self::file(&files, 4000..5010, "10.5"), NOW).unwrap();
    assert_eq!(counts(&imported), [10, 1000, 0]);
    assert_eq!(minutes(&stored(&store)), (0..5010).collect::<Vec<_>>());
}

/// Writes into the store behind its back.
fn spoil(path: &Path, sql: &str) {
    rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn a_damaged_block_is_told_and_nothing_of_it_read() {
    let swapped = |bytes: &[u8]| [&bytes[..48], &bytes[96..144], &bytes[48..96], &bytes[144..]].concat();
    for (sql, bars) in [
        ("update blocks set records = substr(records, 1, 20)", "4"),
        ("update blocks set bars = 4000000000000000000", "4000000000000000000"),
        ("update blocks set bars = -4", "-4"),
        ("update blocks set form = 0, records = ?1", "4"),
    ] {
        let files = Files::new();
        let store = store(&files);
        store.import(&file(&files, 0..4, "10"), NOW).unwrap();
        let out_of_order = swapped(&plain(&stored(&store).records));
        let connection = rusqlite::Connection::open(store.path()).unwrap();
        let parameters: &[&dyn rusqlite::ToSql] = if sql.contains('?') { &[&out_of_order] } else { &[] };
        connection.execute(sql, parameters).unwrap();
        let expected = format!(
            "bitstamp:BTC/USD 1m is damaged: the block of 2026-08-17T00:00Z to 2026-08-17T00:03Z does not hold {bars} \
             bars from the one to the other; put back a copy of the store"
        );
        assert_eq!(cause(&store.series(&btc(), Timeframe::M1, EVER, NOW).unwrap_err()), expected, "{sql}");
        assert_eq!(cause(&store.verify(None, NOW).unwrap_err()), expected, "{sql}");
    }
}

#[test]
fn a_scale_that_no_bar_has_is_damage() {
    for column in ["price_digits", "volume_digits"] {
        let files = Files::new();
        let store = store(&files);
        store.import(&file(&files, 0..4, "10"), NOW).unwrap();
        for digits in ["19", "4294967295", "4294967296", "-1"] {
            spoil(store.path(), &format!("update series set {column} = {digits}"));
            let error = store.verify(None, NOW).unwrap_err();
            let expected = format!("bitstamp:BTC/USD 1m is damaged: its {column} are {digits}");
            assert!(cause(&error).starts_with(&expected), "{}", cause(&error));
        }
    }
}

#[test]
fn verifying_tells_of_gaps_and_of_bars_that_no_import_would_take() {
    let files = Files::new();
    let store = store(&files);
    store.import(&file(&files, (0..20).filter(|minute| !(5..9).contains(minute)), "10"), NOW).unwrap();
    let verified = store.verify(None, NOW).unwrap().remove(0);
    assert!(verified.is_sound());
    let gap = verified.report.gaps[0];
    assert_eq!((shown(gap.from), shown(gap.to), gap.bars), ("2026-08-17T00:05Z".into(), "2026-08-17T00:09Z".into(), 4));
    assert_eq!((verified.report.bars, verified.report.flat, verified.report.flagged.len()), (16, 16, 0));
    // A high of 0 in the first bar, in a block of the first form.
    let mut bytes = plain(&stored(&store).records);
    bytes[16..24].fill(0);
    let connection = rusqlite::Connection::open(store.path()).unwrap();
    connection.execute("update blocks set form = 0, records = ?1", [bytes]).unwrap();
    let broken = store.verify(None, NOW).unwrap().remove(0);
    assert!(!broken.is_sound());
    assert_eq!(broken.broken.to_string(), "2026-08-17T00:00Z: high 0 is not above 0");
}

#[test]
fn verifying_compares_the_timeframes_of_an_instrument() {
    let files = Files::new();
    let store = store(&files);
    store.import(&file(&files, 3..60, "10"), NOW).unwrap();
    // The first five minutes are not all there, so nothing is said of that bar.
    let five = "ts,open,high,low,close\n1786924800,9,9,9,9\n1786925100,10,10,10,10.0\n1786925400,10,10.5,10,10\n\
                1786926000,10,10,10,10\n";
    let five = read(&files.write("bitstamp_BTC-USD_5m.csv", five), &options()).unwrap();
    store.import(&five, NOW).unwrap();
    let verified = store.verify(Some(&btc()), NOW).unwrap();
    assert!(verified[0].is_sound());
    let told = "2026-08-17T00:10Z: stored is 10 10.5 10 10, bars of 1m make 10 10 10 10; \
                2026-08-17T00:15Z: stored is nothing, bars of 1m make 10 10 10 10";
    assert_eq!(verified[1].disagreements.to_string(), told);
    let error = store.verify(Some(&"bitstamp:ETH/USD".parse().unwrap()), NOW).unwrap_err();
    let told = "nothing of bitstamp:ETH/USD is stored; stored is bitstamp:BTC/USD 1m, bitstamp:BTC/USD 5m";
    assert_eq!(cause(&error), told);
}

#[test]
fn the_real_minutes_are_whole() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../examples/market/bitstamp_BTC-USD_1m.csv.gz");
    let files = Files::new();
    let (store, file) = (store(&files), read(&path, &options()).unwrap());
    assert_eq!((file.series.records.len(), file.rejected.count), (20_160, 0));
    assert_eq!((file.series.price_digits, file.series.volume_digits), (2, 8));
    assert_eq!(trading_core::quality::Report::of(&file.series).gaps, []);
    assert_eq!(counts(&store.import(&file, NOW).unwrap()), [20_160, 0, 0]);
    store.resample(&btc(), Timeframe::M5, NOW).unwrap();
    let series = store.series(&btc(), Timeframe::M5, EVER, NOW).unwrap().series;
    assert_eq!(series.records.len(), 4032);
    let ends = [series.records[0], series.records[4031]].map(|bar: Record| shown(bar.open_time));
    assert_eq!(ends, ["2026-08-17T00:00Z", "2026-08-30T23:55Z"]);
    assert!(
        store.verify(None, NOW).unwrap().iter().all(|verified| verified.is_sound() && verified.report.gaps.is_empty())
    );
}
