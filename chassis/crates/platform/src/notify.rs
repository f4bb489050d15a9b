//! What is systemd told (`Type=notify`)? Nothing, where the service does not run under it.
//!
//! The words are those of sd_notify(3); the socket and the watchdog's interval come from the environment that systemd sets.

use std::io;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tracing::{error, warn};

/// How long a message may wait for a systemd that takes none.
const PATIENCE: Duration = Duration::from_secs(5);
/// One message after the other.
static TURN: Semaphore = Semaphore::const_new(1);

/// The service is up, or has read its configuration again.
pub async fn ready() {
    tell(vec![NotifyState::Ready]).await;
}

/// The service reads its configuration again; [`ready`] says when it is done, whether or not it took it.
pub async fn reloading() {
    match NotifyState::monotonic_usec_now() {
        // systemd takes one without the other for a failure.
        Ok(now) => tell(vec![NotifyState::Reloading, now]).await,
        Err(error) => warn!(%error, "cannot tell systemd of the reload: there is no monotonic clock"),
    }
}

/// The service has been told to stop and finishes what is in progress.
pub async fn stopping() {
    tell(vec![NotifyState::Stopping]).await;
}

/// Tells systemd every half of its watchdog's interval that the service lives, for as long as `is_alive` says so; systemd ends a
/// service that it hears nothing of. Comes back at once where there is no watchdog.
pub async fn watchdog(is_alive: impl Fn() -> bool + Send) {
    let Some(interval) = sd_notify::watchdog_enabled().filter(|interval| *interval > Duration::ZERO) else {
        return;
    };
    let mut ticks = tokio::time::interval(interval / 2);
    let mut was_alive = true;
    loop {
        ticks.tick().await;
        let is = is_alive();
        if is {
            tell(vec![NotifyState::Watchdog]).await;
        } else if was_alive {
            error!("the service does not get on; systemd is no longer told that it lives");
        }
        was_alive = is;
    }
}

/// The socket's queue is short, and who writes to a full one stands still: requests and the stop must not stand with it.
async fn tell(states: Vec<NotifyState<'static>>) {
    let send = async {
        let turn = TURN.acquire().await;
        let sent = spawn_blocking(move || {
            let _turn = turn;
            sd_notify::notify(&states)
        });
        sent.await.map_err(io::Error::other).flatten()
    };
    match timeout(PATIENCE, send).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(%error, "cannot tell systemd about the state of the service"),
        Err(_) => warn!("systemd has taken no message for {} s; the service goes on without it", PATIENCE.as_secs()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Run by the test below, in a process of its own: the environment of this one cannot be changed safely.
    #[tokio::test]
    #[ignore = "needs the environment that the next test gives it"]
    async fn a_service_from_start_to_stop() {
        ready().await;
        reloading().await;
        let looked = AtomicU32::new(0);
        let is_alive = || looked.fetch_add(1, Ordering::Relaxed) < 2;
        tokio::select! {
            () = watchdog(is_alive) => panic!("there is a watchdog"),
            () = async { while looked.load(Ordering::Relaxed) < 5 { tokio::task::yield_now().await } } => {}
        }
        stopping().await;
    }

    /// Run by the last test below.
    #[test]
    #[ignore = "needs the environment that a test gives it"]
    fn a_service_whose_systemd_listens_to_nothing() {
        std::thread::spawn(|| {
            std::thread::sleep(Duration::from_secs(60));
            std::process::exit(1); // it stands still
        });
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let (looked, looks) = tokio::sync::oneshot::channel();
            let looked = std::sync::Mutex::new(Some(looked));
            tokio::spawn(watchdog(move || looked.lock().unwrap().take().is_none_or(|looked| looked.send(()).is_ok())));
            looks.await.unwrap();
            // On the only thread there is, which has a message to get rid of.
            tokio::spawn(tokio::time::sleep(Duration::from_millis(50))).await.unwrap();
            stopping().await;
        });
        runtime.shutdown_background(); // the message that nobody takes is still on its way
    }

    #[test]
    fn systemd_hears_of_every_state_and_of_life_only_while_there_is_some() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "notify::tests::a_service_from_start_to_stop", "--ignored"]);
        let output = command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "20000").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let next = || {
            let mut buffer = [0; 256];
            let length = socket.recv(&mut buffer).unwrap();
            String::from_utf8(buffer[..length].to_vec()).unwrap()
        };
        assert_eq!(next(), "READY=1\n");
        let reloading = next();
        let (state, clock) = reloading.split_once('\n').unwrap();
        let micros: u64 = clock.trim_end().strip_prefix("MONOTONIC_USEC=").unwrap().parse().unwrap();
        assert_eq!((state, micros > 0), ("RELOADING=1", true));
        // Alive twice, then looked at three times in vain.
        assert_eq!([next(), next(), next()], ["WATCHDOG=1\n", "WATCHDOG=1\n", "STOPPING=1\n"]);
    }

    #[test]
    fn a_systemd_that_takes_no_messages_does_not_stop_the_service() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notify");
        let _nobody_reads = UnixDatagram::bind(&path).unwrap();
        let others = UnixDatagram::unbound().unwrap();
        others.set_nonblocking(true).unwrap();
        while others.send_to(b"STATUS=", &path).is_ok() {} // until the queue is full
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "notify::tests::a_service_whose_systemd_listens_to_nothing", "--ignored"]);
        let output = command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "2000").output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    #[tokio::test]
    async fn without_systemd_there_is_no_watchdog() {
        watchdog(|| panic!("nobody asked whether the service lives")).await;
    }
}
