//! Which program is this?

use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};

/// The version of the release.
pub(crate) const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The revision of the source, `unknown` where it was built outside of git and nobody said.
pub(crate) const REVISION: &str = env!("ALERT_ORCHESTRATOR_REVISION");

/// What `--version` says behind the program's name.
pub(crate) static LINE: LazyLock<String> = LazyLock::new(|| line(env!("ALERT_ORCHESTRATOR_BUILT_AT")));

/// `built_at`: seconds since the epoch.
fn line(built_at: &str) -> String {
    let built_at = built_at.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
    let day = built_at.map_or("unknown".to_owned(), |at| at.to_zoned(TimeZone::UTC).date().to_string());
    format!("{NUMBER} (commit {REVISION}, built {day})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_is_that_of_utc() {
        let expected = |day: &str| format!("{NUMBER} (commit {REVISION}, built {day})");
        assert_eq!(line("1795305599"), expected("2026-11-21")); // 23:59:59
        assert_eq!(line("1795305600"), expected("2026-11-22"));
        assert_eq!(line("yesterday"), expected("unknown"));
    }
}
