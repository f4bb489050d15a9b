//! A small HTTP server that answers from a script and fails on demand; what the stand-ins of outside APIs are made of.
//!
//! Start at [`Server::start`]; [`Fault`] is what can go wrong. It runs on a thread of its own and can be started
//! inside a runtime as well as without one.

mod faults;
mod received;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use tokio::sync::oneshot;

use crate::lock;
use crate::socket::{Cut, Listener};
pub use faults::{Fault, Injection};
pub use received::Received;

/// What the script says: a status and a JSON body.
pub type Answer = (u16, serde_json::Value);

/// A running server on 127.0.0.1; it stops when dropped.
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    answer: Box<dyn Fn(&Received) -> Answer + Send + Sync>,
    faults: Mutex<Vec<Injection>>,
    received: Mutex<Vec<Received>>,
}

impl Server {
    /// Starts a server whose answers `answer` gives.
    ///
    /// # Errors
    /// When no port or thread can be had.
    pub fn start(answer: impl Fn(&Received) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        let shared =
            Arc::new(Shared { answer: Box::new(answer), faults: Mutex::default(), received: Mutex::default() });
        // Bound here, so that it can be connected to as soon as this returns.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(respond).with_state(Arc::clone(&shared));
        let service = router.into_make_service_with_connect_info::<Cut>();
        let (stop, stopped) = oneshot::channel::<()>();
        // The runtime is made on its own thread: the caller may be inside another.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("scripted-server".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::select! {
                    _ = axum::serve(Listener(listener), service) => {}
                    _ = stopped => {}
                }
            });
            // Replies that are delayed on purpose are not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { shared, address, stop: Some(stop), thread: Some(thread) })
    }

    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets a fault happen: once, or as often and where its [`Injection`] says. Injections add up; the first that applies
    /// to a request wins.
    pub fn inject(&self, fault: impl Into<Injection>) {
        lock(&self.shared.faults).push(fault.into());
    }

    /// Ends all faults.
    pub fn heal(&self) {
        lock(&self.shared.faults).clear();
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Received> {
        lock(&self.shared.received).clone()
    }

    /// How many requests came so far.
    pub fn request_count(&self) -> usize {
        lock(&self.shared.received).len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _already_stopped = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

async fn respond(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(cut): ConnectInfo<Cut>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let target = uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let body = String::from_utf8_lossy(&body).into_owned();
    let received = Received { method: method.to_string(), target, body, received_at: Instant::now(), headers };
    lock(&shared.received).push(received.clone());
    let fault = faults::take(&mut lock(&shared.faults), &received);
    let usual = || json(&(shared.answer)(&received));
    match fault {
        Some(fault) => fault.spoil(usual, &cut).await,
        None => usual(),
    }
}

fn json((status, body): &Answer) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
