//! From painted pixels to a PNG file.

use png::{BitDepth, ColorType, Compression, Encoder, EncodingError, Filter};

use super::canvas::SCALE;

/// Encodes what was painted at [`SCALE`] times `size` as a PNG of `size`.
///
/// # Errors
/// Those of the encoder.
pub(super) fn png(painted: &[u8], size: (u32, u32)) -> Result<Vec<u8>, EncodingError> {
    let pixels = average(painted, size);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.0, size.1);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Balanced);
    // Flat areas and straight lines compress best as they are.
    encoder.set_filter(Filter::NoFilter);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// Shades closer than this are one, which the eye does not notice and which takes a third off the file.
const SHADE: u32 = 8;

/// Each pixel is the mean of the [`SCALE`]² that were painted for it, in steps of [`SHADE`].
fn average(painted: &[u8], (width, height): (u32, u32)) -> Vec<u8> {
    let (scale, width) = (SCALE as usize, width as usize);
    let row = width * scale * 3;
    let mut pixels = Vec::with_capacity(width * height as usize * 3);
    let mut sums = vec![0_u16; width * 3];
    for rows in painted.chunks_exact(row * scale) {
        sums.fill(0);
        for row in rows.chunks_exact(row) {
            for (sum, block) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * scale)) {
                for pixel in block.chunks_exact(3) {
                    for (sum, channel) in sum.iter_mut().zip(pixel) {
                        *sum += u16::from(*channel);
                    }
                }
            }
        }
        pixels.extend(sums.iter().map(|sum| {
            let step = SHADE * SCALE * SCALE;
            let shade = (u32::from(*sum) + step / 2) / step * SHADE;
            u8::try_from(shade).unwrap_or(u8::MAX) // white is 255, not the 256 of its step
        }));
    }
    pixels
}
