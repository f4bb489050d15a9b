//! When is it? Event time, the data's own, and the frames that bars are cut by.
//!
//! An instant is a whole count of microseconds since the Unix epoch, UTC ([`Micros`]): the finest unit a venue stamps
//! with, eight bytes in a bar, and differences are exact.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instant or a length, in microseconds; an instant counts from 1970-01-01T00:00Z.
pub type Micros = i64;

/// Microseconds in a second.
pub const SECOND: Micros = 1_000_000;
/// Microseconds in a day.
pub const DAY: Micros = 86_400 * SECOND;

/// The same in milliseconds, rounded down: the unit of reports and documents.
///
/// ```
/// assert_eq!(trading_core::time::millis(-1), -1);
/// ```
#[must_use]
pub fn millis(at: Micros) -> i64 {
    at.div_euclid(1000)
}

/// How an instant is shown: RFC 3339 in UTC, to the minute where it is a whole one.
///
/// ```
/// assert_eq!(trading_core::time::shown(1_534_345_200_000_000), "2018-08-15T15:00Z");
/// assert_eq!(trading_core::time::shown(1_534_345_201_500_000), "2018-08-15T15:00:01.5Z");
/// ```
#[must_use]
pub fn shown(at: Micros) -> String {
    let text = Timestamp::from_microsecond(at).map_or_else(|_| format!("{at} µs"), |at| at.to_string());
    if at.rem_euclid(60 * SECOND) == 0 { text.replacen(":00Z", "Z", 1) } else { text }
}

/// The length of a bar, aligned to 00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Timeframe {
    #[serde(rename = "1m")]
    M1,
    #[serde(rename = "5m")]
    M5,
    #[serde(rename = "15m")]
    M15,
    #[serde(rename = "1h")]
    H1,
    #[serde(rename = "4h")]
    H4,
    #[serde(rename = "1d")]
    D1,
}

impl Timeframe {
    /// All of them, the finest first.
    pub const ALL: [Self; 6] = [Self::M1, Self::M5, Self::M15, Self::H1, Self::H4, Self::D1];

    /// Its length in microseconds.
    #[must_use]
    pub fn micros(self) -> Micros {
        let minutes = match self {
            Self::M1 => 1,
            Self::M5 => 5,
            Self::M15 => 15,
            Self::H1 => 60,
            Self::H4 => 240,
            Self::D1 => 1440,
        };
        minutes * 60 * SECOND
    }

    /// The name that files and configurations use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::M1 => "1m",
            Self::M5 => "5m",
            Self::M15 => "15m",
            Self::H1 => "1h",
            Self::H4 => "4h",
            Self::D1 => "1d",
        }
    }

    /// The start of the bar that `at` lies in.
    #[must_use]
    pub fn start_of(self, at: Micros) -> Micros {
        at - at.rem_euclid(self.micros())
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no timeframe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no timeframe, expected 1m, 5m, 15m, 1h, 4h or 1d")]
pub struct UnknownTimeframe(pub String);

impl FromStr for Timeframe {
    type Err = UnknownTimeframe;

    fn from_str(text: &str) -> Result<Self, UnknownTimeframe> {
        Self::ALL.into_iter().find(|frame| frame.name() == text).ok_or_else(|| UnknownTimeframe(text.to_owned()))
    }
}
