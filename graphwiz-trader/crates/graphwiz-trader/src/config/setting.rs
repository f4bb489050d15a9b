//! What is set on the command line: `fast=10` for a parameter of the strategies that run, `risk.cooldown_bars=3` for a
//! key.

use std::fmt;
use std::str::FromStr;

use platform::config::{Document, Faults};
use rust_decimal::Decimal;
use trading_core::rule_file::has_leading_zero;

use super::number::Number;

/// The longest setting.
const MAX_BYTES: usize = 1000;
/// The most parts of a key: enough for every key, of which the deepest has five, and few enough to walk.
const MAX_PARTS: usize = 16;

/// A key and what it is set to, as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    key: String,
    value: String,
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_part = |part: &str| !part.is_empty() && !part.contains(char::is_control);
        let is_key = |key: &str| key.split('.').all(is_part);
        match text.split_once('=') {
            // Each part is a level of a tree, which is walked level by level.
            Some((key, _)) if text.len() > MAX_BYTES || key.split('.').count() > MAX_PARTS => {
                Err(format!("expected at most {MAX_BYTES} bytes, and a key of at most {MAX_PARTS} parts"))
            }
            Some((key, value)) if is_key(key) => Ok(Self { key: key.to_owned(), value: value.to_owned() }),
            _ => {
                Err("expected NAME=NUMBER for a parameter, or SECTION.KEY=VALUE for a key of the configuration".into())
            }
        }
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.value)
    }
}

impl Setting {
    /// Name and value, where it is one of a parameter: those have no dots.
    ///
    /// # Errors
    /// The value is no number, or one that no parameter can have.
    pub fn parameter(&self) -> Option<Result<(&str, Number), String>> {
        let is_fair = |number: &Decimal| number.abs() <= Decimal::from(10_u64.pow(15));
        let number = || self.value.parse().or_else(|_| Decimal::from_scientific(&self.value)).ok().filter(is_fair);
        (!self.key.contains('.')).then(|| match number() {
            // As in the file, where YAML makes it doubtful.
            Some(_) if has_leading_zero(&self.value) => {
                Err(format!("--set {self}: found {} with a leading zero, expected a number without", self.value))
            }
            Some(number) => Ok((self.key.as_str(), Number(number.normalize()))),
            None => Err(format!("--set {self}: found {:?}, expected a number from -1e15 to 1e15", self.value)),
        })
    }

    /// The key with its value, to be laid over a configuration.
    ///
    /// # Errors
    /// The value is not YAML.
    pub(super) fn document(&self, env: &dyn Fn(&str) -> Option<String>) -> Result<Document, Faults> {
        Ok(Document::parse_named(&format!("--set {self}"), &self.value, env)?.below(&self.key))
    }
}
