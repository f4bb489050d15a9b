//! The server over real sockets: what it refuses, whom it lets go, and that it answers the others meanwhile.

mod limits;
mod requests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::*;

/// Nothing in these tests takes longer, unless it fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// How large `/large` is: more than sockets buffer.
const LARGE: usize = 64 << 20;

struct Server {
    address: SocketAddr,
    /// `/wait` is being handled, and `/wait` may answer.
    waiting: Arc<Notify>,
    released: Arc<Notify>,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Server {
    async fn start(limits: Limits) -> Self {
        let (waiting, released) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let wait = {
            let (waiting, released) = (Arc::clone(&waiting), Arc::clone(&released));
            async move || {
                waiting.notify_one();
                released.notified().await;
                "waited"
            }
        };
        let app = Router::new()
            .route("/", get("hello"))
            .route("/echo", post(async |body: String| body))
            .route("/form", post(async |form: axum::Form<Vec<(String, String)>>| form.0.len().to_string()))
            .route("/client", get(async |axum::Extension(Client(client))| client.to_string()))
            .route("/large", get(async || vec![b'x'; LARGE]))
            .route("/probe", get(async || Verdict(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not yet"))))
            .route("/panic", get(async || -> () { panic!("on purpose") }))
            .route("/wait", get(wait));
        let listener = listen("localhost", 0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let proxies = Proxies::new(["127.0.0.0/8".parse().unwrap()]);
        let app = chassis(app, proxies);
        let task = tokio::spawn(serve(listener, app, limits, async move { drop(stopped.await) }));
        Self { address, waiting, released, stop: Some(stop), task }
    }

    async fn connect(&self) -> Peer {
        Peer(TcpStream::connect(self.address).await.unwrap())
    }

    /// A connection of its own on which these bytes are sent, and everything that is answered until it is closed.
    async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut peer = self.connect().await;
        peer.send(bytes).await;
        peer.rest().await
    }

    /// Whether a client that has just come gets an answer.
    async fn assert_answers(&self) {
        let answer = self.exchange("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("\r\n\r\nhello"), "{answer}");
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    async fn stopped(self) {
        tokio::time::timeout(PATIENCE, self.task).await.expect("the server stops").unwrap().unwrap();
    }
}

/// One end of a connection to the server.
struct Peer(TcpStream);

impl Peer {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Everything until the server closes the connection.
    async fn rest(mut self) -> String {
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        read.expect("the server closes the connection").expect("the server closes it in order");
        String::from_utf8(bytes).unwrap()
    }

    /// Asks for a small page, without closing the connection.
    async fn get(&mut self, path: &str) -> String {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        self.answer().await
    }

    /// The next answer, which has a length.
    async fn answer(&mut self) -> String {
        let mut text = String::new();
        while !is_complete(&text) {
            let mut buffer = [0; 4096];
            let read = tokio::time::timeout(PATIENCE, self.0.read(&mut buffer)).await.expect("the server answers");
            let length = read.unwrap();
            assert!(length > 0, "the connection was closed after {text:?}");
            text.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
        }
        text
    }

    async fn assert_closed(mut self) {
        let read = tokio::time::timeout(PATIENCE, self.0.read(&mut [0])).await.expect("the connection is closed");
        // Closed with or without bytes that nobody read.
        assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    }
}

fn is_complete(text: &str) -> bool {
    text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("the answer has a length");
        body.len() >= length.parse().unwrap()
    })
}
