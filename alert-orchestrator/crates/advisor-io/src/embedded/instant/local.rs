//! Which day, and which time of day, does a text mean that people and spreadsheets write by the rules of their country?
//!
//! Start at [`parse`]. For messages only: without an offset it is no instant.

use std::fmt;

use jiff::civil::{Date, DateTime, Time};

/// A day, and its time of day where there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local {
    at: DateTime,
    has_time: bool,
}

impl Local {
    pub(super) fn midnight(day: Date) -> Self {
        Self { at: day.to_datetime(Time::midnight()), has_time: false }
    }

    pub(super) fn day(self) -> Date {
        self.at.date()
    }

    pub(super) fn has_time(self) -> bool {
        self.has_time
    }

    /// As RFC 3339 has it, were it UTC.
    pub(super) fn in_utc(self) -> String {
        format!("{}Z", self.at)
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.at.date(), self.at.time())
    }
}

/// What the text may mean: `26.11.2026`, `11/26/2026 3:26 PM`, `26-11-2026 03:26:00`, `2026/11/26`; day before month
/// first. With points the day always comes first, where there is such a day.
pub(super) fn parse(text: &str) -> Vec<Local> {
    let (date, rest) = text.split_once([' ', 'T', ',']).map_or((text, ""), |(date, rest)| (date, rest.trim()));
    let time = match rest {
        "" => None,
        rest => match time(rest) {
            Some(time) => Some(time),
            None => return Vec::new(),
        },
    };
    let local = |day: Date| Local { at: day.to_datetime(time.unwrap_or(Time::midnight())), has_time: time.is_some() };
    days(date).into_iter().map(local).collect()
}

fn days(text: &str) -> Vec<Date> {
    let Some(separator) = text.chars().find(|c| "./-".contains(*c)) else { return Vec::new() };
    let parts: Vec<&str> = text.split(separator).collect();
    let number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok())?;
    let day = |year: &str, month: &str, day: &str| {
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()
    };
    let mut days: Vec<Date> = match *parts {
        [year, month, of_month] if year.len() == 4 => day(year, month, of_month).into_iter().collect(),
        [one, other, year] if year.len() == 4 => {
            [day(year, other, one), day(year, one, other)].into_iter().flatten().collect()
        }
        _ => Vec::new(),
    };
    days.dedup();
    days.truncate(if separator == '.' { 1 } else { 2 });
    days
}

/// A time of day: `3:26`, `03:26:07`, `3:26 PM`.
fn time(text: &str) -> Option<Time> {
    let text = text.to_ascii_lowercase();
    let (clock, half) = match (text.strip_suffix("am"), text.strip_suffix("pm")) {
        (Some(clock), _) => (clock.trim_end(), Some(0)),
        (_, Some(clock)) => (clock.trim_end(), Some(12)),
        (None, None) => (&*text, None),
    };
    let parts: Vec<i8> = clock
        .split(':')
        .map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?)
        .collect::<Option<_>>()?;
    let (hour, minute, second) = match *parts {
        [hour, minute] => (hour, minute, 0),
        [hour, minute, second] => (hour, minute, second),
        _ => return None,
    };
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    Time::new(hour, minute, second, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn means(text: &str, expected: &[&str]) {
        let found: Vec<String> = parse(text)
            .into_iter()
            .map(|local| if local.has_time() { local.to_string() } else { local.day().to_string() })
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_day_may_be_written_as_in_many_countries() {
        for text in ["26.11.2026", "26/11/2026", "11/26/2026", "26-11-2026", "2026/11/26", "2026.11.26", "11.26.2026"] {
            means(text, &["2026-11-26"]);
        }
        means("3.4.2026", &["2026-04-03"]);
        means("3/4/2026", &["2026-04-03", "2026-03-04"]);
        means("4/4/2026", &["2026-04-04"]);
        means("2026-1-5", &["2026-01-05"]);
    }

    #[test]
    fn a_time_of_day_may_follow() {
        for text in ["26.11.2026 15:26", "11/26/2026 3:26 PM", "11/26/2026, 3:26pm", "26.11.2026T15:26:00"] {
            means(text, &["2026-11-26 15:26:00"]);
        }
        means("11/26/2026 12:05 AM", &["2026-11-26 00:05:00"]);
        means("3/4/2026 1:00", &["2026-04-03 01:00:00", "2026-03-04 01:00:00"]);
    }

    #[test]
    fn anything_else_means_nothing() {
        for text in [
            "",
            "26.11.26",
            "32.1.2026",
            "13/13/2026",
            "1.2.3.2026",
            "26.11.2026 soon",
            "26.11.2026 25:00",
            "+1.2.2026",
        ] {
            means(text, &[]);
        }
        means("11/26/2026 13:00 PM", &[]);
        means("./.", &[]);
    }
}
