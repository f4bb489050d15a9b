//! One sentence for the operator, and which part of it stays while figures move on.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};

/// What an operator should look at: one sentence, which begins with what stands for as long as nothing new is to be
/// said.
///
/// A warning is read as the text that it is, which is one line, whatever it names. Whoever repeats warnings tells by
/// [`Warning::standing`] whether one is news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    text: String,
    /// Bytes of the text that stand.
    standing: usize,
    /// The order of magnitude of what it is about.
    magnitude: i32,
}

impl Warning {
    /// A sentence that is another warning as soon as one word of it changes.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        let text = legible::line(text.as_ref());
        Self { standing: text.len(), text, magnitude: 0 }
    }

    /// A sentence whose end moves on from round to round, as an age or a price does, and says nothing new by that.
    pub(crate) fn moving(standing: &str, moving: fmt::Arguments<'_>) -> Self {
        let standing = legible::line(standing);
        Self { standing: standing.len(), text: standing + &legible::line(&moving.to_string()), magnitude: 0 }
    }

    /// The same about so much, above 0: ten times as much is news although the sentence stands.
    pub(crate) fn about(self, size: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a logarithm is small, and saturates")]
        let magnitude = size.log10().floor() as i32;
        Self { magnitude, ..self }
    }

    /// The power of ten of what it is about, 0 where it is about no amount.
    #[must_use]
    pub fn magnitude(&self) -> i32 {
        self.magnitude
    }

    /// The part by which two warnings of an asset are the same.
    #[must_use]
    pub fn standing(&self) -> &str {
        &self.text[..self.standing]
    }
}

impl Deref for Warning {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq<str> for Warning {
    fn eq(&self, other: &str) -> bool {
        self.text == other
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}
