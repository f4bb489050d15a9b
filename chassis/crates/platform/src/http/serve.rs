//! Accepting connections, and ending them.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::chassis::App;
use super::connection;
use super::limits::Limits;
use super::repeats::{Kind, Repeats};
use super::table::{Slot, Table};

/// Files a service needs besides its connections: stores, outgoing requests, what it reads and writes.
const OTHER_FILES: usize = 128;
/// Connections that gave way and are not closed yet, while new ones are accepted in their place.
const LEAVING: usize = 16;
/// Connections that the system keeps for the server until it accepts them; more have to try again after a second.
const BACKLOG: u32 = 1024;

/// Listens on `port` of `host`, a name or an address; port 0 is a free one. The first address that works is taken.
///
/// # Errors
/// The name has no address, or none of its addresses can be listened on.
pub async fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in tokio::net::lookup_host((host, port)).await? {
        match listen_on(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // Connections of a server that ran here before may still be ending; that is no reason not to start.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Answers HTTP/1 requests on `listener` with `app`, until `stop` completes; then closes what is idle, finishes what is in
/// progress within [`Limits::drain`] and comes back.
///
/// A connection counts as idle while no request is in progress, also when half of a header has been sent. A handler is dropped
/// where its client goes away: what must not be left half done belongs into a task of its own.
///
/// # Errors
/// The address of `listener` cannot be found out; nothing that happens to a connection ends the server.
pub async fn serve(
    listener: TcpListener,
    app: App,
    limits: Limits,
    stop: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let room = room_for(limits.connections);
    let table = Table::new(room);
    let mut connections = JoinSet::new();
    let mut stop = pin!(stop);
    let repeats = Arc::clone(&app.repeats);
    let mut saying = pin!(repeats.say());
    loop {
        let (socket, slot) = tokio::select! {
            biased;
            () = &mut stop => break,
            never = &mut saying => match never {},
            accepted = accept(&listener, &table, &repeats) => accepted,
        };
        let (app, table, limits) = (app.clone(), Arc::clone(&table), limits.clone());
        connections.spawn(async move {
            connection::run(socket, app, Arc::clone(&slot), limits).await;
            table.leave(&slot);
        });
        while connections.try_join_next().is_some() {}
        if connections.len() > room + LEAVING {
            connections.join_next().await; // at once: somebody was told to leave
        }
    }
    drop(listener);
    table.stop();
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain, all).await.is_err() {
        let (count, seconds) = (connections.len(), limits.drain.as_secs_f64());
        warn!("{count} requests on {address} did not finish within {seconds} s and are cut off");
        connections.shutdown().await;
    }
    repeats.say_all();
    Ok(())
}

/// The next connection that there is a place for.
async fn accept(listener: &TcpListener, table: &Table, repeats: &Repeats) -> (TcpStream, Arc<Slot>) {
    let mut failed = false;
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => {
                if let Err(error) = socket.set_nodelay(true) {
                    debug!(%error, "a connection was gone before it could be served");
                    continue;
                }
                return (socket, enter(table, peer, repeats).await);
            }
            Err(error) if is_of_one_connection(&error) => {
                debug!(%error, "a connection was gone before it was accepted")
            }
            // No files are left, or no memory. The connection stays in the queue and would be offered again at once.
            Err(error) => {
                if !std::mem::replace(&mut failed, true) {
                    warn!(%error, "cannot accept a connection; idle ones give way until it works");
                }
                table.make_room();
                table.freed().await;
            }
        }
    }
}

async fn enter(table: &Table, peer: SocketAddr, repeats: &Repeats) -> Arc<Slot> {
    const WHAT: &str = "closed the connection idle longest: there are too many";
    loop {
        if let Some((slot, left)) = table.enter(peer) {
            if let Some(client) = left.map(|left| left.ip().to_canonical())
                && repeats.is_new(Kind { what: WHAT, status: None }, client, "")
            {
                warn!(%client, "{WHAT}");
            }
            return slot;
        }
        table.freed().await;
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

/// How many of `connections` this process may have open; raises its limit of open files where that helps.
pub(super) fn room_for(connections: usize) -> usize {
    let files = (connections + OTHER_FILES) as u64;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= files) {
        return connections;
    }
    let raised = Rlimit { current: Some(limit.maximum.map_or(files, |maximum| maximum.min(files))), ..limit };
    let allowed = if setrlimit(Resource::Nofile, raised).is_ok() { raised.current } else { limit.current };
    let room = usize::try_from(allowed.unwrap_or(files)).unwrap_or(connections).saturating_sub(OTHER_FILES).max(16);
    if room < connections {
        warn!(
            "this process may open {allowed:?} files, so there are at most {room} connections instead of {connections}"
        );
    }
    room.min(connections)
}
