//! Whether every evaluation hears of what is wrong with imported positions, not only the round that imported them.

use std::fs;
use std::path::Path;

use advisor_core::store::Store;
use advisor_io::embedded::{Embedded, TablePrefixes};

use crate::support::{BASE, Bench, SECOND, file};

const TABLE: &str = "liqwid_supply_positions_djed";

/// What reading the samples from second `from` on warns of: unusable rows by cause, and contradictions.
fn doubts(store: &Embedded, from: i64) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let positions = runtime.block_on(store.positions(TABLE, Some((BASE + from) * SECOND), i64::MAX)).unwrap();
    let (skipped, conflicts) = (positions.skipped, positions.conflicts);
    let examples: Vec<String> =
        conflicts.examples.iter().map(|(wallet, ts)| format!(" {wallet} {}", ts / SECOND - BASE)).collect();
    format!(
        "{} {} {} {}; {}{}",
        skipped.without_ts,
        skipped.without_wallet,
        skipped.without_value,
        skipped.negative,
        conflicts.count,
        examples.concat()
    )
}

/// Writes a version of a file and lets the automatic import read it.
fn import(store: &Embedded, folder: &Path, rows: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join(format!("{TABLE}.csv")), file(TABLE, rows)).unwrap();
    let report = store.import_changed(&[folder.to_owned()], &TablePrefixes::default(), &mut |_| {}).unwrap();
    assert!(report.refused.is_empty(), "{:?}", report.refused);
}

#[test]
fn unusable_and_contradictory_lines_are_told_until_the_file_is_put_right() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path().join("store.db")).unwrap();
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    let bad = ["soon,a,1,1,1", ",a,1,1,1", "1,,1,1,1", "1,a,,,1", "1,a,x,1,1", "1,a,1,1", "1,a,-1,1,1"];
    import(&store, &one, &bad);
    assert_eq!(doubts(&store, 0), "2 1 3 1; 0");
    import(&store, &two, &["1,a,x,1,1", "5,a,1,1,1"]);
    assert_eq!(doubts(&store, 0), "2 1 4 1; 0");
    let repeated = ["1,b,1,1,1", "1,b,2,1,1", "1,b,3,1,1", "1,b,3,1,1", "9,a,1,1,1", "9,a,1,1,1.5", "2,a,1,1,1"];
    import(&store, &one, &repeated);
    for _ in 0..2 {
        assert_eq!(doubts(&store, 0), "0 0 1 0; 3 a 9 b 1");
        assert_eq!(doubts(&store, 2), "0 0 1 0; 1 a 9");
        import(&store, &one, &repeated);
    }
    // The figures that count are now from a file that says so once.
    import(&store, &two, &["1,b,4,1,1", "5,a,1,1,1"]);
    assert_eq!(doubts(&store, 0), "0 0 0 0; 1 a 9");
    import(&store, &one, &["9,a,1,1,1"]);
    assert_eq!(doubts(&store, 0), "0 0 0 0; 0");
}

#[test]
fn only_the_first_contradictions_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let store = Embedded::open(folder.path().join("store.db")).unwrap();
    let rows: Vec<String> = (0..10).map(|i| format!("{},a,{i},1,1", i / 2)).collect();
    import(&store, &folder.path().join("in"), &rows.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(doubts(&store, 0), "0 0 0 0; 5 a 0 a 1 a 2");
}

/// The files of the table without a usable line.
fn refused(bench: &Bench) -> Vec<String> {
    bench.positions().refused.iter().map(ToString::to_string).collect()
}

#[test]
fn a_file_without_a_usable_line_is_known_until_it_has_one_or_is_forgotten() {
    let bench = Bench::new();
    bench.import("in/liqwid_supply_positions_djed.csv", &["10,a,1,,"]);
    let other = "old/Liqwid_supply_positions_DJED.csv";
    bench.import(other, &["x,a,1,,", "10,,1,,"]);
    let said = "all 2 lines of Liqwid_supply_positions_DJED.csv were refused (line 2: ts \"x\" is not a time; \
                expected RFC 3339 with an offset, such as 2026-11-26T03:26:00Z, or seconds or milliseconds since 1970)";
    assert_eq!(refused(&bench), [said]);
    assert_eq!(bench.samples(), ["10 a 1"], "what another file has stays");
    bench.import(other, &["x,a,1,,", "20,a,1,,"]);
    assert_eq!(refused(&bench), [""; 0]);
    bench.import(other, &["x,a,1,,"]);
    let said = refused(&bench);
    assert!(
        said[0].starts_with("the only line of Liqwid_supply_positions_DJED.csv was refused (line 2: ts"),
        "{said:?}"
    );
    bench.import(other, &[]);
    assert_eq!(refused(&bench), [""; 0], "a file of nothing but columns has no line that is wrong");
    bench.import(other, &["x,a,1,,"]);
    let held = bench.store.holdings().unwrap().files;
    let file = held.iter().find(|file| file.path.ends_with(other)).unwrap();
    bench.store.forget_file(file).unwrap();
    assert_eq!(refused(&bench), [""; 0]);
}
