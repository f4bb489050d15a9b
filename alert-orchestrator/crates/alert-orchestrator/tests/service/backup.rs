//! What the `backup` command takes with it: from a store in use, with and without secrets, and which backups it deletes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::thread;

use advisor_io::embedded::snapshot;
use flate2::read::GzDecoder;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};
use testkit::folder::{Folder, Run};
use testkit::wait_for;

use crate::server;
use crate::support::checkout;
use crate::world::World;

/// A host with a configuration and a store of its own; as of hour 96, so that decisions depend on nothing but the store.
pub(crate) struct Host {
    pub(crate) world: World,
}

impl Host {
    pub(crate) fn new() -> Self {
        let host = Self { world: World::embedded() };
        host.configure("embedded: {}", "");
        assert_eq!(host.run(&["import", "data"]).code, Some(0));
        host
    }

    pub(crate) fn configure(&self, store: &str, orchestrator: &str) {
        let end = self.world.hour(96);
        self.world.clone.write(
            "world.yaml",
            &format!(
                "client:\n  {store}\n  assets: [djed]\n  date_range: {{end: {end}}}\norchestrator:\n  \
                 decision_gate: {{enabled: false}}\n  telemetry: {{listen_port: 0}}\n{orchestrator}"
            ),
        );
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.world.run(arguments)
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.world.clone.path(relative)
    }

    /// Makes a backup, which must succeed, in a file of its folder.
    pub(crate) fn backup(&self, name: &str) -> PathBuf {
        let run = self.run(&["backup", "--output", name]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        self.path(name)
    }

    /// All there is to say about the asset, byte by byte.
    pub(crate) fn decisions(&self) -> String {
        once(&self.world.clone, "world.yaml")
    }

    /// The wallets' positions of `version`: each differs from all others in its gain, by no more than interest can bring.
    fn write_version(&self, version: u32) {
        let original = fs::read_to_string(self.path("data/liqwid_supply_positions_djed.csv")).unwrap();
        let newest = self.world.hour(96);
        let grown = original.lines().map(|line| match line.split_once(',') {
            Some((ts, rest)) if ts == newest => {
                let (wallet, values) = rest.split_once(',').unwrap();
                let value: f64 = values.split(',').next().unwrap().parse().unwrap();
                format!("{ts},{wallet},{0:.3},{0:.3},1\n", value + 0.001 * f64::from(version))
            }
            _ => format!("{line}\n"),
        });
        self.world.clone.write("liqwid_supply_positions_djed.csv", &grown.collect::<String>());
    }

    fn import_version(&self, version: u32) {
        self.write_version(version);
        let run = self.run(&["--log-level", "ERROR", "import", "liqwid_supply_positions_djed.csv"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
}

pub(crate) fn once(clone: &Folder, config: &str) -> String {
    let run = clone.run(&["--config", config, "--log-level", "ERROR", "--once", "--json"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""), "{}", run.stdout);
    run.stdout
}

/// What a backup holds.
pub(crate) fn content(backup: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(backup).unwrap()));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.path().unwrap().display().to_string(), content)
    });
    entries.collect()
}

pub(crate) fn manifest(backup: &Path) -> Json {
    serde_json::from_slice(&content(backup)["manifest.json"]).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_backup_made_while_all_write_is_restored_elsewhere_to_decisions_that_were_made_then() {
    let host = Host::new();
    // A round, and so an entry of the journal, every second.
    host.configure("embedded: {}", "  schedule: {interval_minutes: 0.0167}\n");
    host.import_version(0);
    let server = server::start(host.world.clone.command(&["--config", "world.yaml"]));
    server.printed("djed: decision=1", 1);
    let (imported, stop) = (AtomicU32::new(0), AtomicBool::new(false));
    let mut backups = Vec::new();
    thread::scope(|scope| {
        let importer = scope.spawn(|| {
            for version in 1.. {
                if stop.load(SeqCst) {
                    return;
                }
                host.import_version(version);
                imported.store(version, SeqCst);
            }
        });
        for n in 0..5 {
            let rounds = server.count("djed: decision=1");
            let before = imported.load(SeqCst);
            let backup = host.backup(&format!("backup-{n}.tar.gz"));
            backups.push((backup, before..=imported.load(SeqCst) + 1));
            // Something is written between any two, by either writer.
            server.printed("djed: decision=1", rounds + 1);
            wait_for(|| (imported.load(SeqCst) > before).then_some(())).expect("an import to go on");
        }
        stop.store(true, SeqCst);
        importer.join().unwrap();
    });
    drop(server); // SIGKILL, in the middle of whatever it does
    let last = host.decisions();
    backups.push((host.backup("last.tar.gz"), 0..=0));

    let mut restored = Vec::new();
    for (backup, _) in &backups {
        let elsewhere = checkout();
        let run = elsewhere.run(&["--config", "etc/new.yaml", "restore", backup.to_str().unwrap()]);
        assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.contains("is in place"), "{}", run.stdout);
        restored.push(once(&elsewhere, "etc/new.yaml"));
    }
    assert_eq!(restored.pop().unwrap(), last);
    // Compared with what is decided from each version that was in the store, or on its way there, during the backup.
    for ((backup, versions), found) in backups.iter().zip(&restored) {
        let possible: Vec<String> = versions
            .clone()
            .map(|version| {
                host.import_version(version);
                host.decisions()
            })
            .collect();
        assert!(possible.contains(found), "{}: of no version from {versions:?}:\n{found}", backup.display());
    }
    restored.dedup();
    assert!(restored.len() >= 3, "nothing was written between the backups");
}

#[test]
fn a_backup_is_private_and_says_what_each_file_is_and_where_it_was() {
    let host = Host::new();
    host.world.clone.write("token_registry.csv", "asset,policy_id,token_name_hex\n");
    host.world.clone.write("secrets.env", "GREPTIME_PASSWORD=hunter2\n");
    let before = jiff::Timestamp::now();
    let run = host.run(&["backup", "--output", "new/folder/b.tar.gz"]);
    assert_eq!((run.code, run.stderr.as_str()), (Some(0), ""));
    let backup = host.path("new/folder/b.tar.gz");
    assert!(run.stdout.ends_with("written: new/folder/b.tar.gz\n"), "{}", run.stdout);
    assert_eq!((mode(&backup), mode(&host.path("new/folder")), mode(&host.path("new"))), (0o600, 0o700, 0o700));
    assert_eq!(names(&host.path("new/folder")), ["b.tar.gz"]);

    let content = content(&backup);
    let manifest = manifest(&backup);
    assert_eq!(content.keys().collect::<Vec<_>>(), ["config.yaml", "manifest.json", "store.db", "token_registry.csv"]);
    assert_eq!(content["config.yaml"], fs::read(host.path("world.yaml")).unwrap());
    assert_eq!((&manifest["format"], &manifest["program"]["version"]), (&json!(1), &json!(env!("CARGO_PKG_VERSION"))));
    assert_eq!(manifest["store"], json!({"kind": "embedded", "schema_version": snapshot::SCHEMA_VERSION}));
    let created: jiff::Timestamp = manifest["created_at"].as_str().unwrap().parse().unwrap();
    assert!((before - jiff::SignedDuration::from_secs(1)..=jiff::Timestamp::now()).contains(&created), "{created}");
    let here = host.path("");
    let paths = [
        ("config.yaml", "world.yaml"),
        ("token_registry.csv", "token_registry.csv"),
        ("store.db", "var/orchestrator.db"),
    ];
    for (listed, (name, path)) in manifest["files"].as_array().unwrap().iter().zip(paths) {
        let sha256: String = Sha256::digest(&content[name]).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = here.join(path).display().to_string();
        let expected = json!({"name": name, "path": path, "size": content[name].len(), "sha256": sha256});
        assert_eq!(*listed, expected);
    }
    assert!(!String::from_utf8_lossy(&content["store.db"]).contains("hunter2"));
}

#[test]
fn secrets_are_included_where_that_is_asked_for_and_those_in_the_configuration_are_warned_of() {
    let host = Host::new();
    let run = host.run(&["backup", "--output", "b.tar.gz", "--with-secrets"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("copying secrets.env failed: No such file"), "{}", run.stderr);
    assert!(!host.path("b.tar.gz").exists());
    host.world.clone.write("secrets.env", "GREPTIME_PASSWORD=hunter2\n");
    assert_eq!(host.run(&["backup", "--output", "b.tar.gz", "--with-secrets"]).code, Some(0));
    assert_eq!(content(&host.path("b.tar.gz"))["secrets.env"], b"GREPTIME_PASSWORD=hunter2\n");

    fs::create_dir(host.path("credentials")).unwrap();
    let secret = |name: &str, mode: u32| {
        host.world.clone.write(&format!("credentials/{name}"), name);
        fs::set_permissions(host.path("credentials").join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    secret("HASH", 0o600);
    secret("GREPTIME_PASSWORD", 0o440);
    let taken = |name: &str| host.run(&["backup", "--output", name, "--with-secrets"]);
    assert_eq!(taken("files.tar.gz").code, Some(0));
    let elsewhere = checkout();
    let run = elsewhere.run(&["--config", "etc/new.yaml", "restore", host.path("files.tar.gz").to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(fs::read_to_string(elsewhere.path("etc/credentials/HASH")).unwrap(), "HASH");
    for (name, expected) in
        [("secrets.env", 0o600), ("credentials/HASH", 0o600), ("credentials/GREPTIME_PASSWORD", 0o440)]
    {
        assert_eq!(mode(&elsewhere.path("etc").join(name)), expected, "{name}");
    }
    // Without the file of variables those in files are enough; what is no such file is no secret.
    fs::remove_file(host.path("secrets.env")).unwrap();
    assert_eq!(taken("only-files.tar.gz").code, Some(0));
    secret("HASH~", 0o600);
    let run = taken("more.tar.gz");
    assert!(run.code == Some(1) && run.stderr.contains("credentials/HASH~, expected files only"), "{}", run.stderr);
    fs::remove_dir_all(host.path("credentials")).unwrap();

    let hash = "sha256:5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5";
    let auth = |hash: &str| format!("  auth: {{enabled: true, username: admin, password_hash: \"{hash}\"}}\n");
    host.configure("embedded: {}", &auth(hash));
    let run = host.run(&["backup", "--output", "c.tar.gz"]);
    let warning = "world.yaml holds password_hash of orchestrator.auth itself, and so does the backup";
    assert!(run.code == Some(0) && run.stderr.contains(warning) && !run.stderr.contains(hash), "{}", run.stderr);
    host.configure("embedded: {}", &auth("${HASH}"));
    let mut command = host.world.clone.command(&["--config", "world.yaml", "backup", "--output", "d.tar.gz"]);
    let output = command.env("HASH", hash).output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[test]
fn nothing_is_overwritten_and_nothing_is_left_of_a_backup_that_failed() {
    let host = Host::new();
    fs::create_dir(host.path("backups")).unwrap();
    host.world.clone.write("backups/b.tar.gz", "precious");
    let old = "alert-orchestrator-20200101T000000Z.tar.gz";
    let older = "alert-orchestrator-20190101T000000Z.tar.gz";
    host.world.clone.write(&format!("backups/{old}"), "");
    host.world.clone.write(&format!("backups/{older}"), "");
    let run = host.run(&["backup", "--output", "backups/b.tar.gz", "--keep", "1d"]);
    assert_eq!(run.code, Some(1));
    assert!(run.stderr.contains("a file of that name exists, and is not overwritten"), "{}", run.stderr);
    assert_eq!(fs::read_to_string(host.path("backups/b.tar.gz")).unwrap(), "precious");

    host.configure("embedded: {path: var/none.db}", "");
    let run = host.run(&["backup", "--output", "backups/c.tar.gz", "--keep", "1d"]);
    assert_eq!(run.code, Some(1));
    assert!(
        run.stderr.contains("there is no embedded store at") && run.stderr.contains("var/none.db"),
        "{}",
        run.stderr
    );
    assert!(!host.path("var/none.db").exists());
    assert_eq!(names(&host.path("backups")), [older, old, "b.tar.gz"]);

    host.configure("embedded: {}", "");
    let run = host.run(&["backup", "--output", "backups/c.tar.gz", "--keep", "1d"]);
    assert!(run.stdout.ends_with("deleted: 1 backups older than 1d in backups\n"), "{}{}", run.stdout, run.stderr);
    assert_eq!(names(&host.path("backups")), [old, "b.tar.gz", "c.tar.gz"]);
}

#[test]
fn what_a_restore_would_refuse_is_refused_at_once() {
    let host = Host::new();
    let fails = |expected: &str| {
        let run = host.run(&["backup", "--output", "b.tar.gz", "--with-secrets"]);
        assert_eq!(run.code, Some(1));
        assert!(run.stderr.contains(expected), "{}", run.stderr);
        assert!(!run.stderr.contains("reading back") && !host.path("b.tar.gz").exists(), "{}", run.stderr);
    };
    host.world.clone.write("secrets.env", "");
    fs::OpenOptions::new().write(true).open(host.path("secrets.env")).unwrap().set_len((16 << 20) + 1).unwrap();
    fails("secrets.env has 16777217 bytes, expected at most 16777216");
    host.world.clone.write("token_registry.csv", "not one");
    fails("token_registry.csv: line 1: found other columns");
}

#[test]
fn a_damaged_store_is_not_backed_up_as_if_it_were_whole() {
    let host = Host::new();
    let store = host.path("var/orchestrator.db");
    let mut bytes = fs::read(&store).unwrap();
    let middle = bytes.len() / 2 / 4096 * 4096;
    bytes[middle..middle + 4096].fill(0xaa);
    fs::write(&store, bytes).unwrap();
    let run = host.run(&["backup", "--output", "b.tar.gz"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(run.stderr.contains("is damaged"), "{}", run.stderr);
    assert!(!host.path("b.tar.gz").exists());
}

#[test]
fn of_greptimedb_the_rows_are_not_included_and_everybody_is_told() {
    let world = World::greptime();
    let run = world.run(&["backup", "--output", "b.tar.gz"]);
    let address = world.greptime.as_ref().unwrap().url().to_string();
    let told = format!("NOT INCLUDED: what is stored in GreptimeDB at {}", address.trim_end_matches('/'));
    assert!(run.code == Some(0) && run.stdout.contains(&told), "{}{}", run.stdout, run.stderr);
    let backup = world.clone.path("b.tar.gz");
    let store = &manifest(&backup)["store"];
    assert_eq!((&store["kind"], &store["included"]), (&json!("greptimedb"), &json!(false)));
    let elsewhere = checkout();
    let run = elsewhere.run(&["--config", "etc/new.yaml", "restore", backup.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert_eq!(names(&elsewhere.path("etc")), ["new.yaml"]);
}
