//! What does a service do from its start to its stop, and who may ask it what?
//!
//! Start at [`Service`], which does everything in its order: signals first, then HTTP, rounds and reloads, until it is
//! told to stop, and then what is in progress to its end, within a limit. What it answers is in [`Routes`]: each with
//! the access it needs, and ready-made the probes ([`Probed`]), the page ([`PageFiles`]) and the description of the
//! API ([`differences`] compares that with the routes).
//!
//! For handlers: [`Writes`] brings to its end what somebody asked for and went away, [`Turns`] bounds those who wait,
//! and [`Probe`] asks something outside whether it answers, not too often.
//!
//! Elsewhere: how connections are limited is in [`http`](crate::http), how rounds are made in
//! [`rounds`](crate::rounds).

mod guard;
mod hosts;
mod openapi;
mod page_files;
mod probe;
mod probes;
mod routes;
mod server;
mod service;
#[cfg(test)]
mod tests;
mod turns;
mod writes;

pub use guard::Guarded;
pub use openapi::differences;
pub use page_files::PageFiles;
pub use probe::Probe;
pub use probes::{Checks, Probed};
pub use routes::Routes;
pub use server::{ListenError, Server};
pub use service::{Service, StartError};
pub use turns::{Turn, Turns};
pub use writes::Writes;
