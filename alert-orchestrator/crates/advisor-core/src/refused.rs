//! A file of which no line could be used, in words that can be the reason of what follows from it.

use std::fmt;

/// A file of rows without a single usable one. Its first fault stands for all: such a file has one cause, as the dates
/// of a spreadsheet are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedFile {
    /// The file, as it is to be shown.
    pub file: String,
    /// How many lines it has, its header aside.
    pub lines: u64,
    /// The first of them and what is wrong with it: `line 2: ts is empty`.
    pub first: String,
}

impl fmt::Display for RefusedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(self.lines, Some(&self.file), &self.first))
    }
}

/// That all lines were refused; without the file where the sentence names it already.
#[must_use]
pub fn sentence(lines: u64, file: Option<&str>, first: &str) -> String {
    let of_file = file.map(|file| format!(" of {file}")).unwrap_or_default();
    match lines {
        1 => format!("the only line{of_file} was refused ({first})"),
        lines => format!("all {lines} lines{of_file} were refused ({first})"),
    }
}

/// What goes on behind a sentence that such files are, or may be, the reason of; nothing where there are none.
pub(crate) fn in_addition(files: &[RefusedFile]) -> String {
    files.iter().map(|file| format!("; {file}")).collect()
}
