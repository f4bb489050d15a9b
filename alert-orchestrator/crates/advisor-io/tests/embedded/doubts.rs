//! Whether every evaluation hears of what is wrong with imported positions, not only the round that imported them.

use std::fs;
use std::path::Path;

use advisor_core::store::Store;
use advisor_io::embedded::{Embedded, TablePrefixes};

use crate::support::{BASE, SECOND, file};

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
