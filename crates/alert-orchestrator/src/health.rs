//! The `health` command: does a running service answer? For container engines, load balancers and scripts, which then
//! need no HTTP client of their own.

use std::io::{self, Write as _};
use std::time::Duration;

use advisor_io::http::{self, Route};
use anyhow::{Context as _, bail};
use url::Url;

use crate::app;

/// More of an answer than this is not read.
const MAX_BODY_BYTES: usize = 4096;

/// Runs `health`: asks once, prints the answer.
///
/// # Errors
/// No answer within `timeout`, or another status than 200.
pub(crate) fn run(url: &Url, timeout: Duration) -> anyhow::Result<u8> {
    let (status, body) = app::runtime()?.block_on(async {
        // The answer of a proxy in between would not be the service's.
        let client = http::client(url, timeout, Route::Direct).context("preparing the request")?;
        let asked = tokio::time::timeout(timeout, ask(&client, url)).await.ok();
        asked.with_context(|| format!("{url} did not answer within {} s", timeout.as_secs_f64()))?
    })?;
    if status != 200 {
        bail!("{url} answered {status}, expected 200: {body}");
    }
    writeln!(io::stdout().lock(), "{url} answered 200: {body}")?;
    Ok(0)
}

async fn ask(client: &http::Client, url: &Url) -> anyhow::Result<(u16, String)> {
    let failed = |error| anyhow::anyhow!("asking {url} failed: {}", http::root_cause(&error));
    let mut answer = client.get(url.clone()).send().await.map_err(failed)?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY_BYTES {
            body.truncate(MAX_BODY_BYTES);
            break;
        }
    }
    Ok((answer.status().as_u16(), String::from_utf8_lossy(&body).trim().to_owned()))
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
