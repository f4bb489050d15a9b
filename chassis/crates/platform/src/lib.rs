//! What every service of the workspace stands on, and nothing that knows an asset.
//!
//! * [`auth`]: who asks, and is the password right.
//! * [`backup`]: what a lost host takes with it, in one file, and back.
//! * [`cli`]: the flags that every service takes.
//! * [`config`]: how a YAML file becomes a checked value, with every fault at its line.
//! * [`files`]: which old files go.
//! * [`http`]: how the service is spoken to, within limits.
//! * [`memory`]: how much the allocator keeps.
//! * [`metrics`]: what is counted, and in which text Prometheus reads it.
//! * [`notify`] and `shutdown`: what systemd is told, and what the service is told by signals.
//! * [`process`]: how a program begins and ends.
//! * [`progress`]: how far long work is.
//! * [`reload`]: how the configuration is read again, without stopping.
//! * [`rounds`]: what is done over and over, on schedule.
//! * [`serve`]: from the start to the stop, and who may ask what.
//! * [`Secret`]: a text that is used and never shown.
//! * [`telemetry`]: the log on standard error.
#![deny(missing_docs)]

pub mod auth;
pub mod backup;
pub mod cli;
pub mod config;
pub mod files;
pub mod http;
pub mod memory;
pub mod metrics;
pub mod notify;
pub mod process;
pub mod progress;
pub mod reload;
pub mod rounds;
mod secret;
pub mod serve;
mod shutdown;
pub mod telemetry;

pub use secret::Secret;
