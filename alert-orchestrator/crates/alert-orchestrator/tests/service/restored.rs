//! The `restore` command: it puts back all or nothing, keeps what it replaces, and refuses what is not whole.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use testkit::folder::Run;
use testkit::wait_for;

use crate::backup::{Host, content, manifest, once};
use crate::server;
use crate::support::checkout;

const NOBODY: u32 = 65_534;
const REGISTRY: &str = "asset,policy_id,token_name_hex\n";

/// Every file, link and folder with its content.
fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = path.symlink_metadata().unwrap();
        if kind.is_dir() {
            found.extend(tree(&path));
            found.insert(path, b"folder".to_vec());
        } else if kind.is_symlink() {
            found.insert(path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
        } else {
            found.insert(path.clone(), [fs::read(&path).unwrap(), kind.mode().to_be_bytes().to_vec()].concat());
        }
    }
    found
}

fn restore(host: &Host, backup: &str) -> Run {
    host.run(&["restore", backup])
}

#[track_caller]
fn refused(host: &Host, backup: &str, expected: &str) {
    let before = tree(&host.path(""));
    let run = restore(host, backup);
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    let said = format!("restoring {backup} failed, nothing was changed: ");
    assert!(run.stderr.contains(&said) && run.stderr.contains(expected), "{expected}: {}", run.stderr);
    let after = tree(&host.path(""));
    assert!(
        before == after,
        "{expected}: {:?}",
        before.keys().filter(|path| !after.contains_key(*path)).collect::<Vec<_>>()
    );
}

/// A member of an archive as another program might write it: type, name and content.
type Member = (tar::EntryType, String, Vec<u8>);

fn members(backup: &Path) -> Vec<Member> {
    let mut content = content(backup);
    let first = ("manifest.json".to_owned(), content.remove("manifest.json").unwrap());
    std::iter::once(first).chain(content).map(|(name, content)| (tar::EntryType::Regular, name, content)).collect()
}

fn write(path: &Path, members: &[Member]) {
    let mut packed = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
    let mut tar = tar::Builder::new(&mut packed);
    for (kind, name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        // As it is: the builder itself would refuse some of these names.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if *kind == tar::EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, content.as_slice()).unwrap();
    }
    tar.finish().unwrap();
    drop(tar);
    packed.finish().unwrap();
}

/// Writes a backup whose manifest says something else.
fn with_manifest(host: &Host, backup: &Path, change: impl FnOnce(&mut Json)) {
    let mut all = members(backup);
    let mut manifest = manifest(backup);
    change(&mut manifest);
    all[0].2 = serde_json::to_vec(&manifest).unwrap();
    write(&host.path("changed.tar.gz"), &all);
}

/// Writes a backup in which a file has another content, and the manifest says so.
fn with_content(host: &Host, backup: &Path, name: &str, content: Vec<u8>) {
    let mut all = members(backup);
    let mut manifest = manifest(backup);
    let listed = manifest["files"].as_array_mut().unwrap().iter_mut().find(|file| file["name"] == name).unwrap();
    listed["size"] = json!(content.len());
    listed["sha256"] = json!(Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    all.iter_mut().find(|member| member.1 == name).unwrap().2 = content;
    all[0].2 = serde_json::to_vec(&manifest).unwrap();
    write(&host.path("changed.tar.gz"), &all);
}

#[test]
fn what_is_replaced_is_kept_and_can_be_put_back() {
    let host = Host::new();
    let then = host.decisions();
    host.world.clone.write("secrets.env", "A=then\n");
    assert_eq!(host.run(&["backup", "--output", "b.tar.gz", "--with-secrets"]).code, Some(0));
    host.world.clone.write("secrets.env", "A=now\n");
    fs::set_permissions(host.path("secrets.env"), fs::Permissions::from_mode(0o440)).unwrap();
    // What was written since, and what a killed service leaves: its last writes are in the write-ahead log only.
    let tagged = host.world.clone.answer(&["--config", "world.yaml", "tag", "--asset", "djed", "--latest"], "y\n");
    assert_eq!(tagged.code, Some(0), "{}", tagged.stderr);
    assert_ne!(host.decisions(), then);
    let mut server = server::start(host.world.clone.command(&["--config", "world.yaml"]));
    server.printed("djed: decision=1", 1);
    wait_for(|| host.path("var/orchestrator.db-wal").exists().then_some(())).expect("a write-ahead log");
    let run = restore(&host, "b.tar.gz");
    assert_eq!(run.code, Some(1), "{}", run.stdout);
    assert!(
        run.stderr.contains("nothing was changed: ") && run.stderr.contains("is in use; stop the service"),
        "{}",
        run.stderr
    );
    server.signal("KILL");
    server.ended();
    let before = tree(&host.path(""));
    assert!(before.contains_key(&host.path("var/orchestrator.db-wal")));

    let run = restore(&host, "b.tar.gz");
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(host.decisions(), then);
    assert_eq!(fs::read_to_string(host.path("secrets.env")).unwrap(), "A=then\n");
    assert_eq!(
        fs::metadata(host.path("secrets.env")).unwrap().mode() & 0o777,
        0o440,
        "the mode is the replaced file's"
    );
    let kept: Vec<&str> = run.stdout.lines().filter_map(|line| line.strip_prefix("kept: ")).collect();
    assert_eq!(kept.len(), 5, "store, log, what its users share, secrets, configuration: {kept:?}");
    for kept in kept {
        let (name, _) = kept.split_once(".before-restore-").unwrap();
        let companion = ["-wal", "-shm"].into_iter().find(|end| kept.ends_with(end)).unwrap_or_default();
        fs::rename(kept, format!("{name}{companion}")).unwrap();
    }
    assert!(tree(&host.path("")) == before, "going back");
}

#[test]
fn a_restored_configuration_that_does_not_work_is_said_to_and_the_way_back_is_shown() {
    let host = Host::new();
    host.configure("embedded: {import: [gone], path: elsewhere/it's.db}", "");
    fs::create_dir(host.path("gone")).unwrap();
    assert_eq!(host.run(&["check"]).code, Some(1)); // it makes the store; there are no tables
    host.backup("b.tar.gz");
    fs::remove_dir(host.path("gone")).unwrap();
    fs::remove_dir_all(host.path("elsewhere")).unwrap();
    host.configure("embedded: {}", "");
    let before = tree(&host.path(""));
    let run = restore(&host, "b.tar.gz");
    assert_eq!(run.code, Some(1));
    assert!(run.stdout.contains("FAIL  store: ") && run.stdout.contains("gone"), "{}", run.stdout);
    assert!(!run.stdout.contains("is in place"));
    let (_, commands) = run.stderr.split_once("to go back, with the service stopped:\n").expect(&run.stderr);
    assert_eq!(commands.lines().count(), 2, "{commands}");
    assert!(Command::new("sh").args(["-ec", commands]).status().unwrap().success());
    fs::remove_dir(host.path("elsewhere")).unwrap(); // the folder stays, and does no harm
    assert!(tree(&host.path("")) == before, "{commands}");
}

#[test]
fn a_failure_in_the_middle_puts_everything_back() {
    let host = Host::new();
    // Long enough that what it would be kept as is no name a file may have; the store has its place by then.
    let config = format!("{}.yaml", "c".repeat(240));
    fs::rename(host.path("world.yaml"), host.path(&config)).unwrap();
    let run = |arguments: &[&str]| host.world.clone.run(&[&["--config", config.as_str()], arguments].concat());
    assert_eq!(run(&["backup", "--output", "b.tar.gz"]).code, Some(0));
    for store_is_there in [true, false] {
        let before = tree(&host.path(""));
        let failed = run(&["restore", "b.tar.gz"]);
        assert_eq!(failed.code, Some(1));
        assert!(failed.stderr.contains("everything is as it was: keeping"), "{}", failed.stderr);
        assert!(tree(&host.path("")) == before, "store there: {store_is_there}");
        let _gone = fs::remove_dir_all(host.path("var"));
    }
}

#[test]
fn what_root_restores_belongs_to_the_service() {
    let host = Host::new();
    let backup = host.backup("b.tar.gz");
    let elsewhere = checkout();
    let is_root = chown(elsewhere.path(""), Some(NOBODY), Some(NOBODY)).is_ok();
    let run = elsewhere.run(&["--config", "etc/new.yaml", "restore", backup.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(once(&elsewhere, "etc/new.yaml"), host.decisions());
    for made in ["var", "var/orchestrator.db"] {
        let (owner, expected) = (fs::metadata(elsewhere.path(made)).unwrap(), elsewhere.path("").metadata().unwrap());
        assert_eq!((owner.uid(), owner.gid()), (expected.uid(), expected.gid()), "{made}");
        assert!(!is_root || owner.uid() == NOBODY);
        assert_eq!(owner.mode() & 0o007, 0, "{made} is for the service's group at most");
    }
}

#[test]
fn nothing_is_restored_through_a_link() {
    for place in ["var/orchestrator.db", "token_registry.csv", "world.yaml"] {
        let host = Host::new();
        host.world.clone.write("token_registry.csv", REGISTRY);
        host.backup("b.tar.gz");
        // As whoever may write in the folder could have it, to any file that root may replace.
        host.world.clone.write("precious", "");
        fs::rename(host.path(place), host.path("away")).unwrap();
        symlink(host.path("precious"), host.path(place)).unwrap();
        refused(&host, "b.tar.gz", &format!("{place} is a link, through which nothing is restored"));
    }
}

#[test]
fn a_folder_may_be_a_link_unless_somebody_else_has_made_it() {
    let host = Host::new();
    let then = host.decisions();
    host.backup("b.tar.gz");
    fs::rename(host.path("var"), host.path("larger")).unwrap();
    symlink("larger", host.path("var")).unwrap();
    assert_eq!(restore(&host, "b.tar.gz").code, Some(0));
    assert!(host.path("var").is_symlink());
    assert_eq!(host.decisions(), then);
    if lchown(host.path("var"), Some(NOBODY), None).is_ok() {
        refused(&host, "b.tar.gz", "var is a link of user 65534, expected one of root or user 0");
        // Also behind one that is root's.
        fs::rename(host.path("var"), host.path("theirs")).unwrap();
        symlink("theirs", host.path("var")).unwrap();
        refused(&host, "b.tar.gz", "theirs is a link of user 65534, expected one of root or user 0");
    }
}

#[test]
fn a_registry_is_one_before_it_is_put_anywhere() {
    let host = Host::new();
    host.world.clone.write("token_registry.csv", REGISTRY);
    host.configure("embedded: {}", "  token_registry: token_registry.csv\n");
    let backup = host.backup("b.tar.gz");
    with_content(&host, &backup, "token_registry.csv", b"* * * * * root /tmp/evil\n".to_vec());
    refused(&host, "changed.tar.gz", "orchestrator.token_registry: token_registry.csv: line 1: found other columns");
}

#[test]
fn what_is_restored_does_not_depend_on_who_reads_of_it() {
    let host = Host::new();
    fs::create_dir(host.path("backups")).unwrap();
    host.world.clone.write("backups/alert-orchestrator-20200101T000000Z.tar.gz", "");
    host.world.clone.write("backups/alert-orchestrator-20210101T000000Z.tar.gz", "");
    let unread = |host: &Host, arguments: &[&str]| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = host.world.clone.command(&[&["--config", "world.yaml"], arguments].concat());
        let output = command.stdout(writer).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let said = unread(&host, &["backup", "--output", "backups/b.tar.gz", "--keep", "1d"]);
    assert_eq!(said, (Some(0), String::new()));
    assert_eq!(fs::read_dir(host.path("backups")).unwrap().count(), 2, "the oldest was deleted");
    assert_eq!(unread(&host, &["restore", "backups/b.tar.gz"]), (Some(0), String::new()));

    let host = Host::new();
    host.configure("embedded: {import: [gone]}", "");
    fs::create_dir(host.path("gone")).unwrap();
    host.backup("b.tar.gz");
    fs::remove_dir(host.path("gone")).unwrap();
    let (code, told) = unread(&host, &["restore", "b.tar.gz"]);
    assert!(code == Some(1) && told.contains("to go back, with the service stopped:\n  mv"), "{code:?}: {told}");
}

#[test]
fn a_backup_of_an_older_schema_is_brought_up_to_date_and_kept_as_it_was() {
    let host = Host::new();
    let old = crate::support::repository().join("alert-orchestrator/crates/advisor-io/testdata/schema-1.db");
    fs::copy(old, host.path("var/orchestrator.db")).unwrap();
    let backup = host.backup("b.tar.gz");
    assert_eq!(manifest(&backup)["store"]["schema_version"], 1);
    let elsewhere = checkout();
    let run = elsewhere.run(&["--config", "new.yaml", "restore", backup.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("from schema version 1 to 5; as it was before it is kept in"), "{}", run.stderr);
    let copies = fs::read_dir(elsewhere.path("var")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(copies.filter(|name| name.to_string_lossy().contains(".schema-1.")).count(), 1);
}

#[test]
fn damaged_backups_are_refused() {
    let host = Host::new();
    let whole = fs::read(host.backup("b.tar.gz")).unwrap();
    let damage = |name: &str, bytes: &[u8]| {
        fs::write(host.path(name), bytes).unwrap();
        refused(&host, name, "");
    };
    for part in [0, 1, 9, 10, 100, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        damage("cut.tar.gz", &whole[..part]);
    }
    damage("longer.tar.gz", &[&whole[..], b"\0"].concat());
    for at in [0, 2, 10, 200, whole.len() / 3, whole.len() / 2, whole.len() - 8, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 0x10;
        damage("flipped.tar.gz", &flipped);
    }
    refused(&host, "nowhere.tar.gz", "opening it failed");
    host.world.clone.write("b.tar.gz", "not even packed");
    refused(&host, "b.tar.gz", "damaged, cut short or no backup");
}

#[test]
fn archives_with_more_or_less_than_the_manifest_lists_are_refused() {
    use tar::EntryType as Kind;
    let host = Host::new();
    let backup = host.backup("b.tar.gz");
    let evil = host.path("evil").display().to_string();
    for (kind, name, expected) in [
        (Kind::Regular, "../evil", "it holds \"../evil\", expected only what its manifest lists"),
        (Kind::Regular, evil.as_str(), "evil\", expected only what its manifest lists"),
        (Kind::Regular, "evil", "it holds \"evil\", expected only"),
        (Kind::Regular, "store.db", "it holds \"store.db\", expected only what its manifest lists, each once"),
        (Kind::Regular, "secrets.env", "it holds \"secrets.env\", expected only"),
        (Kind::Symlink, "evil", "which is no file but a Symlink"),
        (Kind::Directory, "evil", "which is no file but a Directory"),
        (Kind::GNULongName, "evil", "which is no file but a GNULongName"),
    ] {
        let mut all = members(&backup);
        all.push((kind, name.to_owned(), Vec::new()));
        write(&host.path("changed.tar.gz"), &all);
        refused(&host, "changed.tar.gz", expected);
    }
    let all = members(&backup);
    for index in 0..all.len() {
        let mut fewer = members(&backup);
        let (_, name, _) = fewer.remove(index);
        write(&host.path("changed.tar.gz"), &fewer);
        let lacking = format!("it lacks {name}, which its manifest lists");
        refused(&host, "changed.tar.gz", if index == 0 { "expected \"manifest.json\"" } else { &lacking });
    }
    write(&host.path("changed.tar.gz"), &[]);
    refused(&host, "changed.tar.gz", "it holds nothing");
}

#[test]
fn manifests_that_are_newer_or_do_not_fit_are_refused() {
    let host = Host::new();
    let backup = host.backup("b.tar.gz");
    let changed = |expected: &str, change: &dyn Fn(&mut Json)| {
        with_manifest(&host, &backup, change);
        refused(&host, "changed.tar.gz", expected);
    };
    changed(
        "it has format 2, alert-orchestrator 0.1.0 knows formats up to 1; restore it with alert-orchestrator \"9.1.0\"",
        &|manifest| {
            *manifest = json!({"format": 2, "program": {"version": "9.1.0", "name": "?"}, "what": "ever"});
        },
    );
    changed("its store has schema version 6, alert-orchestrator 0.1.0 knows versions up to 5", &|manifest| {
        manifest["store"]["schema_version"] = json!(6);
    });
    changed("store.db in it has schema version 5, its manifest says 3", &|manifest| {
        manifest["store"]["schema_version"] = json!(3);
    });
    changed("manifest.json lists store.db 1 times, expected 0 to 0", &|manifest| {
        manifest["store"] = json!({"kind": "greptimedb", "address": "x", "included": false});
    });
    changed("bytes, its manifest says 1", &|manifest| manifest["files"][0]["size"] = json!(1));
    changed("its manifest says 00", &|manifest| manifest["files"][0]["sha256"] = json!("00"));
    changed("found \"../../etc/passwd\", expected the name of a file that a backup can hold", &|manifest| {
        manifest["files"][0]["name"] = json!("../../etc/passwd")
    });
    for name in ["credentials/../../etc/passwd", "credentials/", "credentials/.ssh", "credentials/a/b"] {
        changed("expected the name of a secret", &|manifest| manifest["files"][0]["name"] = json!(name));
    }
    changed("manifest.json lists config.yaml 2 times, expected 1 to 1", &|manifest| {
        let first = manifest["files"][0].clone();
        manifest["files"].as_array_mut().unwrap().push(first);
    });
    changed("unknown field `more`", &|manifest| manifest["more"] = json!(1));
    changed("manifest.json is not a manifest", &|manifest| *manifest = json!([]));
}

#[test]
fn content_that_is_whole_and_of_no_use_is_refused() {
    let host = Host::new();
    let backup = host.backup("b.tar.gz");
    let changed = |name: &str, content: Vec<u8>, expected: &str| {
        with_content(&host, &backup, name, content);
        refused(&host, "changed.tar.gz", expected);
    };
    let store = content(&backup)["store.db"].clone();
    changed("store.db", b"no store\n".repeat(1000), "is not an SQLite database or is damaged");
    changed("store.db", Vec::new(), "there is no embedded store at");
    let mut damaged = store.clone();
    let middle = store.len() / 2 / 4096 * 4096;
    damaged[middle..middle + 4096].fill(0xaa);
    changed("store.db", damaged, "is damaged");
    let newer = host.path("newer.db");
    fs::write(&newer, &store).unwrap();
    let connection = rusqlite::Connection::open(&newer).unwrap();
    connection.pragma_update(None, "user_version", 6).unwrap();
    connection.execute("insert into programs values (6, '0.7.0')", ()).unwrap();
    connection.close().unwrap();
    changed(
        "store.db",
        fs::read(&newer).unwrap(),
        "has schema version 6, alert-orchestrator 0.1.0 knows versions up to 5; install 0.7.0 or newer",
    );
    changed(
        "config.yaml",
        b"client: {assets: [djed], colour: blue}".to_vec(),
        "cannot be used here:\nworld.yaml:1: client.colour",
    );
    changed("config.yaml", b"\xff".to_vec(), "the configuration in it is not UTF-8");
    changed("config.yaml", b"client: {assets: [\"${ASSET}\"]}".to_vec(), "the environment variable ASSET is not set");
    let both = b"client: {assets: [djed], embedded: {path: world.yaml}}";
    changed("config.yaml", both.to_vec(), "store.db of it belong at");
    let folder = b"client: {assets: [djed], embedded: {path: data}}";
    changed("config.yaml", folder.to_vec(), "is no file, expected one, or nothing");
    let greptime = b"client: {assets: [djed], greptime: {host: localhost}}";
    changed("config.yaml", greptime.to_vec(), "its manifest and its configuration name different stores");
}
