//! What does one value of a rule file say? A mapping with known keys, a text, a number, or a parameter in place of one.

use std::collections::HashSet;

use rust_decimal::Decimal;

use super::compile::Compiler;
use super::fault::{did_you_mean, shortened};
use super::yaml::{Entry, Node, Scalar, Value};

/// A number, or a parameter by its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Amount {
    Number(Decimal),
    Parameter(usize),
}

impl Amount {
    pub(super) fn of(self, values: &[Decimal]) -> Decimal {
        match self {
            Self::Number(number) => number,
            Self::Parameter(index) => values.get(index).copied().unwrap_or_default(),
        }
    }

    pub(super) fn whole(self, values: &[Decimal]) -> u32 {
        u32::try_from(self.of(values)).unwrap_or_default()
    }
}

/// What a number must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) least: Decimal,
    /// Whether `least` itself is too little.
    pub(super) is_above: bool,
    pub(super) most: Decimal,
    pub(super) is_whole: bool,
}

impl Bounds {
    pub(super) const fn share(least: u32, most: u32) -> Self {
        let [least, most] = [Decimal::from_parts(least, 0, 0, false, 3), Decimal::from_parts(most, 0, 0, false, 3)];
        Self { least, is_above: false, most, is_whole: false }
    }

    pub(super) const fn above_0(most: u32) -> Self {
        let most = Decimal::from_parts(most, 0, 0, false, 0);
        Self { least: Decimal::ZERO, is_above: true, most, is_whole: false }
    }

    pub(super) const fn whole(least: u32, most: u32) -> Self {
        let [least, most] = [Decimal::from_parts(least, 0, 0, false, 0), Decimal::from_parts(most, 0, 0, false, 0)];
        Self { least, is_above: false, most, is_whole: true }
    }

    pub(super) fn hold(&self, value: Decimal) -> bool {
        let is_enough = if self.is_above { value > self.least } else { value >= self.least };
        is_enough && value <= self.most
    }

    pub(super) fn written(&self) -> String {
        let kind = if self.is_whole { "a whole number" } else { "a number" };
        let (least, most) = (self.least.normalize(), self.most.normalize());
        if self.is_above {
            format!("{kind} over {least} and up to {most}")
        } else {
            format!("{kind} from {least} to {most}")
        }
    }
}

pub(super) struct Reader<'t> {
    pub(super) compiler: Compiler<'t>,
}

impl Reader<'_> {
    pub(super) fn fault(&mut self, place: usize, text: &str) {
        self.compiler.found.add(place, || text.to_owned());
    }

    /// The entries of a mapping, without those that are unknown or there twice, which are told.
    pub(super) fn mapping<'n>(&mut self, name: &str, node: &'n Node, known: &[&str]) -> Option<Vec<&'n Entry>> {
        let entries = self.named_entries(name, node)?;
        let is_known = |entry: &&Entry| known.contains(&entry.key.as_str());
        for entry in entries.iter().filter(|entry| !is_known(entry)) {
            self.compiler.found.add(entry.at, || unknown_key(&entry.key, known));
        }
        Some(entries.into_iter().filter(is_known).collect())
    }

    pub(super) fn named_entries<'n>(&mut self, name: &str, node: &'n Node) -> Option<Vec<&'n Entry>> {
        let Value::Map(entries) = &node.value else {
            self.fault(node.at.start, &format!("{name} must be a mapping, found {}", shown(node)));
            return None;
        };
        let mut seen = HashSet::new();
        let (first, again): (Vec<&Entry>, Vec<&Entry>) =
            entries.iter().partition(|entry| seen.insert(entry.key.as_str()));
        for entry in again {
            self.fault(entry.at, &format!("found {} twice in {name}", shortened(&entry.key)));
        }
        Some(first)
    }

    pub(super) fn text(&mut self, key: &str, node: &Node) -> Option<String> {
        self.scalar(key, "a text", node).map(|scalar| scalar.text.clone())
    }

    pub(super) fn scalar<'n>(&mut self, key: &str, wanted: &str, node: &'n Node) -> Option<&'n Scalar> {
        match &node.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => {
                self.fault(node.at.start, &format!("{key} must be {wanted}, found {}", shown(node)));
                None
            }
        }
    }

    pub(super) fn decimal(&mut self, key: &str, node: &Node) -> Option<Decimal> {
        let scalar = self.scalar(key, "a number", node)?;
        let text = scalar.text.trim();
        if has_leading_zero(text) {
            let why = "with a leading zero, which is octal to some readers of YAML";
            self.fault(node.at.start, &format!("{key} must be a number, found {} {why}", shortened(text)));
            return None;
        }
        let number = if text.len() > 60 { None } else { decimal(text) };
        if number.is_none() {
            self.fault(node.at.start, &format!("{key} must be a number, found {}", shortened(text)));
        }
        number
    }

    /// A number or `$param` within bounds.
    pub(super) fn amount(&mut self, key: &str, node: &Node, bounds: Bounds) -> Option<Amount> {
        let scalar = self.scalar(key, &bounds.written(), node)?;
        let place = node.at.start;
        let (amount, ends, is_whole, shown) = match scalar.text.trim().strip_prefix('$') {
            Some(name) => {
                let Some(index) = self.compiler.parameters.iter().position(|parameter| parameter.name == name) else {
                    self.fault(place, &format!("{key}: unknown parameter ${}", shortened(name)));
                    return None;
                };
                let parameter = &self.compiler.parameters[index];
                let [min, max] = parameter.bounds();
                let shown = format!("${name} from {min} to {max}");
                (Amount::Parameter(index), [min, max], parameter.is_whole(), shown)
            }
            None => {
                let number = self.decimal(key, node)?;
                (Amount::Number(number), [number; 2], number.is_integer(), number.to_string())
            }
        };
        if !ends.into_iter().all(|end| bounds.hold(end)) || (bounds.is_whole && !is_whole) {
            self.fault(place, &format!("{key} must be {}, found {shown}", bounds.written()));
            return None;
        }
        Some(amount)
    }
}

/// A decimal as it is written; `None` where it is none, or has more digits than can be kept.
fn decimal(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok().map(|number| number.normalize());
    }
    Decimal::from_str_exact(text).ok()
}

/// Whether a number is written as 010, which is octal to some readers of YAML.
#[must_use]
pub fn has_leading_zero(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-']);
    digits.starts_with('0') && digits[1..].starts_with(|c: char| c.is_ascii_digit())
}

/// What a fault says of a value.
pub(super) fn shown(node: &Node) -> String {
    match &node.value {
        Value::Null => "nothing".into(),
        Value::Scalar(scalar) => shortened(&scalar.text),
        Value::List(_) => "a list".into(),
        Value::Map(_) => "a mapping".into(),
    }
}

/// `unknown key …`, with the nearest of `known`.
fn unknown_key(key: &str, known: &[&str]) -> String {
    let hint = did_you_mean(key, known.iter().copied());
    let hint = if hint.is_empty() { format!(", expected {}", known.join(", ")) } else { hint };
    format!("unknown key {}{hint}", super::fault::shortened(key))
}
