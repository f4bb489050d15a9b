//! What does a line of nothing but plain numbers say?
//!
//! Start at [`PlainLines::read`]. Nearly every line of nearly every file is such a line; it is read in one pass, in
//! less than half of the time that its fields take one by one. What is not read here may still be a bar.

use memchr::memchr2;
use trading_core::counts::{self, Count};

use super::columns::Layout;

/// Lines of one layout; what one says is there until the next is read.
pub(crate) struct PlainLines {
    separator: u8,
    /// Whether anybody looks at the column.
    is_wanted: Vec<bool>,
    numbers: Vec<Count>,
}

impl PlainLines {
    pub(crate) fn new(layout: &Layout) -> Self {
        let wanted = |column| layout.ts == column || layout.prices.contains(&column) || layout.volume == Some(column);
        let is_wanted: Vec<bool> = (0..layout.count).map(wanted).collect();
        let numbers = vec![Count { count: 0, digits: 0 }; is_wanted.len()];
        Self { separator: layout.separator, is_wanted, numbers }
    }

    /// The numbers of the columns that are wanted, each at its column; `None` where the line is not so plain.
    pub(crate) fn read(&mut self, line: &[u8]) -> Option<&[Count]> {
        let mut rest = line;
        let last = self.is_wanted.len().checked_sub(1)?;
        for (column, (is_wanted, number)) in self.is_wanted.iter().zip(&mut self.numbers).enumerate() {
            let length = if *is_wanted {
                let (count, length) = counts::leading(rest)?;
                *number = count;
                length
            } else {
                memchr2(self.separator, b'"', rest).unwrap_or(rest.len())
            };
            rest = match rest[length..].split_first() {
                None if column == last => return Some(&self.numbers),
                Some((byte, rest)) if *byte == self.separator && column < last => rest,
                _ => return None,
            };
        }
        None
    }
}
