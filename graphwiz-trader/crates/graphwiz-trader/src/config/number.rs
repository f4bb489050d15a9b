//! Numbers of the configuration that enter money: decimals, exactly as they are written.

use std::borrow::Cow;

use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A decimal, without zeros at its end: a hash is of one text, however the number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Number(pub Decimal);

impl Number {
    /// `mantissa` · 10^−`scale`.
    pub(super) const fn new(mut mantissa: u32, mut scale: u32) -> Self {
        // `Decimal::normalize` is not const.
        while scale > 0 && mantissa.is_multiple_of(10) {
            (mantissa, scale) = (mantissa / 10, scale - 1);
        }
        Self(Decimal::from_parts(mantissa, 0, 0, false, scale))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The shortest text that stands for the number is the one that the file has, up to 15 digits.
        let text = serde_json::Number::deserialize(deserializer)?.to_string();
        let number: f64 = text.parse().map_err(D::Error::custom)?;
        let parsed = text.parse().or_else(|_| Decimal::from_scientific(&text)).or_else(|_| Decimal::try_from(number));
        parsed.map(|decimal: Decimal| Self(decimal.normalize())).map_err(D::Error::custom)
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: serde_json::Number = self.0.normalize().to_string().parse().map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl JsonSchema for Number {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Number".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // More would not fit into a decimal of 96 bits.
        json_schema!({ "type": "number", "minimum": -1e15, "maximum": 1e15 })
    }
}
