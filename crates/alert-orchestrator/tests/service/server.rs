//! A running service, and what it is asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use testkit::Latch;

use crate::support::Clone;

/// How long anything may take that a test waits for. Only a failing test waits so long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The real binary in server mode, on a port of its own; it is killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    log: Arc<Mutex<Vec<String>>>,
    printed: Arc<Mutex<Vec<String>>>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

impl Server {
    /// Starts the service; `arguments` must lead to a configuration that listens on port 0.
    pub(crate) fn start(clone: &Clone, arguments: &[&str]) -> Self {
        Self::spawn(clone.command(arguments))
    }

    pub(crate) fn spawn(command: Command) -> Self {
        Self::printing_to(Stdio::piped(), command)
    }

    /// Starts the service; where it prints to something else than a new pipe, that is not looked at.
    pub(crate) fn printing_to(output: Stdio, mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
        let log = collect(child.stderr.take().unwrap());
        let printed = child.stdout.take().map(collect).unwrap_or_default();
        let mut server = Self { child, address: SocketAddr::from(([127, 0, 0, 1], 0)), log, printed };
        let line = server.logged("Starting HTTP server on http://");
        server.address = line.rsplit("http://").next().unwrap().split(['"', ',']).next().unwrap().parse().unwrap();
        server
    }

    /// Waits for a line of the log that contains `text`.
    pub(crate) fn logged(&self, text: &str) -> String {
        self.wait_for(|| self.log().into_iter().find(|line| line.contains(text)))
            .unwrap_or_else(|| panic!("{text:?} was not logged:\n{}", self.log().join("\n")))
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// Waits until that many lines with `text` were printed.
    pub(crate) fn printed(&self, text: &str, times: usize) {
        let seen = self.wait_for(|| (self.count(text) >= times).then_some(()));
        let log = || self.log().join("\n");
        assert!(seen.is_some(), "{text:?} was printed {} times, expected {times}; log:\n{}", self.count(text), log());
    }

    /// How many lines with `text` have been printed.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.printed.lock().unwrap().iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until `found` finds something; nothing, where it does not within [`PATIENCE`].
    pub(crate) fn wait_for<T>(&self, mut found: impl FnMut() -> Option<T>) -> Option<T> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(found) = found() {
                return Some(found);
            }
            thread::yield_now();
            thread::park_timeout(Duration::from_millis(5));
        }
        None
    }

    /// Waits until something is held by `latch`.
    pub(crate) fn waits_at(&self, latch: &Latch) {
        self.wait_for(|| (latch.held() > 0).then_some(())).expect("something to be held");
    }

    /// Waits until `path` answers with `status`.
    pub(crate) fn answers(&self, path: &str, status: u16) -> Answer {
        let answer = self.wait_for(|| Some(self.get(path)).filter(|answer| answer.status == status));
        answer.unwrap_or_else(|| panic!("{path} never answered {status}; now: {:?}", self.get(path)))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("content-length: {}\r\n", body.len());
        }
        request += "\r\n";
        let mut connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.write_all(&[request.as_bytes(), body].concat()).unwrap();
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).unwrap();
        parse(&bytes)
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process; its exit code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::park_timeout(Duration::from_millis(5));
        }
        panic!("the service did not end")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl std::io::Read + Send + 'static) -> Arc<Mutex<Vec<String>>> {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            collected.lock().unwrap().push(line);
        }
    });
    lines
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}
