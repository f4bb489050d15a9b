//! What is wrong with the name of a file that seems to be meant, and what is to be done about it?
//!
//! Start at [`Misnamed::of`]. Elsewhere: which names are right is [`names`]'.

use std::fmt;
use std::path::Path;

use advisor_core::resolve::{TablePrefixes, is_suffix};

use super::names;

/// Why nothing is taken of a file that may be meant. A sentence about `it` that can follow a comma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misnamed {
    slip: Slip,
    /// The name that would do, or all that there could be.
    expected: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slip {
    /// There was a file of that name when a browser or file manager wrote it.
    Copy,
    /// An editor has put an ending of its own behind the right one.
    Ending,
    /// Blanks before or behind it, which nobody sees.
    Blank,
    /// A browser or a program that copies has not finished it.
    Unfinished,
    Tabs,
    Spreadsheet,
    Packed,
    Other,
}

/// What an ending says of a file; the first that fits counts.
const ENDINGS: [(&str, Slip); 17] = [
    (".csv.part", Slip::Unfinished),
    (".csv.filepart", Slip::Unfinished),
    (".csv.crdownload", Slip::Unfinished),
    (".csv.txt", Slip::Ending),
    (".csv.csv", Slip::Ending),
    (".csv", Slip::Other),
    (".tsv", Slip::Tabs),
    (".tab", Slip::Tabs),
    (".xlsx", Slip::Spreadsheet),
    (".xlsm", Slip::Spreadsheet),
    (".xls", Slip::Spreadsheet),
    (".ods", Slip::Spreadsheet),
    (".numbers", Slip::Spreadsheet),
    (".csv.gz", Slip::Packed),
    (".csv.xz", Slip::Packed),
    (".csv.zst", Slip::Packed),
    (".zip", Slip::Packed),
];

impl Misnamed {
    /// What is wrong with the name, which is no table's; `None` where nothing suggests that the file holds rows.
    pub(super) fn of(prefixes: &TablePrefixes, path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_lowercase();
        // What nobody sees, and what spreadsheets keep beside a file that is open.
        if name.starts_with(['.', '~']) {
            return None;
        }
        let visible = name.trim();
        let (stem, slip) = ENDINGS.iter().find_map(|(ending, slip)| Some((visible.strip_suffix(ending)?, *slip)))?;
        let right = |stem: &str| {
            let name = format!("{stem}.csv");
            names::target(prefixes, Path::new(&name)).map(|_| name)
        };
        let original = right(without_number(stem));
        let slip = match slip {
            Slip::Other if visible != name && right(stem).is_some() => Slip::Blank,
            Slip::Other if original.is_some() => Slip::Copy,
            slip => slip,
        };
        Some(Self { slip, expected: original.unwrap_or_else(|| names::expected(prefixes)) })
    }

    /// Of any file that somebody wants to be read.
    pub(super) fn of_any(prefixes: &TablePrefixes, path: &Path) -> Self {
        Self::of(prefixes, path).unwrap_or_else(|| Self { slip: Slip::Other, expected: names::expected(prefixes) })
    }
}

/// The name without what a copy has behind it, as ` (1)`, ` - Copy` or `-2`, which begins as no table's name goes on.
fn without_number(stem: &str) -> &str {
    let end = stem.char_indices().find(|(_, c)| !is_suffix(c.encode_utf8(&mut [0; 4])));
    let (name, behind) = stem.split_at(end.map_or(stem.len(), |(end, _)| end));
    let word: String = behind.chars().filter(|c| c.is_alphabetic()).collect();
    if ["", "copy", "kopie", "copie", "copia"].contains(&word.as_str()) { name } else { stem }
}

impl fmt::Display for Misnamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let expected = &self.expected;
        match self.slip {
            Slip::Copy => {
                write!(f, "its name is that of a copy; if it is the newer one, put it in place of {expected}")
            }
            Slip::Ending => {
                write!(f, "its name has an ending too many, which file managers may hide; rename it to {expected}")
            }
            Slip::Blank => write!(f, "its name begins or ends with a blank; rename it to {expected}"),
            Slip::Unfinished => write!(
                f,
                "its name is that of a file that is still being copied; when that is done, rename it to {expected}"
            ),
            Slip::Tabs => write!(f, "it is separated by tabs; save it as CSV, separated by commas, named {expected}"),
            Slip::Spreadsheet => write!(
                f,
                "it is in a spreadsheet's own format; save the sheet as CSV in UTF-8, separated by commas, \
                 named {expected}"
            ),
            Slip::Packed => write!(f, "it is compressed; unpack it to {expected}"),
            Slip::Other => write!(f, "its name is no table's; expected {expected}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: &str =
        "liqwid_supply_positions_<asset>.csv, liqwid_deposits_<asset>.csv or liqwid_withdrawals_<asset>.csv";

    #[track_caller]
    fn said(name: &str, expected: &str) {
        let misnamed = Misnamed::of(&TablePrefixes::default(), Path::new(name));
        let said = misnamed.map_or("nothing".to_owned(), |misnamed| misnamed.to_string());
        assert_eq!(said, expected, "{name}");
    }

    #[test]
    fn a_copy_is_to_take_the_name_of_what_it_is_a_copy_of() {
        let expected =
            "its name is that of a copy; if it is the newer one, put it in place of liqwid_deposits_usdc.csv";
        for behind in [" (1)", "(2)", " - Copy", " copy 3", " - Kopie (2)", "-1", " "] {
            said(&format!("in/Liqwid_Deposits_USDC{behind}.csv"), expected);
        }
    }

    #[test]
    fn each_ending_has_its_way_out() {
        let name = "liqwid_deposits_usdc.csv";
        let ending = "its name has an ending too many, which file managers may hide; rename it to ";
        said("liqwid_deposits_usdc.csv.txt", &format!("{ending}{name}"));
        said("liqwid_deposits_usdc (1).CSV.TXT", &format!("{ending}{name}"));
        let sheet = "it is in a spreadsheet's own format; save the sheet as CSV in UTF-8, separated by commas, named ";
        said("liqwid_deposits_usdc.xlsx", &format!("{sheet}{name}"));
        said("treasury.ods", &format!("{sheet}{NAMES}"));
        for blank in ["liqwid_deposits_usdc.csv ", " liqwid_deposits_usdc.csv", "liqwid_deposits_usdc.csv\u{a0}"] {
            said(blank, &format!("its name begins or ends with a blank; rename it to {name}"));
        }
        let unfinished = "its name is that of a file that is still being copied; when that is done, rename it to ";
        for ending in ["part", "filepart", "crdownload"] {
            said(&format!("liqwid_deposits_usdc.csv.{ending}"), &format!("{unfinished}{name}"));
        }
        said(
            "liqwid_deposits_usdc (1).csv ",
            &format!("its name is that of a copy; if it is the newer one, put it in place of {name}"),
        );
        let tabs = "it is separated by tabs; save it as CSV, separated by commas, named ";
        said("liqwid_deposits_usdc.tsv", &format!("{tabs}{name}"));
        said("liqwid_deposits_usdc.csv.gz", &format!("it is compressed; unpack it to {name}"));
        for name in ["deposits_usdc.csv", "liqwid_deposits_usd-c.csv", "liqwid_deposits_usdc.old.csv", "notes (1).csv"]
        {
            said(name, &format!("its name is no table's; expected {NAMES}"));
        }
    }

    #[test]
    fn what_is_nobodys_is_passed_over() {
        for name in
            ["README.md", "notes.txt", ".~lock.a.csv#", "~$liqwid_deposits_usdc.xlsx", ".hidden.csv", "..", "csv"]
        {
            said(name, "nothing");
        }
        let any = Misnamed::of_any(&TablePrefixes::default(), Path::new("notes.txt"));
        assert_eq!(any.to_string(), format!("its name is no table's; expected {NAMES}"));
    }
}
