//! How does a test ask a server by itself? Over a socket, so that it neither needs nor changes what the code under test has
//! set up in the process.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;

/// The body of the answer to a POST at `http://host:port/path`, whatever its status.
///
/// # Errors
/// It is no such address, the server cannot be asked, or what it answers is no HTTP.
pub fn post(url: &str, content_type: &str, body: &str) -> io::Result<String> {
    let invalid = |what: String| io::Error::new(io::ErrorKind::InvalidData, what);
    let (server, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .ok_or_else(|| invalid(format!("found {url}, expected http://host:port/path")))?;
    let mut socket = TcpStream::connect(server)?;
    // HTTP/1.0: the answer is not chunked, and the connection ends with it.
    let head = format!("POST /{path} HTTP/1.0\r\ncontent-type: {content_type}\r\ncontent-length: {}", body.len());
    socket.write_all(format!("{head}\r\n\r\n{body}").as_bytes())?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned());
    body.ok_or_else(|| invalid(format!("found {answer:?}, expected an HTTP answer")))
}
