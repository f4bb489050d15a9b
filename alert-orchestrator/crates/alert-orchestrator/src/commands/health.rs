//! The `health` command: does a running service answer? For container engines, load balancers and scripts, which then
//! need no HTTP client of their own.

use std::io::{self, Write as _};

use anyhow::bail;
use platform::process::{self, Ended};

use crate::cli::HealthArgs;

/// How the request says who asks.
const PROGRAM: &str = concat!("alert-orchestrator/", env!("CARGO_PKG_VERSION"));
/// More of an answer than this is not read.
const MAX_BODY_BYTES: usize = 4096;

/// Runs `health`: asks once, prints the answer.
///
/// # Errors
/// No answer within `timeout`, or another status than 200.
pub(crate) fn run(HealthArgs { url, timeout }: HealthArgs) -> anyhow::Result<Ended> {
    let (status, body) = process::runtime()?.block_on(client::get(PROGRAM, &url, timeout, MAX_BODY_BYTES))?;
    let body = String::from_utf8_lossy(&body);
    let body = body.trim();
    if status != 200 {
        bail!("{url} answered {status}, expected 200: {body}");
    }
    writeln!(io::stdout().lock(), "{url} answered 200: {body}")?;
    Ok(Ended::Done)
}
