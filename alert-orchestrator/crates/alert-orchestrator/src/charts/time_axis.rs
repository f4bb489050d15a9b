//! Ticks of a time axis: midnights, hours or firsts of a month in the zone of whoever looks.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};

/// A tick and its label.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Milliseconds since the epoch.
    pub(super) at: i64,
    pub(super) label: String,
    /// The year, and the day where the label is an hour: below the first label, and below one of another year.
    pub(super) below: Option<String>,
}

/// Distances between ticks.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Divides an hour or a day.
    Minutes(i32),
    Days(i32),
    /// Divides a year, or whole years.
    Months(i32),
}

const STEPS: [Step; 29] = [
    Step::Minutes(1),
    Step::Minutes(2),
    Step::Minutes(5),
    Step::Minutes(10),
    Step::Minutes(15),
    Step::Minutes(30),
    Step::Minutes(60),
    Step::Minutes(120),
    Step::Minutes(180),
    Step::Minutes(240),
    Step::Minutes(360),
    Step::Minutes(720),
    Step::Days(1),
    Step::Days(2),
    Step::Days(4),
    Step::Days(7),
    Step::Days(14),
    Step::Months(1),
    Step::Months(2),
    Step::Months(3),
    Step::Months(6),
    Step::Months(12),
    Step::Months(24),
    Step::Months(60),
    Step::Months(120),
    Step::Months(240),
    Step::Months(600),
    Step::Months(1200),
    Step::Months(2400),
];

impl Step {
    fn approximate_minutes(self) -> i64 {
        match self {
            Self::Minutes(minutes) => minutes.into(),
            Self::Days(days) => i64::from(days) * 1440,
            Self::Months(months) => i64::from(months) * 43_830,
        }
    }

    /// The tick after `tick`, in civil time.
    fn next(self, tick: &Zoned) -> Option<Zoned> {
        match self {
            Self::Minutes(minutes) => {
                // From midnight, so that a change of the clock does not shift the ticks after it.
                let midnight = tick.date();
                let passed = i32::from(tick.hour()) * 60 + i32::from(tick.minute());
                let next = (passed / minutes + 1) * minutes;
                let (date, next) = if next >= 1440 { (midnight.tomorrow().ok()?, 0) } else { (midnight, next) };
                date.to_datetime(jiff::civil::Time::midnight())
                    .checked_add(next.minutes())
                    .ok()?
                    .to_zoned(tick.time_zone().clone())
                    .ok()
            }
            Self::Days(days) => start_of(tick.date().checked_add(days.days()).ok()?, tick.time_zone()),
            Self::Months(months) => start_of(tick.date().checked_add(months.months()).ok()?, tick.time_zone()),
        }
    }

    /// A tick at or before `at`.
    fn first(self, at: &Zoned) -> Option<Zoned> {
        let date = match self {
            Self::Minutes(_) => at.date(),
            Self::Days(days) => {
                // Counted from a Monday.
                let passed = at.date().since(jiff::civil::date(1969, 12, 29)).ok()?.get_days();
                at.date().checked_sub(passed.rem_euclid(days).days()).ok()?
            }
            Self::Months(months) => {
                let passed = i32::from(at.year()) * 12 + i32::from(at.month()) - 1;
                at.date().first_of_month().checked_sub(passed.rem_euclid(months).months()).ok()?
            }
        };
        start_of(date, at.time_zone())
    }

    fn tick(self, tick: &Zoned, before: Option<&Zoned>) -> Tick {
        let below = match self {
            Self::Months(_) => None,
            Self::Minutes(_) if !is_midnight(tick) => Some("%-d %b %Y"),
            Self::Minutes(_) | Self::Days(_) => Some("%Y"),
        };
        let below = below.filter(|_| before.is_none_or(|before| before.year() != tick.year()));
        Tick {
            at: tick.timestamp().as_millisecond(),
            label: self.label(tick),
            below: below.map(|format| tick.strftime(format).to_string()),
        }
    }

    fn label(self, tick: &Zoned) -> String {
        let format = match self {
            Self::Minutes(_) if !is_midnight(tick) => "%H:%M",
            Self::Minutes(_) | Self::Days(_) => "%-d %b",
            Self::Months(months) if months < 12 => "%b %Y",
            Self::Months(_) => "%Y",
        };
        tick.strftime(format).to_string()
    }
}

fn is_midnight(tick: &Zoned) -> bool {
    tick.hour() == 0 && tick.minute() == 0
}

fn start_of(date: Date, zone: &TimeZone) -> Option<Zoned> {
    date.to_zoned(zone.clone()).ok()
}

/// At most about `count` ticks from `from` to `to`, milliseconds since the epoch; none where the instants have no date.
pub(super) fn ticks(from: i64, to: i64, count: i64, zone: &TimeZone) -> Vec<Tick> {
    let minutes = to.saturating_sub(from) / 60_000;
    let fits = |step: &&Step| minutes / step.approximate_minutes() < count;
    let Some(step) = STEPS.iter().find(fits) else { return Vec::new() };
    let Ok(start) = Timestamp::from_millisecond(from) else { return Vec::new() };
    let within = std::iter::successors(step.first(&start.to_zoned(zone.clone())), |tick| {
        // Where the clock is set back, a civil time comes twice; it is one tick.
        step.next(tick).filter(|next| next > tick)
    });
    let within: Vec<Zoned> = within
        .skip_while(|tick| tick.timestamp().as_millisecond() < from)
        .take_while(|tick| tick.timestamp().as_millisecond() <= to)
        .collect();
    let before = std::iter::once(None).chain(within.iter().map(Some));
    within.iter().zip(before).map(|(tick, before)| step.tick(tick, before)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, to: &str, zone: &str, expected: &[&str]) {
        let millis = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let labels: Vec<String> = ticks(millis(from), millis(to), 8, &TimeZone::get(zone).unwrap())
            .into_iter()
            .map(|tick| tick.label)
            .collect();
        assert_eq!(labels, expected);
    }

    #[test]
    fn a_month_has_dates_and_a_day_has_hours() {
        let dates = ["31 Dec", "4 Jan", "8 Jan", "12 Jan", "16 Jan", "20 Jan", "24 Jan", "28 Jan"];
        check("2025-12-29T00:00:00Z", "2026-01-28T00:00:00Z", "UTC", &dates);
        let hours = ["04:00", "08:00", "12:00", "16:00", "20:00", "2 Jan"];
        check("2026-01-01T00:30:00Z", "2026-01-02T00:30:00Z", "UTC", &hours);
        check("2026-01-01T00:00:30Z", "2026-01-01T00:03:00Z", "UTC", &["00:01", "00:02", "00:03"]);
        check("2020-01-02T00:00:00Z", "2026-01-02T00:00:00Z", "UTC", &["2021", "2022", "2023", "2024", "2025", "2026"]);
    }

    #[test]
    fn the_year_stands_below_the_first_tick_and_where_it_changes() {
        let below = |from: &str, to: &str| -> Vec<(String, String)> {
            let millis = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
            let ticks = ticks(millis(from), millis(to), 8, &TimeZone::UTC);
            ticks.into_iter().filter_map(|tick| Some((tick.label, tick.below?))).collect()
        };
        let pair = |label: &str, below: &str| (label.to_owned(), below.to_owned());
        let month = below("2025-12-29T00:00:00Z", "2026-01-28T00:00:00Z");
        assert_eq!(month, [pair("31 Dec", "2025"), pair("4 Jan", "2026")]);
        let day = below("2026-01-01T00:30:00Z", "2026-01-02T00:30:00Z");
        assert_eq!(day, [pair("04:00", "1 Jan 2026")]);
        let new_year = below("2025-12-31T20:30:00Z", "2026-01-01T03:30:00Z");
        assert_eq!(new_year, [pair("21:00", "31 Dec 2025"), pair("1 Jan", "2026")]);
        assert_eq!(below("2025-06-02T00:00:00Z", "2026-01-02T00:00:00Z"), [], "\"Jan 2026\" has its year");
    }

    #[test]
    fn ticks_stand_at_local_midnight_also_across_a_change_of_the_clock() {
        // On 29 March 2026 Madrid goes from UTC+1 to UTC+2: midnights are at 23:00Z before and 22:00Z after.
        let madrid = TimeZone::get("Europe/Madrid").unwrap();
        let millis = |text: &str| text.parse::<Timestamp>().unwrap().as_millisecond();
        let found = ticks(millis("2026-03-27T12:00:00Z"), millis("2026-03-31T00:00:00Z"), 8, &madrid);
        let at: Vec<String> =
            found.iter().map(|tick| Timestamp::from_millisecond(tick.at).unwrap().to_string()).collect();
        let midnights =
            ["2026-03-27T23:00:00Z", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "2026-03-30T22:00:00Z"];
        for midnight in midnights {
            assert!(at.iter().any(|tick| tick == midnight), "no tick at {midnight}: {at:?}");
        }
        // The hour from 2 to 3 does not exist; 02:00 is shown as the instant that takes its place, once.
        let hours = ["29 Mar", "00:30", "01:00", "01:30", "03:00", "03:30", "04:00", "04:30"];
        check("2026-03-28T23:00:00Z", "2026-03-29T02:30:00Z", "Europe/Madrid", &hours);
    }

    #[test]
    fn a_repeated_hour_is_one_tick() {
        // On 25 October 2026 Madrid goes from UTC+2 to UTC+1: 02:00 comes at 00:00Z and again at 01:00Z.
        let hours = ["25 Oct", "01:00", "02:00", "03:00", "04:00"];
        check("2026-10-24T22:00:00Z", "2026-10-25T03:00:00Z", "Europe/Madrid", &hours);
    }

    #[test]
    fn no_span_is_too_long_or_too_short() {
        check("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z", "UTC", &["1 Jan"]);
        let long = ticks(i64::MIN / 1_000_000, i64::MAX / 1_000_000, 8, &TimeZone::UTC);
        assert!((1..=9).contains(&long.len()), "{long:?}");
        assert_eq!(ticks(i64::MIN, i64::MAX, 8, &TimeZone::UTC), []);
    }
}
