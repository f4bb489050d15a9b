//! The embedded store's file between versions, between writers, and when one of them is killed.

use std::error::Error as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use advisor_core::journal::{Entry, Journal, TABLE};
use advisor_core::ledger::{Ledger, NewFlow};
use advisor_core::store::Store;
use advisor_io::embedded::{Embedded, ImportOptions, TablePrefixes, snapshot};
use rusqlite::Connection;

use crate::support::{OUT, SECOND, flow_row, flows, new_flow, run, store_of};

/// What the file of the first version lacks: rows that are equal, and a row that two files have.
const MORE: &str = "
    insert into files values (4, 2, '/srv/advisor/data/x.csv', null, null, null);
    insert into flows values
        (5, 2, 1, 1767234600000000000, '', 6.0, '', 1), (6, 2, 1, 1767234600000000000, '', 6.0, '', 2);
    insert into flow_files values (4, 4), (2, 5), (2, 6);
";

#[test]
fn a_file_of_the_first_version_keeps_its_rows_and_learns_to_be_written_to() {
    let (_folder, path) = store_of(1);
    Connection::open(&path).unwrap().execute_batch(MORE).unwrap();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| Embedded::open(&path).unwrap());
        }
    });
    let store = Embedded::open(&path).unwrap();
    let tagged = "67231000,addr1alice,10,gain (alert_driven_withdrawal),w1";
    let equal = "67234600,addr1bob,6,,";
    assert_eq!(flows(&store), [tagged, equal, equal]);
    let positions = run(store.positions("liqwid_supply_positions_djed", None, i64::MAX)).unwrap();
    let hours = [1_767_225_600, 1_767_229_200].map(|second| second * SECOND);
    assert_eq!((positions.wallets[1].ts(), positions.wallets[1].value_usd()), (&hours[..], &[50.0, 70.25][..]));
    let blocked = run(store.flows("liqwid_deposits_usdc", None, 0, i64::MAX)).unwrap_err().to_string();
    let cause = ": liqwid_deposits_usdc.csv could not be imported: line 2: amount \"much\"";
    assert!(blocked.contains(cause), "{blocked}");

    run(store.set_memo(OUT, OUT, &flow_row(tagged), Some("tag"))).unwrap();
    run(store.add_flows(OUT, &[new_flow("3,b,7,Synced,t2")])).unwrap();
    run(store.append(TABLE, &round(1, 2))).unwrap();
    assert_eq!(flows(&store), ["3,b,7,Synced,t2", "67231000,addr1alice,10,tag,w1", equal, equal]);
    let connection = Connection::open(&path).unwrap();
    let number = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("pragma user_version"), snapshot::SCHEMA_VERSION);
    assert_eq!(number("select count(*) from pragma_foreign_key_check"), 0);
    assert_eq!(number("select count(*) from flow_files"), 4 + 3);
    assert_eq!(number("select count(*) from pragma_integrity_check where integrity_check <> 'ok'"), 0);
}

/// A round of the journal with this many assets.
fn round(ts: i64, assets: usize) -> Vec<Entry> {
    let entry =
        |i| Entry { ts: ts * SECOND, asset: format!("asset{i}"), reason: Some("x".repeat(1_000)), ..Entry::default() };
    (0..assets).map(entry).collect()
}

const ASSETS: usize = 50;
const CHILD: &str = "ADVISOR_IO_TEST_WRITE";

/// Not a test by itself: the process that [`a_kill_leaves_whole_rounds`] kills.
#[test]
fn write_in_a_process_to_be_killed() {
    let Some(path) = env::var_os(CHILD) else { return };
    let store = Embedded::open(path).unwrap();
    for ts in next_round(&store).. {
        let rows: Vec<String> = (0..ASSETS).map(|i| format!("{ts},a,5,Synced,{ts}t{i}")).collect();
        let flows: Vec<NewFlow> = rows.iter().map(|row| new_flow(row)).collect();
        run(store.add_flows(OUT, &flows)).unwrap();
        run(store.append(TABLE, &round(ts, ASSETS))).unwrap();
        println!("acknowledged {ts}");
    }
}

fn next_round(store: &Embedded) -> i64 {
    let newest = run(store.read(TABLE, "asset0", 0, i64::MAX, 1)).unwrap();
    newest.first().map_or(0, |entry| entry.ts / SECOND + 1)
}

#[test]
fn a_kill_leaves_whole_rounds() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut acknowledged = -1;
    for killed in 0..8 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "writers::write_in_a_process_to_be_killed", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let number = |line: String| line.rsplit_once("acknowledged ").and_then(|(_, ts)| ts.parse::<i64>().ok());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok).filter_map(number);
        acknowledged = lines.by_ref().nth(2).unwrap();
        // At some moment of a write, whose length depends on the machine.
        thread::sleep(Duration::from_micros(700 * killed));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = lines.last().unwrap_or(acknowledged);

        let store = Embedded::open(&path).unwrap();
        let rounds = next_round(&store);
        assert!(rounds > acknowledged, "{rounds} rounds, {acknowledged} acknowledged");
        let last = run(store.read(TABLE, &format!("asset{}", ASSETS - 1), 0, i64::MAX, usize::MAX)).unwrap();
        assert_eq!(last.len() as i64, rounds, "a part of a round");
        // Of the round in which it was killed all flows may be there, or none.
        let stored = flows(&store).len() as i64 - rounds * ASSETS as i64;
        assert!([0, ASSETS as i64].contains(&stored), "{stored} flows of the last round");
    }
    assert!(acknowledged >= 8);
}

#[test]
fn many_that_write_the_same_at_once_do_no_harm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    run(Embedded::open(&path).unwrap().add_flows(OUT, &[new_flow("1,a,5,rent,t1")])).unwrap();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let store = Embedded::open(&path).unwrap();
                run(store.add_flows(OUT, &[new_flow("2,a,6,Synced,t2"), new_flow("3,b,7,,")])).unwrap();
                run(store.set_memo(OUT, OUT, &flow_row("1,a,5,rent,t1"), Some("tag"))).unwrap();
                run(store.append(TABLE, &round(1, 3))).unwrap();
            });
        }
    });
    let store = Embedded::open(&path).unwrap();
    assert_eq!(flows(&store), ["1,a,5,tag,t1", "2,a,6,Synced,t2", "3,b,7,,"]);
    assert_eq!(run(store.read(TABLE, "asset2", 0, i64::MAX, 9)).unwrap().len(), 1);
}

#[test]
fn a_file_that_was_removed_or_replaced_is_neither_read_nor_written() {
    let folder = tempfile::tempdir().unwrap();
    let (path, aside) = (folder.path().join("store.db"), folder.path().join("aside.db"));
    let store = Embedded::open(&path).unwrap();
    run(store.add_flows(OUT, &[new_flow("1,a,5,rent,t1")])).unwrap();
    let refuses = |expected: &str| {
        let import = || {
            let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
            store.import(folder.path(), &TablePrefixes::default(), options)
        };
        let errors = [
            run(store.tables()).unwrap_err().to_string(),
            run(store.flows(OUT, None, i64::MAX, i64::MAX)).unwrap_err().to_string(),
            run(store.add_flows(OUT, &[new_flow("2,a,6,Synced,t2")])).unwrap_err().to_string(),
            import().unwrap_err().source().unwrap().to_string(),
        ];
        assert!(errors.iter().all(|error| error.contains(expected)), "{errors:?}");
    };
    fs::write(folder.path().join(format!("{OUT}.csv")), "ts,wallet_address,amount,tx_hash\n3,a,7,t3\n").unwrap();

    fs::rename(&path, &aside).unwrap();
    refuses("the file is gone, expected it where it was opened");
    assert!(!path.exists(), "an empty store would look like one without wallets");
    fs::copy(&aside, &path).unwrap();
    refuses("another file is in its place since it was opened");
    fs::rename(&aside, &path).unwrap();
    assert_eq!(flows(&store), ["1,a,5,rent,t1"], "the same file is taken again");
}

#[test]
fn a_file_that_was_overwritten_with_an_older_copy_is_neither_read_nor_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Embedded::open(&path).unwrap();
    let fold_back = || {
        let connection = Connection::open(&path).unwrap();
        connection.query_row("pragma wal_checkpoint(full)", (), |row| row.get::<_, i64>(0)).unwrap();
    };
    fold_back();
    let older = fs::read(&path).unwrap();
    let grown: Vec<_> = (1..1000).map(|i| new_flow(&format!("{i},a,5,{},t{i}", "rent".repeat(50)))).collect();
    run(store.add_flows(OUT, &grown)).unwrap();
    fold_back();
    assert_eq!(run(store.tables()).unwrap(), [OUT]);
    fs::write(&path, older).unwrap();
    let errors = [
        run(store.tables()).unwrap_err().to_string(),
        run(store.add_flows(OUT, &[new_flow("2,a,6,Synced,t2")])).unwrap_err().to_string(),
    ];
    let said = "the file is shorter than it was: another program has overwritten it while it was open";
    assert!(errors.iter().all(|error| error.contains(said)), "{errors:?}");
}

#[test]
fn the_version_is_another_after_every_write_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let [store, other] = [(); 2].map(|()| Embedded::open(&path).unwrap());
    let version = || run(store.version()).unwrap();
    let first = version();
    assert!(run(store.tables()).unwrap().is_empty() && version() == first, "reading changes nothing");
    run(other.append(TABLE, &round(1, 1))).unwrap();
    let second = version();
    assert_ne!(second, first, "another process wrote");
    run(store.append(TABLE, &round(2, 1))).unwrap();
    assert_ne!(version(), second, "this one wrote");
}
