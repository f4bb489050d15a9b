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

    fn points(&self, times: &[i64], values: &[f64]) -> String {
        let kept = quant::thin::keep_extremes(times, values, MOST_POINTS);
        kept.into_iter().map(|i| self.point(times[i], values[i])).collect::<Vec<_>>().join("L")
    }

    /// A line through values.
    pub(super) fn line(&self, class: &str, times: &[i64], values: &[f64]) -> String {
        if times.is_empty() {
            return String::new();
        }
        format!("<path class='{class}' d='M{}'/>", self.points(times, values))
    }

    /// The area between values and 0.
    pub(super) fn area(&self, class: &str, times: &[i64], values: &[f64]) -> String {
        let (Some(first), Some(last)) = (times.first(), times.last()) else { return String::new() };
        let (from, to) = (self.point(*first, 0.0), self.point(*last, 0.0));
        format!("<path class='{class}' d='M{from}L{}L{to}Z'/>", self.points(times, values))
    }

    /// Single lines, each from a point to a point.
    pub(super) fn segments(&self, class: &str, segments: &[[(i64, f64); 2]]) -> String {
        let drawn = segments.iter().map(|[from, to]| {
            let (from, to) = (self.point(from.0, from.1), self.point(to.0, to.1));
            format!("M{from}L{to}")
        });
        format!("<path class='{class}' d='{}'/>", drawn.collect::<String>())
    }

    /// The area between the lowest and the highest in each column of the chart.
    pub(super) fn range(&self, class: &str, times: &[i64], lows: &[f64], highs: &[f64]) -> String {
        if times.is_empty() {
            return String::new();
        }
        let length = u128::from(self.time.to().abs_diff(self.time.from()));
        let column = |at: i64| u128::from(at.abs_diff(self.time.from())) * COLUMNS / length;
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        let mut i = 0;
        while i < times.len() {
            let (at, mut low, mut high) = (times[i], lows[i], highs[i]);
            while i < times.len() && column(times[i]) == column(at) {
                (low, high) = (low.min(lows[i]), high.max(highs[i]));
                i += 1;
            }
            upper.push(self.point(at, high));
            lower.push(self.point(at, low));
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
