//! One chart: its frame with both axes, and what lies in it.
//!
//! Places across are shares of the width, so that texts and marks keep their shape on every screen; only lines and areas
//! are stretched. Of a long series those points are drawn that keep its shape.

use super::axis::{TimeAxis, ValueAxis};

/// Units across in which lines are drawn.
const WIDTH: f64 = 10_000.0;
/// The most points of a line: two times the least and the greatest of each of 1100 columns.
const MOST_POINTS: usize = 4400;
/// Columns of an area between highs and lows.
const COLUMNS: u128 = 1100;
/// Under the plot, for what is written on the axis of time.
const BELOW: f64 = 24.0;

/// A time, in milliseconds of Unix time, and a value.
pub(super) type Point = (i64, f64);

/// Of the points of a long series those that suffice to draw it.
pub(super) fn thinned(points: impl Iterator<Item = Point> + Clone) -> Vec<Point> {
    quant::thin::keep_extremes_of(points, |point| point, MOST_POINTS)
}

/// A chart over time.
#[derive(Clone, Copy)]
pub(super) struct Plot {
    pub(super) time: TimeAxis,
    pub(super) value: ValueAxis,
    pub(super) height: f64,
    /// How values are written on the axis, with so many decimals.
    pub(super) written: fn(f64, usize) -> String,
}

impl Plot {
    /// The chart: `label` says in words what it shows, `lines` are stretched over its width, `marks` are not.
    pub(super) fn frame(&self, label: &str, lines: &str, marks: &str) -> String {
        let height = self.height;
        let (ticks, decimals) = self.value.ticks();
        let across: String = ticks
            .into_iter()
            .map(|tick| {
                let (y, text) = (self.value.y(tick), (self.written)(tick, decimals));
                format!("<line x2='100%' y1='{y:.1}' y2='{y:.1}'/><text class=y x=-6 y='{y:.1}'>{text}</text>")
            })
            .collect();
        let along: String = self.time.ticks().iter().enumerate().map(|(i, tick)| self.time_tick(i, tick)).collect();
        format!(
            "<div class=plot><svg role=img aria-label='{label}' width='100%' height='{}'>\
             <g class=grid>{across}{along}</g>\
             <svg width='100%' height='{height}' viewBox='0 0 {WIDTH} {height}' preserveAspectRatio=none>{lines}</svg>\
             {marks}</svg></div>\n",
            height + BELOW
        )
    }

    fn time_tick(&self, i: usize, (at, text): &(i64, String)) -> String {
        let (x, height) = (self.across(*at), self.height);
        // Every second one is left out on a narrow screen.
        let class = if i.is_multiple_of(2) { "x" } else { "'x wide'" };
        format!(
            "<line x1='{x}' x2='{x}' y2='{height}'/><text class={class} x='{x}' y='{}'>{text}</text>",
            height + 16.0
        )
    }

    /// Where an instant is, for marks.
    pub(super) fn across(&self, at: i64) -> String {
        format!("{:.2}%", self.time.share(at) * 100.0)
    }

    fn point(&self, at: i64, value: f64) -> String {
        format!("{:.0} {:.1}", self.time.share(at) * WIDTH, self.value.y(value))
    }

    fn points(&self, points: &[Point]) -> String {
        points.iter().map(|(at, value)| self.point(*at, *value)).collect::<Vec<_>>().join("L")
    }

    /// A line through points, as many as [`thinned`] leaves.
    pub(super) fn line(&self, class: &str, points: &[Point]) -> String {
        if points.is_empty() {
            return String::new();
        }
        format!("<path class='{class}' d='M{}'/>", self.points(points))
    }

    /// The area between points, as many as [`thinned`] leaves, and 0.
    pub(super) fn area(&self, class: &str, points: &[Point]) -> String {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return String::new() };
        let (from, to) = (self.point(first.0, 0.0), self.point(last.0, 0.0));
        format!("<path class='{class}' d='M{from}L{}L{to}Z'/>", self.points(points))
    }

    /// Single lines, each from a point to a point.
    pub(super) fn segments(&self, class: &str, segments: &[[Point; 2]]) -> String {
        let drawn = segments.iter().map(|[from, to]| {
            let (from, to) = (self.point(from.0, from.1), self.point(to.0, to.1));
            format!("M{from}L{to}")
        });
        format!("<path class='{class}' d='{}'/>", drawn.collect::<String>())
    }

    /// The area between the lowest and the highest in each column of the chart; `bars`: time, low and high of each.
    pub(super) fn range(&self, class: &str, bars: impl Iterator<Item = (i64, f64, f64)>) -> String {
        let length = u128::from(self.time.to().abs_diff(self.time.from()));
        let column = |at: i64| u128::from(at.abs_diff(self.time.from())) * COLUMNS / length;
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        let mut bars = bars.peekable();
        while let Some((at, mut low, mut high)) = bars.next() {
            let place = column(at);
            while let Some((_, next_low, next_high)) = bars.next_if(|(next, ..)| column(*next) == place) {
                (low, high) = (low.min(next_low), high.max(next_high));
            }
            upper.push(self.point(at, high));
            lower.push(self.point(at, low));
        }
        if upper.is_empty() {
            return String::new();
        }
        lower.reverse();
        upper.append(&mut lower);
        format!("<path class='{class}' d='M{}Z'/>", upper.join("L"))
    }

    /// A stretch of time over the whole height.
    pub(super) fn band(&self, class: &str, from: i64, to: i64) -> String {
        let (left, right) = (self.time.share(from) * 100.0, self.time.share(to) * 100.0);
        let (width, height) = (right - left, self.height);
        format!("<rect class='{class}' x='{left:.2}%' width='{width:.2}%' height='{height}'/>")
    }

    /// An instant over the whole height.
    pub(super) fn upright(&self, class: &str, at: i64) -> String {
        let (x, height) = (self.across(at), self.height);
        format!("<line class='{class}' x1='{x}' x2='{x}' y2='{height}'/>")
    }

    /// A word beside a point, on the side on which there is room.
    pub(super) fn word(&self, class: &str, at: i64, y: f64, text: &str) -> String {
        let share = self.time.share(at);
        let (anchor, dx) = if share < 0.5 { ("start", 8) } else { ("end", -8) };
        let y = y.clamp(12.0, self.height - 4.0);
        format!("<text class='{class}' x='{:.2}%' y='{y:.1}' dx={dx} text-anchor={anchor}>{text}</text>", share * 100.0)
    }

    /// A dot on a value, and below it a word.
    pub(super) fn dot(&self, class: &str, at: i64, value: f64, text: &str) -> String {
        let (x, y) = (self.across(at), self.value.y(value));
        format!("<circle class='{class}' cx='{x}' cy='{y:.1}' r=4 />{}", self.word(class, at, y + 15.0, text))
    }
}
