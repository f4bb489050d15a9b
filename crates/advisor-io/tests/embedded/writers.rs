//! The embedded store's file between versions, between writers, and when one of them is killed.

use std::error::Error as _;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use crate::support::{OUT, SECOND, flow_row, flows, new_flow, run};
use advisor_core::journal::{Entry, Journal, TABLE};
use advisor_core::ledger::{Ledger, NewFlow};
use advisor_core::store::Store;
use advisor_io::embedded::{Embedded, ImportOptions, TablePrefixes, snapshot};
use rusqlite::Connection;

/// The tables as the first version of this program made them.
const V1: &str = "
    create table tables (
        id integer primary key, name text not null unique, kind text not null check (kind in ('positions', 'flows'))
    ) strict;
    create table wallets (id integer primary key, address text not null unique) strict;
    create table markets (
        id integer primary key, market_id text not null, market_name text not null, unique (market_id, market_name)
    ) strict;
    create table files (
        id integer primary key, table_id integer not null references tables, path text not null,
        size integer, mtime_ns integer, sha256 blob, unique (table_id, path)
    ) strict;
    create table refusals (
        table_id integer not null references tables, path text not null, cause text not null,
        primary key (table_id, path)
    ) strict, without rowid;
    create table positions (
        table_id integer not null, wallet_id integer not null, ts integer not null,
        usd_value real, price_usd real, underlying_units real, market_id integer, file_id integer not null,
        primary key (table_id, wallet_id, ts)
    ) strict, without rowid;
    create table flows (
        id integer primary key, table_id integer not null references tables,
        wallet_id integer not null references wallets, ts integer not null, tx_hash text not null,
        amount real not null, memo text not null, nth integer not null,
        unique (table_id, wallet_id, ts, tx_hash, amount, memo, nth)
    ) strict;
    create table flow_files (
        file_id integer not null references files, flow_id integer not null references flows on delete cascade,
        primary key (file_id, flow_id)
    ) strict, without rowid;
    create index flow_files_by_flow on flow_files (flow_id);
";

/// A file of the first version, with a sample, two files' flows, and a table that is blocked.
const V1_ROWS: &str = "
    insert into tables values
        (1, 'liqwid_supply_positions_djed', 'positions'), (2, 'liqwid_withdrawals_djed', 'flows'),
        (3, 'liqwid_deposits_djed', 'flows');
    insert into wallets values (1, 'a'), (2, 'b');
    insert into markets values (1, 'DJED', 'Djed');
    insert into files values
        (1, 1, '/in/liqwid_supply_positions_djed.csv', 1, 2, x'00'), (2, 2, '/in/x.csv', null, null, null),
        (3, 2, '/in/y.csv', 1, 2, x'01');
    insert into refusals values (3, '/in/liqwid_deposits_djed.csv', 'broken');
    insert into positions values (1, 1, 1000000000, 5.5, 1.1, null, 1, 1);
    insert into flows values
        (7, 2, 1, 1000000000, 't1', 5.0, 'rent', 1), (8, 2, 2, 2000000000, '', 6.0, '', 1),
        (9, 2, 2, 2000000000, '', 6.0, '', 2);
    insert into flow_files values (2, 7), (3, 7), (3, 8), (3, 9);
    pragma application_id = 0x414f7263;
    pragma user_version = 1;
    pragma journal_mode = wal;
";

#[test]
fn a_file_of_the_first_version_keeps_its_rows_and_learns_to_be_written_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    Connection::open(&path).unwrap().execute_batch(&format!("{V1} {V1_ROWS}")).unwrap();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| Embedded::open(&path).unwrap());
        }
    });
    let store = Embedded::open(&path).unwrap();
    assert_eq!(flows(&store), ["1,a,5,rent,t1", "2,b,6,,", "2,b,6,,"]);
    let positions = run(store.positions("liqwid_supply_positions_djed", None, i64::MAX)).unwrap();
    assert_eq!((positions.wallets[0].ts(), positions.wallets[0].value_usd()), (&[SECOND][..], &[5.5][..]));
    let blocked = run(store.flows("liqwid_deposits_djed", None, 0)).unwrap_err().to_string();
    assert!(blocked.contains("/in/liqwid_deposits_djed.csv could not be imported: broken"), "{blocked}");

    run(store.set_memo(OUT, OUT, &flow_row("1,a,5,rent,t1"), Some("tag"))).unwrap();
    run(store.add_flows(OUT, &[new_flow("3,b,7,Synced,t2")])).unwrap();
    run(store.append(TABLE, &round(1, 2))).unwrap();
    assert_eq!(flows(&store), ["1,a,5,tag,t1", "2,b,6,,", "2,b,6,,", "3,b,7,Synced,t2"]);
    let connection = Connection::open(&path).unwrap();
    let number = |sql: &str| connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(number("pragma user_version"), snapshot::SCHEMA_VERSION);
    assert_eq!(number("select count(*) from pragma_foreign_key_check"), 0);
    assert_eq!(number("select count(*) from flow_files"), 4);
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
            run(store.flows(OUT, None, i64::MAX)).unwrap_err().to_string(),
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
