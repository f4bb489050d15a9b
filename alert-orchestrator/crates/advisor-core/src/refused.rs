//! A file of which nothing could be used, in words that can be the reason of what follows from it.

use std::fmt;

/// A file of which nothing was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusedFile {
    /// One of rows without a single usable one. Its first fault stands for all: such a file has one cause, as the dates
    /// of a spreadsheet are.
    Unusable {
        /// The file, as it is to be shown.
        file: String,
        /// How many lines it has, its header aside.
        lines: u64,
        /// The first of them and what is wrong with it: `line 2: ts is empty`.
        first: String,
    },
    /// One that was not read for its name or place.
    LeftOut {
        /// The file, as it is to be shown.
        file: String,
        /// What is wrong with it, and the way out.
        why: String,
        /// How many more there are like it.
        others: usize,
    },
}

impl RefusedFile {
    /// Whether it was read, and its lines were counted.
    pub(crate) fn is_unusable(&self) -> bool {
        matches!(self, Self::Unusable { .. })
    }
}

impl fmt::Display for RefusedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable { file, lines, first } => f.write_str(&sentence(*lines, Some(file), first)),
            Self::LeftOut { file, why, others } => {
                write!(f, "{file} was left out: {why}")?;
                match others {
                    0 => Ok(()),
                    1 => f.write_str("; 1 more file was left out"),
                    others => write!(f, "; {others} more files were left out"),
                }
            }
        }
    }
}

/// A file that may be meant, but was not read for its name or place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOutFile {
    /// Its name.
    pub name: String,
    /// The file, as it is to be shown.
    pub shown: String,
    /// What is wrong with it, and the way out.
    pub why: String,
}

impl LeftOutFile {
    /// Whether its name has the coin's in it, as a word: `positions-usdc (1).csv` has `usdc`.
    #[must_use]
    pub fn names(&self, coin: &str) -> bool {
        let name = self.name.to_lowercase();
        let is_word = |(start, found): (usize, &str)| {
            let [before, behind] = [name[..start].chars().next_back(), name[start + found.len()..].chars().next()];
            [before, behind].into_iter().flatten().all(|c| !c.is_alphanumeric())
        };
        !coin.is_empty() && name.match_indices(coin).any(is_word)
    }
}

/// What a sentence says of such files: the first of them, and how many there are.
#[must_use]
pub fn left_out(files: &[&LeftOutFile]) -> Option<RefusedFile> {
    let (LeftOutFile { shown, why, .. }, others) = files.split_first()?;
    Some(RefusedFile::LeftOut { file: shown.clone(), why: why.clone(), others: others.len() })
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
#[must_use]
pub fn in_addition<'a>(files: impl IntoIterator<Item = &'a RefusedFile>) -> String {
    files.into_iter().map(|file| format!("; {file}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_names_a_coin_as_a_word() {
        let file = |name: &str| LeftOutFile { name: name.to_owned(), shown: String::new(), why: String::new() };
        for name in ["liqwid_deposits_usdc(1).csv", "USDC.xlsx", "positions-usdc.csv.part", "usdc", "wan usdc wanusdc"]
        {
            assert!(file(name).names("usdc"), "{name}");
        }
        for name in ["wanusdc.csv", "usdc2.csv", "usd-c", ""] {
            assert!(!file(name).names("usdc"), "{name}");
        }
        assert!(file("x_usd_c.csv").names("usd_c") && !file("a").names(""));
    }
}
