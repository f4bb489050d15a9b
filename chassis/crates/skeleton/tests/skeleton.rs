//! The smallest service, asked for everything that the chassis does for it.
#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use testkit::folder::Folder;
use testkit::service::Service;
use testkit::{PATIENCE, wait_for};

const FILE: &str = "skeleton.yaml";
const GOOD: &str = "port: 0\ninterval_seconds: 3600\n";

/// A folder with the configuration, and what the service manager would hear.
fn folder() -> (Folder, UnixDatagram) {
    let folder = Folder::new(env!("CARGO_BIN_EXE_skeleton"));
    folder.write(FILE, GOOD);
    let manager = UnixDatagram::bind(folder.path("notify")).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    (folder, manager)
}

fn start(folder: &Folder) -> Service {
    let mut command = folder.command(&[]);
    command.env("NOTIFY_SOCKET", folder.path("notify"));
    let service = Service::start(command, "Starting HTTP server on http://");
    service.answers("/startupz", 200);
    service
}

/// The next message to the service manager with this beginning.
fn hears(manager: &UnixDatagram, beginning: &str) {
    let mut message = [0; 1024];
    loop {
        let length = manager.recv(&mut message).unwrap_or_else(|error| panic!("{beginning}: {error}"));
        if message[..length].starts_with(beginning.as_bytes()) {
            return;
        }
    }
}

#[test]
fn a_service_has_fewer_than_three_hundred_lines_of_its_own() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = fs::read_dir(root.join("src")).unwrap().map(|entry| entry.unwrap().path());
    let own = sources.chain([root.join("openapi.json")]).map(|path| fs::read_to_string(path).unwrap());
    // Its unit test is none of them.
    let lines: usize = own.map(|text| text.split("#[cfg(test)]").next().unwrap().lines().count()).sum();
    assert!(lines < 300, "{lines} lines: is the chassis finished?");
}

#[test]
fn it_answers_probes_its_route_its_description_and_metrics() {
    let (folder, manager) = folder();
    let service = start(&folder);
    hears(&manager, "READY=1");
    for probe in ["/livez", "/readyz", "/startupz", "/health"] {
        assert_eq!(service.get(probe).status, 200, "{probe}");
    }
    assert_eq!(service.get("/api/rounds").json()["made"], 1);
    assert_eq!(service.get("/api/openapi.json").json()["info"]["title"], "Skeleton");
    assert_eq!(service.get("/nothing").status, 404);
    let metrics = service.answers("/metrics", 200).text().to_owned();
    assert!(metrics.lines().any(|line| line == "skeleton_rounds_total 1"), "{metrics}");
    // For promtool, which CI has.
    fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("skeleton.prom"), metrics).unwrap();
}

#[test]
fn a_bad_file_is_refused_and_a_good_one_taken() {
    let (folder, manager) = folder();
    let service = start(&folder);
    hears(&manager, "READY=1");
    let reloads = || service.get("/metrics").text().contains("skeleton_config_last_reload_successful 1");
    folder.write(FILE, "port: 0\ninterval_second: 1\n");
    service.signal("HUP");
    hears(&manager, "RELOADING=1");
    hears(&manager, "READY=1");
    service.logged("skeleton.yaml:2: interval_second: unknown key");
    wait_for(|| (!reloads()).then_some(())).expect("the refusal to be counted");
    let next_at = || service.get("/api/rounds").json()["next_at"].as_str().unwrap().to_owned();
    let in_an_hour = next_at();
    folder.write(FILE, "port: 0\ninterval_seconds: 1800\n");
    service.signal("HUP");
    wait_for(|| reloads().then_some(())).expect("the good file to be taken");
    // Both in the same format of time, so that the texts are in order as the instants are.
    wait_for(|| (next_at() < in_an_hour).then_some(())).expect("a round in half an hour");
}

#[test]
fn it_stops_in_order_when_it_is_told_to() {
    let (folder, manager) = folder();
    let mut service = start(&folder);
    service.signal("TERM");
    hears(&manager, "STOPPING=1");
    assert_eq!(service.ended(), Some(0));
    assert!(service.log().last().unwrap().ends_with("Stopped"), "{:?}", service.log());
}

#[test]
fn its_configuration_is_backed_up_and_put_back() {
    let (folder, _) = folder();
    let backup = folder.run(&["backup", "backup.tar.gz"]);
    assert_eq!(backup.code, Some(0), "{}", backup.stderr);
    folder.write(FILE, "port: 1\ninterval_seconds: 1\n");
    let restore = folder.run(&["restore", "backup.tar.gz"]);
    assert_eq!(restore.code, Some(0), "{}", restore.stderr);
    assert_eq!(fs::read_to_string(folder.path(FILE)).unwrap(), GOOD);
}

#[test]
fn a_wrong_file_ends_it_with_every_fault_and_exit_code_2() {
    let (folder, _) = folder();
    folder.write(FILE, "port: 70000\ninterval_seconds: 0\n");
    let run = folder.run(&[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("skeleton.yaml:1: port") && run.stderr.contains("skeleton.yaml:2:"), "{}", run.stderr);
}
