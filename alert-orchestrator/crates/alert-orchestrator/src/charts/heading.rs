//! The head of a picture: which asset, what was decided and why, and when.

use advisor_core::decision::Decision;
use advisor_core::drawing::Drawing;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::canvas::{Align, Canvas, Font, Ink, Painted, Rect};
use super::numbers;

const ASSET: Font = Font::bold(34.0, Ink::Text);
const BADGE: Font = Font::bold(18.0, Ink::White);
const LINE: Font = Font::plain(17.0, Ink::Text);
const TIME: Font = Font::plain(16.0, Ink::Muted);

pub(super) fn paint(canvas: &Canvas<'_>, drawing: &Drawing, zone: &TimeZone, area: Rect) -> Painted {
    let margin = 28.0;
    let asset = drawing.asset.to_uppercase();
    canvas.text(&asset, (area.left + margin, area.top + 40.0), ASSET, Align::Start)?;
    let (ink, name) = match drawing.decision {
        Decision::Withdraw { .. } => (Ink::Green, "WITHDRAW_OK"),
        Decision::Hold(_) => (Ink::Orange, "HOLD"),
        Decision::Error(_) => (Ink::Red, "ERROR"),
    };
    let left = area.left + margin + canvas.text_width(&asset, ASSET) + 20.0;
    let right = left + canvas.text_width(name, BADGE) + 26.0;
    canvas.rect(Rect::new(left, area.top + 24.0, right, area.top + 56.0), ink, 1.0)?;
    canvas.text(name, (left.midpoint(right), area.top + 41.0), BADGE, Align::Centre)?;

    let as_of = format!("{} {}", when(drawing.is_dated), local(drawing.as_of, zone));
    let times = (area.right - margin, area.top + 34.0);
    canvas.text(&as_of, times, Font { ink: Ink::Text, ..TIME }, Align::End)?;
    if let Some(t0) = drawing.t0 {
        let since = format!("reference t0 {}", local(t0, zone));
        canvas.text(&since, (times.0, times.1 + 22.0), TIME, Align::End)?;
    }
    let explanation = match (&drawing.decision, drawing.decision.reason()) {
        (Decision::Withdraw { limit_usd }, _) => format!("up to {} USD may be withdrawn", numbers::money(*limit_usd)),
        (_, Some(reason)) => reason.message,
        (_, None) => String::new(),
    };
    let room = area.right - area.left - 2.0 * margin;
    let explanation = fit(canvas, &explanation, LINE, room);
    canvas.text(&explanation, (area.left + margin, area.top + 84.0), LINE, Align::Start)
}

/// A past date must not be taken for the present market; of an evaluation of now the time is a detail.
fn when(is_dated: bool) -> &'static str {
    if is_dated { "as of" } else { "evaluated" }
}

/// An instant as people in `zone` write it, with the zone's abbreviation there and then.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M:%S %Z").to_string()
}

/// As much of a text as fits into `room`.
fn fit(canvas: &Canvas<'_>, text: &str, font: Font, room: f64) -> String {
    // Longer than any line: what is cut here would not fit anyway.
    let text = legible::cut(text, 400);
    if canvas.text_width(&text, font) <= room {
        return text;
    }
    let mut shorter = text;
    while shorter.pop().is_some() {
        let cut = format!("{}…", shorter.trim_end());
        if canvas.text_width(&cut, font) <= room {
            return cut;
        }
    }
    shorter
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_of_is_said_of_configured_dates_only() {
        assert_eq!([true, false].map(super::when), ["as of", "evaluated"]);
    }
}
