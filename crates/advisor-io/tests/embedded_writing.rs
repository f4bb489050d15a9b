//! Flows, memos and decisions that the service writes into the embedded store, beside what files bring.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which clippy does not see as tests")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use advisor_core::flow::FlowRow;
use advisor_core::journal::{Entry, Journal, TABLE};
use advisor_core::ledger::{Ledger, NewFlow};
use advisor_core::store::{Store, TableKind};
use advisor_io::RequestCounts;
use advisor_io::embedded::{Embedded, ImportOptions, TablePrefixes};
use rusqlite::Connection;
use tempfile::TempDir;

const OUT: &str = "liqwid_withdrawals_djed";
const FILE: &str = "liqwid_withdrawals_djed.csv";
const SECOND: i64 = 1_000_000_000;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A store and folders for its files.
struct Bench {
    folder: TempDir,
    store: Embedded,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path().join("store.db")).unwrap();
        Self { folder, store }
    }

    /// A file of withdrawals in a sub-folder; rows are `seconds,wallet,amount,memo,transaction`.
    fn write(&self, folder: &str, rows: &[&str]) -> PathBuf {
        let path = self.folder.path().join(folder).join(FILE);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("ts,wallet_address,amount,memo,tx_hash\n{}\n", rows.join("\n"))).unwrap();
        path
    }

    /// Imports such a file; returns how many rows came, stayed as they were, and went.
    fn import(&self, folder: &str, rows: &[&str]) -> (u64, u64, u64) {
        import(&self.store, &self.write(folder, rows))
    }

    fn add(&self, rows: &[&str]) {
        let flows: Vec<NewFlow> = rows.iter().map(|row| new_flow(row)).collect();
        assert_eq!(run(self.store.add_flows(OUT, &flows)), Ok(rows.len()));
    }

    /// Gives the flow that reads as `row` another memo.
    #[track_caller]
    fn set(&self, row: &str, memo: Option<&str>) {
        run(self.store.set_memo(OUT, OUT, &flow_row(row), memo)).unwrap();
    }

    #[track_caller]
    fn holds(&self, expected: &[&str]) {
        assert_eq!(flows(&self.store), expected);
    }
}

fn import(store: &Embedded, path: &Path) -> (u64, u64, u64) {
    let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
    let report = store.import(path, &TablePrefixes::default(), options).unwrap();
    assert!(report.refused.is_empty(), "{:?}", report.refused);
    (report.imported[0].inserted, report.imported[0].unchanged, report.imported[0].removed)
}

fn new_flow(row: &str) -> NewFlow {
    let [ts, wallet, amount, memo, tx_hash] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    NewFlow {
        ts: ts.parse::<i64>().unwrap() * SECOND,
        wallet: wallet.into(),
        amount: amount.parse().unwrap(),
        memo: text(memo),
        tx_hash: text(tx_hash),
    }
}

fn flow_row(row: &str) -> FlowRow {
    let NewFlow { ts, wallet, amount, memo, tx_hash } = new_flow(row);
    FlowRow { ts: Some(ts), wallet: Some(wallet), amount: Some(amount), memo, tx_hash }
}

/// All withdrawals as rows, sorted.
fn flows(store: &Embedded) -> Vec<String> {
    let row = |flow: FlowRow| {
        let text = |text: Option<String>| text.unwrap_or_default();
        let (ts, wallet, amount) = (flow.ts.unwrap() / SECOND, flow.wallet.unwrap(), flow.amount.unwrap());
        format!("{ts},{wallet},{amount},{},{}", text(flow.memo), text(flow.tx_hash))
    };
    let mut rows: Vec<String> = run(store.flows(OUT, None, i64::MAX)).unwrap().into_iter().map(row).collect();
    rows.sort_unstable();
    rows
}

#[test]
fn what_the_service_wrote_stays_when_a_file_drops_it() {
    let bench = Bench::new();
    bench.add(&["1,a,5,Synced,t1", "2,a,6,Synced,t2"]);
    // The file has one of the very same rows, and one of its own.
    bench.import("in", &["1,a,5,Synced,t1", "3,a,7,,t3"]);
    bench.holds(&["1,a,5,Synced,t1", "2,a,6,Synced,t2", "3,a,7,,t3"]);
    assert_eq!(bench.import("in", &["4,a,8,,t4"]), (1, 0, 1));
    bench.holds(&["1,a,5,Synced,t1", "2,a,6,Synced,t2", "4,a,8,,t4"]);
}

#[test]
fn what_a_file_has_stays_its_own_until_the_service_writes_it_too() {
    let bench = Bench::new();
    bench.import("in", &["1,a,5,Synced,t1", "2,a,6,,t2"]);
    bench.add(&["1,a,5,Synced,t1"]);
    bench.holds(&["1,a,5,Synced,t1", "2,a,6,,t2"]);
    bench.import("in", &["3,a,7,,t3"]);
    bench.holds(&["1,a,5,Synced,t1", "3,a,7,,t3"]);
}

#[test]
fn another_wording_of_a_transaction_replaces_that_of_the_service_and_not_that_of_a_file() {
    let bench = Bench::new();
    bench.import("in", &["1,a,5,by hand,t1"]);
    bench.add(&["1,a,5,Synced,t1", "1,a,5,Synced,t2"]);
    bench.add(&["1,a,6,Again,t1", "1,a,6,Again,t2"]);
    bench.holds(&["1,a,5,by hand,t1", "1,a,6,Again,t1", "1,a,6,Again,t2"]);
}

#[test]
fn importing_again_neither_undoes_nor_doubles_a_memo() {
    let bench = Bench::new();
    let rows = ["1,a,5,rent,t1", "2,a,6,,t2", "3,a,7,wrong tag,"];
    bench.import("in", &rows);
    bench.set("1,a,5,rent,t1", Some("rent tag"));
    bench.set("2,a,6,,t2", Some("tag"));
    bench.set("3,a,7,wrong tag,", None);
    let expected = ["1,a,5,rent tag,t1", "2,a,6,tag,t2", "3,a,7,,"];
    bench.holds(&expected);
    assert_eq!(bench.import("in", &rows), (0, 3, 0));
    bench.holds(&expected);
    // A row that leaves one file before another brings it is the same flow.
    bench.import("in", &["3,a,7,wrong tag,"]);
    bench.holds(&["3,a,7,,"]);
    bench.import("moved", &["1,a,5,rent,t1", "2,a,6,,t2"]);
    bench.holds(&expected);
}

#[test]
fn a_memo_that_is_changed_in_its_file_afterwards_counts() {
    let bench = Bench::new();
    bench.import("in", &["1,a,5,rent,t1"]);
    bench.set("1,a,5,rent,t1", Some("rent tag"));
    bench.import("in", &["1,a,5,no rent,t1"]);
    bench.holds(&["1,a,5,no rent,t1"]);
}

#[test]
fn a_transaction_that_a_file_and_the_service_brought_has_one_memo() {
    let bench = Bench::new();
    bench.import("in", &["1,a,5,,t1"]);
    bench.add(&["1,a,5,Synced,t1"]);
    bench.set("1,a,5,Synced,t1", Some("tag"));
    bench.holds(&["1,a,5,tag,t1", "1,a,5,tag,t1"]);
    bench.set("1,a,5,tag,t1", Some("Synced"));
    bench.holds(&["1,a,5,Synced,t1", "1,a,5,Synced,t1"]);
}

#[test]
fn of_equal_flows_without_a_transaction_one_gets_the_memo() {
    let bench = Bench::new();
    bench.import("in", &["1,a,5,rent,", "1,a,5,rent,", "1,a,5,,"]);
    bench.set("1,a,5,rent,", Some("tag"));
    bench.holds(&["1,a,5,,", "1,a,5,rent,", "1,a,5,tag,"]);
    bench.set("1,a,5,tag,", Some("rent"));
    bench.holds(&["1,a,5,,", "1,a,5,rent,", "1,a,5,rent,"]);
    let error = run(bench.store.set_memo(OUT, OUT, &flow_row("1,a,5,tag,"), None)).unwrap_err().to_string();
    let flow = "flow of a at 1970-01-01T00:00:01Z over 5 without a transaction";
    assert_eq!(error, format!("invalid data: table {OUT}: has no {flow} any more"));
}

#[test]
fn a_table_of_positions_takes_no_flows() {
    let bench = Bench::new();
    let positions = "liqwid_supply_positions_djed";
    let path = bench.folder.path().join(format!("{positions}.csv"));
    fs::write(&path, "ts,wallet_address,underlying_units,usd_value,price_usd\n0,a,1,1,1\n").unwrap();
    import(&bench.store, &path);
    bench.add(&["1,a,5,,t1"]);
    let refused = format!("invalid data: table {positions}: {positions} holds positions; expected flows");
    assert_eq!(run(bench.store.add_flows(positions, &[new_flow("1,a,5,,t1")])).unwrap_err().to_string(), refused);
    let error = run(bench.store.set_memo(OUT, positions, &flow_row("1,a,5,,t1"), None)).unwrap_err().to_string();
    assert_eq!(error, format!("invalid data: table {OUT}: {positions} holds positions; expected flows"));
    assert_eq!(
        run(bench.store.key(positions)).unwrap_err().to_string(),
        format!("invalid data: table {positions}: holds positions; expected flows")
    );
    bench.holds(&["1,a,5,,t1"]);
}

#[test]
fn reads_and_writes_are_counted() {
    let bench = Bench::new();
    assert_eq!(bench.store.requests(), RequestCounts::default());
    bench.add(&["1,a,5,,t1"]);
    bench.holds(&["1,a,5,,t1"]);
    run(bench.store.check_columns("liqwid_deposits_gone", TableKind::Flows)).unwrap_err();
    assert_eq!(bench.store.clone().requests(), RequestCounts { ok: 2, failed: 1 });
}

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
    assert_eq!(number("pragma user_version"), 2);
    assert_eq!(number("select count(*) from pragma_foreign_key_check"), 0);
    assert_eq!(number("select count(*) from flow_files"), 4);
    assert_eq!(number("select count(*) from pragma_integrity_check where integrity_check <> 'ok'"), 0);
}

/// A round of the journal with this many assets.
fn round(ts: i64, assets: usize) -> Vec<Entry> {
    let entry = |i| Entry {
        ts: ts * SECOND,
        asset: format!("asset{i}"),
        decision: 0,
        code: None,
        reason: Some("x".repeat(1_000)),
        wmax_usd: Some(0.0),
        g_usd: None,
        residual: None,
        sigma: None,
        t0: None,
        t1: None,
        duration_seconds: 0.1,
        version: "1".into(),
        config_hash: "0".into(),
        replica: String::new(),
    };
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
            .args(["--exact", "write_in_a_process_to_be_killed", "--nocapture"])
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
    let bench = Bench::new();
    bench.import("in", &["1,a,5,rent,t1"]);
    let path = bench.store.path();
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let store = Embedded::open(path).unwrap();
                run(store.add_flows(OUT, &[new_flow("2,a,6,Synced,t2"), new_flow("3,b,7,,")])).unwrap();
                run(store.set_memo(OUT, OUT, &flow_row("1,a,5,rent,t1"), Some("tag"))).unwrap();
                run(store.append(TABLE, &round(1, 3))).unwrap();
            });
        }
    });
    bench.holds(&["1,a,5,tag,t1", "2,a,6,Synced,t2", "3,b,7,,"]);
    assert_eq!(run(bench.store.read(TABLE, "asset2", 0, i64::MAX, 9)).unwrap().len(), 1);
}
