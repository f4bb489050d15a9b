//! What the tests of the embedded store share: a store beside its files ([`Bench`]), the stores of earlier schemas
//! ([`store_of`]), and flows as rows of text, as a CSV file has them.

use std::fs;
use std::path::{Path, PathBuf};

use advisor_core::flow::FlowRow;
use advisor_core::ledger::NewFlow;
use advisor_core::store::Store;
use advisor_io::embedded::{Embedded, FileReport, ImportError, ImportOptions, ImportReport, TablePrefixes};
use tempfile::TempDir;

pub(crate) const OUT: &str = "liqwid_withdrawals_djed";
pub(crate) const SECOND: i64 = 1_000_000_000;

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A store and a folder for its files. Each module adds what it asks of them.
pub(crate) struct Bench {
    pub(crate) folder: TempDir,
    pub(crate) store: Embedded,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path().join("var/store.db")).unwrap();
        Self { folder, store }
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn try_import(&self, path: &Path, table_prefix: &str) -> Result<ImportReport, ImportError> {
        self.store.import(path, &TablePrefixes::default(), ImportOptions { table_prefix, progress: &mut |_| {} })
    }

    /// Writes a file of rows and imports it.
    #[track_caller]
    pub(crate) fn import(&self, name: &str, rows: &[&str]) -> FileReport {
        let path = self.write(name, &file(name, rows));
        let mut report = self.try_import(&path, "").unwrap();
        assert!(report.refused.is_empty(), "{:?}", report.refused);
        report.imported.pop().unwrap()
    }
}

/// What the seconds of the tests' rows count from: a market's times are none before 2021.
pub(crate) const BASE: i64 = 1_700_000_000;

/// The row, its seconds counted from [`BASE`]; one whose time is none stays as it is.
fn dated(row: &&str) -> String {
    match row.split_once(',').map(|(ts, rest)| (ts.parse::<i64>(), rest)) {
        Some((Ok(ts), rest)) => format!("{},{rest}", BASE + ts),
        _ => (*row).to_owned(),
    }
}

/// Rows under the header that the file's name asks for.
pub(crate) fn file(name: &str, rows: &[&str]) -> String {
    let header = if name.contains("positions") {
        "ts,wallet_address,usd_value,underlying_units,price_usd"
    } else {
        "ts,wallet_address,amount,memo,tx_hash"
    };
    let rows: Vec<String> = rows.iter().map(dated).collect();
    format!("{header}\n{}\n", rows.join("\n"))
}

/// A folder with the store of a schema, as the program wrote it when that was its newest.
pub(crate) fn store_of(schema: i64) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    fs::copy(file_of(schema), &path)
        .unwrap_or_else(|error| panic!("testdata/schema-{schema}.db: {error}; its README says how it is made"));
    (folder, path)
}

/// Where the store of a schema is kept. It must not be opened there: that would change it.
pub(crate) fn file_of(schema: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("testdata/schema-{schema}.db"))
}

pub(crate) fn new_flow(row: &str) -> NewFlow {
    let [ts, wallet, amount, memo, tx_hash] = row.split(',').collect::<Vec<_>>().try_into().unwrap();
    let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    NewFlow {
        ts: (BASE + ts.parse::<i64>().unwrap()) * SECOND,
        wallet: wallet.into(),
        amount: amount.parse().unwrap(),
        memo: text(memo),
        tx_hash: text(tx_hash),
    }
}

pub(crate) fn flow_row(row: &str) -> FlowRow {
    let NewFlow { ts, wallet, amount, memo, tx_hash } = new_flow(row);
    FlowRow { ts: Some(ts), wallet: Some(wallet), amount: Some(amount), memo, tx_hash }
}

/// All withdrawals as rows, sorted.
pub(crate) fn flows(store: &Embedded) -> Vec<String> {
    let row = |flow: FlowRow| {
        let text = |text: Option<String>| text.unwrap_or_default();
        let (ts, wallet, amount) = (flow.ts.unwrap() / SECOND - BASE, flow.wallet.unwrap(), flow.amount.unwrap());
        format!("{ts},{wallet},{amount},{},{}", text(flow.memo), text(flow.tx_hash))
    };
    let mut rows: Vec<String> = run(store.flows(OUT, None, i64::MAX, i64::MAX)).unwrap().into_iter().map(row).collect();
    rows.sort_unstable();
    rows
}
