//! How did the account go, and how would holding have gone? Both as lines of values, their falls, and what each calendar
//! period brought.
//!
//! Start at [`Course::of`]. A value belongs to the period in which its bar closed; a close at midnight belongs to the day
//! before.

use trading_core::report::Report;

use super::prices::Prices;
use super::text::{self, DAY};

/// Values over time, the first of them what was there before anything happened; never empty.
pub(super) struct Line {
    pub(super) times: Vec<i64>,
    pub(super) values: Vec<f64>,
}

impl Line {
    fn new(start: (i64, f64), samples: impl Iterator<Item = (i64, f64)>) -> Self {
        let (mut times, mut values) = (vec![start.0], vec![start.1]);
        for (at, value) in samples.filter(|(_, value)| value.is_finite()) {
            if times.last().is_none_or(|last| *last < at) {
                times.push(at);
                values.push(value);
            }
        }
        Self { times, values }
    }

    /// The newest value at `at`, or the first.
    pub(super) fn at(&self, at: i64) -> f64 {
        self.values[self.times.partition_point(|time| *time <= at).saturating_sub(1)]
    }

    pub(super) fn last(&self) -> (i64, f64) {
        let last = self.times.len() - 1;
        (self.times[last], self.values[last])
    }

    /// How far each value is under the highest so far, as a fraction of that, at most 0.
    pub(super) fn falls(&self) -> Vec<f64> {
        let mut highest = f64::MIN;
        let fall = |value: &f64| {
            highest = highest.max(*value);
            if highest > 0.0 { value / highest - 1.0 } else { 0.0 }
        };
        self.values.iter().map(fall).collect()
    }
}

/// A fall from a high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fall {
    /// When the high was.
    pub(super) from: i64,
    /// When the lowest point was.
    pub(super) to: i64,
    /// When the high was reached again, if it was.
    pub(super) over: Option<i64>,
    /// How deep, as a fraction, under 0.
    pub(super) depth: f64,
}

impl Fall {
    /// The deepest one; `None` where there is none.
    fn deepest(line: &Line, falls: &[f64]) -> Option<Self> {
        let lowest =
            (0..falls.len()).min_by(|a, b| falls[*a].total_cmp(&falls[*b])).filter(|lowest| falls[*lowest] < 0.0)?;
        let high = (0..lowest).rfind(|place| falls[*place] == 0.0)?;
        let over = (lowest..falls.len()).find(|place| falls[*place] == 0.0).map(|place| line.times[place]);
        Some(Self { from: line.times[high], to: line.times[lowest], over, depth: falls[lowest] })
    }
}

/// A stretch of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Calendar {
    Days,
    /// From Monday on.
    Weeks,
    Months,
}

impl Calendar {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Days => "day",
            Self::Weeks => "week",
            Self::Months => "month",
        }
    }

    /// The period in which something ends that closes at `at`: its start and its end.
    fn around(self, at: i64) -> (i64, i64) {
        let within = at.saturating_sub(1);
        match self {
            Self::Days => {
                let start = within - within.rem_euclid(DAY);
                (start, start + DAY)
            }
            Self::Weeks => {
                // 1970-01-01 was a Thursday.
                let start = within - (within + 3 * DAY).rem_euclid(7 * DAY);
                (start, start + 7 * DAY)
            }
            Self::Months => {
                let date = text::civil(within).date();
                let start = Self::Days.around(at).0 - i64::from(date.day() - 1) * DAY;
                (start, start + i64::from(date.days_in_month()) * DAY)
            }
        }
    }
}

/// What a period brought.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Period {
    /// Its start and end, no further than the run goes.
    pub(super) from: i64,
    pub(super) to: i64,
    /// What the account was worth then.
    pub(super) before: f64,
    pub(super) after: f64,
    /// What holding brought in it, as a fraction; `None` where there are no prices.
    pub(super) held: Option<f64>,
}

impl Period {
    /// As a fraction.
    pub(super) fn change(&self) -> f64 {
        self.after / self.before - 1.0
    }

    /// As an amount.
    pub(super) fn amount(&self) -> f64 {
        self.after - self.before
    }
}

/// A run's course.
pub(super) struct Course {
    pub(super) run: Line,
    pub(super) falls: Vec<f64>,
    pub(super) worst_fall: Option<Fall>,
    /// The account, had it bought all instruments in equal parts at the first open and kept them, without costs.
    pub(super) hold: Option<Line>,
    pub(super) hold_falls: Vec<f64>,
    pub(super) weeks: Vec<Period>,
    /// The week that brought least.
    pub(super) worst_week: Option<Period>,
}

impl Course {
    pub(super) fn of(report: &Report, prices: &[Prices]) -> Self {
        let number = |text: &String| text.parse::<f64>().unwrap_or(f64::NAN);
        let initial = Some(number(&report.account.initial)).filter(|initial| initial.is_finite()).unwrap_or(0.0);
        let run = Line::new((report.span.from, initial), report.equity.points());
        let hold = held(report.span.from, initial, prices);
        let falls = run.falls();
        let mut course = Self {
            worst_fall: Fall::deepest(&run, &falls),
            hold_falls: hold.as_ref().map(Line::falls).unwrap_or_default(),
            run,
            falls,
            hold,
            weeks: Vec::new(),
            worst_week: None,
        };
        course.weeks = course.by(Calendar::Weeks);
        course.worst_week = course.weeks.iter().copied().min_by(|a, b| a.change().total_cmp(&b.change()));
        course
    }

    /// What each period brought; one that began with nothing has no change and is left out.
    pub(super) fn by(&self, calendar: Calendar) -> Vec<Period> {
        let (times, values) = (&self.run.times, &self.run.values);
        let (mut periods, mut place) = (Vec::new(), 1);
        while place < times.len() {
            let (start, end) = calendar.around(times[place]);
            let past = place + times[place..].partition_point(|at| *at <= end);
            let (from, to) = (start.max(times[0]), end.min(times[times.len() - 1]));
            let (before, after) = (values[place - 1], values[past - 1]);
            let held =
                self.hold.as_ref().filter(|hold| hold.at(from) > 0.0).map(|hold| hold.at(to) / hold.at(from) - 1.0);
            if before > 0.0 {
                periods.push(Period { from, to, before, after, held });
            }
            place = past;
        }
        periods
    }

    /// The worst week, where it lost.
    pub(super) fn lost_week(&self) -> Option<Period> {
        self.worst_week.filter(|week| week.change() < 0.0)
    }

    /// How long the run is.
    pub(super) fn length(&self) -> i64 {
        self.run.last().0 - self.run.times[0]
    }
}

/// What holding is worth over time.
fn held(from: i64, initial: f64, prices: &[Prices]) -> Option<Line> {
    let mut parts: Vec<(Vec<i64>, Vec<f64>)> = Vec::new();
    for prices in prices.iter().filter(|prices| prices.opened.1 > 0.0) {
        // Before its first bar an instrument is worth what was paid for it.
        let start = (prices.opened.0.min(prices.times.first().map_or(i64::MAX, |first| first - 1)), 1.0);
        let relative = prices.closes.iter().map(|close| close / prices.opened.1);
        let line = Line::new(start, prices.times.iter().copied().zip(relative));
        parts.push((line.times, line.values));
    }
    let axes: Vec<&[i64]> = parts.iter().map(|(times, _)| times.as_slice()).collect();
    let axis = quant::series::union(&axes);
    let mut total = vec![0.0; axis.len()];
    for (times, values) in &parts {
        quant::series::add_interpolated(times, values, &axis, &mut total);
    }
    let share = initial / parts.len() as f64;
    let samples = axis.into_iter().zip(total).map(|(at, total)| (at, total * share));
    (!parts.is_empty()).then(|| Line::new((from, initial), samples))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[f64]) -> Line {
        Line { times: (0..).map(|i| i * DAY).take(values.len()).collect(), values: values.to_vec() }
    }

    fn course(values: &[f64]) -> Course {
        let run = line(values);
        let falls = run.falls();
        Course {
            worst_fall: Fall::deepest(&run, &falls),
            falls,
            run,
            hold: None,
            hold_falls: vec![],
            weeks: vec![],
            worst_week: None,
        }
    }

    #[test]
    fn the_deepest_fall_has_its_high_and_its_end() {
        let found = course(&[100.0, 110.0, 99.0, 104.5, 110.0, 105.0]).worst_fall.expect("it fell");
        assert_eq!((found.from, found.to, found.over), (DAY, 2 * DAY, Some(4 * DAY)));
        assert!((found.depth + 0.1).abs() < 1e-12); // 99/110 − 1
        assert_eq!(course(&[100.0, 90.0, 95.0]).worst_fall.expect("it fell").over, None);
        assert_eq!(course(&[100.0, 100.0, 101.0]).worst_fall, None);
        assert_eq!(course(&[0.0, 0.0]).worst_fall, None);
    }

    #[test]
    fn a_close_at_midnight_is_of_the_day_before() {
        // From Thursday 1970-01-01 on: closes at the midnights after Thursday to Sunday are of the first week.
        let weeks = course(&[100.0, 101.0, 102.0, 103.0, 104.0, 103.0]).by(Calendar::Weeks);
        let bounds: Vec<_> =
            weeks.iter().map(|week| (week.from / DAY, week.to / DAY, week.before, week.after)).collect();
        assert_eq!(bounds, [(0, 4, 100.0, 104.0), (4, 5, 104.0, 103.0)]);
        assert_eq!(course(&[100.0; 61]).by(Calendar::Months).len(), 3, "60 days from January 1 on reach into March");
    }

    #[test]
    fn periods_add_up_to_the_run() {
        let values: Vec<f64> = (0..400).map(|i| 100.0 + f64::from(i * 37 % 11)).collect();
        let course = course(&values);
        for calendar in [Calendar::Days, Calendar::Weeks, Calendar::Months] {
            let product: f64 = course.by(calendar).iter().map(|period| 1.0 + period.change()).product();
            assert!((product - values[399] / 100.0).abs() < 1e-12, "{calendar:?}");
        }
    }

    #[test]
    fn holding_two_instruments_is_the_mean_of_both() {
        let prices = |closes: [f64; 2]| Prices {
            instrument: String::new(),
            opened: (0, 10.0),
            times: vec![DAY, 2 * DAY],
            closes: closes.to_vec(),
            highs: closes.to_vec(),
            lows: closes.to_vec(),
        };
        let hold = held(0, 1000.0, &[prices([11.0, 12.0]), prices([10.0, 6.0])]).expect("there are prices");
        assert_eq!(hold.times, [0, DAY, 2 * DAY]);
        for (value, expected) in hold.values.iter().zip([1000.0, 1050.0, 900.0]) {
            assert!((value - expected).abs() < 1e-9, "{value}");
        }
        assert!(held(0, 1000.0, &[]).is_none());
    }
}
