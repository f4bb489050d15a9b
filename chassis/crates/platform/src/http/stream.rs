//! The bytes of one connection, watched for progress.
//!
//! hyper answers what it cannot parse by itself, with a bare status; [`Stream`] sends in its place the same status with
//! the headers and the body every other answer has.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::http::StatusCode;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tracing::{debug, error_span, warn};

use super::headers::{REQUEST_ID, SECURITY_HEADERS, new_request_id};
use super::problem::Problem;
use super::repeats::{Kind, Repeats};
use super::table::Slot;

pub(super) struct Stream {
    socket: TokioIo<TcpStream>,
    slot: Arc<Slot>,
    repeats: Arc<Repeats>,
    /// What is still to be sent in place of hyper's answer.
    refusal: Vec<u8>,
}

impl Stream {
    pub(super) fn new(socket: TcpStream, slot: Arc<Slot>, repeats: Arc<Repeats>) -> Self {
        Self { socket: TokioIo::new(socket), slot, repeats, refusal: Vec::new() }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.socket.into_inner()
    }

    /// Keeps in mind what to send in place of an answer of hyper's; `None` for all other bytes.
    fn replace(&mut self, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        let status = own_answer(bytes)?;
        self.refusal = refusal(status, &self.slot, &self.repeats);
        Some(Poll::Ready(Ok(bytes.len())))
    }

    fn noted<T>(&self, sent: Poll<T>) -> Poll<T> {
        self.slot.sending(sent.is_pending());
        sent
    }
}

impl Read for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.socket).poll_read(cx, buf);
        if let Poll::Ready(Ok(())) = read {
            self.slot.received(); // also the end, after which nothing matters any more
        }
        read
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(replaced) = self.replace(bytes) {
            return replaced;
        }
        let sent = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.noted(sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Some(replaced) = slices.first().and_then(|bytes| self.replace(bytes)) {
            return replaced;
        }
        let sent = Pin::new(&mut self.socket).poll_write_vectored(cx, slices);
        self.noted(sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.refusal.is_empty() {
            let refusal = std::mem::take(&mut self.refusal);
            let sent = Pin::new(&mut self.socket).poll_write(cx, &refusal);
            let rest = if let Poll::Ready(Ok(sent)) = sent { sent } else { 0 };
            self.refusal = refusal[rest..].to_vec();
            ready!(self.noted(sent))?;
        }
        ready!(Pin::new(&mut self.socket).poll_flush(cx))?;
        // hyper asks for this when it has nothing left to write.
        self.slot.sent();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

/// The status of an answer that hyper made by itself: it has these headers and no others, which none of ours can have.
fn own_answer(bytes: &[u8]) -> Option<StatusCode> {
    let rest = bytes.strip_prefix(b"HTTP/1.")?;
    let status = StatusCode::from_bytes(rest.get(2..5)?).ok().filter(StatusCode::is_client_error)?;
    let line = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let date = rest[line..].strip_prefix(b"\r\nconnection: close\r\ncontent-length: 0\r\ndate: ")?;
    (date.len() == "Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n".len()).then_some(status)
}

/// The last answer on a connection whose request never became one; the log says so, too.
pub(super) fn refusal(status: StatusCode, slot: &Slot, repeats: &Repeats) -> Vec<u8> {
    let what = match status {
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE | StatusCode::URI_TOO_LONG => "its header is too large",
        StatusCode::REQUEST_TIMEOUT => "its header was not sent in time",
        _ => "it is malformed",
    };
    let id = new_request_id();
    let id = id.to_str().unwrap_or_default();
    let (client, kind) = (slot.client(), Kind { what: "refused a request", status: Some(status.as_u16()) });
    error_span!("request", correlationId = id).in_scope(|| match repeats.is_new(kind, client, "") {
        true => warn!(%client, status = status.as_u16(), "refused a request: {what}"),
        false => debug!(%client, status = status.as_u16(), "refused a request: {what}"),
    });
    let body = Problem::body(&format!("the request was refused: {what}"));
    let mut answer = format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\n");
    for (name, value) in &SECURITY_HEADERS {
        answer.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap_or_default()));
    }
    answer.push_str(&format!("{REQUEST_ID}: {id}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    answer.into_bytes()
}
