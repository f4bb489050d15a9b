//! How is a running service watched, asked and stopped?
//!
//! Start at [`Service::start`]: a real program on a port of its own. What it logs (standard error) and prints (standard
//! output) is collected line by line, and waited for no longer than [`PATIENCE`]. It is asked over a plain socket, so
//! that what is sent is what a test says and nothing more.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot have its service has failed, and this is where it says so"
)]

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value as Json;

use crate::{PATIENCE, lock, wait_for};

/// A program that serves; it is killed when dropped.
pub struct Service {
    child: Child,
    address: SocketAddr,
    log: Lines,
    printed: Lines,
}

/// What a stream brought so far.
type Lines = Arc<Mutex<Vec<String>>>;

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// Names and values, in order.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Answer {
    /// A header's value; names are case-insensitive.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The body, which must be UTF-8.
    #[track_caller]
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body, which must be JSON.
    #[track_caller]
    pub fn json(&self) -> Json {
        match serde_json::from_slice(&self.body) {
            Ok(json) => json,
            Err(error) => panic!("{error}: {}", self.text()),
        }
    }
}

impl Service {
    /// Starts the program and waits until it logs that it listens: the address stands behind `announced`, such as
    /// `listening on http://`. It must be told to listen on port 0.
    #[track_caller]
    pub fn start(command: Command, announced: &str) -> Self {
        Self::start_printing_to(Stdio::piped(), command, announced)
    }

    /// The same; where it prints to something else than a new pipe, that is not looked at.
    #[track_caller]
    pub fn start_printing_to(output: Stdio, mut command: Command, announced: &str) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(output).stderr(Stdio::piped()).spawn().unwrap();
        let log = collect(child.stderr.take().unwrap());
        let printed = child.stdout.take().map(collect).unwrap_or_default();
        let mut service = Self { child, address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), log, printed };
        let line = service.logged(announced);
        let (_, behind) = line.split_once(announced).unwrap();
        service.address = behind.split(['"', ',', '/', ' ']).next().unwrap().parse().expect("an address in the log");
        service
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits for a line of the log that contains `text`.
    #[track_caller]
    pub fn logged(&self, text: &str) -> String {
        match wait_for(|| self.log().into_iter().find(|line| line.contains(text))) {
            Some(line) => line,
            None => panic!("{text:?} was not logged:\n{}", self.log().join("\n")),
        }
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        lock(&self.log).clone()
    }

    /// Waits until that many lines with `text` were printed.
    #[track_caller]
    pub fn printed(&self, text: &str, times: usize) {
        let seen = wait_for(|| (self.count(text) >= times).then_some(()));
        let log = || self.log().join("\n");
        assert!(seen.is_some(), "{text:?} was printed {} times, expected {times}; log:\n{}", self.count(text), log());
    }

    /// How many lines with `text` have been printed.
    pub fn count(&self, text: &str) -> usize {
        lock(&self.printed).iter().filter(|line| line.contains(text)).count()
    }

    /// Waits until `path` answers with `status`.
    #[track_caller]
    pub fn answers(&self, path: &str, status: u16) -> Answer {
        match wait_for(|| Some(self.get(path)).filter(|answer| answer.status == status)) {
            Some(answer) => answer,
            None => panic!("{path} never answered {status}; now: {:?}", self.get(path)),
        }
    }

    /// Asks for a path.
    #[track_caller]
    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"")
    }

    /// Sends a request of these headers and this body, and reads the answer.
    #[track_caller]
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", self.address);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("content-length: {}\r\n", body.len());
        }
        request += "\r\n";
        self.send(&[request.as_bytes(), body].concat())
    }

    /// Sends these bytes, which must ask for the connection to be closed or be HTTP/1.0, and reads the answer.
    #[track_caller]
    pub fn send(&self, request: &[u8]) -> Answer {
        let mut connection = TcpStream::connect(self.address).unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        connection.write_all(request).unwrap();
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes).unwrap();
        parse(&bytes)
    }

    /// Sends a signal, such as `TERM`.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the end of the process, and until all that it wrote is here; its exit code, or nothing where a signal ended it.
    #[track_caller]
    pub fn ended(&mut self) -> Option<i32> {
        let status = wait_for(|| self.child.try_wait().unwrap()).expect("the service to end");
        // A thread that collects lines holds them, too, until its stream has ended.
        let is_read = || [&self.log, &self.printed].into_iter().all(|lines| Arc::strong_count(lines) == 1);
        wait_for(|| is_read().then_some(())).expect("the service's streams to end with it");
        status.code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn collect(stream: impl Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let collected = Arc::clone(&lines);
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            lock(&collected).push(line);
        }
    });
    lines
}

#[track_caller]
fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head of an answer");
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}
