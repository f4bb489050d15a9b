//! The chart of an asset as a picture: position as it is and corrected for flows, residuals and their density, for
//! reports and for whoever has no browser.
//!
//! Start at [`png()`]; [`write()`] puts the picture where the dashboard and the operator find it. Everything that is shown comes
//! from [`advisor_core::drawing`]: here are only layout, axes and colours. Drawing takes some ten milliseconds of one
//! processor and no other resource, so callers do it on a thread that may block.

mod axis;
mod canvas;
mod encode;
mod frame;
mod heading;
mod numbers;
mod panels;
mod time_axis;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use advisor_core::drawing::Drawing;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use canvas::{Canvas, Rect};

/// Width and height of a picture, pixels.
pub const SIZE: (u32, u32) = (1200, 1400);

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The drawing library refuses.
    #[error("drawing the chart of {asset} failed: {cause}")]
    Draw {
        /// The asset.
        asset: String,
        /// What the drawing library says.
        cause: String,
    },
    /// The picture cannot be compressed.
    #[error("encoding the chart of {asset} as PNG failed")]
    Encode {
        /// The asset.
        asset: String,
        /// What the encoder says.
        #[source]
        source: png::EncodingError,
    },
    /// The file cannot be written.
    #[error("writing the chart {} failed", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

/// Draws an evaluation as a PNG of [`SIZE`]; times are shown in `zone`.
///
/// The same drawing gives the same bytes. What the drawing lacks is said in the place where it would be.
///
/// # Errors
/// [`ChartError::Draw`] or [`ChartError::Encode`]; neither depends on the figures.
pub fn png(drawing: &Drawing, zone: &TimeZone) -> Result<Vec<u8>, ChartError> {
    let fail = |cause: String| ChartError::Draw { asset: drawing.asset.clone(), cause };
    let pixels = canvas::paint(SIZE, |canvas| paint(canvas, drawing, zone)).map_err(fail)?;
    encode::png(&pixels, SIZE).map_err(|source| ChartError::Encode { asset: drawing.asset.clone(), source })
}

fn paint(canvas: &Canvas<'_>, drawing: &Drawing, zone: &TimeZone) -> canvas::Painted {
    let (width, height) = (f64::from(SIZE.0), f64::from(SIZE.1));
    heading::paint(canvas, drawing, zone, Rect::new(0.0, 0.0, width, 118.0))?;
    let panel = |top, bottom| Rect::new(0.0, top, width, bottom);
    panels::position(canvas, drawing, zone, panel(118.0, 400.0))?;
    panels::corrected(canvas, drawing, zone, panel(400.0, 748.0))?;
    panels::residuals(canvas, drawing, zone, panel(748.0, 1076.0))?;
    panels::density(canvas, drawing, panel(1076.0, height))
}

/// The name of a picture's file: `<asset>_<YYYYMMDD_HHMMSS>_residual_composite.png`, the evaluation time in `zone`.
#[must_use]
pub fn file_name(asset: &str, as_of: Timestamp, zone: &TimeZone) -> String {
    let time = as_of.to_zoned(zone.clone()).strftime("%Y%m%d_%H%M%S");
    format!("{asset}_{time}_residual_composite.png")
}

/// Draws an evaluation into a file of `dir`, which is made where it is missing, and returns the file's path.
///
/// The file appears complete or not at all, and replaces one of the same name. Blocks.
///
/// # Errors
/// As [`png()`], and [`ChartError::Write`] with the file that could not be written.
pub fn write(dir: &Path, drawing: &Drawing, zone: &TimeZone) -> Result<PathBuf, ChartError> {
    let bytes = png(drawing, zone)?;
    let path = dir.join(file_name(&drawing.asset, drawing.as_of, zone));
    match replace(dir, &path, &bytes) {
        Ok(()) => Ok(path),
        Err(source) => Err(ChartError::Write { path, source }),
    }
}

fn replace(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    // Beside its place, so that the rename stays within one file system. Not ending in .png: a reader of the folder must
    // not take it for a picture.
    let mut builder = tempfile::Builder::new();
    builder.prefix(".chart-").suffix(".tmp");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(dir)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}
