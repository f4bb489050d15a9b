//! How does a program begin and end? One command, its exit code, and what it says when it fails.
//!
//! Start at [`run`]. Results go to standard output, logs and faults to standard error. Exit codes: 0 done, 1 something
//! failed or is not in place, 2 configuration or usage.

mod ended;
mod password;
mod program;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use serde::Serialize;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;

pub use ended::Ended;
pub use password::hash_password;
pub use program::Program;

use crate::config::Faults;

/// The configuration or the command line is wrong.
const USAGE: u8 = 2;

/// A command line that asks for what cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// Runs the `command` of the program `name`; what it fails with is said on standard error.
#[must_use]
pub fn run(name: &str, command: impl FnOnce() -> anyhow::Result<Ended>) -> ExitCode {
    match command() {
        Ok(Ended::Done) => ExitCode::SUCCESS,
        Ok(Ended::WithFaults) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS, // whoever reads has read enough
        Err(error) => {
            let is_usage = error.is::<Faults>() || error.is::<Usage>();
            complain(name, &error);
            if is_usage { ExitCode::from(USAGE) } else { ExitCode::FAILURE }
        }
    }
}

fn complain(name: &str, error: &anyhow::Error) {
    let mut out = io::stderr().lock();
    // There is nowhere left to report a standard error that cannot be written to.
    let _ = match error.downcast_ref::<Faults>() {
        // Each line begins with file and line, where editors and people look for them.
        Some(faults) => writeln!(out, "{faults}"),
        None => writeln!(out, "{name}: {error:#}"),
    };
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<io::Error>());
    io.is_some_and(|io| io.kind() == io::ErrorKind::BrokenPipe)
}

/// A variable of a configuration; the environment is read here and nowhere else.
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What runs asynchronous work: a thread per core.
///
/// # Errors
/// The operating system gives no threads.
pub fn runtime() -> anyhow::Result<Runtime> {
    Builder::new_multi_thread().enable_all().build().context("starting the runtime")
}

/// What the task gave. Its panic goes on in whoever waits for it, as if they had done the work themselves.
pub async fn outcome<T>(task: JoinHandle<T>) -> T {
    task.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))
}

/// Prints a result as JSON.
///
/// # Errors
/// Standard output cannot be written to.
pub fn print_json(value: &impl Serialize) -> io::Result<()> {
    // Standard output alone writes line by line, and there may be a million of them.
    let mut out = io::BufWriter::new(io::stdout().lock());
    serde_json::to_writer_pretty(&mut out, value)?;
    writeln!(out)?;
    out.flush()
}

/// Tells what was done. Whoever listened may have left, which undoes nothing of it.
pub(crate) fn tell(mut to: impl Write, text: &str) {
    let _nobody_listens = to.write_all(text.as_bytes());
}

/// Who has started this process, for records: the login name, which the environment tells, and the number, which it cannot
/// change.
#[must_use]
pub fn user() -> String {
    let number = rustix::process::getuid().as_raw();
    let name = ["SUDO_USER", "USER", "LOGNAME"].into_iter().find_map(|key| std::env::var(key).ok());
    name.map_or_else(|| format!("uid {number}"), |name| format!("{} (uid {number})", name.escape_debug()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot set itself up has failed")]

    use std::path::Path;

    use anyhow::anyhow;

    use super::*;
    use crate::config::Document;

    #[track_caller]
    fn ends(command: anyhow::Result<Ended>, expected: u8) {
        // An exit code can be compared by its text alone.
        let code = run("service", || command);
        assert_eq!(format!("{code:?}"), format!("{:?}", ExitCode::from(expected)));
    }

    #[test]
    fn the_exit_code_tells_done_from_failed_and_failed_from_asked_for_wrongly() {
        ends(Ok(Ended::Done), 0);
        ends(Ok(Ended::WithFaults), 1);
        ends(Err(anyhow!("the disk is full")), 1);
        ends(Err(Usage("--a goes with --b".to_owned()).into()), 2);
        let faults = Document::parse(Path::new("config.yaml"), "names: [a", &|_| None).unwrap_err();
        ends(Err(faults.into()), 2);
    }

    #[test]
    fn a_reader_who_has_left_is_no_failure() {
        let left = io::Error::from(io::ErrorKind::BrokenPipe);
        ends(Err(anyhow::Error::new(left).context("printing")), 0);
        ends(Err(io::Error::from(io::ErrorKind::StorageFull).into()), 1);
    }
}
