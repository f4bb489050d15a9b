//! The bytes of a file on their way to the CSV reader: counted, hashed, and refused where they are no text.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

use super::report::Progress;

/// Reads a file once, and knows its hash at the end.
pub(super) struct Source<'a, R> {
    inner: R,
    hash: Sha256,
    progress: Progress<'a>,
    report: &'a mut dyn FnMut(Progress<'_>),
    is_text: bool,
}

impl<'a, R: Read> Source<'a, R> {
    /// `progress` says where the reading starts; `report` hears of every buffer that was filled.
    pub(super) fn new(inner: R, progress: Progress<'a>, report: &'a mut dyn FnMut(Progress<'_>)) -> Self {
        Self { inner, hash: Sha256::new(), progress, report, is_text: true }
    }

    /// Whether nothing was read that is no text.
    pub(super) fn is_text(&self) -> bool {
        self.is_text
    }

    /// The SHA-256 of the bytes that were read.
    pub(super) fn finish(self) -> [u8; 32] {
        self.hash.finalize().into()
    }

    fn inspect(&self, bytes: &[u8]) -> io::Result<()> {
        let refuse = |why: String| Err(io::Error::new(io::ErrorKind::InvalidData, why));
        if self.progress.bytes_done == 0 && bytes.starts_with(&[0x1f, 0x8b]) {
            return refuse("the file is compressed with gzip; expected plain CSV: unpack it first".into());
        }
        match bytes.iter().position(|byte| *byte == 0) {
            Some(at) => {
                let at = self.progress.bytes_done + at as u64;
                refuse(format!("byte {at} is NUL; expected CSV in UTF-8, not UTF-16 or binary data"))
            }
            None => Ok(()),
        }
    }
}

impl<R: Read> Read for Source<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.inspect(&buffer[..n]).inspect_err(|_| self.is_text = false)?;
        self.hash.update(&buffer[..n]);
        self.progress.bytes_done += n as u64;
        (self.report)(self.progress);
        Ok(n)
    }
}
