//! The lines of a text, one after the other, with their numbers.

use std::io::{self, Read};
use std::ops::Range;

use memchr::memchr;

use super::refusal::Refusal;

/// A line of bars has some 60 bytes. What has none for so long is no text of lines, and is not to fill the memory.
const LONGEST: usize = 1 << 20;
/// What some programs put before a text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const AT_ONCE: usize = 1 << 17;

/// Where the reading of a text is.
pub(crate) struct Lines<'a> {
    text: Box<dyn Read + 'a>,
    buffer: Vec<u8>,
    /// What of the buffer was read and not yet given out.
    from: usize,
    to: usize,
    number: u64,
    is_at_end: bool,
    ends_within_a_line: bool,
    was_cut_off: bool,
    /// Where in the buffer the line is that was given out last.
    last: Range<usize>,
    again: bool,
}

/// A line without its end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Its number in the file, from 1.
    pub(crate) number: u64,
    pub(crate) text: &'a [u8],
    /// The line with its end, and with what may stand before the first.
    pub(crate) raw: &'a [u8],
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: Box<dyn Read + 'a>) -> Self {
        let buffer = vec![0; AT_ONCE];
        Self {
            text,
            buffer,
            from: 0,
            to: 0,
            number: 0,
            is_at_end: false,
            ends_within_a_line: false,
            was_cut_off: false,
            last: 0..0,
            again: false,
        }
    }

    /// Whether the last line that was given out has no line end.
    pub(crate) fn ends_within_a_line(&self) -> bool {
        self.ends_within_a_line
    }

    /// Whether what was compressed ends in the middle.
    pub(crate) fn was_cut_off(&self) -> bool {
        self.was_cut_off
    }

    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, Refusal> {
        if !std::mem::take(&mut self.again) {
            let mut searched = 0;
            let end = loop {
                let unread = &self.buffer[self.from..self.to];
                if let Some(at) = memchr(b'\n', &unread[searched..]) {
                    break self.from + searched + at + 1;
                }
                searched = unread.len();
                if !self.is_at_end {
                    self.fill()?;
                } else if searched == 0 {
                    return Ok(None);
                } else {
                    self.ends_within_a_line = true;
                    break self.to;
                }
            };
            self.last = self.from..end;
            self.from = end;
            self.number += 1;
        }
        let raw = &self.buffer[self.last.clone()];
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let text = text.strip_prefix(BYTE_ORDER_MARK).filter(|_| self.number == 1).unwrap_or(text);
        Ok(Some(Line { number: self.number, text, raw }))
    }

    /// Has the next line be the one that was given out last.
    pub(crate) fn put_back(&mut self) {
        self.again = true;
    }

    /// The number of the line that will be given out next.
    pub(crate) fn next_number(&self) -> u64 {
        self.number + u64::from(!self.again)
    }

    fn fill(&mut self) -> Result<(), Refusal> {
        self.buffer.copy_within(self.from..self.to, 0);
        (self.from, self.to) = (0, self.to - self.from);
        if self.to == self.buffer.len() {
            if self.to >= LONGEST {
                return Err(Refusal::LongLine { line: self.number + 1 });
            }
            self.buffer.resize(2 * self.to, 0);
        }
        loop {
            match self.text.read(&mut self.buffer[self.to..]) {
                Ok(0) => self.is_at_end = true,
                Ok(n) => self.to += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.was_cut_off = true;
                    return Err(Refusal::CutOff);
                }
                Err(error) => return Err(Refusal::Read(error)),
            }
            return Ok(());
        }
    }
}
