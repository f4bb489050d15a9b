//! Where on a chart is an instant, where a value, and which of them are written on its axes?

use super::text::{self, DAY};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// The most ticks of time; on a narrow screen every second one is shown.
const MOST_TICKS: i64 = 10;
/// How far apart they may be, up to weeks.
const STEPS: [i64; 11] =
    [MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY];
/// And beyond, months.
const MONTHS: [i64; 11] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200];

/// The time that all charts of a run share.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimeAxis {
    from: i64,
    to: i64,
}

impl TimeAxis {
    /// `to` is put after `from` where it is not.
    pub(super) fn new(from: i64, to: i64) -> Self {
        Self { from, to: to.max(from.saturating_add(1)) }
    }

    pub(super) fn from(self) -> i64 {
        self.from
    }

    pub(super) fn to(self) -> i64 {
        self.to
    }

    pub(super) fn has(self, at: i64) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// The part of the width at which `at` lies; what is outside lies at the edge.
    pub(super) fn share(self, at: i64) -> f64 {
        let at = at.clamp(self.from, self.to);
        at.abs_diff(self.from) as f64 / self.to.abs_diff(self.from) as f64
    }

    /// What is written, and when.
    pub(super) fn ticks(self) -> Vec<(i64, String)> {
        let length = self.to.saturating_sub(self.from);
        match STEPS.into_iter().find(|step| length / step < MOST_TICKS) {
            Some(step) => self.even_ticks(step),
            None => {
                let months = MONTHS.into_iter().find(|months| length / (months * 30 * DAY) < MOST_TICKS);
                self.month_ticks(months.unwrap_or(12_000))
            }
        }
    }

    fn even_ticks(self, step: i64) -> Vec<(i64, String)> {
        // Weeks begin on Mondays; 1970-01-05 was one.
        let origin = if step % (7 * DAY) == 0 { 4 * DAY } else { 0 };
        let first = self.from + (origin - self.from).rem_euclid(step);
        let label = |at: i64| {
            let date = text::civil(at);
            let format = match at.rem_euclid(DAY) {
                0 => "%-d %b",
                _ => "%H:%M",
            };
            (at, date.strftime(format).to_string())
        };
        (0..=MOST_TICKS).map(|i| first + i * step).filter(|at| self.has(*at)).map(label).collect()
    }

    fn month_ticks(self, step: i64) -> Vec<(i64, String)> {
        let start = text::civil(self.from).date();
        // Months since the year 0.
        let first = i64::from(start.year()) * 12 + i64::from(start.month()) - 1;
        let tick = |i: i64| {
            let months = (first.div_euclid(step) + i) * step;
            let (year, month) = (i16::try_from(months.div_euclid(12)).ok()?, i8::try_from(months.rem_euclid(12)).ok()?);
            let at = jiff::civil::Date::new(year, month + 1, 1).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            let format = if step % 12 == 0 { "%Y" } else { "%b %Y" };
            Some((at.timestamp().as_millisecond(), at.strftime(format).to_string()))
        };
        (0..=MOST_TICKS + 1).filter_map(tick).filter(|(at, _)| self.has(*at)).collect()
    }
}

/// Values from the bottom of a chart to its top.
#[derive(Debug, Clone, Copy)]
pub(super) struct ValueAxis {
    low: f64,
    high: f64,
    height: f64,
}

impl ValueAxis {
    /// So high that all `values` are on it, with a little room; those that are not finite do not count.
    pub(super) fn around(values: impl Iterator<Item = f64>, height: f64) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let room = match (high - low) * 0.06 {
            room if room > high.abs().max(low.abs()) * 1e-9 => room,
            _ => high.abs().max(1e-6) * 0.01,
        };
        Self { low: low - room, high: high + room, height }
    }

    /// From `low` to `high`, which differ.
    pub(super) fn new(low: f64, high: f64, height: f64) -> Self {
        Self { low, high, height }
    }

    /// Pixels from the top.
    pub(super) fn y(self, value: f64) -> f64 {
        let value = if value.is_finite() { value.clamp(self.low, self.high) } else { self.low };
        (self.high - value) / (self.high - self.low) * self.height
    }

    /// Round values, and with how many decimals they are written.
    pub(super) fn ticks(self) -> (Vec<f64>, usize) {
        let step = round_step((self.high - self.low) / (self.height / 45.0).max(4.2));
        let first = (self.low / step).ceil();
        let decimals = (0..12).find(|decimals| {
            let scaled = step * 10_f64.powi(*decimals);
            (scaled - scaled.round()).abs() < 1e-6 * scaled
        });
        let ticks = (0..40).map(|i| (first + f64::from(i)) * step).take_while(|tick| *tick <= self.high).collect();
        (ticks, usize::try_from(decimals.unwrap_or(12)).unwrap_or(0))
    }
}

/// The least of 1, 2, 2.5, 5 times a power of ten that is no less than `least`.
pub(super) fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.max(1e-12).log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(steps[4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn labels(from: i64, length: i64, expected: &[&str]) {
        let ticks = TimeAxis::new(from, from + length).ticks();
        let texts: Vec<_> = ticks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, expected);
    }

    #[test]
    fn ticks_stand_at_whole_hours_days_weeks_and_years() {
        let monday = 1_786_924_800_000; // 2026-08-17
        labels(monday, 4 * HOUR, &["17 Aug", "01:00", "02:00", "03:00", "04:00"]);
        labels(monday + HOUR, 36 * HOUR, &["06:00", "12:00", "18:00", "18 Aug", "06:00", "12:00"]);
        labels(monday - DAY, 30 * DAY, &["17 Aug", "24 Aug", "31 Aug", "7 Sep", "14 Sep"]);
        labels(
            monday,
            400 * DAY,
            &["Sep 2026", "Nov 2026", "Jan 2027", "Mar 2027", "May 2027", "Jul 2027", "Sep 2027"],
        );
        labels(monday, 7 * 365 * DAY, &["2027", "2028", "2029", "2030", "2031", "2032", "2033"]);
        labels(monday, 0, &["17 Aug"]);
    }

    #[test]
    fn values_have_round_ticks_within_the_axis() {
        let axis = ValueAxis::around([100_000.0, 123_672.1].into_iter(), 225.0);
        assert_eq!(axis.ticks(), (vec![100_000.0, 110_000.0, 120_000.0], 0));
        let axis = ValueAxis::around([0.01, 0.0125].into_iter(), 180.0);
        assert_eq!(axis.ticks().1, 3);
    }

    #[test]
    fn no_values_equal_values_and_endless_values_have_an_axis() {
        for values in [&[][..], &[5.0, 5.0], &[0.0], &[f64::NAN, f64::INFINITY], &[-1e18, 1e18], &[1e-300]] {
            let axis = ValueAxis::around(values.iter().copied(), 200.0);
            let (ticks, _) = axis.ticks();
            assert!(!ticks.is_empty() && ticks.len() < 12, "{values:?}: {ticks:?}");
            for value in values.iter().chain(&ticks) {
                assert!((-1e-6..=200.001).contains(&axis.y(*value)), "{value} at {}", axis.y(*value));
            }
        }
    }
}
