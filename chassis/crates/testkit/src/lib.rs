//! What tests of any service stand on: the service in a folder of its own, and servers around it that fail on demand.
//!
//! Start at [`folder::Folder`] and [`service::Service`] for the program under test. [`scripted::Server`] is what
//! stand-ins of outside APIs are made of; a server with a router of its own takes [`socket`], so that its connections
//! can be cut, too. A [`Latch`] keeps any of them from answering until a test says so. [`post`] asks a server without
//! anything that the code under test sets up; [`closed_port`] is for the one failure no server can show: nobody
//! listening.
//!
//! Nothing here knows an asset, a store or a market: what does is in the test support of its service.

pub mod folder;
mod latch;
mod patience;
mod post;
pub mod scripted;
pub mod service;
pub mod socket;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use latch::Latch;
pub use patience::{PATIENCE, wait_for};
pub use post::post;
use tokio::net::TcpSocket;

/// A port of 127.0.0.1 on which nobody listens, so that connecting to it is refused, for as long as this process lives.
///
/// # Errors
/// When no local port can be bound.
pub fn closed_port() -> std::io::Result<u16> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let port = socket.local_addr()?.port();
    // Bound and not listening it refuses connections, and no other test or program is given the port.
    std::mem::forget(socket);
    Ok(port)
}

/// Locks what the requests of a server share, although one of them may have panicked: only for state that is never
/// changed in two steps.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
