//! A kill in the middle of an import leaves the old bars or the new ones, never a part.

use std::env;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Instant;

use trading_core::time::{Micros, Timeframe};
use trading_io::market_store::MarketStore;

use crate::support::{Files, NOW, options, read};

const FOLDER: &str = "TRADING_IO_KILLED_IMPORT";
const BARS: i64 = 300_000;
const NAME: &str = "bitstamp_BTC-USD_1m.csv";

/// What is killed: this test's own program, started again with a folder to import in.
#[test]
#[ignore = "runs as a process of its own, which a_kill_during_an_import_leaves_the_old_bars_or_the_new_ones starts"]
fn an_import_that_is_killed() {
    let Some(folder) = env::var_os(FOLDER).map(PathBuf::from) else { return };
    let store = MarketStore::open(folder.join("market.db")).unwrap();
    store.import(&read(&folder.join(NAME), &options()).unwrap(), NOW).unwrap();
}

fn start(files: &Files) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["killed::an_import_that_is_killed", "--exact", "--ignored"])
        .env(FOLDER, files.path(""))
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Bars whose closes are all `price`.
fn write(files: &Files, price: i64) {
    let bar = |minute| format!("{},{price},{price},{price},{price},1\n", 1_700_000_040 + 60 * minute);
    let lines: String = (0..BARS).map(bar).collect();
    files.write(NAME, format!("ts,open,high,low,close,volume\n{lines}"));
}

/// How many bars are stored, and their lowest and highest close.
fn state(files: &Files) -> (usize, i64, i64) {
    let store = MarketStore::open(files.path("market.db")).unwrap();
    let instrument = "bitstamp:BTC/USD".parse().unwrap();
    let bars = store.series(&instrument, Timeframe::M1, Micros::MIN..Micros::MAX, NOW).unwrap().series.records;
    let closes = || bars.iter().map(|bar| bar.close);
    (bars.len(), closes().min().unwrap(), closes().max().unwrap())
}

#[test]
fn a_kill_during_an_import_leaves_the_old_bars_or_the_new_ones() {
    let files = Files::new();
    write(&files, 1);
    let started = Instant::now();
    assert!(start(&files).wait().unwrap().success());
    let whole = started.elapsed();
    let bars = usize::try_from(BARS).unwrap();
    assert_eq!(state(&files), (bars, 1, 1));

    let (mut old, mut killed) = (1, 0);
    for step in 1..=12 {
        let new = old + 1;
        write(&files, new);
        let mut child = start(&files);
        thread::sleep(whole * step / 12); // moments spread over the time that an import takes
        killed += usize::from(child.try_wait().unwrap().is_none());
        child.kill().unwrap(); // SIGKILL
        child.wait().unwrap();
        let found = state(&files);
        assert!(found == (bars, old, old) || found == (bars, new, new), "a part of the file: {found:?}");
        old = found.1;
    }
    assert!(killed > 0, "no import was still running when it was killed");

    write(&files, 99);
    assert!(start(&files).wait().unwrap().success(), "the store is usable after all that");
    assert_eq!(state(&files), (bars, 99, 99));
}
