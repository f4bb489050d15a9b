//! Pictures in memory, to compare and to count in.

/// Rows of red, green, blue from the top.
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pixels: Vec<u8>,
}

impl Picture {
    pub(crate) fn decode(png: &[u8]) -> Self {
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        Self { width: info.width, height: info.height, pixels }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_compression(png::Compression::High);
        encoder.write_header().unwrap().write_image_data(&self.pixels).unwrap();
        bytes
    }

    /// Half as wide and high: each pixel the mean of four, in steps of 16.
    pub(crate) fn halved(&self) -> Self {
        let row = self.width as usize * 3;
        let mean = |y: usize, x: usize, channel: usize| {
            let at = |dy, dx| u16::from(self.pixels[(2 * y + dy) * row + (2 * x + dx) * 3 + channel]);
            let mean = (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4;
            u8::try_from((mean + 8) / 16 * 16).unwrap_or(u8::MAX)
        };
        let (width, height) = (self.width / 2, self.height / 2);
        let mut pixels = Vec::new();
        for y in 0..height as usize {
            for x in 0..width as usize {
                pixels.extend((0..3).map(|channel| mean(y, x, channel)));
            }
        }
        Self { width, height, pixels }
    }

    /// How many of the pixels are clearly of another colour, as a share of all. Lines may round to the next pixel where
    /// another processor rounds a sine or an exponential differently; that is a shade, not a colour.
    pub(crate) fn share_that_differs(&self, other: &Self) -> f64 {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let pairs = self.pixels.chunks_exact(3).zip(other.pixels.chunks_exact(3));
        let differ = pairs.filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 32)).count();
        differ as f64 / f64::from(self.width * self.height)
    }

    pub(crate) fn share_of(&self, colour: [u8; 3]) -> f64 {
        let count = self.pixels.chunks_exact(3).filter(|pixel| **pixel == colour).count();
        count as f64 / f64::from(self.width * self.height)
    }
}
