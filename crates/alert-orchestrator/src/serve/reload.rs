//! Reading the configuration again, without stopping. Start at [`on_request`].
//!
//! A configuration with a fault is refused as a whole and the one in effect stays; that is said in the log and by the
//! metric `config_last_reload_successful`. Where it listens and which store it reads cannot change while the service runs:
//! the old values stay in effect, and a warning says so.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use platform::notify;
use platform::shutdown::Hangups;
use tracing::{error, info, warn};

use super::guard;
use super::live::Live;
use crate::config::Config;
use crate::settings::Settings;
use crate::start;

/// How often a configuration file is looked at where `reload_on_change` is set.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Reads the configuration again at every SIGHUP, and where that is wanted when a file of it changed. What was accepted is
/// evaluated at once: what was decided by the rules before must not stand until the next round is due.
pub(super) async fn on_request(live: Arc<Live>, mut hangups: Hangups) {
    let mut watched = Watched::new(&live.config_path, &live.settings().config);
    let mut refused = false;
    let mut looks = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            Some(()) = hangups.recv() => {}
            _ = looks.tick(), if live.settings().config.orchestrator.reload_on_change => {
                // What was wrong may be in a file that the refused configuration names and the one in effect does not.
                let is_mended = || refused && start::load_config(&live.config_path).is_ok();
                if !watched.has_changed() && !is_mended() {
                    continue;
                }
            }
        }
        // Looked at before it is read: what is written while it is read is a change of its own.
        watched = Watched::new(&live.config_path, &live.settings().config);
        refused = !reload(&live);
        if !refused {
            watched.add_new(&Watched::new(&live.config_path, &live.settings().config));
            live.rounds.soon();
        }
    }
}

/// Reads the file again and puts it into effect; whether that was possible.
fn reload(live: &Live) -> bool {
    notify::reloading();
    let path = live.config_path.display();
    let outcome = read(live);
    let accepted = outcome.is_ok();
    live.counters.reloaded(accepted);
    match outcome {
        Ok(settings) => {
            guard::warn_if_open(&settings.config);
            start::log_as_of(&settings.config);
            live.replace_settings(settings);
            info!("Reloaded configuration from {path}");
        }
        Err(refusal) => {
            for line in refusal.lines() {
                error!("{line}");
            }
            error!("{path} was refused; the configuration read before stays in effect");
        }
    }
    live.metrics.forget();
    notify::ready();
    accepted
}

fn read(live: &Live) -> Result<Settings, String> {
    let mut config = start::load_config(&live.config_path).map_err(|faults| faults.to_string())?;
    for what in keep_fixed(&mut config, &live.settings().config) {
        warn!("{what} changed in {}: that takes effect after a restart", live.config_path.display());
    }
    let mut settings = Settings::of(config).map_err(|error| format!("{error:#}"))?;
    let before = live.settings();
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

/// The files that a configuration is made of, as they were when it was read.
struct Watched(Vec<(PathBuf, Option<Version>)>);

type Version = (SystemTime, u64);

impl Watched {
    fn new(path: &Path, config: &Config) -> Self {
        let registry = config.tokens.is_some().then(|| config.orchestrator.token_registry.clone());
        let files = std::iter::once(path.to_path_buf()).chain(registry);
        Self(files.map(|file| (file.clone(), version(&file))).collect())
    }

    /// Watches also those of `other` that are not watched yet.
    fn add_new(&mut self, other: &Self) {
        for (file, version) in &other.0 {
            if !self.0.iter().any(|(known, _)| known == file) {
                self.0.push((file.clone(), *version));
            }
        }
    }

    /// Whether one of them is there and another than it was. One that is just being replaced is looked at the next time.
    fn has_changed(&self) -> bool {
        self.0.iter().any(|(file, before)| version(file).is_some_and(|now| Some(now) != *before))
    }
}

fn version(file: &Path) -> Option<Version> {
    let metadata = fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
