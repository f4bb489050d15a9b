//! How is an explanation set? In lines of 80 columns, and with times in one zone.
//!
//! Start at [`Sheet`]. What must not be parted at the end of a line, a number and its unit say, is held together by
//! [`GLUE`], which becomes a space; names from outside have none, as they come escaped.
//! Elsewhere: numbers are `figures`.

use advisor_core::advice::Advice;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::decisions::abbreviate;

/// The longest line.
pub(super) const COLUMNS: usize = 80;
/// How far the text of a step stands in.
const INDENT: usize = 11;
/// A space at which no line ends.
pub(super) const GLUE: char = '\u{a0}';

/// Lines, as far as they are written.
#[derive(Default)]
pub(super) struct Sheet(String);

impl Sheet {
    /// The decision in a line, or a few.
    pub(super) fn headline(&mut self, text: &str) {
        self.fill("", 2, text);
    }

    /// Sentences, with an empty line before them.
    pub(super) fn paragraph(&mut self, text: &str) {
        self.0.push('\n');
        self.fill("", 0, text);
    }

    /// An empty line.
    pub(super) fn gap(&mut self) {
        self.0.push('\n');
    }

    /// A step of the arithmetic: what it is, and its figures. A line end in `text` is one.
    pub(super) fn step(&mut self, name: &str, text: &str) {
        self.fill(&format!("{name:INDENT$}"), INDENT, text);
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }

    /// Writes `first` and then the text, all lines but the first `indent` columns in.
    fn fill(&mut self, first: &str, indent: usize, text: &str) {
        let mut line = first.to_owned();
        let mut is_empty = true;
        for (i, part) in text.split('\n').enumerate() {
            if i > 0 {
                self.end(&mut line, indent);
                is_empty = true;
            }
            for word in part.split(' ').filter(|word| !word.is_empty()) {
                let word = fitting(word, COLUMNS - indent);
                let space = usize::from(!is_empty);
                if !is_empty && columns(&line) + space + columns(&word) > COLUMNS {
                    self.end(&mut line, indent);
                    is_empty = true;
                }
                if !is_empty {
                    line.push(' ');
                }
                line.push_str(&word);
                is_empty = false;
            }
        }
        self.end(&mut line, indent);
    }

    fn end(&mut self, line: &mut String, indent: usize) {
        self.0.extend(line.trim_end().chars().map(|c| if c == GLUE { ' ' } else { c }));
        self.0.push('\n');
        *line = " ".repeat(indent);
    }
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

/// A word for a line of so many columns: an address that is longer is abbreviated, anything else stays.
fn fitting(word: &str, columns_max: usize) -> String {
    let is_of_address = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let address = word.trim_matches(|c: char| !is_of_address(c));
    if columns(word) <= columns_max || !address.chars().all(is_of_address) {
        return word.to_owned();
    }
    word.replacen(address, &abbreviate(address), 1)
}

/// The times of an explanation: all of one zone, which is said once.
pub(super) struct Times {
    zone: TimeZone,
    /// Whether they have different offsets, so that each must say its own.
    differ: bool,
}

impl Times {
    /// For what an advice names.
    pub(super) fn of(advice: &Advice, zone: &TimeZone) -> Self {
        let baselines = advice.wallets.iter().map(|wallet| wallet.baseline_at);
        let window = advice.gate.as_ref().map(|gate| gate.window_start);
        let first = baselines.chain(window).chain(advice.t0).min().unwrap_or(advice.as_of);
        let last = advice.t1.map_or(advice.as_of, |t1| t1.max(advice.as_of));
        let offset = zone.to_offset(first);
        let changes = zone.following(first).take_while(|change| change.timestamp() <= last);
        Self { zone: zone.clone(), differ: changes.into_iter().any(|change| change.offset() != offset) }
    }

    /// An instant, to the minute, or to the second where it has some.
    pub(super) fn at(&self, at: Timestamp) -> String {
        let at = at.to_zoned(self.zone.clone());
        let seconds = if at.second() == 0 { "" } else { ":%S" };
        let offset = if self.differ { "%:z" } else { "" };
        at.strftime(&format!("%Y-%m-%d{GLUE}%H:%M{seconds}{offset}")).to_string()
    }

    /// Of which zone they are, where `at` has its offset.
    pub(super) fn zone(&self, at: Timestamp) -> String {
        let name = self.zone.iana_name().unwrap_or("the configured zone");
        if self.differ {
            format!("times in {name}, each with its offset")
        } else if name == "UTC" {
            "times in UTC".to_owned()
        } else {
            format!("times in {name}, {}", at.to_zoned(self.zone.clone()).strftime("%:z"))
        }
    }
}

/// A number of wallets.
pub(super) fn wallets(count: usize) -> String {
    match count {
        1 => format!("1{GLUE}wallet"),
        count => format!("{count}{GLUE}wallets"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a step of this text looks like.
    fn step(text: &str) -> String {
        let mut sheet = Sheet::default();
        sheet.step("step", text);
        sheet.into_text()
    }

    #[test]
    fn lines_end_between_words_and_not_within_a_number_and_its_unit() {
        let words = "word ".repeat(13); // 11 + 13 · 5 = 76 columns with the space
        assert_eq!(step(&format!("{words}end")), format!("step       {words}end\n")); // 79
        assert_eq!(
            step(&format!("{words}12.00{GLUE}USD")),
            format!("step       {}\n{:11}12.00 USD\n", words.trim_end(), "")
        );
        assert_eq!(step("one\ntwo"), format!("step       one\n{:11}two\n", ""));
    }

    #[test]
    fn an_address_that_no_line_can_hold_is_abbreviated_and_nothing_else_is() {
        let address = format!("addr1q{}gpze", "8".repeat(93));
        let hash = "5".repeat(64);
        let url = format!("https://example.org/{}", "x".repeat(80));
        assert_eq!(step(&format!("({address}),")), "step       (addr1q88…gpze),\n");
        assert_eq!(step(&format!("({hash})")), format!("step       ({hash})\n"));
        assert_eq!(step(&url), format!("step       {url}\n"));
    }
}
