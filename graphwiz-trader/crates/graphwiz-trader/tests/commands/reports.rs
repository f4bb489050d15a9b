//! Where reports go: as a whole, in the place of nothing but reports, and each under a name of its own.

use super::{CROSS, Folder, configured};
use std::fs;
use std::os::unix::fs::symlink;

/// A folder whose store has the bars.
fn imported() -> Folder {
    let folder = configured(CROSS, "");
    folder.told(&["backtest"]);
    folder
}

fn names(folder: &Folder, of: &str) -> Vec<String> {
    let entries = fs::read_dir(folder.path(of)).expect("a folder");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a text")).collect();
    names.sort();
    names
}

#[test]
fn nothing_but_a_report_is_overwritten() {
    let folder = imported();
    folder.told(&["strategy", "new", "dip"]);
    fs::write(folder.path("notes.json"), "{\"name\": \"mine\"}").expect("a file");
    for name in [
        "config/graphwiz.yaml",
        "examples/market/bitstamp_BTC-USD_1m.csv.gz",
        "strategies/dip.yaml",
        "var/graphwiz/market.db",
        "notes.json",
    ] {
        let before = fs::read(folder.path(name)).expect("a file");
        let text = folder.refused(&["backtest", "--out", name], 2);
        let expected = format!("{name}: found another file, expected a report of this program or nothing");
        assert!(text.contains(&expected), "{text}");
        assert_eq!(fs::read(folder.path(name)).expect("a file"), before, "{name}");
    }
    fs::write(folder.path("empty.yaml"), "").expect("a file");
    let of_empty = ["--config", "./empty.yaml", "backtest", "--strategy", "sma_cross", "--out", "empty.yaml"];
    let text = folder.refused(&of_empty, 2);
    assert!(text.contains("empty.yaml: found the configuration, expected a report of this program"), "{text}");
    let text = folder.refused(&["backtest", "--out", "config"], 2);
    assert!(text.contains("config: found a folder, expected a report"), "{text}");
    let text = folder.refused(&["backtest", "--out", "none/report.json"], 1);
    assert!(text.contains("writing the report none/report.json: No such file or directory"), "{text}");
}

#[test]
fn a_place_that_will_not_do_is_told_before_anything_is_done() {
    let folder = configured(CROSS, "");
    fs::create_dir(folder.path("mine")).expect("a folder");
    fs::write(folder.path("mine/a.html"), "<p>of somebody else").expect("a file");
    let text = folder.refused(&["backtest", "--report-dir", "mine"], 2);
    assert!(text.contains("mine/a.html: found another file"), "{text}");
    assert!(!folder.path("var").exists(), "no bars were imported");
}

#[test]
fn the_store_that_a_run_makes_is_not_overwritten_by_its_report() {
    let folder = configured(CROSS, "");
    fs::create_dir_all(folder.path("var/graphwiz")).expect("a folder");
    let text = folder.refused(&["backtest", "--out", "var/graphwiz/market.db"], 2);
    assert!(text.contains("market.db: found another file"), "{text}");
    assert!(folder.told(&["data", "list"]).contains("bitstamp:BTC/USD 1m"), "the bars are there");
}

#[test]
fn a_report_takes_the_place_of_the_one_before_as_a_whole() {
    let folder = imported();
    // The same files under another name: what is written in place would change them, too.
    for kind in ["html", "json"] {
        fs::hard_link(folder.path(&format!("backtests/a.{kind}")), folder.path(&format!("kept.{kind}")))
            .expect("a link");
    }
    let before = ["html", "json"].map(|kind| fs::read(folder.path(&format!("kept.{kind}"))).expect("a report"));
    folder.told(&["backtest", "--seed", "7"]);
    assert_eq!(names(&folder, "backtests"), ["a.html", "a.json"]);
    for (kind, before) in ["html", "json"].into_iter().zip(before) {
        assert_eq!(fs::read(folder.path(&format!("kept.{kind}"))).expect("a report"), before);
        assert_ne!(fs::read(folder.path(&format!("backtests/a.{kind}"))).expect("a report"), before);
    }
    let expected = fs::read(folder.path("backtests/a.json")).expect("a report");
    for file in ["empty", "kept.html", "new"] {
        fs::write(folder.path("empty"), "").expect("a file");
        folder.told(&["backtest", "--seed", "7", "--out", file]);
        assert_eq!(fs::read(folder.path(file)).expect("a report"), expected, "{file}");
    }
}

#[test]
fn links_are_followed_and_devices_are_written_to() {
    let folder = imported();
    symlink("backtests/a.json", folder.path("newest")).expect("a link");
    folder.told(&["backtest", "--seed", "7", "--out", "newest"]);
    assert!(folder.path("newest").is_symlink());
    let report = fs::read_to_string(folder.path("backtests/a.json")).expect("a report");
    assert!(report.contains("\"seed\":7"), "{report}");
    let gone = folder.path("gone");
    symlink("backtests/none.json", &gone).expect("a link");
    let text = folder.refused(&["backtest", "--out", "gone"], 2);
    let expected = "gone: found a link to backtests/none.json, where nothing is, expected a report of this program";
    assert!(text.contains(expected) && gone.is_symlink(), "{text}");
    let text = folder.refused(&["backtest", "--out", "/dev/full"], 1);
    assert!(text.contains("writing the report /dev/full: No space left on device"), "{text}");
}

#[test]
fn each_report_has_a_name_of_its_own_that_a_file_can_have() {
    let name = |name: &str| CROSS.replace("name: a", &format!("name: {name}"));
    let text = configured(&name("Portfolio!"), "").refused(&["backtest"], 2);
    let expected =
        r#"strategies[0].name: found "Portfolio!", expected another name: the report of --portfolio has this"#;
    assert!(text.contains(expected), "{text}");
    let text = configured(&name(&"x".repeat(201)), "").refused(&["backtest"], 2);
    assert!(text.contains("expected at most 200 bytes, not 201: reports are named after it"), "{text}");
    let longest = configured(&name(&"x".repeat(200)), "");
    longest.told(&["backtest"]);
    assert_eq!(names(&longest, "backtests").len(), 2);
    longest.told(&["strategy", "new", "dip"]);
    let file = longest.path("strategies/dip.yaml");
    let text = fs::read_to_string(&file).expect("a file").replace("name: dip", "name: portfolio");
    fs::write(&file, text).expect("a file");
    let text = longest.refused(&["backtest", "--strategy-file", "strategies/dip.yaml"], 2);
    assert!(text.contains(r#"dip.yaml: name: found "portfolio", expected another name"#), "{text}");
}
