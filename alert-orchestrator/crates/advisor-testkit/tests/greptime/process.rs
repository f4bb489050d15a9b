//! The stand-in as a process: definitions and CSV files in, address out.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use crate::client::exchange;

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _reaped = self.0.wait();
    }
}

fn stand_in(csv: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_greptime-stand-in"));
    let ddl = "CREATE TABLE cpu (ts TIMESTAMP(3) TIME INDEX, host STRING, load DOUBLE, PRIMARY KEY (host))";
    command.args(["--sql", ddl, "--csv", &format!("cpu={csv}")]).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it and waits until it is ready; returns its port too.
fn started(command: &mut Command) -> (Process, u16) {
    let mut process = Process(command.spawn().unwrap());
    let mut address = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut address).unwrap();
    let port = address.trim().strip_prefix("http://127.0.0.1:").and_then(|port| port.parse().ok()).unwrap();
    (process, port)
}

#[test]
fn it_loads_csv_files_and_prints_its_address_when_ready() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "host,ts,load\na,1,0.5\nb,1970-01-01T00:00:00.002Z,\n").unwrap();
    let (_process, port) = started(&mut stand_in(&file.path().to_string_lossy()));
    let answer = exchange(port, "GET", "/v1/sql?sql=SELECT%20host,ts,load%20FROM%20cpu%20ORDER%20BY%20ts", &[], "");
    assert!(answer.body.contains(r#""rows":[["a",1,0.5],["b",2,null]]"#), "{}", answer.body);
}

#[test]
fn it_names_the_line_it_cannot_load() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "host,ts,load\na,1,0.5\nb,2,much\n").unwrap();
    let output = stand_in(&file.path().to_string_lossy()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(stderr.contains("line 3: \"much\" is not a Float64"), "{stderr}");
}

#[test]
fn what_a_killed_process_left_behind_is_removed_by_the_next() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "host,ts,load\n").unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let start = || started(stand_in(&file.path().to_string_lossy()).env("TMPDIR", temporary.path())).0;
    let left = || std::fs::read_dir(temporary.path()).unwrap().count();
    let living = start();
    drop(start()); // killed
    assert_eq!(left(), 2);
    let _third = start();
    assert_eq!(left(), 2, "the living one's and the third one's");
    drop(living);
}
