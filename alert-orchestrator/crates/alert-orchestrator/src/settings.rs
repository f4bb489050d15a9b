//! A configuration made ready for use; a reload replaces it as a whole.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use jiff::tz::TimeZone;
use platform::auth::Logins;
use platform::http::Rendered;
use sha2::{Digest as _, Sha256};

use crate::config::Config;
use crate::evaluate::Plan;
use crate::plan;
use crate::prices::PriceClients;

/// Everything that follows from one reading of the configuration file.
pub(crate) struct Settings {
    pub(crate) config: Config,
    pub(crate) plan: Plan,
    /// The first 12 hex digits of the SHA-256 of the normalized configuration: tells in the journal by which one was decided.
    pub(crate) hash: String,
    /// The normalized configuration, as `--print-config-normalized` prints it.
    pub(crate) normalized: Rendered,
    /// Who may log in; `None`: nobody has to.
    pub(crate) logins: Option<Arc<Logins>>,
    pub(crate) prices: PriceClients,
}

impl Settings {
    /// Makes a checked configuration ready.
    ///
    /// # Errors
    /// A password hash that nothing could ever match, or an API client that cannot be made.
    pub(crate) fn of(config: Config) -> anyhow::Result<Self> {
        let json = serde_json::to_vec_pretty(&config).context("writing the normalized configuration")?;
        let hash = Sha256::digest(&json).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Ok(Self {
            plan: plan::of(&config),
            hash,
            normalized: Rendered::new("application/json", json),
            logins: config.orchestrator.auth.logins("orchestrator.auth", "alert-orchestrator")?,
            prices: PriceClients::of(&config)?,
            config,
        })
    }

    /// The zone of whoever reads what is said.
    pub(crate) fn zone(&self) -> &TimeZone {
        self.config.orchestrator.timezone.rules()
    }

    /// Time from the start of one round to the start of the next.
    pub(crate) fn interval(&self) -> Duration {
        // The configuration allows a year at most, and a second at least.
        Duration::from_secs_f64(self.config.orchestrator.schedule.interval_minutes * 60.0)
    }
}
