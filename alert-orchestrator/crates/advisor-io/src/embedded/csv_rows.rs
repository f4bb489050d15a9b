//! Lines of a CSV file as rows of positions or flows, or the reason why they are none.
//!
//! Columns are found by their names in the first line, in any order and case; further columns are not looked at. All
//! fields are trimmed; an empty one is "not known". Elsewhere: times are [`instant`]'s, line ends [`LineEnds`]'.

use std::io::{self, Chain, Read};

use csv::ByteRecord;

use super::instant;
use super::line_ends::LineEnds;
use super::names::Content;
use super::report::{FieldHint, LineError, Refusal};
use super::stray::stray_character;

/// Follows the file's own bytes. Only if it comes out of the reader as a line of its own was every quote closed; and as
/// the source lets no NUL pass, no file can contain it.
const END: &[u8] = b"\n\0end\0\n";

/// Longest row, in bytes: far above any real one, and it bounds the memory where a quote is never closed.
pub(super) const ROW_BYTES_MAX: usize = 1 << 20;

/// The lines of a file, one at a time.
pub(super) struct Lines<R> {
    reader: csv::Reader<Allowance<Chain<LineEnds<R>, &'static [u8]>>>,
    record: ByteRecord,
    /// How many line ends there were, once all of them were read.
    ends: u64,
}

/// Bytes that are refused beyond `left`, which every row starts anew.
struct Allowance<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Allowance<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the allowance of a row is used up"));
        }
        let most = buffer.len().min(self.left);
        let n = self.inner.read(&mut buffer[..most])?;
        self.left -= n;
        Ok(n)
    }
}

impl<R: Read> Lines<R> {
    pub(super) fn new(bytes: R) -> Self {
        let reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true) // we count the fields ourselves, and go on
            .terminator(csv::Terminator::Any(b'\n')) // the default loses count of lines at CR LF; CR is trimmed
            .buffer_capacity(1 << 16)
            .from_reader(Allowance { inner: LineEnds::new(bytes).chain(END), left: ROW_BYTES_MAX });
        Self { reader, record: ByteRecord::new(), ends: 0 }
    }

    /// The number of the line behind the last line end of a file that was read to its end.
    pub(super) fn behind_last_end(&self) -> u64 {
        self.ends + 1
    }

    /// The line with the columns' names: the first, or the one behind `sep=,`, by which spreadsheets tell one another
    /// what separates columns.
    pub(super) fn header(&mut self) -> Result<&ByteRecord, Refusal> {
        let (_, first) = self.next()?.ok_or(Refusal::Empty)?;
        match declared_separator(first) {
            None => {}
            Some(',') => {
                self.next()?.ok_or(Refusal::Empty)?;
            }
            Some(other) => {
                let separator = called(other).map_or_else(|| format!("{other:?}"), str::to_owned);
                return Err(Refusal::DeclaredSeparator { line: format!("sep={other}"), separator });
            }
        }
        Ok(&self.record)
    }

    /// The next line with anything in it, and its number; `None` at the end of the file. Spreadsheets write rows of
    /// nothing but commas behind the last.
    pub(super) fn next(&mut self) -> Result<Option<(u64, &ByteRecord)>, Refusal> {
        loop {
            self.reader.get_mut().left = ROW_BYTES_MAX;
            if let Err(error) = self.reader.read_byte_record(&mut self.record) {
                let is_too_long = self.reader.get_ref().left == 0;
                let line = self.record.position().map_or(0, csv::Position::line);
                return Err(if is_too_long { Refusal::LongRow { line } } else { read_error(error) });
            }
            let line = self.line();
            match self.record.get(self.record.len().saturating_sub(1)) {
                Some(only) if self.record.len() == 1 && only == END.trim_ascii() => {
                    self.ends = line.saturating_sub(2); // its own line follows an end that it brings itself
                    return Ok(None);
                }
                // No line end has closed this one, so that `line` has counted one too many back.
                Some(last) if last.ends_with(&END[1..]) => return Err(Refusal::UnclosedQuote { line: line + 1 }),
                _ if self.record.iter().all(|field| field.trim_ascii().is_empty()) => {}
                _ => return Ok(Some((line, &self.record))),
            }
        }
    }

    /// The number of the line in which the record begins.
    fn line(&self) -> u64 {
        let before = self.record.position().map_or(0, csv::Position::line);
        match self.reader.position().line() - 1 {
            same if same == before => same,
            // Empty lines before it, or line ends in quotes.
            last => last - self.record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64,
        }
    }
}

fn read_error(error: csv::Error) -> Refusal {
    Refusal::Read(match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })
}

/// Where the columns are in a line.
#[derive(Debug)]
pub(super) struct Columns {
    count: usize,
    content: Content,
    ts: usize,
    wallet: usize,
    /// A flow's amount, a position's value.
    figure: usize,
    units: Option<usize>,
    price: Option<usize>,
    /// Market id and name of a position, memo and transaction hash of a flow.
    texts: [Option<usize>; 2],
}

/// A usable line of a position file.
#[derive(Debug, PartialEq)]
pub(super) struct PositionLine<'a> {
    pub(super) ts: i64,
    pub(super) wallet: &'a str,
    pub(super) usd_value: Option<f64>,
    pub(super) price_usd: Option<f64>,
    pub(super) underlying_units: Option<f64>,
    pub(super) market: (&'a str, &'a str),
}

/// A usable line of a deposit or withdrawal file.
#[derive(Debug, PartialEq)]
pub(super) struct FlowLine<'a> {
    pub(super) ts: i64,
    pub(super) wallet: &'a str,
    pub(super) amount: f64,
    pub(super) memo: &'a str,
    pub(super) tx_hash: &'a str,
}

const TS: &str = "ts";
const WALLET: &str = "wallet_address";
const VALUE: &str = "usd_value";
const UNITS: &str = "underlying_units";
const PRICE: &str = "price_usd";
const AMOUNT: &str = "amount";

impl Columns {
    /// Finds the columns in the first line.
    pub(super) fn find(header: &ByteRecord, content: Content) -> Result<Self, Refusal> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
        let mut missing = Vec::new();
        let mut required = |wanted: &[&str]| {
            let found = column(&names, wanted)?;
            if found.is_none() {
                missing.push(wanted.join(" or "));
            }
            Ok(found.unwrap_or_default())
        };
        let (ts, wallet) = (required(&[TS])?, required(&[WALLET])?);
        let (figure, units, price, texts) = match content {
            Content::Positions => (
                required(&[VALUE, "value_usd"])?,
                Some(required(&[UNITS])?),
                Some(required(&[PRICE])?),
                [column(&names, &["market_id"])?, column(&names, &["market_name"])?],
            ),
            Content::Deposits | Content::Withdrawals => {
                (required(&[AMOUNT])?, None, None, [column(&names, &["memo", "notes"])?, column(&names, &["tx_hash"])?])
            }
        };
        if !missing.is_empty() {
            if let Some(separator) = separator(&names) {
                return Err(Refusal::Separator { separator });
            }
            return Err(Refusal::MissingColumns { missing: missing.join(", "), found: excerpt(&names.join(", ")) });
        }
        Ok(Self { count: names.len(), content, ts, wallet, figure, units, price, texts })
    }

    pub(super) fn position<'a>(&self, line: &'a ByteRecord) -> Result<PositionLine<'a>, LineError> {
        let (ts, wallet) = self.key(line)?;
        let usd_value = number(line, self.figure, VALUE)?;
        let optional = |at: Option<usize>, column| at.map_or(Ok(None), |at| number(line, at, column));
        let (underlying_units, price_usd) = (optional(self.units, UNITS)?, optional(self.price, PRICE)?);
        let derived = || underlying_units.zip(price_usd).map(|(units, price)| units * price);
        let value = usd_value.or_else(derived).filter(|value| value.is_finite()).ok_or(LineError::NoValue)?;
        if value < 0.0 {
            return Err(LineError::Negative { column: VALUE, value });
        }
        let market = (self.text(line, 0, "market_id")?, self.text(line, 1, "market_name")?);
        Ok(PositionLine { ts, wallet, usd_value, price_usd, underlying_units, market })
    }

    pub(super) fn flow<'a>(&self, line: &'a ByteRecord) -> Result<FlowLine<'a>, LineError> {
        let (ts, wallet) = self.key(line)?;
        let amount = number(line, self.figure, AMOUNT)?.ok_or(LineError::Empty { column: AMOUNT })?;
        if amount < 0.0 && self.content == Content::Deposits {
            return Err(LineError::Negative { column: AMOUNT, value: amount });
        }
        let (memo, tx_hash) = (self.text(line, 0, "memo")?, self.text(line, 1, "tx_hash")?);
        Ok(FlowLine { ts, wallet, amount, memo, tx_hash })
    }

    fn key<'a>(&self, line: &'a ByteRecord) -> Result<(i64, &'a str), LineError> {
        if line.len() != self.count {
            return Err(LineError::FieldCount { found: line.len(), expected: self.count, hint: self.hint(line) });
        }
        let ts = filled(line, self.ts, TS)?;
        let ts = instant::nanos(ts).map_err(|why| LineError::Time { text: excerpt(ts), why })?;
        let wallet = filled(line, self.wallet, WALLET)?;
        match stray_character(wallet) {
            Some(stray) => Err(LineError::StrayCharacter { column: WALLET, text: excerpt(wallet), stray }),
            None => Ok((ts, wallet)),
        }
    }

    /// Why a line has another number of fields.
    fn hint(&self, line: &ByteRecord) -> FieldHint {
        if line.len() > self.count {
            return FieldHint::Comma;
        }
        let only = line.get(0).filter(|_| line.len() == 1 && self.count > 1);
        let separator = only.and_then(|only| separator_in(&String::from_utf8_lossy(only)));
        separator.map_or(FieldHint::None, FieldHint::Separator)
    }

    fn text<'a>(&self, line: &'a ByteRecord, which: usize, column: &'static str) -> Result<&'a str, LineError> {
        self.texts[which].map_or(Ok(""), |at| field(line, at, column))
    }
}

/// What stands between the columns of a first line that has no comma.
fn separator(names: &[String]) -> Option<&'static str> {
    let [line] = names else { return None };
    separator_in(line)
}

fn separator_in(line: &str) -> Option<&'static str> {
    [';', '\t', '|'].into_iter().filter(|c| line.contains(*c)).find_map(called)
}

fn called(separator: char) -> Option<&'static str> {
    match separator {
        ';' => Some("semicolons"),
        '\t' => Some("tabs"),
        '|' => Some("vertical bars"),
        _ => None,
    }
}

/// What separates columns according to a line `sep=;`.
fn declared_separator(line: &ByteRecord) -> Option<char> {
    // Where it is a comma, the line has two fields.
    let text = std::str::from_utf8(line.as_slice()).ok()?.trim_matches([' ', '\r']);
    let (name, rest) = text.split_at_checked("sep=".len())?;
    let mut rest = rest.chars();
    let separator = match rest.next() {
        None if line.len() == 2 => ',',
        separator => separator?,
    };
    (name.eq_ignore_ascii_case("sep=") && rest.next().is_none()).then_some(separator)
}

/// Where the column is that has one of the names.
fn column(names: &[String], wanted: &[&str]) -> Result<Option<usize>, Refusal> {
    let mut found = names.iter().enumerate().filter(|(_, name)| wanted.contains(&name.as_str()));
    match (found.next(), found.next()) {
        (Some((_, first)), Some((_, second))) => {
            Err(Refusal::RepeatedColumn { first: first.clone(), second: second.clone() })
        }
        (first, _) => Ok(first.map(|(at, _)| at)),
    }
}

fn field<'a>(line: &'a ByteRecord, at: usize, column: &'static str) -> Result<&'a str, LineError> {
    let bytes = line.get(at).unwrap_or_default().trim_ascii();
    std::str::from_utf8(bytes).map_err(|_| LineError::NotUtf8 { column })
}

fn filled<'a>(line: &'a ByteRecord, at: usize, column: &'static str) -> Result<&'a str, LineError> {
    Some(field(line, at, column)?).filter(|text| !text.is_empty()).ok_or(LineError::Empty { column })
}

fn number(line: &ByteRecord, at: usize, column: &'static str) -> Result<Option<f64>, LineError> {
    let text = field(line, at, column)?;
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse::<f64>() {
        // Zero has two signs; adding the positive one leaves that one, so that equal amounts are equal.
        Ok(number) if number.is_finite() => Ok(Some(number + 0.0)),
        _ if has_comma(text) => Err(LineError::Comma { column, text: excerpt(text) }),
        _ => Err(LineError::Number { column, text: excerpt(text) }),
    }
}

/// Whether a text would be a number by the rules of some language: digits with commas, and what else may stand between
/// them.
fn has_comma(text: &str) -> bool {
    let is_of_number = |c: char| c.is_ascii_digit() || c.is_whitespace() || "+-.,'\u{2019}".contains(c);
    text.contains(',') && text.chars().all(is_of_number)
}

/// As much of a text as a message can bear.
fn excerpt(text: &str) -> String {
    const CHARS: usize = 200;
    match text.char_indices().nth(CHARS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests;
