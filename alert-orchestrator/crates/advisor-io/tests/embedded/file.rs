//! The embedded store's file: what is opened, what is refused, and what happens when two use it or one is killed.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use advisor_core::store::{Store, StoreError};
use advisor_io::embedded::{Embedded, EmbeddedError, ImportOptions, ImportReport, TablePrefixes};
use rusqlite::Connection;

const TABLE: &str = "liqwid_supply_positions_djed";
const FILE: &str = "liqwid_supply_positions_djed.csv";

/// `n` samples of five wallets, each worth `value`.
fn write_samples(path: &Path, n: usize, value: u32) {
    let mut text = String::from("ts,wallet_address,usd_value,underlying_units,price_usd\n");
    for i in 0..n {
        text += &format!("{},w{},{value},{value},1\n", 1_700_000_000 + i, i % 5);
    }
    fs::write(path, text).unwrap();
}

fn import(store: &Embedded, path: &Path) -> ImportReport {
    store.import(path, &TablePrefixes::default(), ImportOptions { table_prefix: "", progress: &mut |_| {} }).unwrap()
}

/// How many samples there are, and the values that occur.
fn content(store: &Embedded) -> (usize, Vec<f64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let positions = runtime.block_on(store.positions(TABLE, None, i64::MAX)).unwrap();
    let mut values: Vec<f64> = positions.wallets.iter().flat_map(|wallet| wallet.value_usd().to_vec()).collect();
    let n = values.len();
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    (n, values)
}

#[track_caller]
fn refused(path: &Path, expected: &str) -> EmbeddedError {
    let error = Embedded::open(path).unwrap_err();
    let text = error.to_string().replace(&path.parent().unwrap().display().to_string(), "D");
    assert_eq!(text, expected);
    error
}

#[test]
fn folder_and_file_are_made_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b/store.db");
    let csv = folder.path().join(FILE);
    write_samples(&csv, 10, 1);
    let _ = import(&Embedded::open(&path).unwrap(), &csv);
    assert_eq!(content(&Embedded::open(&path).unwrap()), (10, vec![1.0]));
}

#[test]
fn a_new_store_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path().join("store.db")).unwrap();
    let lock = store.try_alone().unwrap();
    let mut modes: Vec<(String, u32)> = fs::read_dir(folder.path())
        .unwrap()
        .map(Result::unwrap)
        .map(|file| (file.file_name().into_string().unwrap(), file.metadata().unwrap().permissions().mode() & 0o777))
        .collect();
    modes.sort();
    let names = ["store.db", "store.db-shm", "store.db-sync-lock", "store.db-wal"];
    assert_eq!(modes, names.map(|name| (name.to_owned(), 0o600)));
    drop(lock);
}

#[test]
fn a_store_of_a_newer_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(Embedded::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 8).unwrap();
    let knows = format!("alert-orchestrator {} knows versions up to 7", env!("CARGO_PKG_VERSION"));
    let text = |install: &str| {
        format!(
            "the embedded store D/store.db has schema version 8, {knows}; install {install}, or put back a copy of the store from before"
        )
    };
    refused(&path, &text("0.2.0 or newer"));
    let version: i64 = Connection::open(&path).unwrap().query_row("pragma user_version", (), |row| row.get(0)).unwrap();
    assert_eq!(version, 8);
}

#[test]
fn files_that_are_no_store_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);

    fs::write(file("text"), "ts,wallet_address\n".repeat(1000)).unwrap();
    refused(
        &file("text"),
        "D/text is not an SQLite database or is damaged; expected the embedded store, or no file at that path",
    );
    assert_eq!(fs::read_to_string(file("text")).unwrap().len(), 18_000);

    Connection::open(file("other")).unwrap().execute_batch("create table t (x)").unwrap();
    refused(
        &file("other"),
        "D/other is an SQLite database of another program (application id 0); expected the embedded store",
    );

    fs::create_dir(file("folder")).unwrap();
    refused(&file("folder"), "opening the embedded store D/folder for reading and writing failed");
    let inside = file("text").join("store.db");
    assert!(matches!(Embedded::open(inside), Err(EmbeddedError::Folder { .. })));
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_csv_file_is_refused_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join(FILE);
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let report = import(&Embedded::open(folder.path().join("store.db")).unwrap(), &pipe);
    assert_eq!(report.refused[0].cause.to_string(), "reading failed: not a regular file");
}

#[test]
fn paths_that_mean_something_else_to_sqlite_are_files_like_any_other() {
    // The empty one would be a temporary database of each connection's own; so would `:memory:` and `file:…`, which
    // cannot be tried here without changing the folder of all tests.
    let error = Embedded::open("").unwrap_err().to_string();
    assert_eq!(error, "opening the embedded store  for reading and writing failed");
}

#[test]
fn damage_is_an_answer_and_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let csv = folder.path().join(FILE);
    write_samples(&csv, 20_000, 1);
    let _ = import(&Embedded::open(&path).unwrap(), &csv);
    let mut bytes = fs::read(&path).unwrap();
    let pages = bytes.len() / 4096;
    for page in pages / 2..pages {
        bytes[page * 4096..][..4096].fill(0xaa);
    }
    fs::write(&path, bytes).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = Embedded::open(&path).unwrap();
    let error = runtime.block_on(store.positions(TABLE, None, i64::MAX)).unwrap_err();
    // Everybody may read it: without the folder.
    let is_expected = |store: &str, cause: &str| store == "embedded store store.db" && cause.contains("malformed");
    assert!(matches!(&error, StoreError::Unavailable { store, cause } if is_expected(store, cause)), "{error}");
}

#[test]
fn many_at_once_open_and_import_the_same_file() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let (path, csv) = (folder.path().join("store.db"), folder.path().join(FILE));
        write_samples(&csv, 5_000, 1);
        let inserted: u64 = thread::scope(|scope| {
            let one = || import(&Embedded::open(&path).unwrap(), &csv).imported[0].inserted;
            let threads: Vec<_> = (0..6).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(inserted, 5_000);
        assert_eq!(content(&Embedded::open(&path).unwrap()), (5_000, vec![1.0]));
    }
}

#[test]
fn a_reader_sees_the_old_or_the_new_state_while_a_file_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join(FILE);
    let store = Embedded::open(folder.path().join("store.db")).unwrap();
    write_samples(&csv, 2_000, 0);
    let _ = import(&store, &csv);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for value in 1..20 {
                write_samples(&csv, 2_000, value);
                let _ = import(&store, &csv);
            }
        });
        while !writer.is_finished() {
            let (n, values) = content(&store);
            assert_eq!((n, values.len()), (2_000, 1));
        }
        writer.join().unwrap();
    });
    assert_eq!(content(&store), (2_000, vec![19.0]));
}

const CHILD: &str = "ADVISOR_IO_TEST_IMPORT";

/// Not a test by itself: the process that [`a_kill_leaves_the_old_or_the_new_state`] kills.
#[test]
fn import_in_a_process_to_be_killed() {
    let Some(folder) = env::var_os(CHILD) else { return };
    let folder = Path::new(&folder);
    let store = Embedded::open(folder.join("store.db")).unwrap();
    let progress = &mut |progress: advisor_io::embedded::Progress<'_>| {
        if progress.bytes_done == progress.bytes_total {
            println!("merging");
        }
    };
    let options = ImportOptions { table_prefix: "", progress };
    let report = store.import(&folder.join(FILE), &TablePrefixes::default(), options).unwrap();
    println!("acknowledged {}", report.imported[0].rows);
}

#[test]
fn a_kill_leaves_the_old_or_the_new_state() {
    let folder = tempfile::tempdir().unwrap();
    let csv = folder.path().join(FILE);
    let store = folder.path().join("store.db");
    write_samples(&csv, 10_000, 0);
    let _ = import(&Embedded::open(&store).unwrap(), &csv);
    for round in 1..=15 {
        write_samples(&csv, 20_000, round);
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "file::import_in_a_process_to_be_killed", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.contains("merging")));
        // From the first to the last moment of a merge, whose length depends on the machine.
        thread::sleep(Duration::from_millis(u64::from(round) * 4));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = lines.any(|line| line.contains("acknowledged"));
        let opened = Embedded::open(&store).unwrap();
        let (n, values) = content(&opened);
        assert_eq!(values.len(), 1, "a mixture of two versions in round {round}");
        let is_new = values == [f64::from(round)];
        assert!(is_new || (values == [f64::from(round - 1)] && !acknowledged), "{values:?} {acknowledged}");
        assert_eq!(n, if values == [0.0] { 10_000 } else { 20_000 });
        // Nor may the store believe that it has what it has not.
        let _ = opened.import_changed(&[folder.path().into()], &TablePrefixes::default(), &mut |_| {}).unwrap();
        assert_eq!(content(&opened), (20_000, vec![f64::from(round)]));
    }
}
