//! The clients of the outside APIs against scripted servers: what they understand, and what they do when something fails.

mod faults;
mod minswap;
mod prices;
mod transactions;

use std::time::Duration;

use advisor_io::api::Settings;
use advisor_io::liqwid::Liqwid;
use advisor_testkit::liqwid::Liqwid as LiqwidServer;

/// Settings of an API at `url`, with short waits between attempts.
fn settings(url: &str) -> Settings {
    Settings {
        url: url.parse().unwrap(),
        timeout: Duration::from_secs(10),
        deadline: Duration::from_secs(30),
        retries: 2,
        retry_delay: Duration::from_millis(1),
    }
}

fn liqwid(server: &LiqwidServer) -> Liqwid {
    Liqwid::new(settings(&server.endpoint())).unwrap()
}
