//! What is configured.

use std::path::Path;

use platform::config::text::HostName;
use platform::config::{Document, Faults, typed};
use platform::process::environment;
use schemars::JsonSchema;
use serde::Deserialize;

/// The configuration file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where it listens; 0 is a free port. A change takes effect after a restart.
    pub(crate) port: u16,
    /// From one round to the next.
    #[schemars(range(min = 1))]
    pub(crate) interval_seconds: u64,
    /// The names under which it answers, beside those that no stranger can point here.
    #[serde(default)]
    pub(crate) allowed_hosts: Vec<HostName>,
}

/// Reads and checks the file.
pub(crate) fn load(path: &Path) -> Result<Config, Faults> {
    checked(path, Document::read(path, &environment)?)
}

/// Checks a text that is to be the file.
pub(crate) fn parse(path: &Path, text: &str) -> Result<Config, Faults> {
    checked(path, Document::parse(path, text, &environment)?)
}

fn checked(path: &Path, mut document: Document) -> Result<Config, Faults> {
    document.check(&schemars::schema_for!(Config).to_value(), &[]);
    typed(path, document.finish()?)
}
