//! What the store holds from which file, and what `forget_file` leaves.

use std::fs;
use std::path::PathBuf;

use advisor_core::ledger::Ledger as _;
use advisor_core::store::Store as _;
use advisor_io::embedded::TablePrefixes;
use rusqlite::Connection;

use crate::support::{BASE, Bench, SECOND, file, flows, new_flow, run, store_of};

const P: &str = "liqwid_supply_positions_djed.csv";
const D: &str = "liqwid_deposits_djed.csv";
const W: &str = "liqwid_withdrawals_djed.csv";

impl Bench {
    /// `folder/table rows`, and `gone` where the file is; then what no file has.
    fn holdings(&self) -> Vec<String> {
        let held = self.store.holdings().unwrap();
        let root = self.folder.path().canonicalize().unwrap();
        let files = held.files.iter().map(|file| {
            let folder = file.path.parent().unwrap().strip_prefix(&root).unwrap().display();
            let gone = if file.is_there { "" } else { " gone" };
            format!("{folder}/{} {}{gone}", file.table.trim_start_matches("liqwid_"), file.rows)
        });
        let others = [("pulled", &held.pulled), ("unknown", &held.unknown)].into_iter();
        let others =
            others.flat_map(|(what, tables)| tables.iter().map(move |(table, rows)| format!("{what} {table} {rows}")));
        files.chain(others).collect()
    }

    /// Forgets the file; how many rows are gone.
    fn forget(&self, name: &str) -> u64 {
        let held = self.store.holdings().unwrap().files;
        let file = held.iter().find(|file| file.path.ends_with(name)).unwrap_or_else(|| panic!("{name}: {held:?}"));
        self.store.forget_file(file).unwrap()
    }

    fn read(&self, folders: &[&str]) -> Vec<String> {
        let folders: Vec<PathBuf> = folders.iter().map(|folder| self.folder.path().join(folder)).collect();
        let report = self.store.import_changed(&folders, &TablePrefixes::default(), &mut |_| {}).unwrap();
        let name = |path: &PathBuf| path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        report.gone.iter().map(|(path, table)| format!("{} {table}", name(path))).collect()
    }

    fn deposits(&self) -> Vec<f64> {
        let flows = run(self.store.flows("liqwid_deposits_djed", None, i64::MAX, i64::MAX)).unwrap();
        flows.into_iter().filter_map(|flow| flow.amount).collect()
    }

    fn values(&self) -> Vec<String> {
        let read = run(self.store.positions("liqwid_supply_positions_djed", None, i64::MAX)).unwrap();
        let wallets = read.wallets.iter();
        let sample = |ts: &i64, value: &f64| format!("{} {value}", ts / SECOND - BASE);
        wallets.flat_map(|w| w.ts().iter().zip(w.value_usd()).map(|(t, v)| sample(t, v)).collect::<Vec<_>>()).collect()
    }
}

#[test]
fn a_wrong_row_that_was_moved_and_mended_elsewhere_is_shown_and_can_be_forgotten() {
    let bench = Bench::new();
    bench.write(&format!("in/{D}"), &file(D, &["10,a,500,,", "20,a,5000,,"]));
    assert_eq!(bench.read(&["in"]), [""; 0]);
    fs::create_dir(bench.folder.path().join("new")).unwrap();
    fs::rename(bench.folder.path().join("in").join(D), bench.folder.path().join("new").join(D)).unwrap();
    bench.write(&format!("new/{D}"), &file(D, &["10,a,500,,", "20,a,50,,"]));

    for _ in 0..2 {
        assert_eq!(bench.read(&["in", "new"]), ["in liqwid_deposits_djed"], "in every round");
    }
    assert_eq!(bench.deposits(), [500.0, 5000.0, 50.0], "the store cannot know which one is wrong");
    assert_eq!(bench.holdings(), ["in/deposits_djed 2 gone", "new/deposits_djed 2"]);
    assert_eq!(bench.forget(&format!("in/{D}")), 1, "the deposit that both files have stays");
    assert_eq!(bench.deposits(), [500.0, 50.0]);
    assert_eq!(bench.holdings(), ["new/deposits_djed 2"]);
    assert_eq!(bench.read(&["in", "new"]), [""; 0]);
    assert_eq!(bench.forget(&format!("new/{D}")), 2);
    assert_eq!((bench.deposits(), bench.holdings()), (vec![], vec![]));
}

#[test]
fn a_position_stays_until_every_file_that_has_it_is_forgotten() {
    for first in ["one", "two"] {
        let bench = Bench::new();
        bench.import(&format!("one/{P}"), &["10,a,1,,", "20,a,2,,", "30,a,3,,"]);
        bench.import(&format!("two/{P}"), &["20,a,2,,", "30,a,4,,", "40,a,5,,"]);
        fs::remove_dir_all(bench.folder.path().join("one")).unwrap();
        fs::remove_dir_all(bench.folder.path().join("two")).unwrap();
        assert_eq!(bench.values(), ["10 1", "20 2", "30 4", "40 5"]);
        assert_eq!(bench.holdings(), ["one/supply_positions_djed 3 gone", "two/supply_positions_djed 3 gone"]);
        let other = if first == "one" { "two" } else { "one" };
        assert_eq!(bench.forget(&format!("{first}/{P}")), 1);
        let left: &[&str] = if first == "one" { &["20 2", "30 4", "40 5"] } else { &["10 1", "20 2", "30 3"] };
        assert_eq!(bench.values(), left, "what the other file says");
        assert_eq!(bench.holdings(), [format!("{other}/supply_positions_djed 3 gone")]);
        assert_eq!(bench.forget(&format!("{other}/{P}")), 3);
        assert_eq!((bench.values(), bench.holdings()), (vec![], vec![]));
    }
}

#[test]
fn a_file_that_is_read_again_keeps_what_others_say_of_its_positions() {
    let bench = Bench::new();
    bench.import(&format!("one/{P}"), &["10,a,1,,", "20,a,2,,"]);
    bench.import(&format!("two/{P}"), &["10,a,7,,", "20,a,2,,"]);
    for _ in 0..2 {
        bench.import(&format!("one/{P}"), &["10,a,1,,", "20,a,2,,"]);
        assert_eq!(bench.values(), ["10 1", "20 2"], "the one read last has the last word");
        assert_eq!(bench.holdings(), ["one/supply_positions_djed 2", "two/supply_positions_djed 2"]);
    }
    bench.import(&format!("one/{P}"), &["20,a,2,,"]);
    assert_eq!(bench.values(), ["10 7", "20 2"]);
    assert_eq!(bench.holdings(), ["one/supply_positions_djed 1", "two/supply_positions_djed 2"]);
}

#[test]
fn only_files_of_the_import_folders_are_missed() {
    let bench = Bench::new();
    bench.write(&format!("in/{P}"), &file(P, &["10,a,1,,"]));
    bench.import(&format!("elsewhere/{P}"), &["20,a,1,,"]);
    assert_eq!(bench.read(&["in"]), [""; 0]);
    fs::remove_dir_all(bench.folder.path().join("elsewhere")).unwrap();
    assert_eq!(bench.read(&["in"]), [""; 0]);
    fs::remove_file(bench.folder.path().join("in").join(P)).unwrap();
    assert_eq!(bench.read(&["in"]), ["in liqwid_supply_positions_djed"]);
    // It is missed for its rows; without any there is nothing to say.
    bench.write(&format!("in/{P}"), &file(P, &[]));
    assert_eq!(bench.read(&["in"]), [""; 0]);
    fs::remove_file(bench.folder.path().join("in").join(P)).unwrap();
    assert_eq!(bench.read(&["in"]), [""; 0]);
}

#[test]
fn what_the_service_pulled_or_tagged_outlives_the_files() {
    let bench = Bench::new();
    bench.import(W, &["10,a,1,rent,w1", "20,a,2,,w2"]);
    let rows = [new_flow("20,a,2,,w2"), new_flow("30,a,3,,w3")];
    run(bench.store.add_flows("liqwid_withdrawals_djed", &rows)).unwrap();
    assert_eq!(bench.holdings(), ["/withdrawals_djed 2", "pulled liqwid_withdrawals_djed 1"]);
    assert_eq!(bench.forget(W), 1);
    assert_eq!(flows(&bench.store), ["20,a,2,,w2", "30,a,3,,w3"]);
    assert_eq!(bench.holdings(), ["pulled liqwid_withdrawals_djed 2"]);
}

#[test]
fn a_store_from_before_knows_its_files_too() {
    let (_folder, path) = store_of(4);
    // Rows that nobody can say anything of, as a hand could have written them.
    Connection::open(&path)
        .unwrap()
        .execute_batch("insert into flows (table_id, wallet_id, ts, tx_hash, amount, memo, nth) select id, 1, 5, '', 1, '', 1 from tables where name = 'liqwid_deposits_djed'")
        .unwrap();
    let store = advisor_io::embedded::Embedded::open(&path).unwrap();
    let held = store.holdings().unwrap();
    let rows: Vec<String> = held.files.iter().map(|file| format!("{} {}", file.table, file.rows)).collect();
    assert_eq!(
        rows,
        ["liqwid_deposits_djed 3", "liqwid_supply_positions_djed 6", "liqwid_withdrawals_djed 1"],
        "of {:?}",
        held.files
    );
    assert_eq!(held.pulled, [("liqwid_withdrawals_djed".to_owned(), 1)]);
    assert_eq!(held.unknown, [("liqwid_deposits_djed".to_owned(), 1)]);
}
