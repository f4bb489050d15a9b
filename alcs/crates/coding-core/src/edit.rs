//! What does a file become by the edits of an answer?
//!
//! Start at [`apply`]. Texts are looked for as they were before the answer, line ends aside; the file keeps its byte order
//! mark, the end of each line that stays, and the lack of one at its end.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// A mark at the start of some files, which is no part of their text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// A text to find, and what stands in its place afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// It stands once in the file.
    pub find: String,
    /// What takes its place.
    pub replace: String,
}

/// Why edits cannot be applied, so that none is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A text stands there never or several times.
    #[error("edit {edit}: `find` must stand once in the file, found it {count} times{}", near(*nearest_line))]
    Matches {
        /// Which edit, from 1.
        edit: usize,
        /// How often it stands there.
        count: usize,
        /// The line, from 1, that is most like its first one; `None` where it stands there, or none is like it.
        nearest_line: Option<usize>,
    },
    /// Two edits are about the same place.
    #[error("edits {first} and {second} overlap")]
    Overlap {
        /// Which edit, from 1.
        first: usize,
        /// And which other.
        second: usize,
    },
    /// Nothing is to be found.
    #[error("edit {edit}: `find` is empty")]
    Empty {
        /// Which edit, from 1.
        edit: usize,
    },
}

fn near(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!("; line {line} is nearest"))
}

/// What `text` becomes by all edits.
///
/// # Errors
/// The first edit that cannot be applied.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, EditError> {
    let (mark, body) = text.strip_prefix(BYTE_ORDER_MARK).map_or(("", text), |body| (&text[..3], body));
    let lines = Lines::of(body);
    let mut places = Vec::with_capacity(edits.len());
    for (number, edit) in (1..).zip(edits) {
        let (find, replace) = (normalized(&edit.find), normalized(&edit.replace));
        let at = place(&lines, &find, number)?;
        // What both have in common stays, and with it the ends of its lines.
        let before = common(find.chars(), replace.chars());
        let after = common(find[before..].chars().rev(), replace[before..].chars().rev());
        let changed = at.start + before..at.end - after;
        places.push((at, number, changed, replace[before..replace.len() - after].to_owned()));
    }
    places.sort_by_key(|(at, ..)| at.start);
    if let Some(pair) = places.windows(2).find(|pair| pair[0].0.end > pair[1].0.start) {
        let (one, other) = (pair[0].1, pair[1].1);
        return Err(EditError::Overlap { first: one.min(other), second: one.max(other) });
    }
    let mut edited = Edited { text: mark.to_owned(), end: lines.ends.first().map_or("\n", |(_, end)| end) };
    let mut done = 0;
    for (_, _, changed, replace) in places {
        lines.keep(done..changed.start, &mut edited);
        edited.add(&replace);
        done = changed.end;
    }
    lines.keep(done..lines.text.len(), &mut edited);
    Ok(edited.text)
}

/// A text whose lines all end in `\n`, with the ends that they had.
struct Lines {
    text: String,
    /// Where each line ends in `text`, and by what it did before.
    ends: Vec<(usize, &'static str)>,
}

/// A text while it is put together.
struct Edited {
    text: String,
    /// By what its newest line ends, and a new one after it.
    end: &'static str,
}

impl Lines {
    fn of(body: &str) -> Self {
        let (mut text, mut ends) = (String::with_capacity(body.len()), Vec::new());
        for line in body.split_inclusive('\n') {
            let (content, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
                (Some(content), _) => (content, "\r\n"),
                (None, Some(content)) => (content, "\n"),
                (None, None) => (line, ""),
            };
            text.push_str(content);
            if !end.is_empty() {
                ends.push((text.len(), end));
                text.push('\n');
            }
        }
        Self { text, ends }
    }

    /// Adds a part of the text as it was.
    fn keep(&self, part: Range<usize>, edited: &mut Edited) {
        let first = self.ends.partition_point(|(at, _)| *at < part.start);
        let mut from = part.start;
        for (at, end) in self.ends[first..].iter().take_while(|(at, _)| *at < part.end) {
            edited.text.push_str(&self.text[from..*at]);
            edited.text.push_str(end);
            (edited.end, from) = (end, at + 1);
        }
        edited.text.push_str(&self.text[from..part.end]);
    }
}

impl Edited {
    /// Adds a new text.
    fn add(&mut self, text: &str) {
        self.text.push_str(&text.replace('\n', self.end));
    }
}

fn normalized(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// Bytes of the characters that two texts begin with alike.
fn common(one: impl Iterator<Item = char>, other: impl Iterator<Item = char>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).map(|(one, _)| one.len_utf8()).sum()
}

/// The one place where a text stands.
fn place(lines: &Lines, find: &str, edit: usize) -> Result<Range<usize>, EditError> {
    let Some(first) = find.chars().next() else { return Err(EditError::Empty { edit }) };
    let (mut count, mut newest, mut from) = (0, 0, 0);
    // Places that overlap are several, too.
    while let Some(at) = lines.text[from..].find(find) {
        (count, newest) = (count + 1, from + at);
        from = newest + first.len_utf8();
    }
    if count == 1 {
        return Ok(newest..newest + find.len());
    }
    let nearest_line = if count == 0 { nearest(&lines.text, find) } else { None };
    Err(EditError::Matches { edit, count, nearest_line })
}

/// The line, from 1, that is most like the first line of `find` that is not blank; `None` where none is like it.
fn nearest(text: &str, find: &str) -> Option<usize> {
    /// Less than this is no likeness: half of the pairs of letters.
    const LIKE: f64 = 0.5;
    let wanted = find.lines().map(str::trim).find(|line| !line.is_empty())?;
    let likeness = |line: &str| strsim::sorensen_dice(line.trim(), wanted);
    let all = (1..).zip(text.lines()).map(|(number, line)| (number, likeness(line)));
    // Of equal ones the first.
    let best = all.fold((0, 0.0), |best, one| if one.1 > best.1 { one } else { best });
    (best.1 >= LIKE).then_some(best.0)
}

#[cfg(test)]
mod tests;
