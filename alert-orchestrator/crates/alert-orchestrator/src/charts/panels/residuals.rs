//! The residuals of the gate's fit over time.

use advisor_core::drawing::Drawing;
use jiff::tz::TimeZone;

use super::super::axis::Axis;
use super::super::canvas::{Canvas, Ink, Painted, Rect, Stroke};
use super::super::frame::{self, Entry, Sign};
use super::super::numbers::figure;
use super::limits::{is_flat, limits};
use super::lines::{VALUE, points, time_axis, time_span};

/// The residuals, with the newest and what it is compared with.
pub(in super::super) fn residuals(canvas: &Canvas<'_>, drawing: &Drawing, zone: &TimeZone, panel: Rect) -> Painted {
    let known = drawing.position.residuals.as_ref();
    let title = known.map_or("Residuals".to_owned(), |known| format!("Residuals, {}", known.unit.name()));
    let limits = known.map(|known| limits(drawing, known, ["↓", "↑"])).unwrap_or_default();
    let is_flat = known.is_some_and(|known| is_flat(drawing, known));
    let mut legend = Vec::new();
    if let Some(known) = known {
        legend.push(Entry::new(Sign::Line(VALUE), "residual"));
        let latest = known.latest.map(|latest| if is_flat { "latest 0".into() } else { latest_name(latest.value) });
        legend.extend(latest.map(|name| Entry::new(Sign::Dot(Ink::Red), name)));
        legend.extend(limits.iter().map(|limit| Entry::new(Sign::Line(limit.stroke), &*limit.name)));
    }
    let area = frame::begin(canvas, panel, &title, &legend)?;
    let (Some(known), Some(span)) = (known.filter(|known| !known.ts.is_empty()), time_span(drawing)) else {
        return frame::empty(canvas, area, "no residuals: nothing was judged");
    };
    // Rounding has no scale of its own.
    let shown = known.value.iter().copied().chain(known.latest.map(|latest| latest.value)).filter(|_| !is_flat);
    let drawn = limits.iter().flat_map(|limit| limit.at.iter().copied());
    let y = Axis::around(shown.chain(drawn).chain([0.0]), 0.08, area.bottom, area.top);
    let x = time_axis(span, area);
    frame::values(canvas, area, &y)?;
    frame::times(canvas, area, &x, span, zone)?;
    let level = |at: f64, stroke| canvas.line(&[(area.left, y.at(at)), (area.right, y.at(at))], stroke);
    level(0.0, Stroke::solid(Ink::Frame, 1.0))?;
    for limit in &limits {
        limit.at.iter().try_for_each(|at| level(*at, limit.stroke))?;
    }
    let line: Vec<(f64, f64)> = known.ts.iter().zip(&known.value).map(|(ts, r)| (x.at(*ts as f64), y.at(*r))).collect();
    points(canvas, &line, VALUE)?;
    if let Some(latest) = known.latest {
        newest(canvas, (x.at(latest.ts as f64), y.at(latest.value)))?;
    }
    frame::border(canvas, area)
}

pub(super) fn latest_name(value: f64) -> String {
    format!("latest {}", figure(value))
}

/// The dot of the newest residual, which stands out from the line it lies on.
pub(super) fn newest(canvas: &Canvas<'_>, at: (f64, f64)) -> Painted {
    canvas.dot(at, 7.0, Ink::White)?;
    canvas.dot(at, 5.0, Ink::Red)
}
