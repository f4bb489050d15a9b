//! The `health` command: does a running service answer? For container engines, load balancers and scripts, which then
//! need no HTTP client of their own.

use std::io::{self, Write as _};
use std::time::Duration;

use advisor_io::http;
use anyhow::bail;
use url::Url;

use crate::start;

/// More of an answer than this is not read.
const MAX_BODY_BYTES: usize = 4096;

/// Runs `health`: asks once, prints the answer.
///
/// # Errors
/// No answer within `timeout`, or another status than 200.
pub(crate) fn run(url: &Url, timeout: Duration) -> anyhow::Result<u8> {
    let (status, body) = start::runtime()?.block_on(http::get(url, timeout, MAX_BODY_BYTES))?;
    let body = String::from_utf8_lossy(&body);
    let body = body.trim();
    if status != 200 {
        bail!("{url} answered {status}, expected 200: {body}");
    }
    writeln!(io::stdout().lock(), "{url} answered 200: {body}")?;
    Ok(0)
}

/// An address that can be asked, from the command line.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse_url(text: &str) -> Result<Url, String> {
    let expected = "expected an address like http://127.0.0.1:9808/livez";
    let url: Url = text.parse().map_err(|error| format!("{error}; {expected}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("found scheme {:?}; {expected}", url.scheme()));
    }
    Ok(url)
}

/// A positive number of seconds, from the command line.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| *seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds above 0".to_owned())
}
