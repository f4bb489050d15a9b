//! The embedded store beside plain SQLite: reading against an aggregate of the same rows, importing against the
//! `sqlite3` shell's `.import` of the same file into a table with the same key (left out where there is no shell).

#![expect(clippy::unwrap_used, reason = "a measurement that fails has nothing to report")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use advisor_core::store::Store;
use advisor_io::embedded::{Embedded, ImportOptions, TablePrefixes};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use rusqlite::Connection;
use tempfile::TempDir;

const ASSETS: [&str; 3] = ["djed", "usdc", "iusd"];
const WALLETS: usize = 20;
const SAMPLES: usize = 17_281; // 60 days, every five minutes
const ROWS: u64 = (WALLETS * SAMPLES) as u64;

/// A position file as a collector writes it: instant after instant, all wallets of each.
fn write_csv(path: &Path) {
    let mut text = String::from(
        "ts,wallet_address,market_id,market_name,q_token_balance,underlying_units,usd_value,price_usd,price_ada\n",
    );
    for sample in 0..SAMPLES {
        let at = jiff::Timestamp::from_second(1_764_460_800 + 300 * sample as i64).unwrap();
        let price = 1.0 + (sample % 97) as f64 * 1e-5;
        for wallet in 0..WALLETS {
            let units = 1000.0 * (wallet + 1) as f64 + sample as f64 * 0.0137;
            let (value, balance, ada) = (units * price, units * 49.73, price / 0.4321);
            writeln!(text, "{at},addr1q{wallet:0>97},DJED,Djed,{balance:.6},{units:.6},{value:.6},{price:.6},{ada:.6}")
                .unwrap();
        }
    }
    fs::write(path, text).unwrap();
}

fn import(store: &Embedded, csv: &Path) {
    let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
    let report = store.import(csv, &TablePrefixes::default(), options).unwrap();
    assert_eq!(report.imported[0].rejected.count, 0);
}

fn file(folder: &TempDir, asset: &str) -> std::path::PathBuf {
    folder.path().join(format!("liqwid_supply_positions_{asset}.csv"))
}

fn read(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let store = Embedded::open(&path).unwrap();
    for asset in ASSETS {
        write_csv(&file(&folder, asset));
        import(&store, &file(&folder, asset));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    let tables = ASSETS.map(|asset| format!("liqwid_supply_positions_{asset}"));
    let positions = |table: &String| {
        let (store, table) = (store.clone(), table.clone());
        runtime.spawn(async move { store.positions(&table, None, i64::MAX).await.unwrap() })
    };

    let mut group = c.benchmark_group("read");
    group.sample_size(10);
    for n in [1, ASSETS.len()] {
        group.throughput(Throughput::Elements(ROWS * n as u64));
        group.bench_function(format!("store, {n} tables"), |b| {
            b.iter(|| {
                let reads: Vec<_> = tables[..n].iter().map(positions).collect();
                reads.into_iter().map(|read| runtime.block_on(read).unwrap().wallets.len()).sum::<usize>()
            });
        });
        group.bench_function(format!("aggregate, {n} tables"), |b| {
            b.iter(|| {
                let connection = Connection::open(&path).unwrap();
                let sql = "select sum(usd_value), sum(price_usd), max(ts), sum(wallet_id) from positions
                           where table_id <= ?1";
                connection.query_row(sql, [n as i64], |row| row.get::<_, f64>(0)).unwrap()
            });
        });
    }
    group.finish();
}

fn import_against_the_shell(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let csv = file(&folder, "djed");
    write_csv(&csv);
    let mut group = c.benchmark_group("import");
    group.sample_size(10).throughput(Throughput::Elements(ROWS));
    group.bench_function("store, new rows", |b| {
        b.iter_batched(
            || tempfile::tempdir().unwrap(),
            |new| {
                import(&Embedded::open(new.path().join("store.db")).unwrap(), &csv);
                new
            },
            BatchSize::PerIteration,
        );
    });
    let full = Embedded::open(folder.path().join("full.db")).unwrap();
    import(&full, &csv);
    group.bench_function("store, the same rows again", |b| b.iter(|| import(&full, &csv)));
    if Command::new("sqlite3").arg("--version").output().is_ok() {
        let table = "create table t (ts, wallet_address, market_id, market_name, q_token_balance, underlying_units,
                     usd_value, price_usd, price_ada, primary key (wallet_address, ts)) without rowid;";
        let script = format!("{table}\n.mode csv\n.import --skip 1 {} t\n", csv.display());
        let script_path = folder.path().join("import.sql");
        fs::write(&script_path, script).unwrap();
        group.bench_function("sqlite3 .import", |b| {
            b.iter_batched(
                || tempfile::tempdir().unwrap(),
                |new| {
                    let read = format!(".read {}", script_path.display());
                    let status = Command::new("sqlite3").arg(new.path().join("shell.db")).arg(read).status();
                    assert!(status.unwrap().success());
                    new
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, read, import_against_the_shell);
criterion_main!(benches);
