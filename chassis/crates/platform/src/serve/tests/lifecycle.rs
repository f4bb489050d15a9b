//! From the start to the stop, in order.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::routing::get;
use axum::{Extension, Router};
use futures_util::stream;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;
use tracing::subscriber::{DefaultGuard, set_default};

use super::{PATIENCE, ask};
use crate::http::{App, Proxies, chassis};
use crate::reload::Reload;
use crate::rounds::{Rounds, Work};
use crate::serve::{Server, Service, StartError, Writes};
use crate::telemetry::tests::Lines;
use crate::telemetry::{Format, Level};

/// Makes rounds of nothing, and says so.
struct Nothing(mpsc::UnboundedSender<&'static str>);

impl Work for Nothing {
    type Outcome = ();

    fn interval(&self) -> Duration {
        Duration::from_secs(3600)
    }

    fn limit(&self) -> Duration {
        Duration::from_secs(3600)
    }

    async fn work(&mut self) {}

    async fn finish(&mut self, _: Option<()>) {
        self.0.send("round").unwrap();
    }

    async fn after_last(self) {
        self.0.send("after last round").unwrap();
    }
}

/// Takes whatever is configured.
struct Anything(mpsc::UnboundedSender<&'static str>);

impl Reload for Anything {
    type Config = ();

    fn path(&self) -> &Path {
        Path::new("anything.yaml")
    }

    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    fn load(&self) -> Result<(), String> {
        Ok(())
    }

    fn adopt(&self, (): ()) -> Result<(), String> {
        Ok(())
    }

    fn reloaded(&self, _: bool) {
        self.0.send("reloaded").unwrap();
    }
}

/// A service with everything, and what a test does to it from outside.
struct Running {
    log: Lines,
    _logging: DefaultGuard,
    heard: mpsc::UnboundedReceiver<&'static str>,
    hang_up: mpsc::UnboundedSender<()>,
    stop: Option<oneshot::Sender<()>>,
    /// `/write` is being handled; it may come to its end.
    writing: Arc<Notify>,
    release: Arc<Notify>,
    address: SocketAddr,
    task: JoinHandle<Result<std::time::Instant, StartError>>,
}

/// `/write` writes until it is released, also where nobody waits for the answer.
fn app(writes: &Writes, writing: &Arc<Notify>, release: &Arc<Notify>) -> App {
    let state = (writes.clone(), Arc::clone(writing), Arc::clone(release));
    let write = async |Extension((writes, writing, release)): Extension<(Writes, Arc<Notify>, Arc<Notify>)>| {
        let work = async move {
            writing.notify_one();
            release.notified().await;
        };
        writes.to_its_end(work).await;
        "written"
    };
    chassis(Router::new().route("/write", get(write)).layer(Extension(state)), Proxies::default())
}

impl Running {
    async fn start(drain: Duration) -> Self {
        let log = Lines::default();
        let logging = set_default(log.subscriber(Level::Info, Format::Text));
        let (writes, writing, release) = (Writes::default(), Arc::<Notify>::default(), Arc::<Notify>::default());
        let (sender, mut heard) = mpsc::unbounded_channel();
        let (hang_up, mut hung_up) = mpsc::unbounded_channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let rounds = Arc::new(Rounds::default());
        let server = Server::new(app(&writes, &writing, &release), "127.0.0.1", 0, "host and port");
        let service = Service::new(drain)
            .server(server.offers("Page", "/page"))
            .rounds(&rounds, Nothing(sender.clone()))
            .reload(Anything(sender))
            .writes(&writes);
        let hangups = stream::poll_fn(move |context| hung_up.poll_recv(context));
        let task = tokio::spawn(service.until(async move { drop(stopped.await) }, hangups));
        assert_eq!(heard.recv().await, Some("round"));
        let text = log.text();
        let address = text.lines().next().unwrap().rsplit_once("http://").unwrap().1.parse().unwrap();
        Self { log, _logging: logging, heard, hang_up, stop: Some(stop), writing, release, address, task }
    }

    /// Somebody asks for something to be written, and does not wait for the answer.
    async fn write(&self) {
        let address = self.address;
        let client = tokio::spawn(async move { ask(address, "GET /write", &[]).await.body });
        self.writing.notified().await;
        client.abort();
    }

    fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// The lines of the log without their times.
    fn lines(&self) -> Vec<String> {
        self.log.text().lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
    }
}

#[tokio::test]
async fn what_is_in_progress_comes_to_its_end_before_the_service_does() {
    let mut running = Running::start(PATIENCE).await;
    running.hang_up.send(()).unwrap();
    assert_eq!(running.heard.recv().await, Some("reloaded"));
    running.write().await;
    running.stop();
    assert_eq!(running.heard.recv().await, Some("after last round"));
    assert!(!running.task.is_finished(), "what somebody asked for is still being written");
    running.release.notify_one();
    (&mut running.task).await.unwrap().unwrap();
    let address = running.address;
    let expected = [
        format!("INFO Starting HTTP server on http://{address}"),
        format!("INFO Page available at http://{address}/page"),
        "INFO Reloaded configuration from anything.yaml".to_owned(),
        "INFO Stopping: requests and writes in progress have 20 s to finish".to_owned(),
    ];
    assert_eq!(running.lines(), expected);
}

#[tokio::test]
async fn what_does_not_come_to_its_end_in_time_is_cut_off() {
    let mut running = Running::start(Duration::ZERO).await;
    running.write().await;
    running.stop();
    (&mut running.task).await.unwrap().unwrap();
    let lines = running.lines();
    assert_eq!(lines.last().unwrap(), "WARNING something did not finish within 0 s and is cut off", "{lines:?}");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_with_the_keys_that_say_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let app = chassis(Router::new(), Proxies::default());
    let service = Service::new(Duration::ZERO).server(Server::new(app, "127.0.0.1", port, "host and port"));
    let failed = service.until(std::future::pending(), stream::pending()).await.unwrap_err();
    let expected = format!("listening on 127.0.0.1:{port} (host and port); is another instance running?");
    assert_eq!(failed.to_string(), expected);
}
