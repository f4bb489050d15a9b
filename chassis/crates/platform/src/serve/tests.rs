//! A service over real sockets: what it answers to whom, and its way from start to stop.

mod answers;
mod lifecycle;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Nothing in these tests takes longer, unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The answer to a request: its status, its header lines and its body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

/// Asks for `METHOD /path`, with more header lines, on a connection of its own.
async fn ask(address: SocketAddr, request: &str, headers: &[String]) -> Answer {
    let more: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
    send(address, &format!("{request} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{more}content-length: 0\r\n\r\n"))
        .await
}

/// Sends these bytes on a connection that the server closes after its answer.
async fn send(address: SocketAddr, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut text)).await.expect("the server answers").unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
