//! What the panels draw with: lines, areas and texts in pixels, with fractions.
//!
//! Start at [`paint`]. Pictures are painted at twice their size and then averaged, because the drawing library places points
//! on whole pixels only: at its own resolution a gentle slope is a staircase.

use ab_glyph::{Font as _, FontRef, Glyph, OutlinedGlyph, ScaleFont as _, point};
use plotters::backend::BitMapBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::style::{RGBAColor, RGBColor, ShapeStyle};

/// How much larger than the picture it is painted, in each direction.
pub(super) const SCALE: u32 = 2;

const REGULAR: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/fonts/DejaVuSans-Bold.ttf");

/// Height of a capital letter of these fonts, as a share of the size.
const CAPITALS: f64 = 0.626;

/// Done, or what the drawing library says.
pub(super) type Painted = Result<(), String>;

/// A part of the picture, pixels from its upper left corner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn new(left: f64, top: f64, right: f64, bottom: f64) -> Self {
        Self { left, top, right, bottom }
    }
}

/// A colour of the charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ink {
    Text,
    Muted,
    Grid,
    Frame,
    Blue,
    Orange,
    Red,
    Green,
    White,
}

impl Ink {
    /// Dark enough on white to be read as text (contrast of at least 4.5), except for the lines of the grid.
    fn rgb(self) -> &'static RGBColor {
        match self {
            Self::Text => &RGBColor(0x1c, 0x21, 0x28),
            Self::Muted => &RGBColor(0x57, 0x60, 0x6a),
            Self::Grid => &RGBColor(0xe4, 0xe7, 0xeb),
            Self::Frame => &RGBColor(0xb4, 0xba, 0xc2),
            Self::Blue => &RGBColor(0x1f, 0x66, 0xb5),
            Self::Orange => &RGBColor(0xb8, 0x5c, 0x00),
            Self::Red => &RGBColor(0xc6, 0x28, 0x28),
            Self::Green => &RGBColor(0x1e, 0x7d, 0x32),
            Self::White => &RGBColor(0xff, 0xff, 0xff),
        }
    }

    fn with_opacity(self, opacity: f64) -> RGBAColor {
        let RGBColor(r, g, b) = *self.rgb();
        RGBAColor(r, g, b, opacity)
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub(super) ink: Ink,
    pub(super) width: f64,
    pub(super) dash: Dash,
}

impl Stroke {
    pub(super) const fn solid(ink: Ink, width: f64) -> Self {
        Self { ink, width, dash: Dash::None }
    }

    pub(super) const fn dashed(ink: Ink, width: f64) -> Self {
        Self { ink, width, dash: Dash::Long }
    }

    pub(super) const fn dotted(ink: Ink, width: f64) -> Self {
        Self { ink, width, dash: Dash::Short }
    }
}

/// How a line is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dash {
    None,
    Long,
    Short,
}

impl Dash {
    /// Length of a dash and of the gap after it.
    fn lengths(self) -> Option<(f64, f64)> {
        match self {
            Self::None => None,
            Self::Long => Some((8.0, 5.0)),
            Self::Short => Some((2.5, 3.0)),
        }
    }
}

/// How a text is set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) ink: Ink,
}

impl Font {
    pub(super) const fn plain(size: f64, ink: Ink) -> Self {
        Self { size, bold: false, ink }
    }

    pub(super) const fn bold(size: f64, ink: Ink) -> Self {
        Self { size, bold: true, ink }
    }
}

/// Where a text lies beside its point, horizontally; vertically it is centred on it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Align {
    /// The text begins there.
    Start,
    Centre,
    /// The text ends there.
    End,
}

/// A picture in the making.
pub(super) struct Canvas<'a> {
    area: DrawingArea<BitMapBackend<'a>, Shift>,
    regular: FontRef<'static>,
    bold: FontRef<'static>,
}

/// Paints a picture of `size` and returns it at [`SCALE`] times that: rows of red, green, blue from the top.
///
/// # Errors
/// What the drawing library says.
pub(super) fn paint(size: (u32, u32), draw: impl FnOnce(&Canvas<'_>) -> Painted) -> Result<Vec<u8>, String> {
    let face = |bytes| FontRef::try_from_slice(bytes).map_err(|error| format!("embedded font: {error}"));
    let (regular, bold) = (face(REGULAR)?, face(BOLD)?);
    let (width, height) = (size.0 * SCALE, size.1 * SCALE);
    let mut pixels = vec![0xff; width as usize * height as usize * 3];
    let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
    let canvas = Canvas { area, regular, bold };
    draw(&canvas)?;
    canvas.area.present().map_err(|error| error.to_string())?;
    drop(canvas);
    Ok(pixels)
}

#[expect(clippy::cast_possible_truncation, reason = "positions lie within the picture; a cast of any others saturates")]
fn whole(pixels: f64) -> i32 {
    (pixels * f64::from(SCALE)).round() as i32
}

/// The first pixel of a glyph: its bounds are whole already.
#[expect(clippy::cast_possible_truncation, reason = "glyphs lie within the picture; a cast of any others saturates")]
fn whole_pixel(pixels: f32) -> i32 {
    pixels as i32
}

/// Positions in a picture need no more digits.
#[expect(clippy::cast_possible_truncation, reason = "rounds a few thousand pixels to a thousandth of one")]
fn single(pixels: f64) -> f32 {
    pixels as f32
}

/// A pixel's place inside its glyph.
fn offset(pixels: u32) -> i32 {
    i32::try_from(pixels).unwrap_or(i32::MAX)
}

/// Where thin lines are drawn side by side for one of `width`: on a square without its corners.
fn pen(width: f64) -> Vec<(i32, i32)> {
    let pixels = whole(width).max(1);
    let side = -(pixels - 1) / 2..=pixels / 2;
    let corner = |d: i32| pixels > 2 && (d == *side.start() || d == *side.end());
    let square = side.clone().flat_map(|dx| side.clone().map(move |dy| (dx, dy)));
    square.filter(|(dx, dy)| !(corner(*dx) && corner(*dy))).collect()
}

fn corner((x, y): (f64, f64)) -> (i32, i32) {
    (whole(x), whole(y))
}

impl Canvas<'_> {
    /// A line through `points`.
    pub(super) fn line(&self, points: &[(f64, f64)], stroke: Stroke) -> Painted {
        let Some(lengths) = stroke.dash.lengths() else { return self.solid(points, stroke) };
        dashes(points, lengths).iter().try_for_each(|dash| self.solid(dash, stroke))
    }

    fn solid(&self, points: &[(f64, f64)], stroke: Stroke) -> Painted {
        let mut points: Vec<(i32, i32)> = points.iter().copied().map(corner).collect();
        points.dedup();
        let style = ShapeStyle { color: stroke.ink.with_opacity(1.0), filled: false, stroke_width: 1 };
        // The library's own wide lines shoot out of sharp corners and lose their width on slopes.
        for (dx, dy) in pen(stroke.width) {
            let moved: Vec<(i32, i32)> = points.iter().map(|(x, y)| (x + dx, y + dy)).collect();
            self.draw(&PathElement::new(moved, style))?;
        }
        Ok(())
    }

    /// The area inside `outline`.
    pub(super) fn fill(&self, outline: &[(f64, f64)], ink: Ink, opacity: f64) -> Painted {
        let outline: Vec<(i32, i32)> = outline.iter().copied().map(corner).collect();
        self.draw(&Polygon::new(outline, ink.with_opacity(opacity)))
    }

    pub(super) fn rect(&self, rect: Rect, ink: Ink, opacity: f64) -> Painted {
        let corners = [corner((rect.left, rect.top)), corner((rect.right, rect.bottom))];
        let style = ShapeStyle { color: ink.with_opacity(opacity), filled: true, stroke_width: 0 };
        self.draw(&Rectangle::new(corners, style))
    }

    pub(super) fn dot(&self, centre: (f64, f64), radius: f64, ink: Ink) -> Painted {
        let style = ShapeStyle { color: ink.with_opacity(1.0), filled: true, stroke_width: 0 };
        self.draw(&Circle::new(corner(centre), whole(radius), style))
    }

    /// A text on one line; its capitals and digits are centred on the height of `at`.
    pub(super) fn text(&self, text: &str, at: (f64, f64), font: Font, align: Align) -> Painted {
        let (glyphs, width) = self.set(text, font);
        let start = match align {
            Align::Start => 0.0,
            Align::Centre => width / 2.0,
            Align::End => width,
        };
        let scale = f64::from(SCALE);
        let (left, baseline) = ((at.0 - start) * scale, (at.1 + font.size * CAPITALS / 2.0) * scale);
        for mut glyph in glyphs {
            glyph.position.x += single(left);
            glyph.position.y += single(baseline);
            if let Some(outline) = self.face(font).outline_glyph(glyph) {
                self.outline(&outline, font.ink)?;
            }
        }
        Ok(())
    }

    /// How wide a text will be.
    pub(super) fn text_width(&self, text: &str, font: Font) -> f64 {
        self.set(text, font).1
    }

    /// The glyphs of a text from the origin on, and its width. The drawing library's own texts ignore how far a letter
    /// stands from its origin, which leaves some apart and lets others touch.
    fn set(&self, text: &str, font: Font) -> (Vec<Glyph>, f64) {
        let face = self.face(font).as_scaled(single(font.size * f64::from(SCALE)));
        let (mut x, mut last) = (0.0, None);
        let mut glyphs = Vec::with_capacity(text.len());
        for c in text.chars() {
            let id = face.glyph_id(c);
            x += last.map_or(0.0, |last| face.kern(last, id));
            glyphs.push(id.with_scale_and_position(face.scale(), point(x, 0.0)));
            x += face.h_advance(id);
            last = Some(id);
        }
        (glyphs, f64::from(x) / f64::from(SCALE))
    }

    fn face(&self, font: Font) -> &FontRef<'static> {
        if font.bold { &self.bold } else { &self.regular }
    }

    fn outline(&self, outline: &OutlinedGlyph, ink: Ink) -> Painted {
        let corner = outline.px_bounds().min;
        let mut painted = Ok(());
        outline.draw(|x, y, coverage| {
            let colour = ink.with_opacity(f64::from(coverage.min(1.0)));
            let at = (whole_pixel(corner.x) + offset(x), whole_pixel(corner.y) + offset(y));
            if painted.is_ok() {
                painted = self.area.draw_pixel(at, &colour).map_err(|error| error.to_string());
            }
        });
        painted
    }

    fn draw<'e, E>(&self, element: &'e E) -> Painted
    where
        for<'b> &'b E: plotters::element::PointCollection<'b, (i32, i32)>,
        for<'b> E: plotters::element::Drawable<BitMapBackend<'b>>,
    {
        self.area.draw(element).map_err(|error| error.to_string())
    }
}

/// Cuts a line into dashes.
fn dashes(points: &[(f64, f64)], (dash, gap): (f64, f64)) -> Vec<Vec<(f64, f64)>> {
    let Some(first) = points.first() else { return Vec::new() };
    let mut done = Vec::new();
    let mut current = vec![*first];
    let (mut drawing, mut left) = (true, dash);
    for pair in points.windows(2) {
        let (mut from, to) = (pair[0], pair[1]);
        loop {
            let length = (to.0 - from.0).hypot(to.1 - from.1);
            if length <= left {
                left -= length;
                if drawing {
                    current.push(to);
                }
                break;
            }
            from = (from.0 + (to.0 - from.0) * left / length, from.1 + (to.1 - from.1) * left / length);
            if drawing {
                current.push(from);
                done.push(std::mem::take(&mut current));
            } else {
                current.push(from);
            }
            drawing = !drawing;
            left = if drawing { dash } else { gap };
        }
    }
    if drawing {
        done.push(current);
    }
    done
}
