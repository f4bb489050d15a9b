//! How is a service spoken to over HTTP without anybody being able to hold it up?
//!
//! Start at [`listen`] and [`serve`], which owns the connections: how many, how large, how long ([`Limits`]). The router it is given
//! goes through [`chassis`] first: request ids, one log line per request, security headers, every error as JSON
//! ([`Problem`]), panics caught, and the [`Client`] a request comes from. [`Rendered`] is a page that is made once and
//! served often; `same_origin` tells a form of our own from somebody else's; [`Verdict`] is what a probe answers.
//!
//! Inside: `table` knows which connection gives way, `connection` runs one, `stream` watches its bytes, `repeats` keeps the
//! log short.

mod chassis;
mod client;
mod connection;
mod headers;
mod limits;
mod origin;
mod problem;
mod rendered;
mod repeats;
mod serve;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod verdict;

pub use chassis::{App, chassis};
pub use client::{Client, Proxies, User};
pub(crate) use headers::weighted;
pub use limits::Limits;
pub(crate) use origin::same_origin;
pub use problem::Problem;
pub use rendered::Rendered;
pub use serve::{listen, serve};
pub use verdict::Verdict;
