//! Which command line does the same again?
//!
//! Start at [`Line::begin`].

use std::borrow::Cow;
use std::fmt;
use std::path::Path;

use platform::process;

use super::Call;
use crate::cli::{CONFIG, CONFIG_VARIABLE, PROGRAM};
use crate::config;

/// The words of a command line for a POSIX shell.
pub(super) struct Line(Vec<String>);

impl Line {
    /// This program with one of its commands: with its environment, its profile, and its configuration where that is
    /// not in the default place.
    pub(super) fn begin(call: &Call<'_>, command: &[&str]) -> Self {
        let mut line = Self(Vec::new());
        if let Some(environment) = config::environment(&process::environment) {
            line.0.push(format!("{}={}", config::ENVIRONMENT, quoted(&environment)));
        }
        line.word(PROGRAM.name);
        command.iter().for_each(|word| line.word(word));
        // Where a variable names another configuration, also the default one has to be asked for.
        if call.origin.path != Path::new(CONFIG) || process::environment(CONFIG_VARIABLE).is_some() {
            line.flag("config", call.origin.path.display());
        }
        line.flags("profile", call.origin.profile);
        line
    }

    pub(super) fn word(&mut self, word: &str) {
        self.0.push(quoted(word).into_owned());
    }

    pub(super) fn flag(&mut self, name: &str, value: impl ToString) {
        let value = value.to_string();
        // Apart from its flag, a value that begins as a flag does would be taken for one.
        let between = if value.starts_with('-') { '=' } else { ' ' };
        self.0.push(format!("--{name}{between}{}", quoted(&value)));
    }

    pub(super) fn flags(&mut self, name: &str, values: impl IntoIterator<Item = impl ToString>) {
        values.into_iter().for_each(|value| self.flag(name, value));
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// A word that a shell takes as it is.
fn quoted(word: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}
