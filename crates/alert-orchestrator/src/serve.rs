//! Server mode: HTTP first, then one evaluation after the other, until somebody says stop.
//!
//! Start at [`until_stopped`]. `live` is what the two sides share: `rounds` evaluates and publishes into it, on a
//! thread and runtime of its own; `routes` answers from it. `reload` replaces the settings; `counters` and `metrics`
//! are what Prometheus sees of it all.

mod api;
mod counters;
mod guard;
mod live;
mod metrics;
mod openapi;
mod page;
mod probes;
mod published;
mod reload;
mod rounds;
mod routes;
mod write;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use platform::http::{Limits, listen};
use platform::process;
use platform::{notify, shutdown};
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::cli::Common;
use crate::settings::Settings;

use live::Live;
use reload::FromFile;
use rounds::Evaluations;

/// How long requests and a write may go on once the service was told to stop: with what follows it has ended after 10 s.
const DRAIN: Duration = Duration::from_secs(8);

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// The address cannot be listened on; the system gives no threads or signals.
pub(crate) fn until_stopped(common: &Common, settings: Settings, has_server: bool) -> anyhow::Result<()> {
    let runtime = process::runtime()?;
    let served: anyhow::Result<Instant> = runtime.block_on(async {
        // Before anything else: a signal that comes while the service starts must stop it in order, too.
        let mut stopped = std::pin::pin!(shutdown::requested().context("listening for signals")?);
        let hangups = shutdown::hangups().context("listening for SIGHUP")?;
        let live = Arc::new(Live::new(settings, common));
        let (stop, stopping) = watch::channel(false);
        let server = match has_server {
            true => Some(tokio::spawn(start_server(&live, stopping.clone()).await?)),
            false => None,
        };
        log_schedule(&live);
        let rounds =
            platform::rounds::spawn(Arc::clone(&live.rounds), Evaluations::new(Arc::clone(&live)), DRAIN, stopping)?;
        let reloading = tokio::spawn(platform::reload::on_request(FromFile(Arc::clone(&live)), hangups));
        notify::ready();
        let watchdog = tokio::spawn(notify::watchdog({
            let live = Arc::clone(&live);
            move || live.rounds.is_alive()
        }));
        stopped.as_mut().await;
        info!("Stopping: requests and writes in progress have {} s to finish", DRAIN.as_secs());
        notify::stopping();
        watchdog.abort();
        reloading.abort();
        stop.send_replace(true);
        let until = Instant::now() + DRAIN;
        drain(server, rounds, &live).await;
        Ok(until)
    });
    // What still waits for the store is given the rest of the time, and no more.
    let until = served?;
    runtime.shutdown_timeout(until.saturating_duration_since(Instant::now()));
    info!("Stopped");
    Ok(())
}

type Server = tokio::task::JoinHandle<std::io::Result<()>>;

/// Waits for both sides, but not for ever.
async fn drain(server: Option<Server>, rounds: platform::rounds::Handle, live: &Live) {
    let both = async {
        if let Some(server) = server {
            match server.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => error!("the HTTP server ended with an error: {error}"),
                Err(error) => error!("the HTTP server broke off: {error}"),
            }
        }
        rounds.finished().await;
        // What somebody asked to be written is written, also where he has gone away.
        drop(live.writing.write().await);
    };
    if tokio::time::timeout(DRAIN, both).await.is_err() {
        warn!("something did not finish within {} s and is cut off", DRAIN.as_secs());
    }
}

/// Listens, and says where; what comes back serves until `stopping` says so.
async fn start_server(
    live: &Arc<Live>,
    mut stopping: watch::Receiver<bool>,
) -> anyhow::Result<impl Future<Output = std::io::Result<()>> + Send + 'static> {
    let settings = live.settings();
    let telemetry = &settings.config.orchestrator.telemetry;
    guard::warn_if_open(&settings.config);
    let address = format!("{}:{}", telemetry.listen_address, telemetry.listen_port);
    let listening = listen(&telemetry.listen_address, telemetry.listen_port).await;
    let listener = listening.with_context(|| {
        format!("listening on {address} (orchestrator.telemetry.listen_address and listen_port); is another instance running?")
    })?;
    let address: SocketAddr = listener.local_addr().context("asking for the address listened on")?;
    info!("Starting HTTP server on http://{address}");
    info!("Prometheus metrics available at http://{address}{}", telemetry.path);
    info!("Dashboard available at http://{address}/dashboard");
    let app = routes::router(live, &settings.config);
    Ok(async move {
        let stop = async move { drop(stopping.wait_for(|stop| *stop).await) };
        platform::http::serve(listener, app, Limits { drain: DRAIN, ..Limits::default() }, stop).await
    })
}

fn log_schedule(live: &Live) {
    let minutes = live.settings().config.orchestrator.schedule.interval_minutes;
    info!("Running evaluation loop every {minutes} minutes");
    info!("First evaluation starting");
}
