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
}

impl Warning {
    /// A sentence that is another warning as soon as one word of it changes.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        let text = legible::line(text.as_ref());
        Self { standing: text.len(), text }
    }

    /// A sentence whose end moves on from round to round, as an age or a price does, and says nothing new by that.
    pub(crate) fn moving(standing: &str, moving: fmt::Arguments<'_>) -> Self {
        let standing = legible::line(standing);
        Self { standing: standing.len(), text: standing + &legible::line(&moving.to_string()) }
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
