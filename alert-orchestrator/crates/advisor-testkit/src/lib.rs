//! What the advisor's tests stand on: servers that answer like those it asks, and fail on demand.
//!
//! Start at [`greptime::Greptime`], a GreptimeDB HTTP stand-in, [`liqwid::Liqwid`] and [`minswap::Minswap`], scripted
//! servers of the outside APIs. [`scenarios`] are evaluations worth drawing.
//!
//! What knows no asset, store or market of the advisor is in [`testkit`]: the faults of a scripted server, the
//! [latch](testkit::Latch) that keeps an answer back until a test says so, and the service itself in a folder.

pub mod greptime;
pub mod liqwid;
pub mod minswap;
pub mod scenarios;
