//! What the wallets would hold had nothing been moved: the fit and its bands, the reference, and the gain since then.
//!
//! Its height follows the samples, so that the bands can be seen: in the position they drown beside deposits.

use advisor_core::drawing::{Course, Drawing, Gained};
use jiff::tz::TimeZone;

use super::super::axis::Axis;
use super::super::canvas::{Canvas, Ink, Painted, Rect, Stroke};
use super::super::frame::{self, Entry, Sign};
use super::super::numbers::figure;
use super::lines::{FARTHEST, ROUNDING, VALUE, largest, points, time_axis, time_span};

const BASELINE: Stroke = Stroke::dotted(Ink::Muted, 1.5);
const REFERENCE: Stroke = Stroke::dotted(Ink::Text, 2.0);
const SIGMA_OPACITY: f64 = 0.16;
const K_SIGMA_OPACITY: f64 = 0.09;
const GAIN_OPACITY: f64 = 0.14;

type Points = Vec<(f64, f64)>;
/// Keeps a height on one side of another, pixels.
type Bound = fn(f64, f64) -> f64;

/// The corrected position with its baseline and bands, t0, and the gain shaded from the value at t0 on.
pub(in super::super) fn corrected(canvas: &Canvas<'_>, drawing: &Drawing, zone: &TimeZone, panel: Rect) -> Painted {
    let course = &drawing.corrected.course;
    let title = format!("Corrected position, {}", drawing.position.unit.name());
    let span = time_span(drawing).filter(|_| !course.ts.is_empty());
    let Some(span) = span else {
        let area = frame::begin(canvas, panel, &title, &[])?;
        return frame::empty(canvas, area, "no positions to show");
    };
    let (bands, runs) = (bands(drawing), runs(course, span.0));
    let line: Points = course.ts.iter().zip(&course.value).map(|(ts, value)| (*ts as f64, *value)).collect();
    let line = &line[course.ts.partition_point(|ts| *ts < span.0)..];
    let heights = heights(line, &runs, &bands);
    let foot = drawing.corrected.gain.map(|gain| gain.from_usd).filter(|foot| is_near(*foot, &heights));
    let area = frame::begin(canvas, panel, &title, &legend(drawing, &bands, foot.is_some(), span, zone))?;
    let y = Axis::around(heights.into_iter().chain(foot), 0.06, area.bottom, area.top);
    let x = time_axis(span, area);
    frame::values(canvas, area, &y)?;
    frame::times(canvas, area, &x, span, zone)?;
    let place = |points: &[(f64, f64)]| points.iter().map(|(ts, v)| (x.at(*ts), y.at(*v))).collect::<Points>();
    let t0 = drawing.t0.map(|t0| t0.as_millisecond());
    if let Some((Gained { from_usd, .. }, t0)) = drawing.corrected.gain.zip(t0) {
        let since = place(&line[line.partition_point(|(ts, _)| *ts < t0 as f64)..]);
        shade(canvas, &since, y.at(from_usd).clamp(area.top, area.bottom))?;
    }
    for Band { half_width, ink, opacity, .. } in &bands {
        for run in &runs {
            let edge = |side: f64| run.iter().map(move |(ts, value)| (*ts, value + side * half_width));
            canvas.fill(&place(&edge(1.0).chain(edge(-1.0).rev()).collect::<Points>()), *ink, *opacity)?;
        }
    }
    runs.iter().try_for_each(|run| canvas.line(&place(run), BASELINE))?;
    points(canvas, &place(line), VALUE)?;
    if let Some(t0) = t0.filter(|t0| (span.0..=span.1).contains(t0)) {
        let at = x.at(t0 as f64);
        canvas.line(&[(at, area.top), (at, area.bottom)], REFERENCE)?;
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

/// The bands that are wanted, known and more than rounding, the wider one first. No baseline, no bands.
fn bands(drawing: &Drawing) -> Vec<Band> {
    let known = drawing.position.residuals.as_ref().filter(|_| drawing.corrected.course.baseline.is_some());
    let rounding = ROUNDING * largest(&drawing.corrected.course.value);
    let band = |wanted: bool, half_width: Option<f64>, ink, opacity, name: String| {
        half_width.filter(|half_width| wanted && *half_width > rounding).map(|half_width| Band {
            half_width,
            ink,
            opacity,
            name,
        })
    };
    let k_sigma = known.and_then(|residuals| {
        let name = format!("±{}·σ", drawing.k_sigma);
        band(drawing.k_sigma_band, residuals.k_times_sigma, Ink::Red, K_SIGMA_OPACITY, name)
    });
    let sigma =
        known.and_then(|residuals| band(drawing.sigma_band, residuals.sigma, Ink::Orange, SIGMA_OPACITY, "±σ".into()));
    k_sigma.into_iter().chain(sigma).collect()
}

fn legend(drawing: &Drawing, bands: &[Band], foot_is_near: bool, span: (i64, i64), zone: &TimeZone) -> Vec<Entry> {
    let course = &drawing.corrected.course;
    let newest = course.value.last().map(|value| format!("value − deposits + withdrawals {} USD", figure(*value)));
    let mut legend: Vec<Entry> = newest.map(|text| Entry::new(Sign::Line(VALUE), text)).into_iter().collect();
    if course.baseline.is_some() {
        legend.push(Entry::new(Sign::Line(BASELINE), "baseline of the gate"));
    }
    legend.extend(bands.iter().rev().map(|band| Entry::new(Sign::Area(band.ink, 2.0 * band.opacity), &*band.name)));
    if let Some(t0) = drawing.t0 {
        let at = t0.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
        let (before, after) = (t0.as_millisecond() < span.0, t0.as_millisecond() > span.1);
        let text = format!("{}t0 {at}{}", if before { "← " } else { "" }, if after { " →" } else { "" });
        legend.push(Entry::new(Sign::Line(REFERENCE), text));
    }
    if let Some(Gained { from_usd, usd }) = drawing.corrected.gain {
        let arrow = if usd < 0.0 { "↑" } else { "↓" };
        let foot = if foot_is_near { String::new() } else { format!(" from {} {arrow}", figure(from_usd)) };
        let ink = if usd < 0.0 { Ink::Red } else { Ink::Green };
        legend.push(Entry::new(Sign::Area(ink, GAIN_OPACITY), format!("gain since t0 {} USD{foot}", figure(usd))));
    }
    legend
}

/// The baseline from an instant on, without its gaps: stretches of time and value.
fn runs(course: &Course, from: i64) -> Vec<Points> {
    let Some(baseline) = &course.baseline else { return Vec::new() };
    let shown = course.ts.iter().copied().zip(baseline.iter().copied()).filter(|(ts, _)| *ts >= from);
    let shown: Vec<(i64, Option<f64>)> = shown.collect();
    let known = shown.chunk_by(|a, b| a.1.is_some() == b.1.is_some());
    let run = |chunk: &[(i64, Option<f64>)]| -> Points {
        chunk.iter().filter_map(|(ts, value)| Some((*ts as f64, (*value)?))).collect()
    };
    known.map(run).filter(|run| !run.is_empty()).collect()
}

/// Everything that must be seen: the samples, and the bands about their baseline.
fn heights(line: &[(f64, f64)], runs: &[Points], bands: &[Band]) -> Vec<f64> {
    let widest = bands.iter().map(|band| band.half_width).fold(0.0, f64::max);
    let edges = runs.iter().flatten().flat_map(|(_, value)| [value - widest, value + widest]);
    line.iter().map(|(_, value)| *value).chain(edges).collect()
}

/// Whether a value is near enough to the others that they keep their share of the height beside it.
fn is_near(value: f64, heights: &[f64]) -> bool {
    let bounds = heights.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
    let (low, high) = (bounds.0.min(value), bounds.1.max(value));
    high - low <= FARTHEST * (bounds.1 - bounds.0)
}

/// Shades what lies between a line and the height `ground`: green above it, red below. All in pixels.
fn shade(canvas: &Canvas<'_>, line: &[(f64, f64)], ground: f64) -> Painted {
    let (Some(first), Some(last)) = (line.first(), line.last()) else { return Ok(()) };
    let mut crossed = vec![*first];
    for pair in line.windows(2) {
        let ((x, y), (next_x, next_y)) = (pair[0], pair[1]);
        if (y - ground) * (next_y - ground) < 0.0 {
            crossed.push((x + (next_x - x) * (ground - y) / (next_y - y), ground));
        }
        crossed.push(pair[1]);
    }
    let sides: [(Ink, Bound); 2] = [(Ink::Green, f64::min), (Ink::Red, f64::max)];
    for (ink, bound) in sides {
        let edge = crossed.iter().map(|(x, y)| (*x, bound(*y, ground)));
        let outline: Points = edge.chain([(last.0, ground), (first.0, ground)]).collect();
        if outline.iter().any(|(_, y)| *y != ground) {
            canvas.fill(&outline, ink, GAIN_OPACITY)?;
        }
    }
    Ok(())
}
