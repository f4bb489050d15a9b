//! The real binary in server mode.

use std::process::{Command, Stdio};

use testkit::service::Service;

/// What the log says before the address.
const ANNOUNCED: &str = "Starting HTTP server on http://";

/// Starts the service; `command` must lead to a configuration that listens on port 0.
#[track_caller]
pub(crate) fn start(command: Command) -> Service {
    Service::start(command, ANNOUNCED)
}

/// The same, with another standard output.
#[track_caller]
pub(crate) fn start_printing_to(output: Stdio, command: Command) -> Service {
    Service::start_printing_to(output, command, ANNOUNCED)
}
