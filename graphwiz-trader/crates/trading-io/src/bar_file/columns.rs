//! Which column of a file is which?
//!
//! Start at [`Layout::find`]: it passes over what stands before the header, and knows the two archives that have none.
//! Names count in any case, a blank is an underscore.

use std::str::FromStr;

use trading_core::counts::{self, NotACount};
use trading_core::instrument::InstrumentId;

use super::fields::Fields;
use super::lines::{Line, Lines};
use super::refusal::Refusal;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// When.
    Ts,
    /// First price.
    Open,
    /// Highest price.
    High,
    /// Lowest price.
    Low,
    /// Last price.
    Close,
    /// What was traded, in base.
    Volume,
}

const FIELDS: [Field; 6] = [Field::Ts, Field::Open, Field::High, Field::Low, Field::Close, Field::Volume];

impl Field {
    /// What it is called, the name that counts first where there are several: a number since 1970 goes before a date,
    /// which may lack the offset.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Ts => &["ts", "open_time", "unix", "timestamp", "time", "datetime", "date"],
            Self::Open => &["open", "o"],
            Self::High => &["high", "h"],
            Self::Low => &["low", "l"],
            Self::Close => &["close", "c"],
            Self::Volume => &["volume", "v", "vol"],
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        FIELDS.into_iter().find(|field| field.names().contains(&name))
    }

    pub(crate) fn name(self) -> &'static str {
        self.names()[0]
    }
}

/// A column that is called something else, as `--map` says it: `Last=close`, in either order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    name: String,
    field: Field,
}

/// A text that maps no column.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} maps no column, expected NAME=FIELD with ts, open, high, low, close or volume, as in Last=close")]
pub struct BadMapping(pub String);

impl FromStr for Mapping {
    type Err = BadMapping;

    fn from_str(text: &str) -> Result<Self, BadMapping> {
        let (name, field) = text.split_once('=').ok_or_else(|| BadMapping(text.to_owned()))?;
        let (name, field) = (plain(name.as_bytes()), plain(field.as_bytes()));
        match (Field::of_name(&field), Field::of_name(&name)) {
            (Some(field), _) => Ok(Self { name, field }),
            (None, Some(name)) => Ok(Self { name: field, field: name }),
            (None, None) => Err(BadMapping(text.to_owned())),
        }
    }
}

/// A name as names are compared.
fn plain(name: &[u8]) -> String {
    String::from_utf8_lossy(name).trim().to_lowercase().replace(' ', "_")
}

/// Which columns are looked for.
pub(crate) struct Wanted<'a> {
    /// Without them a file is refused.
    required: &'a [Field],
    /// What a column of volumes in base is called.
    volume_of_base: Option<String>,
    mappings: &'a [Mapping],
    order: Option<&'a [String]>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn bars(instrument: &InstrumentId, mappings: &'a [Mapping], order: Option<&'a [String]>) -> Self {
        let volume_of_base = Some(format!("volume_{}", instrument.base().to_lowercase()));
        let required = &[Field::Ts, Field::Open, Field::High, Field::Low, Field::Close];
        Self { required, volume_of_base, mappings, order }
    }

    /// Only the time, of whatever the file holds.
    pub(crate) fn time(mappings: &'a [Mapping], order: Option<&'a [String]>) -> Self {
        Self { required: &[Field::Ts], volume_of_base: None, mappings, order }
    }

    /// Where among `names` the field is.
    fn position(&self, field: Field, names: &[String]) -> Option<usize> {
        let at = |wanted: &str| names.iter().position(|name| name == wanted);
        let is_mapped = |name: &str| self.mappings.iter().any(|mapping| mapping.name == name);
        let mapped =
            self.mappings.iter().filter(|mapping| mapping.field == field).find_map(|mapping| at(&mapping.name));
        let volume_of_base = self.volume_of_base.as_deref().filter(|_| field == Field::Volume);
        let mut known = field.names().iter().copied().chain(volume_of_base).filter(|name| !is_mapped(name));
        mapped.or_else(|| known.find_map(at))
    }

    /// The column that a mapping is of and that is not among `names`, of which `line` says where they stand.
    fn check_mappings(&self, line: Option<u64>, names: &[String]) -> Result<(), Refusal> {
        let lost = self.mappings.iter().find(|mapping| !names.contains(&mapping.name));
        lost.map_or(Ok(()), |Mapping { name, field }| {
            let (name, field, found) = (name.clone(), field.name(), names.join(", "));
            Err(Refusal::LostMapping { line, name, field, found })
        })
    }

    fn layout(&self, names: &[String], separator: u8) -> Result<Layout, Missing> {
        let position = |field| self.position(field, names);
        let missing: Vec<&str> =
            self.required.iter().filter(|field| position(**field).is_none()).map(|field| field.name()).collect();
        if !missing.is_empty() {
            return Err(Missing { fields: missing.join(", "), count: missing.len() });
        }
        let prices = [Field::Open, Field::High, Field::Low, Field::Close];
        Ok(Layout {
            separator,
            count: names.len(),
            ts: position(Field::Ts).unwrap_or_default(),
            prices: prices.map(|field| position(field).unwrap_or_default()),
            volume: position(Field::Volume),
        })
    }
}

struct Missing {
    fields: String,
    count: usize,
}

/// Where in a line everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) separator: u8,
    /// How many fields a line has.
    pub(crate) count: usize,
    pub(crate) ts: usize,
    pub(crate) prices: [usize; 4],
    pub(crate) volume: Option<usize>,
}

/// Of equals the first counts, and commas may be decimal ones.
const SEPARATORS: [u8; 4] = [b';', b'\t', b'|', b','];

/// A line that may have been meant as a header.
struct Candidate {
    line: u64,
    names: Vec<String>,
    missing: Missing,
}

impl Layout {
    /// Reads up to the first line that holds figures.
    pub(crate) fn find(lines: &mut Lines<'_>, wanted: &Wanted<'_>) -> Result<Self, Refusal> {
        let mut fields = Fields::default();
        let mut best: Option<Candidate> = None;
        loop {
            let Some(line) = lines.next()? else { return Err(best.map_or(Refusal::NoLines, Candidate::refusal)) };
            if line.text.contains(&0) {
                return Err(Refusal::NotText { line: line.number });
            }
            let separator = separator_of(line.text, &mut fields);
            fields.split(line.text, separator);
            let fields = fields.of(line.text);
            if fields.iter().filter(|field| is_figure(field)).count() >= 2 {
                let found = Self::of_figures(line, separator, fields.count(), wanted, best);
                lines.put_back();
                return found;
            }
            let names: Vec<String> = fields.iter().map(plain).collect();
            if wanted.order.is_some() || names.len() < 2 {
                continue;
            }
            match wanted.layout(&names, separator) {
                Ok(layout) => {
                    wanted.check_mappings(Some(line.number), &names)?;
                    return layout.unless_repeated(line.number, &names);
                }
                Err(missing) => {
                    let candidate = Candidate { line: line.number, names, missing };
                    if best.as_ref().is_none_or(|best| candidate.missing.count <= best.missing.count) {
                        best = Some(candidate);
                    }
                }
            }
        }
    }

    /// What the columns are of a file whose first line of figures has no header that could be used before it.
    fn of_figures(
        line: Line<'_>,
        separator: u8,
        count: usize,
        wanted: &Wanted<'_>,
        header: Option<Candidate>,
    ) -> Result<Self, Refusal> {
        if let Some(order) = wanted.order {
            let names: Vec<String> = order.iter().map(|name| plain(name.as_bytes())).collect();
            let refusal =
                |missing: Missing| Refusal::MissingInOrder { missing: missing.fields, found: order.join(",") };
            let layout = wanted.layout(&names, separator).map_err(refusal)?;
            wanted.check_mappings(None, &names)?;
            return if count == names.len() {
                Ok(layout)
            } else {
                Err(Refusal::OtherCount { line: line.number, columns: count, named: names.len() })
            };
        }
        if let Some(header) = header.filter(|header| header.names.len() == count) {
            return Err(header.refusal());
        }
        match count {
            // Binance's archive of klines, and Kraken's of OHLCVT.
            12 | 7 if wanted.mappings.is_empty() => {
                Ok(Self { separator, count, ts: 0, prices: [1, 2, 3, 4], volume: Some(5) })
            }
            columns => Err(match wanted.mappings.first() {
                Some(Mapping { name, field }) => {
                    Refusal::MappingWithoutHeader { line: line.number, name: name.clone(), field: field.name() }
                }
                None => Refusal::NoHeader { line: line.number, columns },
            }),
        }
    }

    fn unless_repeated(self, line: u64, names: &[String]) -> Result<Self, Refusal> {
        let used = self.prices.iter().chain([&self.ts]).chain(&self.volume);
        let repeated = used.map(|at| &names[*at]).find(|used| names.iter().filter(|name| name == used).count() > 1);
        repeated.map_or(Ok(self.clone()), |name| Err(Refusal::RepeatedColumn { line, name: name.clone() }))
    }
}

impl Candidate {
    fn refusal(self) -> Refusal {
        Refusal::MissingColumns { line: self.line, missing: self.missing.fields, found: self.names.join(", ") }
    }
}

/// Whether a field is a number, or one with a comma: that it is none is told of its line, which is not a header.
fn is_figure(field: &[u8]) -> bool {
    let is_of_numbers = || field.iter().all(|byte| byte.is_ascii_digit() || b".,-".contains(byte));
    match counts::parse(field) {
        Ok(_) => true,
        Err(why) => why == NotACount::Comma && is_of_numbers(),
    }
}

/// What separates most fields of a line.
fn separator_of(line: &[u8], fields: &mut Fields) -> u8 {
    let mut count = |separator: &u8| {
        fields.split(line, *separator);
        fields.of(line).count()
    };
    // The first of equals: `max_by_key` would give the last.
    SEPARATORS.into_iter().rev().max_by_key(|separator| count(separator)).unwrap_or(b',')
}
