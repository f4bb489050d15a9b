//! Server mode: HTTP first, then one evaluation after the other, until somebody says stop.
//!
//! Start at [`until_stopped`]; [`platform::serve`] has the order of events. `live` is what all sides share: `rounds`
//! evaluates and publishes into it, on a thread and runtime of its own, and `marks` between two rounds; `routes` answers from it; `reload` replaces its
//! settings. `counters` and `metrics` are what Prometheus sees of it all.

mod api;
mod asked;
mod counters;
mod effect;
mod fair_turns;
mod guard;
mod live;
mod marks;
mod metrics;
mod page;
mod printing;
mod probes;
mod published;
mod reload;
mod rounds;
mod routes;
mod write;

use std::sync::Arc;
use std::time::Duration;

use platform::process;
use platform::serve::{Server, Service};

use crate::cli::Common;
use crate::settings::Settings;

use live::Live;
use reload::FromFile;
use rounds::Evaluations;

/// How long requests and a write may go on once the service was told to stop: with what follows it has ended after
/// 10 s.
const DRAIN: Duration = Duration::from_secs(8);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// The address cannot be listened on; the system gives no threads or signals.
pub(crate) fn until_stopped(common: &Common, settings: Settings, has_server: bool) -> anyhow::Result<()> {
    let runtime = process::runtime()?;
    let live = Arc::new(Live::new(settings, common));
    Service::new(DRAIN)
        .server(has_server.then(|| server(&live)))
        .rounds(&live.rounds, Evaluations::new(Arc::clone(&live)))
        .reload(FromFile(Arc::clone(&live)))
        .writes(&live.writes)
        .run(runtime)?;
    Ok(())
}

fn server(live: &Arc<Live>) -> Server {
    let settings = live.settings();
    let telemetry = &settings.config.orchestrator.telemetry;
    guard::warn_if_open(&settings.config);
    let keys = "orchestrator.telemetry.listen_address and listen_port";
    Server::new(routes::app(live, telemetry), &telemetry.listen_address, telemetry.listen_port, keys)
        .offers("Prometheus metrics", &telemetry.path)
        .offers("Dashboard", "/dashboard")
}
