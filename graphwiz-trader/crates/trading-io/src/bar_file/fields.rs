//! The fields of a line.

use memchr::memchr;

/// Where the fields of one line are; used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    ends: Vec<usize>,
}

impl Fields {
    /// Finds the fields of `line`. A separator between quotes separates nothing.
    pub(crate) fn split(&mut self, line: &[u8], separator: u8) {
        self.ends.clear();
        if memchr(b'"', line).is_none() {
            self.ends.extend(memchr::memchr_iter(separator, line));
        } else {
            let mut is_quoted = false;
            for (at, byte) in line.iter().enumerate() {
                is_quoted ^= *byte == b'"';
                if *byte == separator && !is_quoted {
                    self.ends.push(at);
                }
            }
        }
        self.ends.push(line.len());
    }

    /// The fields of the line that was split last.
    pub(crate) fn of<'a>(&'a self, line: &'a [u8]) -> Line<'a> {
        Line { line, ends: &self.ends }
    }
}

/// A line with its fields.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    line: &'a [u8],
    ends: &'a [usize],
}

impl<'a> Line<'a> {
    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// A field without the blanks and quotes around it; empty where there is none.
    pub(crate) fn get(&self, index: usize) -> &'a [u8] {
        let from = if index == 0 { 0 } else { self.ends.get(index - 1).map_or(self.line.len(), |end| end + 1) };
        let to = self.ends.get(index).map_or(self.line.len(), |end| *end);
        let field = self.line.get(from..to).unwrap_or_default().trim_ascii();
        match field {
            [b'"', inner @ .., b'"'] => inner.trim_ascii(),
            _ => field,
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = &'a [u8]> {
        (0..self.count()).map(move |index| self.get(index))
    }
}
