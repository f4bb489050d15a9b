//! A client that hides nothing: one request over one socket, the reply's bytes as they came.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use advisor_testkit::greptime::Greptime;

/// A reply, and how the connection ended.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) end: std::io::Result<()>,
}

impl Answer {
    /// A header's value, or "" where it is missing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let named = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        self.head.lines().find(named).and_then(|line| line.split_once(':')).map_or("", |(_, value)| value.trim())
    }

    /// The body without the one figure that differs from run to run.
    pub(crate) fn untimed(&self) -> String {
        let key = "\"execution_time_ms\":";
        match self.body.rsplit_once(key) {
            Some((before, after)) => format!("{before}{key}{}", after.trim_start_matches(|c: char| c.is_ascii_digit())),
            None => self.body.clone(),
        }
    }
}

/// Sends a request and reads until the connection ends. HTTP/1.0, so that the body is not chunked.
pub(crate) fn exchange(port: u16, method: &str, path: &str, headers: &[&str], body: &str) -> Answer {
    let mut socket = TcpStream::connect(("127.0.0.1", port)).expect("connecting to the stand-in");
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len());
    socket.write_all(request.as_bytes()).expect("sending the request");
    let mut bytes = Vec::new();
    let end = socket.read_to_end(&mut bytes).map(drop);
    let text = String::from_utf8(bytes).expect("a reply in UTF-8");
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned(), end }
}

pub(crate) const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

/// `key=value&…`, percent-encoded.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    let encode = |text: &str| {
        text.bytes().fold(String::new(), |encoded, byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' | b'.' => encoded + &char::from(byte).to_string(),
            _ => format!("{encoded}%{byte:02X}"),
        })
    };
    fields.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect::<Vec<_>>().join("&")
}

/// Posts `sql` as a form, the way a client does.
pub(crate) fn ask(greptime: &Greptime, sql: &str) -> Answer {
    exchange(greptime.port(), "POST", "/v1/sql", &[FORM], &form(&[("sql", sql)]))
}

/// The schema and rows a query answers, as `name:type, … | rows | total`.
#[track_caller]
pub(crate) fn table(greptime: &Greptime, sql: &str) -> String {
    let answer = ask(greptime, sql);
    assert_eq!(answer.status, 200, "{sql}: {}", answer.body);
    let body: serde_json::Value = serde_json::from_str(&answer.body).expect("a JSON reply");
    let records = &body["output"][0]["records"];
    let columns: Vec<String> = records["schema"]["column_schemas"]
        .as_array()
        .expect("column_schemas")
        .iter()
        .map(|column| {
            format!("{}:{}", column["name"].as_str().unwrap_or("?"), column["data_type"].as_str().unwrap_or("?"))
        })
        .collect();
    format!("{} | {} | {}", columns.join(", "), records["rows"], records["total_rows"])
}

/// Code and message of the error a statement answers.
#[track_caller]
pub(crate) fn error(greptime: &Greptime, sql: &str) -> String {
    let answer = ask(greptime, sql);
    let body: serde_json::Value = serde_json::from_str(&answer.body).expect("a JSON reply");
    assert_eq!(answer.header("x-greptime-err-code"), body["code"].to_string());
    format!("{} {} {}", answer.status, body["code"], body["error"].as_str().unwrap_or("?"))
}
