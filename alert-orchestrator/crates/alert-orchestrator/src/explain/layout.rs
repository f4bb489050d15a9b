//! How is an explanation set? In lines of 80 columns, with six digits, and with times in one zone.
//!
//! Start at [`Sheet`]. What must not be parted at the end of a line, a number and its unit say, is held together by
//! [`GLUE`], which becomes a space; names from outside have none, as they come escaped.

use advisor_core::advice::Advice;
use advisor_core::rules::Basis;
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

/// A number with at most six digits that count.
pub(super) fn number(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 {
        "0".to_owned()
    } else if (1e-4..1e15).contains(&size) {
        without_zeros(&format!("{number:.*}", decimals(size))).to_owned()
    } else {
        let text = format!("{number:.5e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        format!("{}e{exponent}", without_zeros(digits))
    }
}

/// An amount of an asset: six digits, and its hundredths at least.
pub(super) fn units(units: f64) -> String {
    let size = units.abs();
    if size < 1e-6 {
        return "0.00".to_owned(); // what binary arithmetic leaves of nothing
    }
    if !(1e-4..1e15).contains(&size) {
        return number(units);
    }
    let text = format!("{units:.*}", decimals(size).max(2));
    let text = without_zeros(&text);
    let has_hundredths = text.split_once('.').is_some_and(|(_, fraction)| fraction.len() >= 2);
    if has_hundredths { text.to_owned() } else { format!("{units:.2}") }
}

/// An amount of money: to the cent, and with six digits where it is less than one.
pub(super) fn amount(money: f64) -> String {
    if (1.0..1e15).contains(&money.abs()) { format!("{money:.2}") } else { units(money) }
}

/// The terms of a sum that comes out as `result`, all to the same decimals: cents, and of less than a dollar six digits.
pub(super) fn terms(result: f64) -> impl Fn(f64) -> String {
    let decimals = match result.abs() {
        size if (1e-6..1.0).contains(&size) => decimals(size),
        _ => 2,
    };
    // What binary arithmetic leaves of nothing has no sign.
    move |term| format!("{:.decimals$}", if term.abs() < 0.5 * 10f64.powf(-(decimals as f64)) { 0.0 } else { term })
}

/// How figures of what the gate judges are written, and in which unit: USD, or a price.
pub(super) fn of_basis(basis: Basis) -> (fn(f64) -> String, &'static str) {
    match basis {
        Basis::CorrectedPosition => (amount, "USD"),
        Basis::ChangeRateUsd => (number, "USD per unit"),
    }
}

/// An amount of money.
pub(super) fn usd(money: f64) -> String {
    format!("{}{GLUE}USD", amount(money))
}

/// How many decimals make six digits of a number of this size.
fn decimals(size: f64) -> usize {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=9")]
    let decimals = (5.0 - size.log10().floor()).clamp(0.0, 9.0) as usize;
    decimals
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
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

/// A share in percent; 100 · 0.007 is 0.7000000000000001.
pub(super) fn percent(share: f64) -> String {
    number((share * 1e8).round() / 1e6)
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

    #[test]
    fn numbers_have_six_digits_and_money_its_cents() {
        for (of, expected) in [
            (0.0, ["0", "0.00", "0.00"]),
            (1.0, ["1", "1.00", "1.00"]),
            (-22.167_93, ["-22.1679", "-22.1679", "-22.17"]),
            (0.5, ["0.5", "0.50", "0.50"]),
            (123_456.789, ["123457", "123456.79", "123456.79"]),
            (0.001_234_567, ["0.00123457", "0.00123457", "0.00123457"]),
            (1e-6, ["1e-6", "1e-6", "1e-6"]),
            (-1.819e-12, ["-1.819e-12", "0.00", "0.00"]),
            (7.338_991_2e17, ["7.33899e17", "7.33899e17", "7.33899e17"]),
        ] {
            assert_eq!([number(of), units(of), amount(of)], expected, "{of}");
        }
    }

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
