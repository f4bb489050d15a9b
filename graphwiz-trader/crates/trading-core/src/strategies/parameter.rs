//! What may a parameter of a strategy be, and what is wrong with one that is not?

use crate::indicators::Length;

/// A parameter of a kind of strategies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameter {
    /// What configurations call it.
    pub name: &'static str,
    /// What it is where nothing is said.
    pub default: f64,
    /// The least it may be.
    pub min: f64,
    /// The most it may be.
    pub max: f64,
}

/// A parameter that a strategy cannot work with.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum BadParameter {
    /// It lies outside of its range.
    #[error("parameter {name} is {value}, expected {min} to {max}")]
    OutOfRange {
        /// Which one.
        name: &'static str,
        /// What it is.
        value: f64,
        /// The least it may be.
        min: f64,
        /// The most it may be.
        max: f64,
    },
    /// It is a number of bars, and not a whole one.
    #[error("parameter {name} is {value}, expected a whole number of bars")]
    NotWhole {
        /// Which one.
        name: &'static str,
        /// What it is.
        value: f64,
    },
    /// It must be less than another, and is not.
    #[error("parameter {lesser} is {value}, expected less than {greater}, which is {bound}")]
    NotLess {
        /// Which one.
        lesser: &'static str,
        /// What it is.
        value: f64,
        /// The other one.
        greater: &'static str,
        /// What that is.
        bound: f64,
    },
}

impl Parameter {
    /// A value of it.
    ///
    /// # Errors
    /// [`BadParameter::OutOfRange`].
    pub fn number(self, value: f64) -> Result<f64, BadParameter> {
        let Self { name, min, max, .. } = self;
        let is_inside = (min..=max).contains(&value);
        if is_inside { Ok(value) } else { Err(BadParameter::OutOfRange { name, value, min, max }) }
    }

    /// A value of it that is a number of bars.
    ///
    /// # Errors
    /// [`BadParameter::OutOfRange`], [`BadParameter::NotWhole`].
    pub fn length(self, value: f64) -> Result<Length, BadParameter> {
        let value = self.number(value)?;
        Length::whole(value).ok_or(BadParameter::NotWhole { name: self.name, value })
    }
}
