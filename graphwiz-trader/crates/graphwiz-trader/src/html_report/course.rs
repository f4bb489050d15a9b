//! How did the account go, and how would holding have gone? Both as lines of values, their falls, and what each calendar
//! period brought.
//!
//! Start at [`Course::of`]. Bars can be millions, so both are walked, bar by bar, as often as something is asked of
//! them, and neither is held as a list. A value belongs to the period in which its bar closed; a close at midnight
//! belongs to the day before.

use std::iter::Peekable;

use trading_core::curve::Curve;
use trading_core::report::Report;

use super::plot::{self, Point};
use super::prices::Prices;
use super::text::{self, DAY};

/// What is drawn and told of values over time. The first is what was there before anything happened.
pub(super) struct Line {
    pub(super) first: Point,
    pub(super) last: Point,
    /// The lowest and the highest value.
    pub(super) low: f64,
    pub(super) high: f64,
    /// The values, thinned to be drawn.
    pub(super) drawn: Vec<Point>,
    /// How far each value is under the highest so far, as a fraction of that, at most 0; thinned to be drawn.
    pub(super) falls: Vec<Point>,
    /// The deepest fall, where there is one.
    pub(super) worst: Option<Fall>,
}

impl Line {
    /// Of `start` and what comes after it.
    fn of(start: Point, samples: impl Iterator<Item = Point> + Clone) -> Self {
        let points = in_order(start, samples);
        let (mut last, mut low, mut high) = (start, start.1, start.1);
        for point in points.clone() {
            (last, low, high) = (point, low.min(point.1), high.max(point.1));
        }
        let falls = falls(points.clone());
        let worst = Fall::deepest(start, falls.clone());
        let falls = plot::thinned(falls.map(|((at, _), depth)| (at, depth)));
        Self { first: start, last, low, high, drawn: plot::thinned(points), falls, worst }
    }
}

/// `start` and what comes after it: finite values, each later than the one before.
fn in_order(start: Point, samples: impl Iterator<Item = Point> + Clone) -> impl Iterator<Item = Point> + Clone {
    let mut newest = start.0;
    let later = samples.filter(move |(at, value)| {
        let is_next = *at > newest && value.is_finite();
        if is_next {
            newest = *at;
        }
        is_next
    });
    std::iter::once(start).chain(later)
}

/// Each point, and how far it is under the highest so far, as a fraction of that, at most 0.
fn falls(points: impl Iterator<Item = Point> + Clone) -> impl Iterator<Item = (Point, f64)> + Clone {
    points.scan(f64::MIN, |highest, point| {
        *highest = highest.max(point.1);
        Some((point, if *highest > 0.0 { point.1 / *highest - 1.0 } else { 0.0 }))
    })
}

/// A fall from a high.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fall {
    /// The high.
    pub(super) from: Point,
    /// The lowest point.
    pub(super) to: Point,
    /// When the high was reached again, if it was.
    pub(super) over: Option<i64>,
    /// How deep, as a fraction, under 0.
    pub(super) depth: f64,
}

impl Fall {
    /// The deepest one, of equal ones the earliest; `None` where there is none.
    fn deepest(start: Point, falls: impl Iterator<Item = (Point, f64)>) -> Option<Self> {
        let mut high = start;
        let mut deepest: Option<Self> = None;
        for (point, depth) in falls {
            if depth < deepest.map_or(0.0, |fall| fall.depth) {
                deepest = Some(Self { from: high, to: point, over: None, depth });
            } else if depth == 0.0 {
                high = point;
                if let Some(fall) = &mut deepest {
                    fall.over.get_or_insert(point.0);
                }
            }
        }
        deepest
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
pub(super) struct Course<'a> {
    /// When it began, and with how much.
    start: Point,
    equity: &'a Curve,
    prices: &'a [Prices<'a>],
    pub(super) run: Line,
    /// The account, had it bought all instruments in equal parts at the first open and kept them, without costs.
    pub(super) hold: Option<Line>,
    pub(super) weeks: Vec<Period>,
    /// The week that brought least.
    pub(super) worst_week: Option<Period>,
}

impl<'a> Course<'a> {
    pub(super) fn of(report: &'a Report, prices: &'a [Prices<'a>]) -> Self {
        let initial = report.account.initial.parse().ok().filter(|initial: &f64| initial.is_finite()).unwrap_or(0.0);
        Self::new((report.span.from, initial), &report.equity, prices)
    }

    fn new(start: Point, equity: &'a Curve, prices: &'a [Prices<'a>]) -> Self {
        let run = Line::of(start, equity.points());
        let hold = held(start.1, prices).map(|samples| Line::of(start, samples));
        let mut course = Self { start, equity, prices, run, hold, weeks: Vec::new(), worst_week: None };
        course.weeks = course.by(Calendar::Weeks);
        course.worst_week = course.weeks.iter().copied().min_by(|a, b| a.change().total_cmp(&b.change()));
        course
    }

    /// What the account was worth at the start and at each close.
    fn points(&self) -> impl Iterator<Item = Point> + Clone + '_ {
        in_order(self.start, self.equity.points())
    }

    /// What each bar brought, as a fraction; one that began with nothing has no change and is left out.
    pub(super) fn changes(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        let change = |before: &mut f64, (_, value): Point| {
            let change = (*before > 0.0).then(|| value / *before - 1.0);
            *before = value;
            Some(change)
        };
        self.points().scan(0.0, change).flatten()
    }

    /// What each period brought; one that began with nothing has no change and is left out.
    pub(super) fn by(&self, calendar: Calendar) -> Vec<Period> {
        let mut hold = held(self.start.1, self.prices).map(|samples| Newest::of(in_order(self.start, samples)));
        let (mut periods, mut before) = (Vec::new(), self.run.first.1);
        let mut points = self.points().skip(1).peekable();
        while let Some((at, mut after)) = points.next() {
            let (start, end) = calendar.around(at);
            while let Some((_, value)) = points.next_if(|(at, _)| *at <= end) {
                after = value;
            }
            let (from, to) = (start.max(self.run.first.0), end.min(self.run.last.0));
            let held = hold.as_mut().map(|hold| (hold.at(from), hold.at(to)));
            let held = held.filter(|(before, _)| *before > 0.0).map(|(before, after)| after / before - 1.0);
            if before > 0.0 {
                periods.push(Period { from, to, before, after, held });
            }
            before = after;
        }
        periods
    }

    /// The worst week, where it lost.
    pub(super) fn lost_week(&self) -> Option<Period> {
        self.worst_week.filter(|week| week.change() < 0.0)
    }

    /// How long the run is.
    pub(super) fn length(&self) -> i64 {
        self.run.last.0 - self.run.first.0
    }
}

/// What `initial` held from the first bar on is worth over time; `None` where nothing could be bought.
fn held<'a>(initial: f64, prices: &'a [Prices<'a>]) -> Option<impl Iterator<Item = Point> + Clone + 'a> {
    let bought = prices.iter().filter(|prices| prices.opened().1 > 0.0);
    let parts: Vec<_> = bought.map(|prices| Part::of(relative(prices))).collect();
    let share = initial / parts.len() as f64;
    (!parts.is_empty()).then(|| Held { parts }.map(move |(at, total)| (at, total * share)))
}

/// The closes of an instrument over the open of its first bar, and before them 1: what was paid for it.
fn relative<'a>(prices: &Prices<'a>) -> impl Iterator<Item = Point> + Clone + use<'a> {
    let (opened_at, open) = prices.opened();
    std::iter::once((opened_at, 1.0)).chain(prices.bars().map(move |(at, bar)| (at, bar.close() / open)))
}

/// The sum of several series at the times of all of them: linear between the points of each, constant outside its ends.
#[derive(Clone)]
struct Held<I> {
    parts: Vec<Part<I>>,
}

impl<I: Iterator<Item = Point>> Iterator for Held<I> {
    type Item = Point;

    fn next(&mut self) -> Option<Point> {
        let at = self.parts.iter().filter_map(|part| part.next).map(|(at, _)| at).min()?;
        Some((at, self.parts.iter_mut().map(|part| part.at(at)).sum()))
    }
}

/// One of the series, as far as it was walked.
#[derive(Clone)]
struct Part<I> {
    /// The newest point, and before all of them the first.
    newest: Point,
    next: Option<Point>,
    later: I,
}

impl<I: Iterator<Item = Point>> Part<I> {
    fn of(mut points: I) -> Self {
        let next = points.next();
        Self { newest: next.unwrap_or_default(), next, later: points }
    }

    /// Its value at a time that is no later than its next point, and no earlier than it was asked for before.
    fn at(&mut self, at: i64) -> f64 {
        match self.next {
            Some(next) if next.0 <= at => {
                (self.newest, self.next) = (next, self.later.next());
                next.1
            }
            Some(next) => {
                let ((from, before), (to, after)) = (self.newest, next);
                quant::series::at(&[from, to], &[before, after], at).unwrap_or(before)
            }
            None => self.newest.1,
        }
    }
}

/// The newest value at times that rise.
struct Newest<I: Iterator<Item = Point>> {
    points: Peekable<I>,
    value: f64,
}

impl<I: Iterator<Item = Point>> Newest<I> {
    fn of(points: I) -> Self {
        let mut points = points.peekable();
        let value = points.peek().map_or(0.0, |(_, value)| *value);
        Self { points, value }
    }

    /// The newest value at `at`, or the first.
    fn at(&mut self, at: i64) -> f64 {
        while let Some((_, value)) = self.points.next_if(|(time, _)| *time <= at) {
            self.value = value;
        }
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rust_decimal::Decimal;
    use trading_core::bars::{Record, Series};
    use trading_core::curve::Instants;
    use trading_core::market::{Market, count_all};
    use trading_core::metrics::Span;
    use trading_core::test_support::instrument;
    use trading_core::time::Timeframe;

    /// A value a day; the first is what there was at the start.
    struct Daily {
        initial: f64,
        equity: Curve,
    }

    impl Daily {
        fn new(values: &[f64]) -> Self {
            let mut at = Instants::default();
            (1_i64..).take(values.len() - 1).for_each(|day| at.push(day * DAY * 1000));
            Self { initial: values[0], equity: Curve::new(at, values[1..].to_vec()) }
        }

        fn course(&self) -> Course<'_> {
            Course::new((0, self.initial), &self.equity, &[])
        }
    }

    fn worst_fall(values: &[f64]) -> Option<Fall> {
        Daily::new(values).course().run.worst
    }

    #[test]
    fn the_deepest_fall_has_its_high_and_its_end() {
        let found = worst_fall(&[100.0, 110.0, 99.0, 104.5, 110.0, 105.0]).expect("it fell");
        assert_eq!((found.from, found.to, found.over), ((DAY, 110.0), (2 * DAY, 99.0), Some(4 * DAY)));
        assert!((found.depth + 0.1).abs() < 1e-12); // 99/110 − 1
        assert_eq!(worst_fall(&[100.0, 90.0, 95.0]).expect("it fell").over, None);
        // Of equal ones the first.
        assert_eq!(worst_fall(&[100.0, 90.0, 100.0, 90.0]).expect("it fell").over, Some(2 * DAY));
        assert_eq!(worst_fall(&[100.0, 100.0, 101.0]), None);
        assert_eq!(worst_fall(&[0.0, 0.0]), None);
    }

    #[test]
    fn a_close_at_midnight_is_of_the_day_before() {
        // From Thursday 1970-01-01 on: closes at the midnights after Thursday to Sunday are of the first week.
        let weeks = Daily::new(&[100.0, 101.0, 102.0, 103.0, 104.0, 103.0]).course().weeks;
        let bounds: Vec<_> =
            weeks.iter().map(|week| (week.from / DAY, week.to / DAY, week.before, week.after)).collect();
        assert_eq!(bounds, [(0, 4, 100.0, 104.0), (4, 5, 104.0, 103.0)]);
        let months = Daily::new(&[100.0; 61]).course().by(Calendar::Months);
        assert_eq!(months.len(), 3, "60 days from January 1 on reach into March");
    }

    #[test]
    fn periods_add_up_to_the_run() {
        let values: Vec<f64> = (0..400).map(|i| 100.0 + f64::from(i * 37 % 11)).collect();
        let daily = Daily::new(&values);
        let course = daily.course();
        for calendar in [Calendar::Days, Calendar::Weeks, Calendar::Months] {
            let product: f64 = course.by(calendar).iter().map(|period| 1.0 + period.change()).product();
            assert!((product - values[399] / 100.0).abs() < 1e-12, "{calendar:?}");
        }
    }

    /// Daily bars from their opens on, each from one close to the next; the first opens at 10.
    fn market(opens: &[i64], closes: &[i64]) -> Market {
        let mut open = 10;
        let record = |(day, close): (&i64, &i64)| {
            let (high, low) = (open.max(*close), open.min(*close));
            let record = Record { open_time: day * DAY * 1000, open, high, low, close: *close, volume: 1 };
            open = *close;
            record
        };
        let records = opens.iter().zip(closes).map(record).collect();
        let series = Series { timeframe: Timeframe::D1, price_digits: 0, volume_digits: 0, records };
        let (_, mut markets) =
            count_all(vec![(instrument("test:BTC/USD"), series)], Decimal::TEN).expect("small numbers");
        markets.remove(0)
    }

    #[track_caller]
    fn holding(markets: &[Market], expected: &[Point]) {
        let span = Span { from: 0, to: i64::MAX };
        let prices: Vec<_> = markets.iter().filter_map(|market| Prices::of(market, span)).collect();
        let found: Vec<Point> = held(1000.0, &prices).into_iter().flatten().collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.0 == expected.0 && (found.1 - expected.1).abs() < 1e-9, "{found:?} for {expected:?}");
        }
    }

    #[test]
    fn holding_two_instruments_is_the_mean_of_both() {
        let markets = [market(&[0, 1], &[11, 12]), market(&[0, 1], &[10, 6])];
        holding(&markets, &[(0, 1000.0), (DAY, 1050.0), (2 * DAY, 900.0)]);
        holding(&[], &[]);
    }

    #[test]
    fn holding_one_that_has_gaps_is_a_line_over_them() {
        // The other one is worth 1 until it opens on day 2, and what it closed at from day 3 on.
        let markets = [market(&[0, 3], &[12, 16]), market(&[2], &[5])];
        let of_parts = |first: f64, second: f64| (first + second) * 500.0;
        let expected = [(1.0, 1.0), (1.2, 1.0), (1.2 + 0.4 / 3.0, 1.0), (1.2 + 0.8 / 3.0, 0.5), (1.6, 0.5)];
        let values = (0..).map(|day| day * DAY).zip(expected.map(|(first, second)| of_parts(first, second)));
        holding(&markets, &values.collect::<Vec<_>>());
    }
}
