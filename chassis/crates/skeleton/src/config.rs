//! What is configured, and how it is read again.

use std::path::Path;
use std::sync::Arc;

use platform::config::{Document, Faults, typed};
use platform::reload::Reload;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Live, environment};

/// The configuration file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    /// Where it listens; 0 is a free port. A change takes effect after a restart.
    pub(crate) port: u16,
    /// From one round to the next.
    #[schemars(range(min = 1))]
    pub(crate) interval_seconds: u64,
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

/// The file of the running service.
pub(crate) struct FromFile(pub(crate) Arc<Live>);

impl Reload for FromFile {
    type Config = Config;

    fn path(&self) -> &Path {
        &self.0.path
    }

    fn load(&self) -> Result<Config, String> {
        load(&self.0.path).map_err(|faults| faults.to_string())
    }

    fn adopt(&self, config: Config) -> Result<(), String> {
        self.0.config.store(Arc::new(config));
        Ok(())
    }

    fn reloaded(&self, accepted: bool) {
        self.0.reload.set(accepted.into());
        self.0.page.forget();
        self.0.rounds.soon();
    }
}
