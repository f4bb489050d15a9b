//! Which values may a rule file's parameters have, and which do they have?

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::fault::{did_you_mean, shortened};

/// A number of a rule file that the configuration or a search may set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, without `$`.
    pub name: String,
    /// Its value where none is given.
    pub default: Decimal,
    /// What it may be; `None`: nothing but its default.
    pub range: Option<ParameterRange>,
}

/// From where to where a parameter goes in a search, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParameterRange {
    /// Its least value.
    pub min: Decimal,
    /// Its largest value.
    pub max: Decimal,
    /// From one value to the next; positive.
    pub step: Decimal,
}

/// Values that a rule file's parameters cannot have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParameterError {
    /// A name that the file does not have.
    #[error("the rule file has no parameter {}{hint}", shortened(name))]
    Unknown {
        /// The name.
        name: String,
        /// What may be meant.
        hint: String,
    },
    /// A value for a parameter without a range.
    #[error("parameter {name} is fixed at {default}, found {value}; give it min, max and step in the rule file")]
    Fixed {
        /// Its name.
        name: String,
        /// What it is.
        default: Decimal,
        /// What was given.
        value: Decimal,
    },
    /// A value beyond the range.
    #[error("parameter {name} must be {min} to {max}, found {value}")]
    OutOfRange {
        /// Its name.
        name: String,
        /// Its least value.
        min: Decimal,
        /// Its largest value.
        max: Decimal,
        /// What was given.
        value: Decimal,
    },
    /// A fraction for a whole number.
    #[error("parameter {name} must be a whole number, found {value}")]
    NotWhole {
        /// Its name.
        name: String,
        /// What was given.
        value: Decimal,
    },
    /// A combination that the file excludes.
    #[error("the rule file requires {rule}, found {values}")]
    Excluded {
        /// The rule, as it is written.
        rule: String,
        /// The parameters in it and their values.
        values: String,
    },
    /// A frame that cannot be made of the strategy's bars.
    #[error(
        "{file}:{line}:{column}: on(\"{frame}\", …) cannot be made of bars of {timeframe}; the frame must be a multiple \
         of the timeframe"
    )]
    FrameTooFine {
        /// The rule file.
        file: String,
        /// The line of its first use, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
        /// The frame.
        frame: crate::time::Timeframe,
        /// The strategy's timeframe.
        timeframe: crate::time::Timeframe,
    },
}

impl ParameterError {
    /// The parameter it is about; `None` where it is about several, or about the timeframe.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Unknown { name, .. }
            | Self::Fixed { name, .. }
            | Self::OutOfRange { name, .. }
            | Self::NotWhole { name, .. } => Some(name),
            Self::Excluded { .. } | Self::FrameTooFine { .. } => None,
        }
    }
}

impl Parameter {
    /// Whether it is a whole number: default, min, max and step all are.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let range = self.range.map(|range| [range.min, range.max, range.step]);
        self.default.is_integer() && range.is_none_or(|range| range.iter().all(Decimal::is_integer))
    }

    /// Its least and its largest value.
    pub(super) fn bounds(&self) -> [Decimal; 2] {
        self.range.map_or([self.default; 2], |range| [range.min, range.max])
    }

    fn check(&self, value: Decimal) -> Result<Decimal, ParameterError> {
        let name = self.name.clone();
        match self.range {
            None if value != self.default => Err(ParameterError::Fixed { name, default: self.default, value }),
            Some(ParameterRange { min, max, .. }) if value < min || value > max => {
                Err(ParameterError::OutOfRange { name, min, max, value })
            }
            _ if self.is_whole() && !value.is_integer() => Err(ParameterError::NotWhole { name, value }),
            _ => Ok(value),
        }
    }
}

/// The value of each parameter: what is given, else its default.
pub(super) fn values(
    parameters: &[Parameter],
    given: &BTreeMap<String, Decimal>,
) -> Result<Vec<Decimal>, Vec<ParameterError>> {
    let is_known = |name: &str| parameters.iter().any(|parameter| parameter.name == name);
    let unknown = given.keys().filter(|name| !is_known(name)).map(|name| ParameterError::Unknown {
        name: name.clone(),
        hint: did_you_mean(name, parameters.iter().map(|parameter| parameter.name.as_str())),
    });
    let mut errors: Vec<_> = unknown.collect();
    let mut values = Vec::with_capacity(parameters.len());
    for parameter in parameters {
        match given.get(&parameter.name).map_or(Ok(parameter.default), |value| parameter.check(*value)) {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// A decimal as the nearest `f64`, as the same digits in an expression would be.
pub(super) fn nearest(value: Decimal) -> f64 {
    value.to_string().parse().unwrap_or_default()
}
