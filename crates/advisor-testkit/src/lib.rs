//! What the advisor's tests stand on: servers that answer like those it asks, and fail on demand.
//!
//! Start at [`greptime::Greptime`], a GreptimeDB HTTP stand-in, [`liqwid::Liqwid`] and [`minswap::Minswap`], scripted
//! servers of the outside APIs. What knows no asset, store or market of the advisor is in [`testkit`]: the faults of a
//! scripted server, and the [latch](testkit::Latch) that keeps an answer back until a test says so.

pub mod greptime;
pub mod liqwid;
pub mod minswap;
