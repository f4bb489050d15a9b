//! What commands begin with: the configuration, and the log.
//!
//! Start at [`begin`], with which every command begins that evaluates or writes rows. Commands that need less, or in
//! another order, take the single steps.

use std::path::Path;

use advisor_core::time;
use platform::process;
use tracing::{info, warn};

use crate::cli::Common;
use crate::config::{self, Config, ConfigError};
use crate::store;
use crate::version;

/// Reads the configuration, starts the log, and says there what is about to run.
///
/// # Errors
/// Those of the configuration; a log that cannot be started.
pub(crate) fn begin(common: &Common) -> anyhow::Result<Config> {
    let config = load_config(&common.flags.config)?;
    common.flags.start_log()?;
    info!("alert-orchestrator {}", *version::LINE);
    info!("Loaded configuration from {}", common.flags.config.display());
    info!("Store: {}", store::address(&config));
    if config.tokens.is_some() {
        info!("token registry validated for {}", config.client.assets.join(", "));
    }
    if common.test_prefix {
        warn!("TEST MODE: every write goes to tables whose names start with test_; reads do not");
    }
    log_as_of(&config);
    Ok(config)
}

/// Says so where the evaluation time is not now.
pub(crate) fn log_as_of(config: &Config) {
    if let Some(end) = config.client.date_range.end {
        let end = time::shown(end, config.orchestrator.timezone.rules());
        info!("as of {end} (client.date_range.end)");
    }
}

/// Reads the configuration.
///
/// # Errors
/// Everything that is wrong with it.
pub(crate) fn load_config(path: &Path) -> Result<Config, ConfigError> {
    config::load(path, &process::environment)
}
