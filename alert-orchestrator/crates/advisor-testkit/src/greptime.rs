//! A GreptimeDB HTTP server for tests: its published behaviour with SQLite behind it, and faults on demand.
//!
//! Start at [`Greptime::start`]. **This is a stand-in, not the server**: it was written from the server's source and
//! documentation of release 1.3.0 and was never compared with a running one. What a test against it shows is that a
//! client follows the published behaviour.
//!
//! It serves `/v1/sql` in the `greptimedb_v1` format, and the health pages. Real: tables with a time index and tags,
//! overwriting by key, types, errors with code and status, authentication, streaming. Where it is SQLite that shows:
//! - expressions run as SQLite runs them, which takes some statements the server refuses (columns missing from
//!   `GROUP BY`), and nulls come first in `ORDER BY ... ASC`;
//! - a result column that is neither a stored column nor a simple function of one has the type its values have, and its
//!   name is the expression's text where the server writes `count(*)` or `Int64(1)`: give it an alias;
//! - an unsigned integer holds 63 bits, a decimal is read back exactly but compared as text, and there is no interval
//!   arithmetic, no time zone other than UTC for instants without one, no JSON, list or struct column.

mod auth;
mod catalog;
mod csv;
mod dialect;
mod encode;
mod engine;
mod error;
mod faults;
mod request_log;
mod rewrite;
mod scratch;
mod server;
mod types;

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use axum::body::Bytes;
use testkit::lock;
use testkit::socket::{Cut, Listener};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{mpsc, oneshot};

pub use error::SqlError;
pub use faults::{Fault, Injection, Release};
pub use request_log::ReceivedQuery;

use auth::User;
use encode::{Reply, Shape};
use engine::{DEFAULT_DATABASE, Engine};
use server::Shared;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A running stand-in on 127.0.0.1; it stops when dropped.
///
/// ```
/// let greptime = advisor_testkit::greptime::Greptime::start();
/// greptime.execute("CREATE TABLE cpu (ts TIMESTAMP(3) TIME INDEX, host STRING, load DOUBLE, PRIMARY KEY (host))")?;
/// greptime.insert_rows("cpu", &["ts", "host", "load"], (0..3).map(|hour| (hour * 3_600_000, "a", 0.5)))?;
/// assert_eq!(greptime.request_count(), 0); // nobody asked it over HTTP yet
/// # Ok::<(), advisor_testkit::greptime::SqlError>(())
/// ```
pub struct Greptime {
    shared: Arc<Shared>,
    address: SocketAddr,
    serving: Option<Serving>,
    /// While it is stopped: a socket that does not listen, so that connections are refused and nobody else gets the port.
    reserved: Option<TcpSocket>,
}

/// The thread that answers.
struct Serving {
    /// The socket that listens, by another handle.
    listening: TcpStream,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How a stand-in is started, where [`Greptime::start`] is not enough.
#[derive(Default)]
pub struct Builder {
    port: u16,
    users: Vec<User>,
}

impl Builder {
    /// The port to listen on; 0, the default, is any free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Asks for a password from now on, and lets this user read and write.
    pub fn user(self, name: &str, password: &str) -> Self {
        self.add_user(name, password, true)
    }

    /// Asks for a password from now on, and lets this user read only.
    pub fn read_only_user(self, name: &str, password: &str) -> Self {
        self.add_user(name, password, false)
    }

    fn add_user(mut self, name: &str, password: &str, may_write: bool) -> Self {
        self.users.push(User { name: name.to_owned(), password: password.to_owned(), may_write });
        self
    }

    /// Starts it on a thread of its own, so that a test needs no runtime.
    ///
    /// # Errors
    /// When the port is taken, or no directory, thread or runtime can be had.
    pub fn start(self) -> io::Result<Greptime> {
        let shared = Arc::new(Shared {
            engine: Engine::new()?,
            users: self.users,
            script: Default::default(),
            log: Default::default(),
            prepared: Mutex::new(HashMap::new()),
        });
        let socket = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))?;
        let address = socket.local_addr()?;
        let serving = Serving::start(&shared, socket)?;
        Ok(Greptime { shared, address, serving: Some(serving), reserved: None })
    }
}

/// A socket with this address that does not listen yet.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // Connections that are still being closed do not keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

impl Serving {
    fn start(shared: &Arc<Shared>, socket: TcpSocket) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let (listener, listening) = {
            let _entered = runtime.enter();
            let listener = socket.listen(BACKLOG)?.into_std()?;
            let listening = TcpStream::from(OwnedFd::from(listener.try_clone()?));
            (TcpListener::from_std(listener)?, listening)
        };
        let service = server::router(Arc::clone(shared)).into_make_service_with_connect_info::<Cut>();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name("greptime-stand-in".to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = axum::serve(Listener(listener), service) => {}
                    _ = stopped => {}
                }
            });
            // Replies that are delayed or stalled on purpose are not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { listening, stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _already_stopped = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
        // Closing alone does not do: a program that another thread is about to start has the socket open, too, for a moment.
        let _not_listening = self.listening.shutdown(Shutdown::Both);
    }
}

impl Greptime {
    /// Starts a stand-in on a free port, without authentication.
    ///
    /// # Panics
    /// When it cannot start: the test that needs it has failed.
    #[expect(
        clippy::expect_used,
        reason = "a test that cannot have its server has failed, and this is where it says so"
    )]
    pub fn start() -> Self {
        Self::builder().start().expect("starting the GreptimeDB stand-in")
    }

    /// A stand-in with a port or users of choice.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `http://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Goes away: its connections end, new ones are refused. What it holds stays until it [resumes](Self::resume).
    ///
    /// # Errors
    /// When the port cannot be kept.
    pub fn stop(&mut self) -> io::Result<()> {
        if let Some(serving) = self.serving.take() {
            drop(serving);
            self.reserved = Some(bind(self.address)?);
        }
        Ok(())
    }

    /// Comes back on the same port, with what it held.
    ///
    /// # Errors
    /// When no thread or runtime can be had.
    pub fn resume(&mut self) -> io::Result<()> {
        if let Some(socket) = self.reserved.take() {
            self.serving = Some(Serving::start(&self.shared, socket)?);
        }
        Ok(())
    }

    /// Runs writes and DDL without HTTP, in database `public` unless they name another; returns the rows written.
    ///
    /// # Errors
    /// What the server would answer; a statement that reads is refused.
    pub fn execute(&self, sql: &str) -> Result<usize, SqlError> {
        self.shared.engine.execute(sql)
    }

    /// Runs a query without HTTP, in database `public` unless it names another; the cells of its rows, as the server
    /// writes them.
    ///
    /// # Errors
    /// What the server would answer.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<serde_json::Value>>, SqlError> {
        #[derive(serde::Deserialize)]
        struct Reply {
            output: Vec<Output>,
        }
        #[derive(serde::Deserialize)]
        struct Output {
            records: Records,
        }
        #[derive(serde::Deserialize)]
        struct Records {
            rows: Vec<Vec<serde_json::Value>>,
        }
        let reply: Reply = serde_json::from_slice(&self.render(sql)?)
            .map_err(|error| SqlError::new(error::code::INTERNAL, format!("no rows: {error}")))?;
        Ok(reply.output.into_iter().flat_map(|output| output.records.rows).collect())
    }

    /// Inserts many rows in one transaction, without HTTP; returns how many.
    ///
    /// `table` may be qualified (`minswap.prices`). A row is a tuple or array of SQLite values, one per column, with
    /// instants as integers in their column's unit.
    ///
    /// # Errors
    /// What the server would answer for an unknown table or column or a value of the wrong type; then no row is kept.
    pub fn insert_rows<P: rusqlite::Params>(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = P>,
    ) -> Result<usize, SqlError> {
        self.shared.engine.insert(table, columns, rows.into_iter().map(Ok))
    }

    /// Loads a CSV file with a header of column names into an existing table; returns the rows read.
    ///
    /// An empty field is null; an instant is RFC 3339 text or an integer in its column's unit.
    ///
    /// # Errors
    /// When the file cannot be read, or a row does not fit the table; the message names the line. Then no row is kept.
    pub fn load_csv(&self, table: &str, file: &Path) -> anyhow::Result<usize> {
        csv::load(&self.shared.engine, table, file)
    }

    /// Runs `sql` now and answers the same text with the same bytes from now on, at no cost; returns their number.
    ///
    /// `limit` and faults that change the wording have no effect on such a reply.
    ///
    /// # Errors
    /// What the server would answer.
    pub fn prerender(&self, sql: &str) -> Result<usize, SqlError> {
        let body = self.render(sql)?;
        let length = body.len();
        lock(&self.shared.prepared).insert((DEFAULT_DATABASE.to_owned(), sql.to_owned()), body);
        Ok(length)
    }

    fn render(&self, sql: &str) -> Result<Bytes, SqlError> {
        let statements = dialect::parse(sql, DEFAULT_DATABASE)?;
        let (sender, mut parts) = mpsc::channel(1);
        std::thread::scope(|scope| {
            // A thread of its own, because the caller may be inside a runtime, where blocking receives panic.
            let body = scope.spawn(move || {
                let mut body = Vec::new();
                while let Some(part) = parts.blocking_recv() {
                    let chunk: Bytes = part?;
                    body.extend_from_slice(&chunk);
                }
                Ok::<_, SqlError>(body)
            });
            let written = scope.spawn(move || {
                let mut reply = Reply::new(sender, Shape::default());
                self.shared.engine.run(statements, DEFAULT_DATABASE, &mut reply)?;
                reply.finish(0)
            });
            joined(written)?;
            joined(body).map(Bytes::from)
        })
    }

    /// Lets a fault happen: once, or as often and where its [`Injection`] says. Injections add up; the first that
    /// applies to a request wins.
    pub fn inject(&self, fault: impl Into<Injection>) {
        self.shared.script.add(fault.into());
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.shared.script.clear();
    }

    /// Lets the server's clock, which `now()` reads, run ahead of this machine's (behind, where negative).
    pub fn set_clock_skew(&self, skew: jiff::SignedDuration) {
        self.shared.engine.set_clock_skew_ms(i64::try_from(skew.as_millis()).unwrap_or(i64::MAX));
    }

    /// Every request to `/v1/sql` so far, oldest first, including those that were refused or broken off.
    pub fn queries(&self) -> Vec<ReceivedQuery> {
        self.shared.log.all()
    }

    /// How many requests to `/v1/sql` came so far.
    pub fn request_count(&self) -> usize {
        self.shared.log.len()
    }

    /// Forgets the requests so far.
    pub fn forget_queries(&self) {
        self.shared.log.clear();
    }
}

/// A thread's result; its panic goes on in the caller.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
