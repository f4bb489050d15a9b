//! Which program is this?

use jiff::{Timestamp, tz::TimeZone};

/// A program by its name, and which of its builds it is.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// As it is called.
    pub name: &'static str,
    /// The version of the release.
    pub version: &'static str,
    /// The revision of the source, `unknown` where it was built outside of git and nobody said.
    pub revision: &'static str,
    /// When it was built, in seconds since the epoch.
    pub built_at: &'static str,
}

impl Program {
    /// What `--version` says behind the program's name.
    pub fn line(&self) -> String {
        let Self { version, revision, .. } = self;
        let built_at = self.built_at.parse().ok().and_then(|second| Timestamp::from_second(second).ok());
        let day = built_at.map_or("unknown".to_owned(), |at| at.to_zoned(TimeZone::UTC).date().to_string());
        format!("{version} (commit {revision}, built {day})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn line(built_at: &'static str, expected: &str) {
        let program = Program { name: "service", version: "1.2.3", revision: "0123456789ab", built_at };
        assert_eq!(program.line(), format!("1.2.3 (commit 0123456789ab, built {expected})"));
    }

    #[test]
    fn the_day_is_that_of_utc() {
        line("1795305599", "2026-11-21"); // 23:59:59
        line("1795305600", "2026-11-22");
        line("yesterday", "unknown");
    }
}
