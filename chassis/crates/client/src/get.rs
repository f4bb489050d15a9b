//! What does an address answer? A question that is asked once.

use std::time::Duration;

use reqwest::Url;

use crate::pool::{Route, pool, root_cause};

/// Why an address gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum GetError {
    /// The time is up.
    #[error("{url} did not answer within {} s", timeout.as_secs_f64())]
    Slow {
        /// What was asked.
        url: Url,
        /// How long it had.
        timeout: Duration,
    },
    /// It could not be asked, or broke off.
    #[error("asking {url} failed: {cause}")]
    Failed {
        /// What was asked.
        url: Url,
        /// The innermost cause.
        cause: String,
    },
}

/// Asks `url` once, not through a proxy, for at most `timeout`; status and the first `most_bytes` of the answer's body.
///
/// `program` is how the request says who asks, as in [`pool`].
///
/// # Errors
/// There was no answer. An answer of whatever status is none.
pub async fn get(program: &str, url: &Url, timeout: Duration, most_bytes: usize) -> Result<(u16, Vec<u8>), GetError> {
    let failed = |error: reqwest::Error| GetError::Failed { url: url.clone(), cause: root_cause(&error) };
    let asked = async {
        let mut answer = pool(program, url, timeout, Route::Direct)
            .map_err(failed)?
            .get(url.clone())
            .send()
            .await
            .map_err(failed)?;
        let mut body = Vec::new();
        while body.len() < most_bytes
            && let Some(chunk) = answer.chunk().await.map_err(failed)?
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(most_bytes);
        Ok((answer.status().as_u16(), body))
    };
    tokio::time::timeout(timeout, asked).await.unwrap_or_else(|_| Err(GetError::Slow { url: url.clone(), timeout }))
}
