//! What every panel has: a title with its legend, a grid with labels, and the area in between.

use jiff::tz::TimeZone;

use super::axis::Axis;
use super::canvas::{Align, Canvas, Font, Ink, Painted, Rect, Stroke};
use super::numbers;
use super::time_axis::{self, Tick};

const TITLE: Font = Font::bold(19.0, Ink::Text);
const LEGEND: Font = Font::plain(15.0, Ink::Text);
const LABEL: Font = Font::plain(15.0, Ink::Muted);
const EMPTY: Font = Font::plain(17.0, Ink::Muted);

const MARGIN: f64 = 28.0;
/// Room for the labels left of a panel.
const LEFT: f64 = 132.0;
/// Room for the title and for one line of the legend.
const TITLE_HEIGHT: f64 = 34.0;
const LEGEND_HEIGHT: f64 = 26.0;
/// Room for the labels below a panel.
const BOTTOM: f64 = 46.0;

/// One entry of a legend.
pub(super) struct Entry {
    pub(super) sign: Sign,
    pub(super) text: String,
}

/// What stands before an entry's text.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sign {
    Line(Stroke),
    Area(Ink, f64),
    Dot(Ink),
    Up(Ink),
    Down(Ink),
}

impl Entry {
    pub(super) fn new(sign: Sign, text: impl Into<String>) -> Self {
        Self { sign, text: text.into() }
    }
}

/// Paints title and legend of a panel; returns the area that is left for its data.
pub(super) fn begin(canvas: &Canvas<'_>, panel: Rect, title: &str, legend: &[Entry]) -> Result<Rect, String> {
    canvas.text(title, (MARGIN, panel.top + 18.0), TITLE, Align::Start)?;
    let mut at = (MARGIN, panel.top + TITLE_HEIGHT + LEGEND_HEIGHT / 2.0 + 1.0);
    for entry in legend {
        let width = 38.0 + canvas.text_width(&entry.text, LEGEND);
        if at.0 > MARGIN && at.0 + width > panel.right - MARGIN {
            at = (MARGIN, at.1 + LEGEND_HEIGHT);
        }
        sign(canvas, entry.sign, at)?;
        canvas.text(&entry.text, (at.0 + 34.0, at.1), LEGEND, Align::Start)?;
        at.0 += width + 22.0;
    }
    let top = at.1 + LEGEND_HEIGHT / 2.0 + 12.0;
    Ok(Rect::new(panel.left + LEFT, top, panel.right - MARGIN, panel.bottom - BOTTOM))
}

fn sign(canvas: &Canvas<'_>, sign: Sign, (x, y): (f64, f64)) -> Painted {
    match sign {
        Sign::Line(stroke) => canvas.line(&[(x, y), (x + 27.0, y)], stroke),
        Sign::Area(ink, opacity) => canvas.rect(Rect::new(x, y - 7.0, x + 27.0, y + 7.0), ink, opacity),
        Sign::Dot(ink) => canvas.dot((x + 14.0, y), 5.0, ink),
        Sign::Up(ink) => triangle(canvas, (x + 14.0, y), -1.0, ink),
        Sign::Down(ink) => triangle(canvas, (x + 14.0, y), 1.0, ink),
    }
}

/// A mark with a white rim, so that it stands out from the line it lies on; `direction` 1 points down, −1 up.
pub(super) fn triangle(canvas: &Canvas<'_>, (x, y): (f64, f64), direction: f64, ink: Ink) -> Painted {
    let outline = |size: f64| {
        let (wide, tip) = (size * 0.9, size * direction);
        [(x - wide, y - tip * 0.6), (x + wide, y - tip * 0.6), (x, y + tip)]
    };
    canvas.fill(&outline(10.5), Ink::White, 1.0)?;
    canvas.fill(&outline(8.0), ink, 1.0)
}

/// Says in the middle of a panel why there is nothing in it.
pub(super) fn empty(canvas: &Canvas<'_>, area: Rect, why: &str) -> Painted {
    border(canvas, area)?;
    let middle = (area.left.midpoint(area.right), area.top.midpoint(area.bottom));
    canvas.text(why, middle, EMPTY, Align::Centre)
}

/// Paints the grid of values, with labels on the left.
pub(super) fn values(canvas: &Canvas<'_>, area: Rect, axis: &Axis) -> Painted {
    let (ticks, step) = axis.ticks((area.bottom - area.top) / 38.0);
    for (tick, label) in ticks.iter().zip(numbers::ticks(&ticks, step)) {
        let y = axis.at(*tick);
        canvas.line(&[(area.left, y), (area.right, y)], Stroke::solid(Ink::Grid, 1.0))?;
        // Many digits are set smaller rather than cut off.
        let size = LABEL.size * ((LEFT - 20.0) / canvas.text_width(&label, LABEL)).min(1.0);
        canvas.text(&label, (area.left - 10.0, y), Font { size, ..LABEL }, Align::End)?;
    }
    Ok(())
}

/// Paints the grid of values of a horizontal axis, with labels below.
pub(super) fn values_below(canvas: &Canvas<'_>, area: Rect, axis: &Axis) -> Painted {
    let (ticks, step) = axis.ticks(8.0);
    let labels = numbers::ticks(&ticks, step);
    below(canvas, area, ticks.into_iter().zip(labels).map(|(tick, label)| (axis.at(tick), label, None)))
}

/// Paints the grid of times, with labels below.
pub(super) fn times(canvas: &Canvas<'_>, area: Rect, axis: &Axis, (from, to): (i64, i64), zone: &TimeZone) -> Painted {
    let ticks = time_axis::ticks(from, to, 10, zone);
    below(canvas, area, ticks.into_iter().map(|Tick { at, label, below }| (axis.at(at as f64), label, below)))
}

/// Labels that would run into the one before are left out; their lines stay.
fn below(canvas: &Canvas<'_>, area: Rect, ticks: impl Iterator<Item = (f64, String, Option<String>)>) -> Painted {
    let mut free = area.left - LEFT;
    for (x, label, second) in ticks {
        canvas.line(&[(x, area.top), (x, area.bottom)], Stroke::solid(Ink::Grid, 1.0))?;
        let half = canvas.text_width(&label, LABEL) / 2.0;
        if x - half > free && x + half < area.right + MARGIN {
            canvas.text(&label, (x, area.bottom + 15.0), LABEL, Align::Centre)?;
            canvas.text(second.as_deref().unwrap_or_default(), (x, area.bottom + 33.0), LABEL, Align::Centre)?;
            free = x + half + 14.0;
        }
    }
    Ok(())
}

/// The line around a panel; painted last, over the ends of what is inside.
pub(super) fn border(canvas: &Canvas<'_>, area: Rect) -> Painted {
    let Rect { left, top, right, bottom } = area;
    let outline = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
    canvas.line(&outline, Stroke::solid(Ink::Frame, 1.0))
}
