//! Which byte ends a line? CR LF, LF, or a CR alone, as some spreadsheets write it.

use std::io::{self, BufRead, BufReader, Read};

/// The bytes of a file with an LF behind every CR that has none, so that every line ends with an LF.
pub(super) struct LineEnds<R> {
    inner: BufReader<R>,
    after_cr: bool,
}

impl<R: Read> LineEnds<R> {
    pub(super) fn new(inner: R) -> Self {
        Self { inner: BufReader::with_capacity(1 << 16, inner), after_cr: false }
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.inner.fill_buf()?;
        let most = available.len().min(buffer.len());
        if !self.after_cr && !available[..most].contains(&b'\r') {
            buffer[..most].copy_from_slice(&available[..most]);
            self.inner.consume(most);
            return Ok(most);
        }
        let (mut taken, mut given) = (0, 0);
        while given < buffer.len() && taken < available.len() {
            let byte = available[taken];
            let lacks_lf = self.after_cr && byte != b'\n';
            buffer[given] = if lacks_lf { b'\n' } else { byte };
            self.after_cr = !lacks_lf && byte == b'\r';
            taken += usize::from(!lacks_lf);
            given += 1;
        }
        self.inner.consume(taken);
        Ok(given)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn only_a_lone_cr_gets_an_lf_whatever_the_sizes_of_the_reads(
            text in prop::collection::vec(prop::sample::select(b"a\r\n".to_vec()), 0..40), size in 1_usize..7,
        ) {
            let mut expected = Vec::new();
            for (i, byte) in text.iter().enumerate() {
                expected.push(*byte);
                if *byte == b'\r' && text.get(i + 1).is_some_and(|next| *next != b'\n') {
                    expected.push(b'\n'); // at the very end one follows from elsewhere
                }
            }
            let (mut read, mut buffer) = (Vec::new(), vec![0; size]);
            let mut lines = LineEnds::new(text.as_slice());
            loop {
                match lines.read(&mut buffer).unwrap() {
                    0 => break,
                    n => read.extend_from_slice(&buffer[..n]),
                }
            }
            prop_assert_eq!(read, expected);
        }
    }
}
