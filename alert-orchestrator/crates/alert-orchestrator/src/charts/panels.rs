//! The three panels.

use advisor_core::drawing::{Course, Density, Drawing, Marker, Residuals};
use jiff::tz::TimeZone;

use super::axis::Axis;
use super::canvas::{Canvas, Ink, Painted, Rect, Stroke};
use super::frame::{self, Entry, Sign};
use super::numbers::figure;

const VALUE: Stroke = Stroke::solid(Ink::Blue, 1.5);
const SMOOTHED: Stroke = Stroke::dashed(Ink::Orange, 2.0);
const BASELINE: Stroke = Stroke::dotted(Ink::Muted, 1.5);
const SIGMA: Stroke = Stroke::dashed(Ink::Orange, 1.5);
const K_SIGMA: Stroke = Stroke::dashed(Ink::Red, 1.5);
const THRESHOLD: Stroke = Stroke::dotted(Ink::Red, 2.0);
const LATEST: Stroke = Stroke::solid(Ink::Red, 2.0);
const SIGMA_OPACITY: f64 = 0.16;
const K_SIGMA_OPACITY: f64 = 0.09;

/// A line further out than this many times the span of the data is named instead of drawn: the data would be a flat line.
const FARTHEST: f64 = 4.0;
/// Wider bars are set apart by white lines.
const APART: f64 = 6.0;
/// What the legend adds to a line that is not drawn.
const OFF_SCALE: &str = " (off scale)";
/// Fewer points than this are marked one by one.
const FEW: usize = 60;

/// The position with its smoothed line, its baseline and bands, and what was paid in and taken out.
pub(super) fn position(canvas: &Canvas<'_>, drawing: &Drawing, zone: &TimeZone, panel: Rect) -> Painted {
    let course = &drawing.position.course;
    let title = format!("Position, {}", drawing.position.unit.name());
    let bands = bands(drawing);
    let area = frame::begin(canvas, panel, &title, &position_legend(drawing, &bands))?;
    let Some(span) = time_span(drawing).filter(|_| !course.ts.is_empty()) else {
        return frame::empty(canvas, area, "no positions to show");
    };
    let widest = bands.iter().map(|band| band.half_width).fold(0.0, f64::max);
    let baseline = || course.baseline.iter().flatten().flatten();
    let values = course.value.iter().copied().chain(course.smoothed.iter().flatten().copied());
    let edges = baseline().flat_map(|value| [value - widest, value + widest]);
    let y = Axis::around(values.chain(edges), 0.06, area.bottom, area.top);
    let x = time_axis(span, area);
    frame::values(canvas, area, &y)?;
    frame::times(canvas, area, &x, span, zone)?;
    for band in &bands {
        for run in runs(course) {
            let edge = |side: f64| run.iter().map(move |(ts, value)| (*ts, value + side * band.half_width));
            let outline: Vec<(f64, f64)> =
                edge(1.0).chain(edge(-1.0).rev()).map(|(ts, v)| (x.at(ts), y.at(v))).collect();
            canvas.fill(&outline, band.ink, band.opacity)?;
        }
    }
    let place = |points: Vec<(f64, f64)>| points.into_iter().map(|(ts, v)| (x.at(ts), y.at(v))).collect::<Vec<_>>();
    for run in runs(course) {
        canvas.line(&place(run), BASELINE)?;
    }
    let column = |values: &[f64]| course.ts.iter().map(|ts| *ts as f64).zip(values.iter().copied()).collect();
    points(canvas, &place(column(&course.value)), VALUE)?;
    if let Some(smoothed) = &course.smoothed {
        canvas.line(&place(column(smoothed)), SMOOTHED)?;
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

/// An area about the baseline.
struct Band {
    half_width: f64,
    ink: Ink,
    opacity: f64,
    name: String,
}

/// The bands that are wanted and known, the wider one first. They belong to the baseline: no baseline, no bands.
fn bands(drawing: &Drawing) -> Vec<Band> {
    let known = drawing.position.residuals.as_ref().filter(|_| drawing.position.course.baseline.is_some());
    let band = |wanted: bool, half_width: Option<f64>, ink, opacity, name: String| {
        half_width.filter(|_| wanted).map(|half_width| Band { half_width, ink, opacity, name })
    };
    let k_sigma = known.and_then(|residuals| {
        let name = format!("±{}σ", k_factor(drawing));
        band(drawing.k_sigma_band, residuals.k_times_sigma, Ink::Red, K_SIGMA_OPACITY, name)
    });
    let sigma =
        known.and_then(|residuals| band(drawing.sigma_band, residuals.sigma, Ink::Orange, SIGMA_OPACITY, "±σ".into()));
    k_sigma.into_iter().chain(sigma).collect()
}

fn k_factor(drawing: &Drawing) -> String {
    format!("{}·", drawing.k_sigma)
}

fn position_legend(drawing: &Drawing, bands: &[Band]) -> Vec<Entry> {
    let panel = &drawing.position;
    let newest = panel.course.value.last().map(|value| format!("value {} USD", figure(*value)));
    let mut legend: Vec<Entry> = newest.map(|text| Entry::new(Sign::Line(VALUE), text)).into_iter().collect();
    if panel.course.smoothed.is_some() {
        legend.push(Entry::new(Sign::Line(SMOOTHED), "smoothed"));
    }
    if panel.course.baseline.is_some() {
        legend.push(Entry::new(Sign::Line(BASELINE), "baseline of the gate"));
    }
    legend.extend(bands.iter().rev().map(|band| Entry::new(Sign::Area(band.ink, 2.0 * band.opacity), &*band.name)));
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

/// The baseline without its gaps: stretches of time and value.
fn runs(course: &Course) -> Vec<Vec<(f64, f64)>> {
    let Some(baseline) = &course.baseline else { return Vec::new() };
    let points: Vec<(i64, Option<f64>)> = course.ts.iter().copied().zip(baseline.iter().copied()).collect();
    let known = points.chunk_by(|a, b| a.1.is_some() == b.1.is_some());
    let run = |chunk: &[(i64, Option<f64>)]| -> Vec<(f64, f64)> {
        chunk.iter().filter_map(|(ts, value)| Some((*ts as f64, (*value)?))).collect()
    };
    known.map(run).filter(|run| !run.is_empty()).collect()
}

/// The height of the drawn line at an instant.
fn value_at(course: &Course, ts: i64) -> f64 {
    let next = course.ts.partition_point(|sample| *sample < ts).min(course.ts.len() - 1);
    let (before, after) = (next.saturating_sub(1), next);
    let length = course.ts[after].saturating_sub(course.ts[before]) as f64;
    let share = if length > 0.0 { (ts.saturating_sub(course.ts[before]) as f64 / length).clamp(0.0, 1.0) } else { 1.0 };
    course.value[before] + (course.value[after] - course.value[before]) * share
}

/// A line, with dots on it where the samples are few.
fn points(canvas: &Canvas<'_>, points: &[(f64, f64)], stroke: Stroke) -> Painted {
    canvas.line(points, stroke)?;
    if points.len() < FEW {
        points.iter().try_for_each(|point| canvas.dot(*point, 3.5, stroke.ink))?;
    }
    Ok(())
}

/// From the first to the last instant that any panel shows, milliseconds.
fn time_span(drawing: &Drawing) -> Option<(i64, i64)> {
    let residuals = drawing.position.residuals.iter().flat_map(|residuals| &residuals.ts);
    let times = || drawing.position.course.ts.iter().chain(residuals.clone());
    let (from, to) = times().min().zip(times().max())?;
    Some((*from, *to))
}

fn time_axis((from, to): (i64, i64), area: Rect) -> Axis {
    // A single sample stands in the middle of an hour.
    let around = if from == to { 1_800_000 } else { 0 };
    let ends = [from.saturating_sub(around) as f64, to.saturating_add(around) as f64];
    Axis::around(ends, 0.012, area.left, area.right)
}

/// The residuals of the gate's fit, with the newest and what it is compared with.
pub(super) fn residuals(canvas: &Canvas<'_>, drawing: &Drawing, zone: &TimeZone, panel: Rect) -> Painted {
    let known = drawing.position.residuals.as_ref();
    let title = known.map_or("Residuals".to_owned(), |known| format!("Residuals, {}", known.unit.name()));
    let limits = known.map(|known| limits(drawing, known)).unwrap_or_default();
    let shown =
        || known.iter().flat_map(|known| known.value.iter().copied().chain(known.latest.map(|latest| latest.value)));
    let farthest = FARTHEST * shown().fold(f64::MIN_POSITIVE, |far, value| far.max(value.abs()));
    let near = |at: &f64| at.abs() <= farthest;
    let mut legend = Vec::new();
    if let Some(known) = known {
        legend.push(Entry::new(Sign::Line(VALUE), "residual"));
        legend.extend(
            known.latest.map(|latest| Entry::new(Sign::Dot(Ink::Red), format!("latest {}", figure(latest.value)))),
        );
        legend.extend(limits.iter().map(|limit| {
            let whether = if limit.at.iter().all(near) { "" } else { OFF_SCALE };
            Entry::new(Sign::Line(limit.stroke), format!("{}{whether}", limit.name))
        }));
    }
    let area = frame::begin(canvas, panel, &title, &legend)?;
    let (Some(known), Some(span)) = (known.filter(|known| !known.ts.is_empty()), time_span(drawing)) else {
        return frame::empty(canvas, area, "no residuals: nothing was judged");
    };
    let drawn = limits.iter().flat_map(|limit| limit.at).filter(near);
    let y = Axis::around(shown().chain(drawn).chain([0.0]), 0.08, area.bottom, area.top);
    let x = time_axis(span, area);
    frame::values(canvas, area, &y)?;
    frame::times(canvas, area, &x, span, zone)?;
    canvas.line(&[(area.left, y.at(0.0)), (area.right, y.at(0.0))], Stroke::solid(Ink::Frame, 1.0))?;
    for limit in &limits {
        for at in limit.at.into_iter().filter(|at| y.holds(*at)) {
            canvas.line(&[(area.left, y.at(at)), (area.right, y.at(at))], limit.stroke)?;
        }
    }
    let line: Vec<(f64, f64)> = known.ts.iter().zip(&known.value).map(|(ts, r)| (x.at(*ts as f64), y.at(*r))).collect();
    points(canvas, &line, VALUE)?;
    if let Some(latest) = known.latest {
        let at = (x.at(latest.ts as f64), y.at(latest.value));
        canvas.dot(at, 7.0, Ink::White)?;
        canvas.dot(at, 5.0, Ink::Red)?;
    }
    frame::border(canvas, area)
}

/// A pair of lines that residuals are compared with.
struct Limit {
    at: [f64; 2],
    stroke: Stroke,
    name: String,
}

/// ±σ, ±k·σ, and where the gate triggers, if that is elsewhere: by a floor, or by quantiles.
fn limits(drawing: &Drawing, residuals: &Residuals) -> Vec<Limit> {
    let pair =
        |half: f64, stroke, name: String| Limit { at: [-half, half], stroke, name: format!("{name} {}", figure(half)) };
    let sigma = residuals.sigma.map(|sigma| pair(sigma, SIGMA, "±σ".into()));
    let k_sigma = residuals.k_times_sigma.map(|band| pair(band, K_SIGMA, format!("±{}σ", k_factor(drawing))));
    let elsewhere = |[low, high]: &[f64; 2]| {
        let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * a.abs();
        !residuals.k_times_sigma.is_some_and(|band| near(band, *high) && near(-band, *low))
    };
    let threshold = residuals.thresholds.filter(elsewhere);
    let threshold = threshold.map(|at| Limit { at, stroke: THRESHOLD, name: threshold_name(at) });
    sigma.into_iter().chain(k_sigma).chain(threshold).collect()
}

fn threshold_name([low, high]: [f64; 2]) -> String {
    if -low == high {
        format!("triggers beyond ±{}", figure(high))
    } else {
        format!("triggers outside {} … {}", figure(low), figure(high))
    }
}

/// How the residuals are distributed, and where the newest and the thresholds lie in it.
pub(super) fn density(canvas: &Canvas<'_>, drawing: &Drawing, panel: Rect) -> Painted {
    let residuals = drawing.position.residuals.as_ref();
    let unit = residuals.map_or("", |residuals| residuals.unit.name());
    let title =
        residuals.map_or("Density of the residuals".to_owned(), |_| format!("Density of the residuals, per {unit}"));
    let Some(density) = residuals.and_then(|residuals| residuals.density.as_ref()) else {
        let area = frame::begin(canvas, panel, &title, &[])?;
        let why =
            if residuals.is_some() { "no density: the residuals do not differ" } else { "no density: no residuals" };
        return frame::empty(canvas, area, why);
    };
    let mut legend = vec![
        Entry::new(Sign::Line(VALUE), "kernel density (Scott)"),
        Entry::new(Sign::Area(Ink::Blue, 0.25), "histogram"),
    ];
    legend.extend(density.latest.map(|latest| Entry::new(Sign::Line(LATEST), format!("latest {}", figure(latest)))));
    let ends = [density.x[0], density.x[density.x.len() - 1]];
    let farthest = (FARTHEST - 1.0) * (ends[1] - ends[0]) / 2.0;
    let near = |mark: &f64| (ends[0] - farthest..=ends[1] + farthest).contains(mark);
    legend.extend(density.thresholds.map(|at| {
        let whether = if at.iter().all(near) { "" } else { OFF_SCALE };
        Entry::new(Sign::Line(K_SIGMA), format!("{}{whether}", threshold_name(at)))
    }));
    let area = frame::begin(canvas, panel, &title, &legend)?;
    let near = density.thresholds.into_iter().flatten().chain(density.latest).filter(near);
    let x = Axis::around(ends.into_iter().chain(near), 0.02, area.left, area.right);
    let heights = density.y.iter().chain(&density.histogram.density).copied();
    // Room above only: a density stands on its axis.
    let highest = heights.fold(0.0, f64::max);
    let y = Axis::around([0.0, highest * 1.06], 0.0, area.bottom, area.top);
    frame::values(canvas, area, &y)?;
    frame::values_below(canvas, area, &x)?;
    bars_and_line(canvas, density, (&x, &y))?;
    let vertical = |at: f64, stroke| canvas.line(&[(x.at(at), area.top), (x.at(at), area.bottom)], stroke);
    for threshold in density.thresholds.into_iter().flatten().filter(|threshold| x.holds(*threshold)) {
        vertical(threshold, K_SIGMA)?;
    }
    density.latest.map_or(Ok(()), |latest| vertical(latest, LATEST))?;
    frame::border(canvas, area)
}

fn bars_and_line(canvas: &Canvas<'_>, density: &Density, (x, y): (&Axis, &Axis)) -> Painted {
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
