//! How the residuals are distributed, and where the newest and what it is compared with lie among them.

use advisor_core::drawing::{Density, Drawing, Residuals};

use super::super::axis::Axis;
use super::super::canvas::{Canvas, Ink, Painted, Rect, Stroke};
use super::super::frame::{self, Entry, Sign};
use super::limits::{Limit, is_flat, limits};
use super::lines::VALUE;
use super::residuals::{latest_name, newest};

const LATEST: Stroke = Stroke::solid(Ink::Red, 2.0);

/// Wider bars are set apart by white lines.
const APART: f64 = 6.0;
/// Fewer residuals than this have no density worth the name, a bar or two and a curve that is mostly bandwidth: each is
/// shown by itself.
const FEW: usize = 30;

/// The density of the residuals; the residuals themselves where they are few.
pub(in super::super) fn density(canvas: &Canvas<'_>, drawing: &Drawing, panel: Rect) -> Painted {
    let Some(residuals) = &drawing.position.residuals else {
        let area = frame::begin(canvas, panel, "Density of the residuals", &[])?;
        return frame::empty(canvas, area, "no density: no residuals");
    };
    let unit = residuals.unit.name();
    let limits = limits(drawing, residuals, ["←", "→"]);
    match &residuals.density {
        Some(density) if !is_flat(drawing, residuals) => {
            if residuals.value.len() < FEW {
                few(canvas, residuals, &limits, panel, &format!("Residuals side by side, {unit}"))
            } else {
                curve(canvas, density, &limits, panel, &format!("Density of the residuals, per {unit}"))
            }
        }
        _ => {
            let area = frame::begin(canvas, panel, &format!("Density of the residuals, per {unit}"), &[])?;
            frame::empty(canvas, area, "no density: the residuals do not differ")
        }
    }
}

fn curve(canvas: &Canvas<'_>, density: &Density, limits: &[Limit], panel: Rect, title: &str) -> Painted {
    let mut legend = vec![
        Entry::new(Sign::Line(VALUE), "kernel density (Scott)"),
        Entry::new(Sign::Area(Ink::Blue, 0.25), "histogram"),
    ];
    legend.extend(density.latest.map(|latest| Entry::new(Sign::Line(LATEST), latest_name(latest))));
    legend.extend(limits.iter().map(entry));
    let area = frame::begin(canvas, panel, title, &legend)?;
    let x = Axis::around(density.x.iter().copied().chain(drawn(limits)), 0.02, area.left, area.right);
    let heights = density.y.iter().chain(&density.histogram.density).copied();
    // Room above only: a density stands on its axis.
    let highest = heights.fold(0.0, f64::max);
    let y = Axis::around([0.0, highest * 1.06], 0.0, area.bottom, area.top);
    frame::values(canvas, area, &y)?;
    frame::values_below(canvas, area, &x)?;
    bars_and_line(canvas, density, &x, &y)?;
    levels(canvas, limits, &x, area)?;
    density.latest.map_or(Ok(()), |latest| vertical(canvas, x.at(latest), area, LATEST))?;
    frame::border(canvas, area)
}

/// A dot for each residual.
fn few(canvas: &Canvas<'_>, residuals: &Residuals, limits: &[Limit], panel: Rect, title: &str) -> Painted {
    let name = format!("residual ({}: too few for a density)", residuals.value.len());
    let mut legend = vec![Entry::new(Sign::Dot(Ink::Blue), name)];
    legend.extend(residuals.latest.map(|latest| Entry::new(Sign::Dot(Ink::Red), latest_name(latest.value))));
    legend.extend(limits.iter().map(entry));
    let area = frame::begin(canvas, panel, title, &legend)?;
    let values = residuals.value.iter().copied();
    let x = Axis::around(values.clone().chain(drawn(limits)), 0.04, area.left, area.right);
    frame::values_below(canvas, area, &x)?;
    levels(canvas, limits, &x, area)?;
    let middle = area.top.midpoint(area.bottom);
    for value in values {
        canvas.dot((x.at(value), middle), 7.0, Ink::White)?;
        canvas.dot((x.at(value), middle), 6.0, Ink::Blue)?;
    }
    residuals.latest.map_or(Ok(()), |latest| newest(canvas, (x.at(latest.value), middle)))?;
    frame::border(canvas, area)
}

fn entry(limit: &Limit) -> Entry {
    Entry::new(Sign::Line(limit.stroke), &*limit.name)
}

fn drawn(limits: &[Limit]) -> impl Iterator<Item = f64> {
    limits.iter().flat_map(|limit| limit.at.iter().copied())
}

fn levels(canvas: &Canvas<'_>, limits: &[Limit], x: &Axis, area: Rect) -> Painted {
    limits
        .iter()
        .try_for_each(|limit| limit.at.iter().try_for_each(|at| vertical(canvas, x.at(*at), area, limit.stroke)))
}

fn vertical(canvas: &Canvas<'_>, x: f64, area: Rect, stroke: Stroke) -> Painted {
    canvas.line(&[(x, area.top), (x, area.bottom)], stroke)
}

fn bars_and_line(canvas: &Canvas<'_>, density: &Density, x: &Axis, y: &Axis) -> Painted {
    let histogram = &density.histogram;
    for (edges, height) in histogram.edges.windows(2).zip(&histogram.density) {
        let bar = Rect::new(x.at(edges[0]), y.at(*height), x.at(edges[1]), y.at(0.0));
        canvas.rect(bar, Ink::Blue, 0.2)?;
        if bar.right - bar.left > APART {
            let outline = [(bar.left, bar.bottom), (bar.left, bar.top), (bar.right, bar.top), (bar.right, bar.bottom)];
            canvas.line(&outline, Stroke::solid(Ink::White, 1.0))?;
        }
    }
    let line: Vec<(f64, f64)> = density.x.iter().zip(&density.y).map(|(v, height)| (x.at(*v), y.at(*height))).collect();
    canvas.line(&line, VALUE)
}
