//! How is a service spoken to over HTTP without anybody being able to hold it up?
//!
//! Start at [`listen`] and [`serve`], which owns the connections: how many, how large, how long ([`Limits`]). The router it is given
//! goes through [`chassis`] first: request ids, one log line per request, security headers, every error as JSON
//! ([`Problem`]), panics caught, and the [`Client`] a request comes from. [`Rendered`] is a page that is made once and
//! served often; [`same_origin`] tells a form of our own from somebody else's.
//!
//! Inside: `table` knows which connection gives way, `connection` runs one, `stream` watches its bytes.

mod chassis;
mod client;
mod connection;
mod origin;
mod problem;
mod rendered;
mod serve;
mod stream;
mod table;
#[cfg(test)]
mod tests;

pub use chassis::{App, chassis};
pub use client::{Client, Proxies};
pub use origin::same_origin;
pub use problem::Problem;
pub use rendered::Rendered;
pub use serve::{Limits, listen, serve};

/// One item of a header like `Accept`: its name, and its weight `q`, which is 1 where none is said and 0 where it is not a number.
pub(crate) fn weighted(item: &str) -> (&str, f64) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    (name, weight.map_or(1.0, |weight| weight.parse().unwrap_or(0.0)))
}
