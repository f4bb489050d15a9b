//! From the start to the stop, in order.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::Stream;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::{error, info, warn};

use super::server::{ListenError, Server};
use super::writes::Writes;
use crate::reload::{self, Reload};
use crate::rounds::{self, Handle, Rounds, SpawnError, Work};
use crate::{notify, shutdown};

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// It could not be told to stop.
    #[error("listening for signals")]
    Signals(#[source] io::Error),
    /// It could not be told to read its configuration again.
    #[error("listening for SIGHUP")]
    Hangups(#[source] io::Error),
    /// Nobody could speak to it.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It could not do its work.
    #[error(transparent)]
    Rounds(#[from] SpawnError),
}

/// Starts making the rounds, which end when the receiver says so.
type Spawn = Box<dyn FnOnce(Duration, watch::Receiver<bool>) -> Result<Handle, SpawnError> + Send>;
/// Reads the configuration again whenever somebody asks for it.
type Reloading = Box<dyn FnOnce(BoxStream<'static, ()>) -> BoxFuture<'static, ()> + Send>;

/// What a service consists of. [`run`](Self::run) starts all of it, and stops it in order.
pub struct Service {
    drain: Duration,
    server: Option<Server>,
    rounds: Option<(Arc<Rounds>, Spawn)>,
    reload: Option<Reloading>,
    writes: Writes,
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("drain", &self.drain).field("server", &self.server).finish_non_exhaustive()
    }
}

impl Service {
    /// Does nothing but wait for the signal to stop. From then on whatever is in progress has `drain` to come to its
    /// end.
    pub fn new(drain: Duration) -> Self {
        Self { drain, server: None, rounds: None, reload: None, writes: Writes::default() }
    }

    /// Answers requests, where there is a server.
    #[must_use]
    pub fn server(mut self, server: impl Into<Option<Server>>) -> Self {
        self.server = server.into();
        self
    }

    /// Makes rounds. While they [live](Rounds::is_alive), systemd's watchdog is told that the service does.
    #[must_use]
    pub fn rounds(mut self, rounds: &Arc<Rounds>, work: impl Work) -> Self {
        let of_thread = Arc::clone(rounds);
        let spawn = move |drain, stopping| rounds::spawn(of_thread, work, drain, stopping);
        self.rounds = Some((Arc::clone(rounds), Box::new(spawn)));
        self
    }

    /// Reads the configuration again at every SIGHUP.
    #[must_use]
    pub fn reload(mut self, source: impl Reload) -> Self {
        self.reload = Some(Box::new(|requests| Box::pin(reload::on_request(source, requests))));
        self
    }

    /// Waits for these before it ends.
    #[must_use]
    pub fn writes(mut self, writes: &Writes) -> Self {
        self.writes = writes.clone();
        self
    }

    /// Runs until SIGTERM or SIGINT, and ends at the latest one drain after it.
    ///
    /// # Errors
    /// Something does not start; then nothing runs any more.
    pub fn run(self, runtime: Runtime) -> Result<(), StartError> {
        let until = runtime.block_on(async {
            // Before anything else: a signal that comes while the service starts must stop it in order, too.
            let stopped = shutdown::requested().map_err(StartError::Signals)?;
            let hangups = shutdown::hangups().map_err(StartError::Hangups)?;
            self.until(stopped, hangups).await
        })?;
        // What still waits for something else is given the rest of the time, and no more.
        runtime.shutdown_timeout(until.saturating_duration_since(Instant::now()));
        info!("Stopped");
        Ok(())
    }

    /// Starts everything, waits for `stopped` and for what is in progress; until when that may have taken.
    pub(super) async fn until(
        self,
        stopped: impl Future<Output = ()>,
        hangups: impl Stream<Item = ()> + Send + 'static,
    ) -> Result<Instant, StartError> {
        let Self { drain, server, rounds, reload, writes } = self;
        let (stop, stopping) = watch::channel(false);
        let server = match server {
            Some(server) => Some(tokio::spawn(server.listen().await?.serve(drain, stopping.clone()))),
            None => None,
        };
        let (rounds, handle) = match rounds {
            Some((rounds, spawn)) => (Some(rounds), Some(spawn(drain, stopping)?)),
            None => (None, None),
        };
        let reloading = reload.map(|reload| tokio::spawn(reload(Box::pin(hangups))));
        notify::ready().await;
        let is_alive = move || rounds.as_ref().is_none_or(|rounds| rounds.is_alive());
        let watchdog = tokio::spawn(notify::watchdog(is_alive));
        stopped.await;
        info!("Stopping: requests and writes in progress have {} s to finish", drain.as_secs());
        watchdog.abort();
        if let Some(reloading) = reloading {
            reloading.abort();
        }
        stop.send_replace(true);
        let until = Instant::now() + drain;
        let finished = tokio::time::timeout(drain, finished(server, handle, &writes));
        // Side by side: a systemd that takes no messages takes no time from what is in progress.
        if tokio::join!(finished, notify::stopping()).0.is_err() {
            warn!("something did not finish within {} s and is cut off", drain.as_secs());
        }
        Ok(until)
    }
}

/// Waits for everything that is in progress.
async fn finished(server: Option<JoinHandle<io::Result<()>>>, rounds: Option<Handle>, writes: &Writes) {
    if let Some(server) = server {
        match server.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => error!("the HTTP server ended with an error: {error}"),
            Err(error) => error!("the HTTP server broke off: {error}"),
        }
    }
    if let Some(rounds) = rounds {
        rounds.finished().await;
    }
    // What somebody asked to be written is written, also where they have gone away.
    writes.finished().await;
}
