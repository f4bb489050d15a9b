//! What is traded, where, and in which steps?

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// BASE/QUOTE on one venue, written `venue:BASE/QUOTE`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstrumentId {
    venue: String,
    base: String,
    quote: String,
}

impl InstrumentId {
    /// The venue, in lower case.
    #[must_use]
    pub fn venue(&self) -> &str {
        &self.venue
    }

    /// What is bought and sold.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// What it is paid with: the account currency.
    #[must_use]
    pub fn quote(&self) -> &str {
        &self.quote
    }
}

impl fmt::Display for InstrumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}", self.venue, self.base, self.quote)
    }
}

/// A text that names no instrument.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no instrument, expected venue:BASE/QUOTE as in binance:BTC/USDT")]
pub struct BadInstrument(pub String);

impl FromStr for InstrumentId {
    type Err = BadInstrument;

    fn from_str(text: &str) -> Result<Self, BadInstrument> {
        let parts = text.split_once(':').and_then(|(venue, pair)| Some((venue, pair.split_once('/')?)));
        let is_name =
            |name: &str| (1..=20).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match parts {
            Some((venue, (base, quote))) if [venue, base, quote].into_iter().all(is_name) => Ok(Self {
                venue: venue.to_ascii_lowercase(),
                base: base.to_ascii_uppercase(),
                quote: quote.to_ascii_uppercase(),
            }),
            _ => Err(BadInstrument(text.to_owned())),
        }
    }
}

impl TryFrom<String> for InstrumentId {
    type Error = BadInstrument;

    fn try_from(text: String) -> Result<Self, BadInstrument> {
        text.parse()
    }
}

impl From<InstrumentId> for String {
    fn from(id: InstrumentId) -> Self {
        id.to_string()
    }
}

/// In which asset a venue takes the fee of a buy; that of a sell is always paid in quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeeIn {
    /// In what was paid with.
    #[default]
    Quote,
    /// In what was received.
    Base,
}

/// An instrument and its filters. All amounts are positive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Instrument {
    /// Its name.
    pub id: InstrumentId,
    /// The step of its prices, in quote.
    pub tick: Decimal,
    /// The step of its quantities, in base.
    pub lot: Decimal,
    /// The least quantity of an order, in base; may be 0.
    pub min_quantity: Decimal,
    /// The least value of an order, in quote; may be 0.
    pub min_notional: Decimal,
    /// What fees are taken in.
    pub fee_in: FeeIn,
}
