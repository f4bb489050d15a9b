//! What the wallets hold, and what was paid in and taken out.

use advisor_core::drawing::{Course, Drawing, Marker};
use jiff::tz::TimeZone;

use super::super::axis::Axis;
use super::super::canvas::{Canvas, Ink, Painted, Rect, Stroke};
use super::super::frame::{self, Entry, Sign};
use super::super::numbers::figure;
use super::lines::{VALUE, is_same, points, time_axis, time_span};

const SMOOTHED: Stroke = Stroke::dashed(Ink::Orange, 2.0);

/// The position with its smoothed line, deposits and withdrawals.
pub(in super::super) fn position(canvas: &Canvas<'_>, drawing: &Drawing, zone: &TimeZone, panel: Rect) -> Painted {
    let course = &drawing.position.course;
    let title = format!("Position, {}", drawing.position.unit.name());
    // A line under another would not be seen: the legend says that they are one.
    let is_apart = |line: &&Vec<f64>| line.iter().zip(&course.value).any(|(a, b)| !is_same(*a, *b));
    let smoothed = course.smoothed.as_ref().filter(is_apart);
    let area = frame::begin(canvas, panel, &title, &legend(drawing, smoothed.is_some()))?;
    let Some(span) = time_span(drawing).filter(|_| !course.ts.is_empty()) else {
        return frame::empty(canvas, area, "no positions to show");
    };
    let values = course.value.iter().chain(smoothed.into_iter().flatten()).copied();
    let y = Axis::around(values, 0.06, area.bottom, area.top);
    let x = time_axis(span, area);
    frame::values(canvas, area, &y)?;
    frame::times(canvas, area, &x, span, zone)?;
    let place = |values: &[f64]| -> Vec<(f64, f64)> {
        course.ts.iter().zip(values).map(|(ts, v)| (x.at(*ts as f64), y.at(*v))).collect()
    };
    points(canvas, &place(&course.value), VALUE)?;
    if let Some(smoothed) = smoothed {
        canvas.line(&place(smoothed), SMOOTHED)?;
    }
    for (markers, direction, ink) in
        [(&drawing.position.deposits, -1.0, Ink::Green), (&drawing.position.withdrawals, 1.0, Ink::Red)]
    {
        for Marker { ts, .. } in markers {
            let at = (x.at(*ts as f64), y.at(value_at(course, *ts)));
            frame::triangle(canvas, at, direction, ink)?;
        }
    }
    frame::border(canvas, area)
}

fn legend(drawing: &Drawing, smoothed_apart: bool) -> Vec<Entry> {
    let panel = &drawing.position;
    let same = if panel.course.smoothed.is_some() && !smoothed_apart { " = smoothed" } else { "" };
    let newest = panel.course.value.last().map(|value| format!("value {} USD{same}", figure(*value)));
    let mut legend: Vec<Entry> = newest.map(|text| Entry::new(Sign::Line(VALUE), text)).into_iter().collect();
    if smoothed_apart {
        legend.push(Entry::new(Sign::Line(SMOOTHED), "smoothed"));
    }
    for (markers, sign, name) in
        [(&panel.deposits, Sign::Up(Ink::Green), "deposits"), (&panel.withdrawals, Sign::Down(Ink::Red), "withdrawals")]
    {
        if !markers.is_empty() {
            let usd: f64 = markers.iter().map(|marker| marker.usd).sum();
            legend.push(Entry::new(sign, format!("{name} {} USD", figure(usd))));
        }
    }
    legend
}

/// The height of the drawn line at an instant.
fn value_at(course: &Course, ts: i64) -> f64 {
    let next = course.ts.partition_point(|sample| *sample < ts).min(course.ts.len() - 1);
    let (before, after) = (next.saturating_sub(1), next);
    let length = course.ts[after].saturating_sub(course.ts[before]) as f64;
    let share = if length > 0.0 { (ts.saturating_sub(course.ts[before]) as f64 / length).clamp(0.0, 1.0) } else { 1.0 };
    course.value[before] + (course.value[after] - course.value[before]) * share
}
