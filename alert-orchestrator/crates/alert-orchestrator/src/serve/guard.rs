//! Who may ask?

use std::sync::Arc;

use platform::auth::Logins;
use platform::auth::config::RequireFor;
use platform::config::text::HostName;
use platform::serve::Guarded;
use tracing::warn;

use super::live::Live;
use crate::config::Config;
use crate::settings::Settings;

impl Guarded for Live {
    type Settings = Settings;

    const REALM: &'static str = "Alert Orchestrator";
    const ALLOWED_HOSTS: &'static str = "orchestrator.telemetry.allowed_hosts";

    fn settings(&self) -> Arc<Settings> {
        Arc::clone(&Self::settings(self))
    }

    fn logins(settings: &Settings) -> Option<&Logins> {
        settings.logins.as_deref()
    }

    fn allowed_hosts(settings: &Settings) -> &[HostName] {
        &settings.config.orchestrator.telemetry.allowed_hosts
    }

    fn guards_pages(settings: &Settings) -> bool {
        settings.config.orchestrator.auth.require_for == RequireFor::All
    }
}

/// A page that shows wallets and limits to whoever can reach it is worth a warning.
pub(super) fn warn_if_open(config: &Config) {
    let address = &config.orchestrator.telemetry.listen_address;
    let is_local = address == "localhost" || address.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
    if !is_local && !config.orchestrator.auth.enabled {
        warn!("listening on {address} without orchestrator.auth: whoever reaches it sees wallets and limits");
    }
}
