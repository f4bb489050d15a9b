//! What the panels draw in one way: a line of samples, over the time that all of them show; and when two numbers are one.

use advisor_core::drawing::Drawing;

use super::super::axis::Axis;
use super::super::canvas::{Canvas, Ink, Painted, Rect, Stroke};

pub(super) const VALUE: Stroke = Stroke::solid(Ink::Blue, 1.5);
/// What is further out than this many times the data is named instead of drawn: the data would be a flat line.
pub(super) const FARTHEST: f64 = 2.0;
/// What differs by a smaller share of itself, or of what it was taken of, differs by rounding only.
pub(super) const ROUNDING: f64 = 1e-9;
/// Fewer points than this are marked one by one.
const FEW: usize = 60;

/// A line, with dots on it where the samples are few.
pub(super) fn points(canvas: &Canvas<'_>, points: &[(f64, f64)], stroke: Stroke) -> Painted {
    canvas.line(points, stroke)?;
    if points.len() < FEW {
        points.iter().try_for_each(|point| canvas.dot(*point, 3.5, stroke.ink))?;
    }
    Ok(())
}

/// From the first to the last instant that any panel shows, milliseconds.
pub(super) fn time_span(drawing: &Drawing) -> Option<(i64, i64)> {
    let residuals = drawing.position.residuals.iter().flat_map(|residuals| &residuals.ts);
    let times = || drawing.position.course.ts.iter().chain(residuals.clone());
    let (from, to) = times().min().zip(times().max())?;
    Some((*from, *to))
}

pub(super) fn time_axis((from, to): (i64, i64), area: Rect) -> Axis {
    // A single sample stands in the middle of an hour.
    let around = if from == to { 1_800_000 } else { 0 };
    let ends = [from.saturating_sub(around) as f64, to.saturating_add(around) as f64];
    Axis::around(ends, 0.012, area.left, area.right)
}

pub(super) fn is_same(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROUNDING * a.abs()
}

pub(super) fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(0.0, |largest, value| largest.max(value.abs()))
}
