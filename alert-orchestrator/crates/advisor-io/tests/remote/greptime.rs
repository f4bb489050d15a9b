//! The client of GreptimeDB against the stand-in, and what its tests share.

mod faults;
mod types;
mod write_faults;
mod writing;

use std::time::Duration;

use advisor_io::greptime::Settings;

/// Settings of a server at `url`, with short waits between attempts.
pub(crate) fn settings(url: &str) -> Settings {
    Settings {
        base_url: Settings::base_url(url, 4000).unwrap(),
        database: "public".into(),
        timeout: Duration::from_secs(10),
        retries: 3,
        retry_delay: Duration::from_millis(1),
        username: None,
        password: None,
    }
}

/// The stand-in brings a runtime of its own and cannot start inside another, so tests are not async themselves.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
