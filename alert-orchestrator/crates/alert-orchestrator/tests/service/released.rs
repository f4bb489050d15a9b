//! What version 0.1.0 has written: is it brought up to date with the same answers, and is what is written today the same?
//!
//! `testdata/released-0.1.0` has its files; `make.sh` there says how they came about. That 0.1.0 itself refuses what is
//! written today, and goes on with the copy from before, is shown by `tests/deploy/release/compatible.py`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::Value;
use serde_json::Value as Json;

use crate::backup::{content, manifest};
use testkit::folder::{Folder, Run};

use crate::support::checkout;

const STORE: &str = "var/orchestrator.db";

fn released(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testdata/released-0.1.0").join(name)
}

fn said(name: &str) -> String {
    fs::read_to_string(released(name)).unwrap()
}

/// A folder with the settings of 0.1.0, and everything else still to come.
fn settings() -> Folder {
    let clone = checkout();
    fs::create_dir(clone.path("credentials")).unwrap();
    for name in ["config.yaml", "token_registry.csv", "secrets.env", "credentials/example"] {
        fs::copy(released(name), clone.path(name)).unwrap();
    }
    clone
}

fn run(clone: &Folder, arguments: &[&str]) -> Run {
    clone.run(&[&["--config", "config.yaml", "--log-level", "ERROR"], arguments].concat())
}

/// What a command printed, which did what it should and had nothing to warn of.
#[track_caller]
fn printed(clone: &Folder, arguments: &[&str]) -> String {
    let Run { code, stdout, stderr } = run(clone, arguments);
    assert_eq!((code, stderr.as_str()), (Some(0), ""), "{arguments:?}: {stdout}");
    stdout
}

/// What SQLite's header says of a store, and the statements that made its tables, in their order.
fn form(path: &Path) -> (Vec<(&'static str, Value)>, Vec<Vec<Value>>) {
    let store = Connection::open(path).unwrap();
    let pragmas = ["application_id", "user_version", "page_size", "auto_vacuum", "encoding", "journal_mode"];
    let header = pragmas.map(|name| (name, store.pragma_query_value(None, name, |row| row.get(0)).unwrap())).to_vec();
    (header, rows(&store, "select type, name, tbl_name, sql from sqlite_master"))
}

fn rows(store: &Connection, sql: &str) -> Vec<Vec<Value>> {
    let mut statement = store.prepare(sql).unwrap();
    let columns = statement.column_count();
    let row = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Every row of every table.
fn all_rows(path: &Path) -> BTreeMap<String, Vec<Vec<Value>>> {
    let store = Connection::open(path).unwrap();
    let names = rows(&store, "select name from sqlite_master where type = 'table'");
    let names = names.into_iter().map(|row| match &row[0] {
        Value::Text(name) => name.clone(),
        other => panic!("{other:?} as the name of a table"),
    });
    names.map(|name| (name.clone(), rows(&store, &format!("select * from {name}")))).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The old store in its place, with nothing beside it.
fn with_store() -> Folder {
    let clone = settings();
    fs::create_dir(clone.path("var")).unwrap();
    fs::copy(released("store.db"), clone.path(STORE)).unwrap();
    clone
}

/// The copy that was kept of the store as it was.
fn kept_copy(clone: &Folder) -> PathBuf {
    let names = names(&clone.path("var"));
    let [store, copy] = &names[..] else { panic!("{names:?}") };
    assert!(store == "orchestrator.db" && copy.starts_with("orchestrator.db.schema-4."), "{names:?}");
    clone.path("var").join(copy)
}

/// Whether whatever was said then is said now; there may be more.
#[track_caller]
fn still_says(now: &str, then: &str) {
    fn same(now: &Json, then: &Json, path: &str) {
        match then {
            Json::Object(fields) => {
                fields.iter().for_each(|(key, then)| same(&now[key], then, &format!("{path}.{key}")));
            }
            Json::Array(items) => {
                assert_eq!(now.as_array().map(Vec::len), Some(items.len()), "{path}");
                (0..items.len()).for_each(|i| same(&now[i], &items[i], &format!("{path}[{i}]")));
            }
            // Rounded down since then.
            then if path.ends_with("].limit_usd") || path.ends_with("].wmax_usd") => {
                assert_eq!(now.as_f64(), then.as_f64().map(|usd| (usd * 100.0).floor() / 100.0), "{path}");
            }
            then => assert_eq!(now, then, "{path}"),
        }
    }
    let [now, then] = [now, then].map(|text| serde_json::from_str(text).unwrap());
    same(&now, &then, "");
}

#[test]
fn a_released_store_is_brought_up_to_date_and_says_the_same() {
    let clone = with_store();
    let before = form(&clone.path(STORE));
    let mut kept = all_rows(&clone.path(STORE));
    still_says(&printed(&clone, &["explain", "djed", "--json"]), &said("explain.json"));
    assert_eq!(printed(&clone, &["--once"]), said("once.txt"));
    still_says(&printed(&clone, &["--once", "--json"]), &said("once.json"));
    assert!(printed(&clone, &["check"]).contains("ok"));

    let copy = kept_copy(&clone);
    assert_eq!((form(&copy), all_rows(&copy)), (before, kept.clone()), "as it was, for going back");
    let mut now = all_rows(&clone.path(STORE));
    for new in ["programs", "other_positions", "coverage", "pull_faults"] {
        now.remove(new);
        kept.remove(new);
    }
    // What has come behind the columns that there were: no file of then is known to be without a usable line.
    for file in now.get_mut("files").unwrap() {
        assert_eq!(file.pop(), Some(Value::Text(String::new())));
    }
    let (old, new) = (kept.remove("decisions").unwrap(), now.remove("decisions").unwrap());
    assert!(now == kept, "rows of other tables than the journal's");
    assert_eq!((old.len(), new.len()), (3, 5));
    // Ordered by journal and asset, which are the same, and then as they are in the key: by time.
    assert_eq!(new[..3], old[..]);
    let decided = |row: &Vec<Value>| row[4..13].to_vec(); // but for when, by whom, how fast and by which keys
    for row in &new[3..] {
        assert_eq!(decided(row), decided(&old[2]), "the same decision");
    }
}

#[test]
fn a_released_configuration_has_the_same_normal_form() {
    still_says(&printed(&settings(), &["--print-config-normalized"]), &said("normalized.json"));
}

#[test]
fn a_released_backup_is_restored_whole_with_and_without_secrets() {
    for (backup, secrets) in [("backup.tar.gz", false), ("backup-with-secrets.tar.gz", true)] {
        let clone = checkout();
        let done = run(&clone, &["restore", released(backup).to_str().unwrap()]);
        assert_eq!(done.code, Some(0), "{backup}: {}{}", done.stdout, done.stderr);
        let whole = ["config.yaml", "token_registry.csv", "secrets.env", "credentials/example"];
        for name in &whole[..if secrets { 4 } else { 2 }] {
            assert_eq!(fs::read(clone.path(name)).unwrap(), fs::read(released(name)).unwrap(), "{name} of {backup}");
        }
        assert_eq!((clone.path("secrets.env").exists(), clone.path("credentials").exists()), (secrets, secrets));
        assert_eq!(form(&kept_copy(&clone)), form(&released_copy(&clone)), "it was opened, and so brought up to date");
        assert_eq!(printed(&clone, &["--once"]), said("once.txt"));
    }
}

/// A copy of the old store to look into: looking leaves files beside it.
fn released_copy(clone: &Folder) -> PathBuf {
    let path = clone.path("released.db");
    fs::copy(released("store.db"), &path).unwrap();
    path
}

#[test]
fn a_store_made_today_has_the_form_of_a_released_one_brought_up_to_date_and_the_same_rows() {
    let clone = settings();
    let data =
        ["deposits", "supply_positions", "withdrawals"].map(|kind| released(&format!("data/liqwid_{kind}_djed.csv")));
    let [deposits, positions, withdrawals] = data.each_ref().map(|path| path.to_str().unwrap());
    let import = run(&clone, &["import", deposits, positions, withdrawals]);
    assert_eq!(import.code, Some(1), "one line has no wallet: {}", import.stdout);
    let tagged = clone.answer(&["--config", "config.yaml", "tag", "--asset", "djed", "--latest"], "y\n");
    assert_eq!(tagged.code, Some(0), "{}", tagged.stderr);
    assert_eq!(printed(&clone, &["--once"]), said("once.txt"));

    let there = with_store(); // brought up to date by being opened
    assert!(printed(&there, &["files"]).contains("liqwid_deposits_djed"));
    let old = there.path(STORE);
    assert_eq!(form(&clone.path(STORE)), form(&old));
    let (mut ours, mut theirs) = (all_rows(&clone.path(STORE)), all_rows(&old));
    for all in [&mut ours, &mut theirs] {
        all.remove("decisions"); // when and how fast
        for sample in all.get_mut("positions").unwrap() {
            sample[5] = Value::Null; // units, which 0.1.0 kept only where they had to stand in for value or price
        }
        for file in all.get_mut("files").unwrap() {
            file[2] = Value::Null; // its path
            file[4] = Value::Null; // when it was changed
        }
    }
    assert!(ours == theirs, "found {ours:#?}, expected {theirs:#?}");
}

/// The keys of a JSON value, with the kind of each value in place of the value.
fn shape(json: &Json) -> Json {
    match json {
        Json::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), shape(value))).collect(),
        Json::Array(items) => items.iter().map(shape).collect(),
        Json::String(_) => "string".into(),
        Json::Number(_) => "number".into(),
        other => other.clone(),
    }
}

#[test]
fn a_backup_made_today_has_the_form_of_a_released_one() {
    for (name, secrets) in [("backup.tar.gz", &[][..]), ("backup-with-secrets.tar.gz", &["--with-secrets"])] {
        let (clone, old) = (with_store(), released(name));
        printed(&clone, &[&["backup", "--output", name], secrets].concat());
        let ours = clone.path(name);
        let (now, then) = (manifest(&ours), manifest(&old));
        assert_eq!(shape(&now), shape(&then));
        assert_eq!((&now["format"], &now["store"]), (&then["format"], &then["store"]));
        let (mut now, mut then) = (content(&ours), content(&old));
        assert_eq!(now.remove("manifest.json").is_some(), then.remove("manifest.json").is_some());
        // Of one store, one configuration: to the byte.
        assert!(now == then, "{:?}, expected {:?}", now.keys(), then.keys());
    }
}
