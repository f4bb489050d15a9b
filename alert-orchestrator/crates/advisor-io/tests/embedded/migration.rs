//! Stores that earlier versions of the program have written: are they brought up to date, whole, and kept as they were?

use std::fs;
use std::path::{Path, PathBuf};

use advisor_core::coverage::{Coverage, Reached, Span};
use advisor_core::flow::FlowRow;
use advisor_core::journal::{Entry, Journal as _};
use advisor_core::ledger::{Ledger as _, NewFlow, PulledFlows};
use advisor_core::store::Store as _;
use advisor_io::embedded::{Embedded, EmbeddedError, ImportOptions, TablePrefixes, snapshot};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::support::{file_of, run, store_of};

const SECOND: i64 = 1_000_000_000;
const HOUR_0: i64 = 1_767_225_600; // 2026-01-01T00:00:00Z
const PULLED_AT: i64 = HOUR_0 * SECOND + 105 * 60 * SECOND;

/// What every schema has kept.
const POSITIONS: &str = "alice 0:00 100, alice 1:00 100.5, alice 2:00 91, bob 0:00 50, bob 1:00 70.25";
const FLOWS: &str = "in bob 0:30 20 d1 -, in bob 0:30 5 - twice, in bob 0:30 5 - twice, \
                     out alice 1:30 10 w1 gain (alert_driven_withdrawal)";

fn time(ts: i64) -> String {
    let minutes = (ts / SECOND - HOUR_0) / 60;
    format!("{}:{:02}", minutes / 60, minutes % 60)
}

fn positions(store: &Embedded) -> String {
    let read = run(store.positions("liqwid_supply_positions_djed", None, i64::MAX)).unwrap();
    let samples = read.wallets.iter().flat_map(|wallet| {
        let name = wallet.address().trim_start_matches("addr1");
        wallet.ts().iter().zip(wallet.value_usd()).map(move |(ts, value)| format!("{name} {} {value}", time(*ts)))
    });
    samples.collect::<Vec<_>>().join(", ")
}

fn flows(store: &Embedded) -> String {
    let mut all = Vec::new();
    for (side, table) in [("in", "liqwid_deposits_djed"), ("out", "liqwid_withdrawals_djed")] {
        let mut rows: Vec<FlowRow> = run(store.flows(table, None, i64::MAX, i64::MAX)).unwrap();
        rows.sort_by(|a, b| (a.ts, b.amount.unwrap()).partial_cmp(&(b.ts, a.amount.unwrap())).unwrap());
        all.extend(rows.into_iter().map(|FlowRow { ts, wallet, amount, memo, tx_hash }| {
            let wallet = wallet.unwrap().trim_start_matches("addr1").to_owned();
            let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            let (ts, amount) = (time(ts.unwrap()), amount.unwrap());
            format!("{side} {wallet} {ts} {amount} {} {}", or_none(tx_hash), or_none(memo))
        }));
    }
    all.join(", ")
}

/// Tables, indices and views, in the words of the statements that made them.
fn tables(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let mut statement =
        connection.prepare("select sql from sqlite_schema where sql is not null order by name").unwrap();
    statement.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

fn version(path: &Path) -> i64 {
    Connection::open(path).unwrap().query_row("pragma user_version", (), |row| row.get(0)).unwrap()
}

/// The names in the folder, sorted, the time in that of a copy as `T`.
fn names(folder: &TempDir) -> Vec<String> {
    let digits = |part: &str| part.len() == 16 && part.ends_with('Z') && part.contains('T');
    let name =
        |name: String| name.split('.').map(|part| if digits(part) { "T" } else { part }).collect::<Vec<_>>().join(".");
    let entries = fs::read_dir(folder.path()).unwrap();
    let mut names: Vec<String> = entries.map(|entry| name(entry.unwrap().file_name().into_string().unwrap())).collect();
    names.sort();
    names
}

fn copy_in(folder: &TempDir) -> PathBuf {
    let paths = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    paths.into_iter().find(|path| path.extension().is_some_and(|extension| extension == "backup")).unwrap()
}

#[test]
fn a_store_of_every_schema_is_brought_up_to_date_and_loses_nothing() {
    let fresh = tempfile::tempdir().unwrap();
    let fresh = fresh.path().join("store.db");
    drop(Embedded::open(&fresh).unwrap());
    for schema in 1..=snapshot::SCHEMA_VERSION {
        let (_folder, path) = store_of(schema);
        assert_eq!(version(&path), schema);
        let store = Embedded::open(&path).unwrap();
        assert_eq!((version(&path), tables(&path)), (snapshot::SCHEMA_VERSION, tables(&fresh)), "from schema {schema}");
        let (pulled, doubted) = (schema >= 2, schema >= 3);
        assert_eq!(positions(&store), [POSITIONS, if doubted { ", bob 2:00 72" } else { "" }].concat());
        assert_eq!(
            flows(&store),
            [FLOWS, if pulled { ", out bob 1:45 1.5 w2 alert_driven_withdrawal" } else { "" }].concat()
        );
        let read = run(store.positions("liqwid_supply_positions_djed", None, i64::MAX)).unwrap();
        assert_eq!((read.skipped.without_value, read.conflicts.count), if doubted { (1, 1) } else { (0, 0) });
        let journal = run(store.read("wo_decisions", "djed", 0, i64::MAX, 9)).unwrap();
        assert_eq!(journal, if pulled { vec![entry()] } else { vec![] });
        let coverage = run(store.coverage("liqwid_deposits_djed")).unwrap();
        assert_eq!(coverage, if schema >= 6 { pulled_coverage() } else { Coverage::default() });
        let refused = run(store.flows("liqwid_deposits_usdc", None, i64::MAX, i64::MAX)).unwrap_err().to_string();
        assert!(refused.contains("\"much\" is not a finite number"), "{refused}");
        drop(store);
        assert_eq!(snapshot::verify(&path).unwrap(), snapshot::SCHEMA_VERSION);
    }
}

#[test]
fn before_a_migration_the_store_is_kept_as_it_is_once() {
    for schema in 1..snapshot::SCHEMA_VERSION {
        let (folder, path) = store_of(schema);
        drop(Embedded::open(&path).unwrap());
        drop(Embedded::open(&path).unwrap());
        assert_eq!(names(&folder), ["store.db".to_owned(), format!("store.db.schema-{schema}.T.backup")]);
        let copy = copy_in(&folder);
        assert_eq!(snapshot::verify(&copy).unwrap(), schema);
        assert_eq!(tables(&copy), tables(&file_of_copy(schema, &folder)));
        assert_eq!(positions(&Embedded::open(&copy).unwrap()), positions(&Embedded::open(&path).unwrap()));
    }
}

/// The original, where it may be opened.
fn file_of_copy(schema: i64, folder: &TempDir) -> PathBuf {
    let path = folder.path().join("original.db");
    fs::copy(file_of(schema), &path).unwrap();
    path
}

#[test]
fn addresses_and_hashes_of_before_become_what_they_are_compared_by() {
    let (_folder, path) = store_of(4);
    let capitals = "
        update wallets set address = 'ADDR1Alice' where address = 'addr1alice';
        insert into wallets (address) values ('ADDR1BOB');
        insert into positions select table_id, (select id from wallets where address = 'ADDR1BOB'), ts + 60000000000,
            usd_value, price_usd, underlying_units, market_id, file_id
            from positions where wallet_id = (select id from wallets where address = 'addr1bob');
        update flows set tx_hash = '0xW1' where tx_hash = 'w1';
        update flows set tx_hash = 'W2' where tx_hash = 'w2';
        update memos set tx_hash = 'W2' where tx_hash = 'w2';";
    Connection::open(&path).unwrap().execute_batch(capitals).unwrap();
    let store = Embedded::open(&path).unwrap();
    assert_eq!(flows(&store), [FLOWS, ", out bob 1:45 1.5 w2 alert_driven_withdrawal"].concat(), "the tag, too");
    // Both wallets that the store has are one, each sample where it belongs.
    let bob = ", bob 0:00 50, bob 0:01 50, bob 1:00 70.25, bob 1:01 70.25, bob 2:00 72, bob 2:01 72";
    assert_eq!(positions(&store), ["alice 0:00 100, alice 1:00 100.5, alice 2:00 91", bob].concat());
    let wallets = run(store.wallets(&["liqwid_supply_positions_djed".to_owned()])).unwrap();
    assert_eq!(wallets, ["addr1alice".into(), "addr1bob".into()]);
}

#[test]
fn a_store_that_is_new_or_up_to_date_needs_no_copy() {
    let (folder, path) = store_of(snapshot::SCHEMA_VERSION);
    drop(Embedded::open(&path).unwrap());
    drop(Embedded::open(folder.path().join("new.db")).unwrap());
    assert_eq!(names(&folder), ["new.db", "store.db"]);
}

#[test]
fn one_of_many_that_open_an_old_store_at_once_brings_it_up_to_date() {
    let (folder, path) = store_of(1);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| assert_eq!(positions(&Embedded::open(&path).unwrap()), POSITIONS));
        }
    });
    assert_eq!(names(&folder), ["store.db", "store.db.schema-1.T.backup"]);
}

#[test]
fn a_store_that_cannot_be_kept_is_not_changed() {
    let (folder, short) = store_of(1);
    // Long enough that the copy's longer name is none a file may have.
    let path = folder.path().join("s".repeat(250));
    fs::rename(short, &path).unwrap();
    let error = Embedded::open(&path).unwrap_err();
    assert!(matches!(&error, EmbeddedError::Copy { copy, .. } if copy.ends_with(copy_name(&error))), "{error}");
    assert_eq!((version(&path), names(&folder).len()), (1, 1));
}

fn copy_name(error: &EmbeddedError) -> String {
    let EmbeddedError::Copy { copy, .. } = error else { panic!("{error}") };
    let name = copy.file_name().unwrap().to_str().unwrap();
    assert!(name.starts_with(&format!("{}.schema-1.", "s".repeat(250))), "{name}");
    name.to_owned()
}

#[test]
fn a_migration_that_fails_leaves_the_store_and_no_copy() {
    let (folder, path) = store_of(3);
    Connection::open(&path).unwrap().execute_batch("create table programs (in_the_way)").unwrap();
    let before = tables(&path);
    assert!(matches!(Embedded::open(&path).unwrap_err(), EmbeddedError::Migrate { to: snapshot::SCHEMA_VERSION, .. }));
    assert_eq!((version(&path), tables(&path), names(&folder)), (3, before, vec!["store.db".to_owned()]));
}

#[test]
fn every_schema_says_which_program_knows_it() {
    let (_folder, path) = store_of(1);
    drop(Embedded::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let mut statement = connection.prepare("select schema from programs order by schema").unwrap();
    let schemas: Vec<i64> = statement.query_map((), |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(schemas, (4..=snapshot::SCHEMA_VERSION).collect::<Vec<_>>());
}

fn entry() -> Entry {
    Entry {
        ts: PULLED_AT,
        asset: "djed".into(),
        decision: 1,
        wmax_usd: Some(24.0),
        g_usd: Some(48.0),
        duration_seconds: 0.25,
        version: "0.1.0".into(),
        config_hash: "cafe".into(),
        ..Entry::default()
    }
}

/// How far a pull reached: all of one wallet's history, nothing of the other's.
fn reached() -> [Reached; 2] {
    let span = Span { from: Span::BEGINNING, to: PULLED_AT };
    [
        Reached { wallet: "addr1bob".into(), outcome: Ok(span) },
        Reached { wallet: "addr1alice".into(), outcome: Err("Liqwid answered 403".into()) },
    ]
}

fn pulled_coverage() -> Coverage {
    let mut coverage = Coverage::default();
    reached().iter().for_each(|reached| coverage.note(reached, PULLED_AT));
    coverage
}

const FILES: [(&str, &str); 4] = [
    (
        "data/liqwid_supply_positions_djed.csv",
        "ts,wallet_address,usd_value,underlying_units,price_usd,market_id,market_name\n\
         2026-01-01T00:00:00Z,addr1alice,100,100,1,DJED,Djed\n2026-01-01T01:00:00Z,addr1alice,100.5,100.5,1,DJED,Djed\n\
         2026-01-01T02:00:00Z,addr1alice,91,91,1,DJED,Djed\n2026-01-01T00:00:00Z,addr1bob,50,50,1,DJED,Djed\n\
         2026-01-01T01:00:00Z,addr1bob,70.25,70.25,1,DJED,Djed\n2026-01-01T02:00:00Z,addr1bob,71,71,1,DJED,Djed\n\
         2026-01-01T02:00:00Z,addr1bob,72,72,1,DJED,Djed\n2026-01-01T03:00:00Z,addr1bob,,,,DJED,Djed\n",
    ),
    (
        "data/liqwid_deposits_djed.csv",
        "ts,wallet_address,amount,memo,tx_hash\n2026-01-01T00:30:00Z,addr1bob,20,,d1\n\
         2026-01-01T00:30:00Z,addr1bob,5,twice,\n2026-01-01T00:30:00Z,addr1bob,5,twice,\n",
    ),
    (
        "data/liqwid_withdrawals_djed.csv",
        "ts,wallet_address,amount,memo,tx_hash\n\
         2026-01-01T01:30:00Z,addr1alice,10,gain (alert_driven_withdrawal),w1\n",
    ),
    (
        "broken/liqwid_deposits_usdc.csv",
        "ts,wallet_address,amount,memo,tx_hash\n2026-01-01T01:30:00Z,addr1alice,much,,x1\n",
    ),
];

#[test]
#[ignore = "writes testdata/schema-<newest>.db, once for each schema; see testdata/README.md"]
fn make_the_store_of_the_newest_schema() {
    let file = file_of(snapshot::SCHEMA_VERSION);
    assert!(!file.exists(), "{} is there and is never changed", file.display());
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let store = Embedded::open(&file).unwrap();
    let prefixes = TablePrefixes::default();
    let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
    assert_eq!(store.import(&folder.path().join("data"), &prefixes, options).unwrap().imported.len(), 3);
    assert_eq!(store.import_changed(&[folder.path().join("broken")], &prefixes, &mut |_| {}).unwrap().refused.len(), 1);
    run(async {
        let table = "liqwid_withdrawals_djed";
        let (wallet, memo, tx_hash) = ("addr1bob", Some("Synced".to_owned()), Some("w2".to_owned()));
        let flow =
            NewFlow { ts: PULLED_AT, wallet: wallet.into(), amount: 1.5, memo: memo.clone(), tx_hash: tx_hash.clone() };
        assert_eq!(store.add_flows(table, &[flow]).await.unwrap(), 1);
        let row = FlowRow { ts: Some(PULLED_AT), wallet: Some(wallet.into()), amount: Some(1.5), memo, tx_hash };
        store.set_memo(table, table, &row, Some("alert_driven_withdrawal")).await.unwrap();
        store.append("wo_decisions", &[entry()]).await.unwrap();
        let pulled = PulledFlows {
            deposits_table: "liqwid_deposits_djed".into(),
            deposits: Vec::new(),
            withdrawals_table: table.into(),
            withdrawals: Vec::new(),
            reached: reached().into(),
        };
        assert_eq!(store.add_pulled(&[pulled]).await[0].error, None);
    });
}
