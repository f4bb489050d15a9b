//! Which lines and files does an import take, and what does it say of the others?

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use advisor_core::store::Store as _;
use advisor_io::embedded::TablePrefixes;

use crate::import::counts;
use crate::support::{Bench, file, run};

const P: &str = "liqwid_supply_positions_djed.csv";
const D: &str = "liqwid_deposits_djed.csv";

/// Gives the file an age; a test that says how old a file is need not be quick.
fn age(path: &Path, seconds: u64) {
    let at = SystemTime::now() - Duration::from_secs(seconds);
    fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
}

#[test]
fn a_last_line_without_line_end_counts_once_the_file_is_left_alone() {
    let bench = Bench::new();
    let (all, half) = (file(D, &["10,a,5,,", "20,a,500,,"]), file(D, &["10,a,5,,", "20,a,50"]));
    let half = half.trim_end();
    let path = bench.write(&format!("in/{D}"), half);
    for _ in 0..2 {
        let report = bench.import_changed(&["in"]).unwrap();
        assert_eq!((report.refused.len(), &report.unfinished[..]), (0, &[(path.clone(), 3)][..]));
        assert_eq!(bench.amounts(), [5.0]);
    }
    let report = bench.try_import(&path, "").unwrap();
    assert_eq!(report.unfinished, [(path.clone(), 3)], "an import that was asked for says it, too");
    fs::write(&path, &all).unwrap();
    assert!(bench.import_changed(&["in"]).unwrap().unfinished.is_empty());
    assert_eq!(bench.amounts(), [5.0, 500.0]);

    // As it was, and nobody goes on: an hour later it is what it is.
    fs::write(&path, all.trim_end()).unwrap();
    assert_eq!(bench.import_changed(&["in"]).unwrap().unfinished.len(), 1);
    assert_eq!(bench.amounts(), [5.0]);
    age(&path, 3600);
    assert!(bench.import_changed(&["in"]).unwrap().unfinished.is_empty());
    assert_eq!(bench.amounts(), [5.0, 500.0]);
    assert_eq!(bench.import_changed(&["in"]).unwrap().unchanged, 1);
}

#[test]
fn a_first_line_without_line_end_says_nothing_of_the_table() {
    let bench = Bench::new();
    let path = bench.write(&format!("in/{D}"), &file(D, &["10,a,5,,"]));
    assert!(bench.import_changed(&["in"]).unwrap().refused.is_empty());
    fs::write(&path, "ts,wallet_address,amount").unwrap(); // somebody writes the file anew
    let refused = &bench.import_changed(&["in"]).unwrap().refused;
    let cause = "the first line has no line end yet; it is read once it has one, or the file is a minute old";
    assert_eq!(refused[0].cause.to_string(), cause);
    fs::write(&path, file(D, &["10,a,5,,"])).unwrap();
    assert!(bench.import_changed(&["in"]).unwrap().refused.is_empty());
    assert_eq!(bench.amounts(), [5.0]);
}

#[test]
fn any_line_end_ends_a_line() {
    for end in ["\n", "\r\n", "\r"] {
        let bench = Bench::new();
        let path = bench.write(D, &file(D, &["10,a,5,,", "20,a,6,x,h"]).replace('\n', end));
        assert!(bench.try_import(&path, "").unwrap().refused.is_empty());
        assert_eq!(bench.amounts(), [5.0, 6.0], "{end:?}");
        assert_eq!(bench.flows()[1].tx_hash.as_deref(), Some("h"), "{end:?}");
    }
}

#[test]
fn a_time_that_could_mean_another_refuses_the_file_with_line_and_cause() {
    let bench = Bench::new();
    for (ts, cause) in [
        ("20261126", "looks like the day 2026-11-26 without time and offset"),
        ("26.11.2026", "looks like the day 2026-11-26 without time and offset"),
        ("11/26/2026 3:26 PM", "looks like 2026-11-26 15:26:00 without an offset"),
        ("03/04/2026", "may be 2026-04-03 or 2026-03-04"),
        ("46352", "looks like a spreadsheet's number of the day 2026-11-26"),
        ("2026-11-26 03:26", "has no offset"),
        ("2026-11-26", "is a day without time and offset"),
        ("1970-01-01T00:00:00Z", "is 1970-01-01T00:00:00Z, before 2021-01-01"),
        ("1764127560000000", "looks like microseconds since 1970"),
        ("99999999999", "lies after 2262-04-11, the last day that nanoseconds can tell"),
    ] {
        let path = bench.write(D, &format!("ts,wallet_address,amount\n1700000000,a,5\n{ts},a,5\n"));
        let report = bench.try_import(&path, "").unwrap();
        let text = report.refused[0].cause.to_string();
        assert!(text.starts_with(&format!("line 3: ts \"{ts}\" {cause}; expected RFC 3339 with an offset")), "{text}");
    }
    assert_eq!(run(bench.store.tables()).unwrap(), [""; 0]);
}

#[test]
fn what_lies_after_now_is_kept_for_the_evaluation_to_judge() {
    let bench = Bench::new();
    // A machine whose clock says 1970 sees every time so.
    counts(
        &bench.import(D, &["300000000,a,5,,", "7000000000,a,6,,"]),
        "2 rows: +2 ~0 =0 -0, 0 repeated (0), 0 rejected",
    );
    counts(&bench.import(P, &["7000000000,a,5,,"]), "1 rows: +1 ~0 =0 -0, 0 repeated (0), 0 rejected");
    assert_eq!(bench.amounts(), [5.0, 6.0]); // 2033-05-18 and 2245-09-04
}

#[test]
fn capitals_and_0x_make_no_other_wallet_or_transaction() {
    let bench = Bench::new();
    bench.import(P, &["10,addr1q,5,,"]);
    counts(&bench.import(P, &["10,ADDR1Q,5,,"]), "1 rows: +0 ~0 =1 -0, 0 repeated (0), 0 rejected");
    assert_eq!(bench.samples(), ["10 addr1q 5"]);
    bench.import(&format!("one/{D}"), &["10,addr1q,5,,ab12"]);
    let again = bench.import(&format!("two/{D}"), &["10,ADDR1Q,5,,0xAB12", "10,Addr1q,5,,AB12"]);
    counts(&again, "2 rows: +1 ~0 =1 -0, 0 repeated (0), 0 rejected");
    let flows: Vec<_> = bench.flows().into_iter().map(|flow| (flow.wallet.unwrap(), flow.tx_hash.unwrap())).collect();
    assert_eq!(flows, [("addr1q".into(), "ab12".to_owned()), ("addr1q".into(), "ab12".to_owned())]);
    for wallet in ["addr1q\u{a0}", "addr1 q"] {
        let path = bench.write(D, &file(D, &[&format!("10,{wallet},5,,")]));
        let text = bench.try_import(&path, "").unwrap().refused[0].cause.to_string();
        assert!(
            text.starts_with(&format!("the only line was refused (line 2: wallet_address {wallet:?} contains ")),
            "{text}"
        );
    }
}

#[test]
fn files_in_folders_of_a_folder_are_named() {
    let bench = Bench::new();
    for name in ["in/a.csv", "in/old/b.csv", "in/old/deep/c.CSV", "in/old/notes.txt", "in/.hidden/d.csv"] {
        bench.write(name, "");
    }
    bench.write(&format!("in/more/{D}"), &file(D, &["10,a,5,,"]));
    let root = bench.folder.path().to_owned();
    let names = |paths: &[PathBuf]| -> Vec<String> {
        paths.iter().map(|path| path.strip_prefix(&root).unwrap().display().to_string()).collect()
    };
    let report = bench.import_changed(&["in", "in/more"]).unwrap();
    let unnamed: Vec<PathBuf> = report.unnamed.into_iter().map(|(path, _)| path).collect();
    assert_eq!((names(&unnamed), report.imported.len()), (vec!["in/a.csv".to_owned()], 1));
    assert_eq!(names(&report.below), ["in/old/b.csv", "in/old/deep/c.CSV"]);
    let report = bench.import_changed(&["in"]).unwrap();
    assert_eq!(names(&report.below), [&format!("in/more/{D}"), "in/old/b.csv", "in/old/deep/c.CSV"]);
}

#[test]
fn files_of_assets_that_nobody_configured_are_found_by_name_and_market() {
    let bench = Bench::new();
    for name in ["djed", "wanusdc", "dai_2026"] {
        bench.write(&format!("in/liqwid_deposits_{name}.csv"), &file(D, &["10,a,5,,"]));
    }
    bench.write("in/liqwid_deposits_x.csv", "not,read");
    let market = "ts,wallet_address,usd_value,underlying_units,price_usd,market_id\n1700000010,a,1,,,IUSD\n";
    bench.write("in/liqwid_supply_positions_m1.csv", market);
    bench.write("in/liqwid_deposits_m1.csv", &file(D, &[]));
    let report = bench.import_changed(&["in"]).unwrap();
    let assets = ["DJED", "usdc", "iusd"].map(str::to_owned);
    let unclaimed = bench.store.unclaimed(&report, &TablePrefixes::default(), &assets).unwrap();
    let names: Vec<_> = unclaimed.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["liqwid_deposits_dai_2026.csv", "liqwid_deposits_x.csv"]);
}
