//! Copies of a store that others write to, and keeping everybody else from it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;

use advisor_core::store::Store as _;
use advisor_io::embedded::{Embedded, EmbeddedError, ImportOptions, TablePrefixes, snapshot};
use rusqlite::Connection;

use crate::support::{file_of, store_of};

const TABLE: &str = "liqwid_supply_positions_djed";
const SAMPLES: usize = 2_000;

/// Imports one version of a file: every sample is worth `value`.
fn import(store: &Embedded, folder: &Path, value: u32) {
    let mut text = String::from("ts,wallet_address,usd_value,underlying_units,price_usd\n");
    for i in 0..SAMPLES {
        text += &format!("{},w{},{value},{value},1\n", 1_700_000_000 + i, i % 5);
    }
    let file = folder.join(format!("{TABLE}.csv"));
    fs::write(&file, text).unwrap();
    let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
    assert!(store.import(&file, &TablePrefixes::default(), options).unwrap().refused.is_empty());
}

/// The one value that all samples have.
fn value(store: &Embedded) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let read = runtime.block_on(store.positions(TABLE, None, i64::MAX)).unwrap();
    let values: Vec<f64> = read.wallets.iter().flat_map(|wallet| wallet.value_usd().to_vec()).collect();
    assert!(values.len() == SAMPLES && values.iter().all(|value| *value == values[0]), "a mixture of versions");
    values[0]
}

#[test]
fn a_copy_made_while_files_are_imported_holds_one_version_that_was_there_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Embedded::open(&path).unwrap();
    import(&store, folder.path(), 0);
    let done = AtomicU32::new(0);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for version in 1..=30 {
                import(&store, folder.path(), version);
                done.store(version, SeqCst);
            }
        });
        let (mut copies, mut versions) = (0, std::collections::BTreeSet::new());
        while !writer.is_finished() {
            let copy = folder.path().join(format!("copy-{copies}.db"));
            let before = done.load(SeqCst);
            assert_eq!(snapshot::copy(&path, &copy).unwrap(), snapshot::SCHEMA_VERSION);
            let after = done.load(SeqCst);
            assert_eq!(snapshot::verify(&copy).unwrap(), snapshot::SCHEMA_VERSION);
            let found = value(&Embedded::open(&copy).unwrap());
            assert!(
                f64::from(before) <= found && found <= f64::from(after + 1),
                "version {found}, when {before} to {after} were"
            );
            copies += 1;
            versions.insert(found.to_string());
        }
        writer.join().unwrap();
        assert!(versions.len() > 1, "{copies} copies were made of {versions:?}: nothing was written meanwhile");
    });
}

#[test]
fn a_copy_leaves_the_store_and_its_schema_alone() {
    let (folder, path) = store_of(1);
    let copy = folder.path().join("copy.db");
    assert_eq!(snapshot::copy(&path, &copy).unwrap(), 1);
    assert_eq!(snapshot::verify(&copy).unwrap(), 1);
    assert_eq!(fs::read(&path).unwrap(), fs::read(file_of(1)).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}

#[test]
fn what_is_no_store_is_neither_copied_nor_made() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("store.db"), folder.path().join("copy.db"));
    let missing = format!("there is no embedded store at {}", path.display());
    assert_eq!(snapshot::copy(&path, &copy).unwrap_err().to_string(), missing);
    fs::write(&path, "").unwrap();
    assert_eq!(snapshot::copy(&path, &copy).unwrap_err().to_string(), missing);
    fs::write(&path, "ts,wallet_address\n".repeat(1000)).unwrap();
    assert!(matches!(snapshot::copy(&path, &copy), Err(EmbeddedError::NotADatabase { .. })));
    fs::remove_file(&path).unwrap();
    drop(Embedded::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 9).unwrap();
    assert!(matches!(snapshot::copy(&path, &copy), Err(EmbeddedError::Newer { found: 9, .. })));
    assert!(!copy.exists());
}

#[test]
fn damage_is_found_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Embedded::open(&path).unwrap();
    import(&store, folder.path(), 1);
    drop(store);
    let whole = fs::read(&path).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut damaged = whole.clone();
        damaged[page * 4096..][..4096].fill(0xaa);
        fs::write(&path, damaged).unwrap();
        let _ = snapshot::verify(&path).unwrap_err();
    }
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let _ = snapshot::verify(&path).unwrap_err();
    fs::write(&path, &whole).unwrap();
    assert_eq!(snapshot::verify(&path).unwrap(), snapshot::SCHEMA_VERSION);
}

const CHILD: &str = "ADVISOR_IO_TEST_HOLD";

/// Not a test by itself: the process that has a store open until its input ends.
#[test]
fn hold_a_store_open_in_a_process() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let store = Embedded::open(path).unwrap();
    println!("open");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    drop(store);
}

fn hold(path: &PathBuf) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "snapshot::hold_a_store_open_in_a_process", "--nocapture"])
        .env(CHILD, path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("open")));
    child
}

/// Not a test by itself: the process that writes to a store.
#[test]
fn write_to_a_store_in_a_process() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    import(&Embedded::open(&path).unwrap(), path.parent().unwrap(), 7);
}

/// Not a test by itself: the process that copies a store.
#[test]
fn copy_a_store_in_a_process() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    snapshot::copy(&path, &path.with_extension("copy")).unwrap();
}

/// Not a test by itself: the process that finds the store claimed, and does not wait.
#[test]
fn read_a_claimed_store_in_a_process() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let read = connection.query_row("select count(*) from sqlite_schema", (), |row| row.get::<_, i64>(0));
    assert_eq!(read.unwrap_err().sqlite_error_code(), Some(rusqlite::ErrorCode::DatabaseBusy));
}

/// A process that finds the store claimed.
fn late(path: &Path, what: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &format!("snapshot::{what}")])
        .env(CHILD, path)
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Waits until the process has the file open.
fn wait_until_opened(waiting: &mut Child, path: &Path) {
    let opened = PathBuf::from(format!("/proc/{}/fd", waiting.id()));
    let file = path.canonicalize().unwrap();
    let has_opened =
        || fs::read_dir(&opened).unwrap().any(|fd| fs::read_link(fd.unwrap().path()).is_ok_and(|to| to == file));
    while !has_opened() {
        assert!(waiting.try_wait().unwrap().is_none(), "a claimed store was not waited for");
        thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Replaces a store by one whose samples are worth 2 while a process waits for it, which goes on then.
fn replace_under(what: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let [path, new] = ["store.db", "new.db"].map(|name| folder.path().join(name));
    for (path, value) in [(&path, 1), (&new, 2)] {
        import(&Embedded::open(path).unwrap(), folder.path(), value);
    }
    let claim = snapshot::claim(&path).unwrap();
    let mut waiting = late(&path, what);
    wait_until_opened(&mut waiting, &path);
    fs::rename(&new, &path).unwrap();
    drop(claim);
    assert!(waiting.wait().unwrap().success());
    folder
}

#[test]
fn a_store_that_is_replaced_while_a_process_waits_for_it_is_opened_anew() {
    let folder = replace_under("write_to_a_store_in_a_process");
    let path = folder.path().join("store.db");
    // Without what lies beside it: what was written is in this file, and it in no other's log.
    for companion in snapshot::COMPANIONS {
        assert!(!snapshot::companion(&path, companion).exists(), "{companion} was left behind");
    }
    assert_eq!(value(&Embedded::open(&path).unwrap()), 7.0);
}

#[test]
fn a_store_that_is_replaced_while_a_copy_waits_for_it_is_copied_as_it_is_then() {
    let folder = replace_under("copy_a_store_in_a_process");
    assert_eq!(value(&Embedded::open(folder.path().join("store.copy")).unwrap()), 2.0);
}

#[test]
fn a_store_is_claimed_when_nobody_has_it_open_whatever_became_of_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    drop(snapshot::claim(&path).unwrap()); // there is none
    let in_use = format!(
        "the embedded store {} is in use; stop the service, and wait for other commands that use the store",
        path.display()
    );
    let is_in_use = || assert_eq!(snapshot::claim(&path).unwrap_err().to_string(), in_use);

    let mut child = hold(&path);
    is_in_use();
    // Also where the content is gone, or the file: its user would take the new one's write-ahead log for its own.
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    is_in_use();
    fs::remove_file(&path).unwrap();
    is_in_use();
    child.kill().unwrap();
    child.wait().unwrap();
    drop(snapshot::claim(&path).unwrap());

    for companion in snapshot::COMPANIONS {
        let _gone = fs::remove_file(snapshot::companion(&path, companion));
    }
    let mut child = hold(&path);
    is_in_use();
    drop(child.stdin.take());
    child.wait().unwrap();
    let claim = snapshot::claim(&path).unwrap();
    assert!(late(&path, "read_a_claimed_store_in_a_process").wait().unwrap().success(), "a claimed store was opened");
    let mut late = late(&path, "hold_a_store_open_in_a_process");
    wait_until_opened(&mut late, &path); // it meets the claim, and waits for its end
    drop(claim);
    assert!(late.wait().unwrap().success());
}
