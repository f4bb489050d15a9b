//! What runs, and how its file is read again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use platform::metrics::{Metrics, MetricsPage};
use platform::reload::Reload;
use platform::rounds::Rounds;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::config::{self, Config};

/// The running service.
pub(crate) struct Live {
    pub(crate) path: PathBuf,
    pub(crate) config: ArcSwap<Config>,
    pub(crate) rounds: Arc<Rounds>,
    pub(crate) metrics: Metrics,
    pub(crate) page: MetricsPage,
    pub(crate) made: Counter,
    pub(crate) reload: Gauge,
}

/// The file of the running service.
pub(crate) struct FromFile(pub(crate) Arc<Live>);

impl Reload for FromFile {
    type Config = Config;

    fn path(&self) -> &Path {
        &self.0.path
    }

    fn load(&self) -> Result<Config, String> {
        config::load(&self.0.path).map_err(|faults| faults.to_string())
    }

    fn adopt(&self, config: Config) -> Result<(), String> {
        self.0.config.store(Arc::new(config));
        Ok(())
    }

    fn reloaded(&self, accepted: bool) {
        self.0.reload.set(accepted.into());
        self.0.page.forget();
        if accepted {
            self.0.rounds.soon();
        }
    }
}
