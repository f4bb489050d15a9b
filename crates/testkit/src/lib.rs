//! What tests stand on: servers that answer like the real ones, and fail on demand.
//!
//! Start at [`greptime::Greptime`], a GreptimeDB HTTP stand-in, [`liqwid::Liqwid`] and [`minswap::Minswap`], scripted
//! servers of the outside APIs (their faults: [`scripted`]). A [`Latch`] keeps any of them from answering until a test says
//! so. [`closed_port`] is for the one failure no server can show: nobody listening.

pub mod greptime;
mod latch;
pub mod liqwid;
pub mod minswap;
pub mod scripted;
mod socket;

use std::net::{Ipv4Addr, TcpListener};

pub use latch::Latch;

/// A port of 127.0.0.1 on which nobody listens, so that connecting to it is refused.
///
/// # Errors
/// When no local port can be bound to find a free one.
pub fn closed_port() -> std::io::Result<u16> {
    // Bound and closed again at once: the kernel hands out other ephemeral ports before it reuses this one.
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
