//! Where a service is spoken to.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::info;

use crate::http::{App, Limits, listen, serve};

/// Why nobody can speak to the service.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address cannot be listened on.
    #[error("listening on {host}:{port} ({keys}); is another instance running?")]
    Address {
        /// A name or an address.
        host: String,
        /// As configured.
        port: u16,
        /// The keys of the configuration that say so.
        keys: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// Which address that is cannot be found out.
    #[error("asking for the address listened on")]
    Unknown(#[source] io::Error),
}

/// Where a service listens, and what it answers.
#[derive(Debug)]
pub struct Server {
    app: App,
    host: String,
    port: u16,
    keys: &'static str,
    pages: Vec<(&'static str, String)>,
}

impl Server {
    /// Answers with `app` on `port` of `host`, a name or an address; port 0 is a free one. `keys` are those of the
    /// configuration that say so, for the text of an error.
    pub fn new(app: App, host: impl Into<String>, port: u16, keys: &'static str) -> Self {
        Self { app, host: host.into(), port, keys, pages: Vec::new() }
    }

    /// Says in the log that `what` is available at `path`.
    #[must_use]
    pub fn offers(mut self, what: &'static str, path: impl Into<String>) -> Self {
        self.pages.push((what, path.into()));
        self
    }

    /// Listens, and says where.
    pub(super) async fn listen(self) -> Result<Listening, ListenError> {
        let Self { app, host, port, keys, pages } = self;
        let listener = match listen(&host, port).await {
            Ok(listener) => listener,
            Err(source) => return Err(ListenError::Address { host, port, keys, source }),
        };
        let address: SocketAddr = listener.local_addr().map_err(ListenError::Unknown)?;
        info!("Starting HTTP server on http://{address}");
        for (what, path) in pages {
            info!("{what} available at http://{address}{path}");
        }
        Ok(Listening { listener, app })
    }
}

/// A server that clients can connect to, and that does not answer yet.
pub(super) struct Listening {
    listener: TcpListener,
    app: App,
}

impl Listening {
    /// Answers until `stopping` is true; then requests in progress have `drain` to come to their end.
    pub(super) async fn serve(self, drain: Duration, mut stopping: watch::Receiver<bool>) -> io::Result<()> {
        let stop = async move { drop(stopping.wait_for(|stop| *stop).await) };
        serve(self.listener, self.app, Limits { drain, ..Limits::default() }, stop).await
    }
}
