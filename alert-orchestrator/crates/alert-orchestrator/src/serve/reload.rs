//! Which configuration replaces the one in effect, without stopping?
//!
//! Start at [`FromFile`], which [`platform::reload`] asks at every SIGHUP, and where that is wanted when a file
//! changed. A configuration with a fault is refused as a whole and the one in effect stays; that is said in the log and
//! by the metric `config_last_reload_successful`. Where it listens and which store it reads cannot change while the
//! service runs: the old values stay in effect, and a warning says so.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use platform::reload::Reload;
use tracing::warn;

use super::guard;
use super::live::Live;
use crate::config::Config;
use crate::settings::Settings;
use crate::start;

/// The configuration file of the running service.
pub(super) struct FromFile(pub(super) Arc<Live>);

impl Reload for FromFile {
    type Config = Config;

    fn path(&self) -> &Path {
        &self.0.config_path
    }

    fn files(&self) -> Vec<PathBuf> {
        let settings = self.0.settings();
        let config = &settings.config;
        let registry = config.tokens.is_some().then(|| config.orchestrator.token_registry.clone());
        std::iter::once(self.0.config_path.clone()).chain(registry).collect()
    }

    fn is_watched(&self) -> bool {
        self.0.settings().config.orchestrator.reload_on_change
    }

    fn load(&self) -> Result<Config, String> {
        start::load_config(&self.0.config_path).map_err(|faults| faults.to_string())
    }

    fn adopt(&self, config: Config) -> Result<(), String> {
        let settings = settings(&self.0, config)?;
        guard::warn_if_open(&settings.config);
        start::log_as_of(&settings.config);
        self.0.replace_settings(settings);
        Ok(())
    }

    fn reloaded(&self, accepted: bool) {
        self.0.counters.reloaded(accepted);
        self.0.metrics.forget();
        if accepted {
            // What was decided by the rules before must not stand until the next round is due.
            self.0.rounds.soon();
        }
    }
}

/// A configuration made ready, with what must stay as it is.
fn settings(live: &Live, mut config: Config) -> Result<Settings, String> {
    let before = live.settings();
    for what in keep_fixed(&mut config, &before.config) {
        warn!("{what} changed in {}: that takes effect after a restart", live.config_path.display());
    }
    let mut settings = Settings::of(config).map_err(|error| format!("{error:#}"))?;
    if settings.config.orchestrator.auth == before.config.orchestrator.auth {
        // They remember who failed to log in: a reload must not give anybody new attempts.
        settings.logins.clone_from(&before.logins);
    }
    settings.plan.draws = before.plan.draws || settings.config.orchestrator.diagnostics.enabled;
    Ok(settings)
}

/// Puts back what cannot change while the service runs; returns what that was.
fn keep_fixed(new: &mut Config, old: &Config) -> Vec<&'static str> {
    fn keep<T: PartialEq + Clone>(new: &mut T, old: &T) -> bool {
        let changed = new != old;
        new.clone_from(old);
        changed
    }
    let (client, old_client) = (&mut new.client, &old.client);
    let store = keep(&mut client.greptime, &old_client.greptime) | keep(&mut client.embedded, &old_client.embedded);
    let (http, old_http) = (&mut new.orchestrator.telemetry, &old.orchestrator.telemetry);
    let server = keep(&mut http.enabled, &old_http.enabled)
        | keep(&mut http.listen_address, &old_http.listen_address)
        | keep(&mut http.listen_port, &old_http.listen_port)
        | keep(&mut http.trusted_proxies, &old_http.trusted_proxies);
    let metrics = keep(&mut http.path, &old_http.path) | keep(&mut http.metric_prefix, &old_http.metric_prefix);
    [
        (store, "the store (client.greptime, client.embedded)"),
        (server, "the HTTP server (orchestrator.telemetry.enabled, listen_address, listen_port, trusted_proxies)"),
        (metrics, "path or prefix of the metrics (orchestrator.telemetry.path, metric_prefix)"),
    ]
    .into_iter()
    .filter_map(|(changed, what)| changed.then_some(what))
    .collect()
}
