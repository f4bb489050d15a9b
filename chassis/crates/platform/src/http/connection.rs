//! One connection from its first byte to its last.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{Request, Response, StatusCode};
use bytes::Bytes;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tracing::{debug, warn};

use super::chassis::App;
use super::limits::{Arrival, Limits};
use super::repeats::Repeats;
use super::stream::{Stream, refusal};
use super::table::{Late, Slot};

/// How long, and for how many bytes, a refused peer is listened to: one that still sends would lose the answer otherwise.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 256 * 1024;

/// What is left to do when no more requests are answered.
enum End {
    Close,
    /// The last answer has been sent to a peer that may still be sending.
    Linger,
    /// The same, after an answer that says that the request took too long.
    Refuse,
}

/// Answers the requests of one connection until it ends, is told to, or is too slow.
pub(super) async fn run(socket: TcpStream, app: App, slot: Arc<Slot>, limits: Limits) {
    let repeats = Arc::clone(&app.repeats);
    let service = service_fn(|request| answer(request, &app, &slot, &limits));
    let mut http = http1::Builder::new();
    // Times are kept here, by one timer per connection instead of one per request.
    http.header_read_timeout(None).max_header_size(limits.header_bytes);
    let mut connection = http.serve_connection(Stream::new(socket, Arc::clone(&slot), Arc::clone(&repeats)), service);
    let mut told = std::pin::pin!(slot.told());
    let mut timer = std::pin::pin!(tokio::time::sleep(limits.request_time));
    let mut is_stopping = false;
    let end = loop {
        tokio::select! {
            biased;
            ended = &mut connection => break match ended {
                Ok(()) if is_stopping => End::Close,
                Ok(()) => End::Linger,
                Err(error) => broken(&error, &slot),
            },
            () = &mut told => {
                if slot.has_left() {
                    break End::Close;
                }
                is_stopping = true;
                Pin::new(&mut connection).graceful_shutdown();
                told.set(slot.told());
            }
            () = &mut timer => match slot.check(&limits) {
                Ok(next) => timer.as_mut().reset(next),
                Err(late) => break too_late(late, &slot, &limits),
            },
        }
    };
    let socket = connection.into_parts().io.into_inner();
    tokio::select! {
        () = finish(socket, end, &slot, &repeats) => {}
        () = slot.told() => {}
    }
}

fn broken(error: &hyper::Error, slot: &Slot) -> End {
    // Most often the peer went away in the middle of something, which is its own business.
    debug!(client = %slot.client(), %error, "a connection broke off");
    if error.is_parse() { End::Linger } else { End::Close }
}

fn too_late(late: Late, slot: &Slot, limits: &Limits) -> End {
    let client = slot.client();
    match late {
        Late::Head => return End::Refuse,
        Late::Answer => {
            let seconds = limits.request_time.as_secs_f64();
            warn!(%client, "closed a connection: nothing of an answer was taken for {seconds} s");
        }
        Late::Idle => debug!(%client, "closed an idle connection"),
    }
    End::Close
}

async fn finish(mut socket: TcpStream, end: End, slot: &Slot, repeats: &Repeats) {
    let answered = match end {
        End::Close => return,
        End::Linger => Ok(()),
        End::Refuse => socket.write_all(&refusal(StatusCode::REQUEST_TIMEOUT, slot, repeats)).await,
    };
    if answered.is_ok() && socket.shutdown().await.is_ok() {
        let mut rest = socket.take(LINGER_BYTES);
        // Whatever comes, or does not come, the connection is over.
        drop(tokio::time::timeout(LINGER, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await);
    }
}

async fn answer(
    request: Request<Incoming>,
    app: &App,
    slot: &Arc<Slot>,
    limits: &Limits,
) -> Result<Response<Tracked>, Infallible> {
    let Some(first_byte_at) = slot.begin() else {
        return std::future::pending().await; // the connection is about to be closed
    };
    let answering = Answering(Arc::clone(slot));
    let deadline = first_byte_at + limits.request_time;
    let arrival = Arrival { peer: slot.peer, deadline, body_bytes: limits.body_bytes };
    let response = app.answer(request, arrival).await;
    Ok(response.map(|body| Tracked { body, _answering: answering }))
}

/// The answer to a request is being made for as long as this lives.
struct Answering(Arc<Slot>);

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.answered();
    }
}

/// The body of an answer; it lives until hyper has taken all of it.
struct Tracked {
    body: Body,
    _answering: Answering,
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
