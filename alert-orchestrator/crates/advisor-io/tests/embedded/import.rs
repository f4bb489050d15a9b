//! CSV files into the embedded store, seen through what can be read afterwards.

use std::fs;
use std::path::PathBuf;

use advisor_core::flow::FlowRow;
use advisor_core::position::Positions;
use advisor_core::store::{Store, StoreError, TableKind};
use advisor_io::embedded::{FileReport, ImportError, ImportOptions, ImportReport, TablePrefixes};
use proptest::prelude::*;

use crate::support::{BASE, Bench, file, run};

const POSITIONS: &str = "liqwid_supply_positions_djed";
const DEPOSITS: &str = "liqwid_deposits_djed";

impl Bench {
    pub(crate) fn import_changed(&self, folders: &[&str]) -> Result<ImportReport, ImportError> {
        let folders: Vec<PathBuf> = folders.iter().map(|folder| self.folder.path().join(folder)).collect();
        self.store.import_changed(&folders, &TablePrefixes::default(), &mut |_| {})
    }

    pub(crate) fn positions(&self) -> Positions {
        run(self.store.positions(POSITIONS, None, i64::MAX)).unwrap()
    }

    pub(crate) fn flows(&self) -> Vec<FlowRow> {
        run(self.store.flows(DEPOSITS, None, i64::MAX, i64::MAX)).unwrap()
    }

    /// The amounts of all deposits in store order.
    pub(crate) fn amounts(&self) -> Vec<f64> {
        self.flows().iter().filter_map(|flow| flow.amount).collect()
    }

    /// `seconds wallet value` of all samples.
    pub(crate) fn samples(&self) -> Vec<String> {
        let positions = self.positions();
        let sample = |wallet: &str, ts: i64, value: f64| format!("{} {wallet} {value}", ts / 1_000_000_000 - BASE);
        let series = positions.wallets.iter();
        series.flat_map(|w| w.ts().iter().zip(w.value_usd()).map(|(ts, v)| sample(w.address(), *ts, *v))).collect()
    }
}

#[track_caller]
pub(crate) fn counts(report: &FileReport, expected: &str) {
    let FileReport { rows, inserted, updated, unchanged, removed, repeated, contradicted, rejected, .. } = report;
    let text = format!(
        "{rows} rows: +{inserted} ~{updated} ={unchanged} -{removed}, {repeated} repeated ({contradicted}), {} rejected",
        rejected.count
    );
    assert_eq!(text, expected);
}

const P: &str = "liqwid_supply_positions_djed.csv";
const D: &str = "liqwid_deposits_djed.csv";

#[test]
fn positions_come_back_by_wallet_and_time_with_the_derived_figures() {
    let bench = Bench::new();
    let report = bench.import(P, &["20,b,4,2,2", "10,b,,3,1.5", "10,a,5,2,", "30,b,1,,"]);
    counts(&report, "4 rows: +4 ~0 =0 -0, 0 repeated (0), 0 rejected");
    assert_eq!(bench.samples(), ["10 a 5", "10 b 4.5", "20 b 4", "30 b 1"]); // 3 · 1.5 = 4.5
    let positions = bench.positions();
    let prices = |wallet: usize| {
        let series = &positions.wallets[wallet];
        (0..series.ts().len()).map(|i| series.price_usd(i)).collect::<Vec<_>>()
    };
    assert_eq!(prices(0), [Some(2.5)]); // 5 / 2
    assert_eq!(prices(1), [Some(1.5), Some(2.0), None]);
}

#[test]
fn a_window_contains_both_its_ends() {
    let bench = Bench::new();
    bench.import(P, &["10,a,1,,", "20,a,2,,", "30,a,3,,", "20,b,4,,", "40,c,5,,"]);
    bench.import(D, &["10,a,1,,", "20,a,2,,", "30,a,3,,"]);
    let seconds = |s: i64| (BASE + s) * 1_000_000_000;
    let window = run(bench.store.positions(POSITIONS, Some(seconds(20)), seconds(30))).unwrap();
    let values: Vec<&[f64]> = window.wallets.iter().map(|wallet| wallet.value_usd()).collect();
    assert_eq!(values, [[2.0, 3.0].as_slice(), &[4.0]]); // c has no sample in it, and so no series
    let flows = run(bench.store.flows(DEPOSITS, Some(seconds(20)), seconds(30), i64::MAX)).unwrap();
    assert_eq!(flows.iter().filter_map(|flow| flow.amount).sum::<f64>(), 5.0); // 2 + 3
}

#[test]
fn bad_position_lines_are_reported_and_the_others_taken() {
    let bench = Bench::new();
    let report = bench.import(P, &["10,a,1,,", "x,a,1,,", "20,,1,,", "30,a,-1,,", "40,a,2,,"]);
    counts(&report, "5 rows: +2 ~0 =0 -0, 0 repeated (0), 3 rejected");
    assert_eq!(
        report.rejected.to_string(),
        "line 3: ts \"x\" is not a time; expected RFC 3339 with an offset, such as 2026-11-26T03:26:00Z, \
         or seconds or milliseconds since 1970; \
         line 4: wallet_address is empty; line 5: usd_value -1 is negative"
    );
    assert_eq!(bench.samples(), ["10 a 1", "40 a 2"]);
}

#[test]
fn of_many_bad_lines_twenty_are_listed_and_all_counted() {
    let rows: Vec<String> = (0..100).map(|i| format!("{i},,1,,")).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let report = Bench::new().import(P, &rows);
    assert_eq!((report.rejected.count, report.rejected.first.len()), (100, 20));
    assert!(report.rejected.to_string().ends_with("line 21: wallet_address is empty; and 80 more"));
}

#[test]
fn of_lines_with_one_wallet_and_time_the_last_counts() {
    let bench = Bench::new();
    let rows = ["10,a,1,,", "10,a,2,,", "10,b,3,,", "10,b,3,,", "10,a,1,,"];
    counts(&bench.import(P, &rows), "5 rows: +2 ~0 =0 -0, 3 repeated (2), 0 rejected");
    assert_eq!(bench.samples(), ["10 a 1", "10 b 3"]);
    // What the store has in the end is what it had: nothing was updated on the way.
    counts(&bench.import(P, &rows), "5 rows: +0 ~0 =2 -0, 3 repeated (2), 0 rejected");
}

#[test]
fn a_changed_file_replaces_what_its_earlier_version_brought() {
    let bench = Bench::new();
    bench.import(P, &["10,a,1,,", "20,a,2,,", "30,a,3,,"]);
    counts(
        &bench.import(P, &["10,a,1,,", "20,a,2.5,,", "40,b,4,,"]),
        "3 rows: +1 ~1 =1 -1, 0 repeated (0), 0 rejected",
    );
    assert_eq!(bench.samples(), ["10 a 1", "20 a 2.5", "40 b 4"]);

    bench.import(D, &["10,a,100,,", "20,a,200,,"]);
    counts(&bench.import(D, &["10,a,100,,", "20,a,20,,"]), "2 rows: +1 ~0 =1 -1, 0 repeated (0), 0 rejected");
    assert_eq!(bench.amounts(), [100.0, 20.0]); // and not 320
}

#[test]
fn equal_deposits_of_one_file_are_as_many_deposits() {
    let bench = Bench::new();
    counts(&bench.import(D, &["10,a,5,,", "10,a,5,,", "10,a,5,x,"]), "3 rows: +3 ~0 =0 -0, 0 repeated (0), 0 rejected");
    counts(&bench.import(D, &["10,a,5,,", "10,a,5,x,"]), "2 rows: +0 ~0 =2 -1, 0 repeated (0), 0 rejected");
    assert_eq!(bench.amounts(), [5.0, 5.0]);
}

#[test]
fn a_deposit_that_two_files_have_is_one_and_goes_with_the_last() {
    let bench = Bench::new();
    let (old, new) = (format!("old/{D}"), format!("new/{D}"));
    bench.import(&old, &["10,a,5,,", "20,a,6,,"]);
    counts(&bench.import(&new, &["20,a,6,,", "30,a,7,,"]), "2 rows: +1 ~0 =1 -0, 0 repeated (0), 0 rejected");
    counts(&bench.import(&old, &["10,a,5,,"]), "1 rows: +0 ~0 =1 -0, 0 repeated (0), 0 rejected");
    assert_eq!(bench.amounts(), [5.0, 6.0, 7.0]);
    counts(&bench.import(&new, &[]), "0 rows: +0 ~0 =0 -2, 0 repeated (0), 0 rejected");
    assert_eq!(bench.amounts(), [5.0]);
}

#[test]
fn a_position_that_one_file_drops_and_another_has_stays() {
    let bench = Bench::new();
    bench.write(&format!("a/{P}"), &file(P, &["10,a,1,,", "20,a,2,,"]));
    bench.write(&format!("b/{P}"), &file(P, &["20,a,3,,", "30,a,4,,"]));
    assert_eq!(bench.import_changed(&["a", "b"]).unwrap().imported.len(), 2);
    assert_eq!(bench.samples(), ["10 a 1", "20 a 3", "30 a 4"]);
    bench.write(&format!("b/{P}"), &file(P, &["30,a,4,,"]));
    let report = bench.import_changed(&["a", "b"]).unwrap();
    // What a says of the row was kept beside what b said.
    assert_eq!((report.imported.len(), report.unchanged), (1, 1));
    assert_eq!(bench.samples(), ["10 a 1", "20 a 2", "30 a 4"]);
    assert_eq!(bench.import_changed(&["a", "b"]).unwrap().unchanged, 2);
}

#[test]
fn a_file_read_again_for_what_another_dropped_restores_and_overrides_nothing() {
    let bench = Bench::new();
    bench.write(&format!("a/{P}"), &file(P, &["10,a,1,,", "20,a,2,,"]));
    bench.write(&format!("b/{P}"), &file(P, &["10,a,1.5,,", "20,a,2.5,,"]));
    bench.write(&format!("c/{P}"), &file(P, &["20,a,2.75,,", "30,a,3,,"]));
    let read = || bench.import_changed(&["a", "b", "c"]).unwrap();
    assert_eq!(read().imported.len(), 3);
    assert_eq!(bench.samples(), ["10 a 1.5", "20 a 2.75", "30 a 3"]); // of files that disagree the last counts
    bench.write(&format!("c/{P}"), &file(P, &["30,a,3,,"]));
    let _ = read();
    assert_eq!(bench.samples(), ["10 a 1.5", "20 a 2.5", "30 a 3"]); // as if c had never had the sample at 20
    assert_eq!(read().unchanged, 3);
}

#[test]
fn a_deposit_file_with_a_bad_line_is_refused_whole_and_the_store_stays() {
    let bench = Bench::new();
    bench.import(D, &["10,a,1,,"]);
    let path = bench.write(D, &file(D, &["10,a,1,,", "20,a,-2,,", "30,a,3,,", "40,a,,,"]));
    let report = bench.try_import(&path, "").unwrap();
    assert_eq!(
        report.refused[0].cause.to_string(),
        "line 3: amount -2 is negative; line 5: amount is empty; \
         deposits and withdrawals are imported only when every line is usable"
    );
    assert_eq!(bench.amounts(), [1.0]);
}

#[test]
fn the_automatic_import_blocks_a_table_until_its_file_is_right_or_gone() {
    let bench = Bench::new();
    let good = file(D, &["10,a,1,,"]);
    let path = bench.write(&format!("in/{D}"), &good);
    bench.write(&format!("in/{P}"), &file(P, &["10,a,1,,"]));
    assert_eq!(bench.import_changed(&["in"]).unwrap().imported.len(), 2);

    let break_it = || {
        fs::write(&path, file(D, &["10,a,1,,", "20,,2,,"])).unwrap();
        assert_eq!(bench.import_changed(&["in"]).unwrap().refused.len(), 1);
        let error = run(bench.store.flows(DEPOSITS, None, i64::MAX, i64::MAX)).unwrap_err();
        let cause = format!(
            "{D} could not be imported: line 3: wallet_address is empty; \
             deposits and withdrawals are imported only when every line is usable"
        );
        assert_eq!(error, StoreError::InvalidData { table: DEPOSITS.into(), cause });
        assert_eq!(run(bench.store.check_columns(DEPOSITS, TableKind::Flows)).unwrap_err(), error);
        assert_eq!(bench.samples(), ["10 a 1"]); // the other tables are not affected
    };
    break_it();
    fs::write(&path, &good).unwrap();
    assert!(bench.import_changed(&["in"]).unwrap().imported.is_empty()); // what it was before
    assert_eq!(bench.amounts(), [1.0]);
    break_it();
    fs::remove_file(&path).unwrap();
    assert_eq!(bench.import_changed(&["in"]).unwrap().unchanged, 1);
    assert_eq!(bench.amounts(), [1.0]);
}

#[test]
fn the_automatic_import_reads_a_file_again_only_when_it_changed() {
    let bench = Bench::new();
    let path = bench.write(&format!("in/{P}"), &file(P, &["10,a,1,,"]));
    bench.write("in/README.md", "not ours");
    bench.write("in/liqwid_deposits_djed.csv.gz", "not ours");
    fs::create_dir(bench.folder.path().join(format!("in/{D}"))).unwrap();
    let an_hour_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    let age = |age| fs::File::options().write(true).open(&path).unwrap().set_modified(age).unwrap();
    let round = || {
        let report = bench.import_changed(&["in"]).unwrap();
        assert!(report.refused.is_empty(), "{:?}", report.refused);
        (report.imported.len(), report.unchanged)
    };
    age(an_hour_ago);
    assert_eq!((round(), round()), ((1, 0), (0, 1)));
    // The time is trusted: what a file of that size and age contains is not looked at.
    fs::write(&path, file(P, &["10,a,2,,"])).unwrap();
    age(an_hour_ago);
    assert_eq!(round(), (0, 1));
    // A time that has just passed is not.
    fs::write(&path, file(P, &["10,a,3,,"])).unwrap();
    assert_eq!((round(), round()), ((1, 0), (0, 1)));
    fs::write(&path, file(P, &["10,a,4,,"])).unwrap();
    assert_eq!(round(), (1, 0));
    assert_eq!(bench.samples(), ["10 a 4"]);
}

#[test]
fn a_file_that_was_moved_can_still_correct_what_it_brought() {
    let bench = Bench::new();
    bench.import(&format!("here/{D}"), &["10,a,100,,"]);
    fs::rename(bench.folder.path().join("here"), bench.folder.path().join("there")).unwrap();
    bench.import(&format!("there/{D}"), &["10,a,100,,"]);
    counts(&bench.import(&format!("there/{D}"), &["10,a,10,,"]), "1 rows: +1 ~0 =0 -1, 0 repeated (0), 0 rejected");
    assert_eq!(bench.amounts(), [10.0]);
}

#[test]
fn in_test_mode_other_tables_are_written() {
    let bench = Bench::new();
    let path = bench.write(D, &file(D, &["10,a,1,,"]));
    let report = bench.try_import(&path, "test_").unwrap();
    assert_eq!(report.imported[0].table, "test_liqwid_deposits_djed");
    assert_eq!(run(bench.store.tables()).unwrap(), ["test_liqwid_deposits_djed"]);
}

#[test]
fn a_folder_brings_flows_before_positions() {
    let bench = Bench::new();
    for name in [P, D, "liqwid_withdrawals_djed.csv", "liqwid_deposits_usdm.csv"] {
        bench.write(&format!("in/{name}"), &file(name, &[]));
    }
    let report = bench.try_import(&bench.folder.path().join("in"), "").unwrap();
    let tables: Vec<&str> = report.imported.iter().map(|file| file.table.as_str()).collect();
    assert_eq!(tables, [DEPOSITS, "liqwid_deposits_usdm", "liqwid_withdrawals_djed", POSITIONS]);
}

#[test]
fn what_cannot_be_imported_is_named() {
    let bench = Bench::new();
    let root = bench.folder.path().canonicalize().unwrap();
    let message = |result: Result<ImportReport, ImportError>| match result {
        Ok(report) => report.refused[0].cause.to_string(),
        Err(error) => error.to_string().replace(&root.display().to_string(), "R"),
    };
    let file = |name: &str, bytes: &[u8]| {
        let path = root.join(name);
        fs::write(&path, bytes).unwrap();
        message(bench.try_import(&path, ""))
    };
    let names = "liqwid_supply_positions_<asset>.csv, liqwid_deposits_<asset>.csv or liqwid_withdrawals_<asset>.csv";
    assert_eq!(file("djed.csv", b""), format!("R/djed.csv is not imported, its name is no table's; expected {names}"));
    assert_eq!(file(D, b""), "the file is empty; expected a line with the columns' names");
    let gzip = "reading failed: the file is compressed with gzip; expected plain CSV: unpack it first";
    assert_eq!(file(D, b"\x1f\x8b\x08\x00"), gzip);
    let utf_16 = "reading failed: byte 1 is NUL; expected CSV in UTF-8, not UTF-16 or binary data";
    assert_eq!(file(D, b"t\0s\0"), utf_16);
    let unclosed = "a quote opened in the row that begins in line 2 is never closed";
    assert_eq!(file(D, b"ts,wallet_address,amount\n1,\"w,2\n2,w,2\n"), unclosed);
    assert_eq!(message(bench.try_import(&root.join("none"), "")), "reading R/none failed");
    assert_eq!(
        message(bench.import_changed(&["none"])).replace(&bench.folder.path().display().to_string(), "R"),
        "reading R/none failed"
    );
    fs::create_dir(root.join("empty")).unwrap();
    assert_eq!(
        message(bench.try_import(&root.join("empty"), "")),
        format!("no file to import in R/empty; expected {names}")
    );
    assert_eq!(bench.import_changed(&["empty"]).unwrap().imported, []);
    let swapped =
        TablePrefixes { positions: "liqwid_deposits_".into(), deposits: "x_".into(), withdrawals: "y_".into() };
    bench.import(D, &[]);
    fs::write(root.join(D), "ts,wallet_address,usd_value,underlying_units,price_usd\n").unwrap();
    let options = ImportOptions { table_prefix: "", progress: &mut |_| {} };
    let result = bench.store.import(&root.join(D), &swapped, options);
    assert_eq!(message(result), "table liqwid_deposits_djed does not hold positions");
}

#[test]
fn hostile_text_stays_text() {
    let bench = Bench::new();
    let hostile = ["'; drop table flows; --", "\" or 1=1", "%_", "?1", "\u{202e}x", "${home}", "{}", "\\"];
    // An address has neither spaces nor what cannot be seen.
    let wallet = |text: &str| text.chars().filter(char::is_ascii_graphic).collect::<String>();
    let mut rows: Vec<String> = Vec::new();
    for (i, text) in hostile.iter().enumerate() {
        let quoted = format!("\"{}\"", text.replace('"', "\"\""));
        let wallet = wallet(&quoted);
        rows.push(format!("{i},{wallet},1,{quoted},{quoted}"));
    }
    bench.import(D, &rows.iter().map(String::as_str).collect::<Vec<_>>());
    let read: Vec<_> =
        bench.flows().into_iter().map(|f| (f.wallet.unwrap(), f.memo.unwrap(), f.tx_hash.unwrap())).collect();
    let expected: Vec<_> = hostile.iter().map(|t| (wallet(t).into(), (*t).to_owned(), (*t).to_owned())).collect();
    assert_eq!(read, expected);
    for table in hostile {
        let expected = StoreError::InvalidData { table: table.into(), cause: "no such table".into() };
        assert_eq!(run(bench.store.flows(table, None, 0, i64::MAX)).unwrap_err(), expected);
    }
}

#[test]
fn reading_says_how_far_it_is_and_ends_at_the_size() {
    let bench = Bench::new();
    let path = bench.write(P, &file(P, &["10,a,1,,"; 20_000]));
    let size = fs::metadata(&path).unwrap().len();
    let mut heard = Vec::new();
    let progress = &mut |progress: advisor_io::embedded::Progress<'_>| {
        assert_eq!((progress.path, progress.bytes_total), (path.as_path(), size));
        heard.push(progress.bytes_done);
    };
    let report = bench.store.import(&path, &TablePrefixes::default(), ImportOptions { table_prefix: "", progress });
    assert_eq!(report.unwrap().imported[0].repeated, 19_999);
    assert!(heard.is_sorted() && heard.len() > 2, "{heard:?}");
    assert_eq!(heard.last(), Some(&size));
}

#[test]
fn the_market_is_that_of_the_newest_row() {
    let bench = Bench::new();
    let header = "ts,wallet_address,usd_value,underlying_units,price_usd,market_id,market_name";
    let path = bench
        .write(P, &format!("{header}\n1700000010,a,1,,,OLD,Old\n1700000030,b,1,,,DJED,Djed\n1700000020,c,1,,,,\n"));
    assert!(bench.try_import(&path, "").unwrap().refused.is_empty());
    let market = run(bench.store.market(POSITIONS)).unwrap();
    assert_eq!((market.id.as_deref(), market.name.as_deref()), (Some("DJED"), Some("Djed")));
    bench.import("liqwid_supply_positions_usdm.csv", &[]);
    assert_eq!(run(bench.store.market("liqwid_supply_positions_usdm")).unwrap(), Default::default());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn importing_again_in_any_order_changes_nothing(
        rows in prop::collection::btree_map((0_i64..8, 0_u8..3), 0_u32..4, 0..24).prop_map(|rows| {
            rows.into_iter().map(|((ts, wallet), value)| format!("{ts},w{wallet},{value},,")).collect::<Vec<_>>()
        }),
        more in prop::collection::vec(0_usize..24, 0..6),
        seed in any::<u64>(),
    ) {
        let bench = Bench::new();
        let flows: Vec<&str> = rows.iter().map(String::as_str)
            .chain(more.iter().filter_map(|i| rows.get(*i).map(String::as_str))).collect();
        let positions: Vec<&str> = rows.iter().map(String::as_str).collect();
        bench.import(P, &positions);
        bench.import(D, &flows);
        let before = (bench.positions(), sorted(bench.flows()));
        prop_assert_eq!(before.1.len(), flows.len());
        for rows in [(&positions, &flows), (&shuffled(&positions, seed), &shuffled(&flows, seed))] {
            for report in [bench.import(P, rows.0), bench.import(D, rows.1)] {
                prop_assert_eq!((report.inserted, report.updated, report.removed), (0, 0, 0));
                prop_assert_eq!(report.unchanged, report.rows);
            }
            prop_assert_eq!(&before, &(bench.positions(), sorted(bench.flows())));
        }
    }

    #[test]
    fn after_any_sequence_of_versions_the_store_has_the_last(
        versions in prop::collection::vec(prop::collection::vec((0_i64..5, 0_u8..2, 0_u32..3), 0..8), 1..5),
    ) {
        let (history, fresh) = (Bench::new(), Bench::new());
        for (i, version) in versions.iter().enumerate() {
            let rows: Vec<String> = version.iter().map(|(ts, w, v)| format!("{ts},w{w},{v},,")).collect();
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            history.import(P, &rows);
            history.import(D, &rows);
            if i + 1 == versions.len() {
                fresh.import(P, &rows);
                fresh.import(D, &rows);
            }
        }
        prop_assert_eq!(history.samples(), fresh.samples());
        prop_assert_eq!(sorted(history.flows()), sorted(fresh.flows()));
    }

    #[test]
    fn arbitrary_bytes_never_panic_nor_leave_half_a_file(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let bench = Bench::new();
        bench.import(D, &["10,a,1,,"]);
        let path = bench.folder.path().join(D);
        fs::write(&path, [b"ts,wallet_address,amount\n".as_slice(), &bytes].concat()).unwrap();
        let report = bench.try_import(&path, "").unwrap();
        let rows = report.imported.first().map(|file| file.rows);
        prop_assert_eq!(bench.flows().len() as u64, rows.unwrap_or(1));
    }
}

fn sorted(mut flows: Vec<FlowRow>) -> Vec<FlowRow> {
    flows.sort_by(|a, b| (a.ts, &a.wallet, a.amount).partial_cmp(&(b.ts, &b.wallet, b.amount)).unwrap());
    flows
}

fn shuffled<'a>(rows: &[&'a str], seed: u64) -> Vec<&'a str> {
    let mut rows = rows.to_vec();
    let mut state = seed | 1;
    for i in (1..rows.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        rows.swap(i, (state >> 33) as usize % (i + 1));
    }
    rows
}
