//! What is systemd told (`Type=notify`)? Nothing, where the service does not run under it.
//!
//! The words are those of sd_notify(3); the socket and the watchdog's interval come from the environment that systemd sets.

use std::time::Duration;

use sd_notify::NotifyState;
use tracing::{error, warn};

/// The service is up, or has read its configuration again.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The service reads its configuration again; [`ready`] says when it is done, whether or not it took it.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        // systemd takes one without the other for a failure.
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "cannot tell systemd of the reload: there is no monotonic clock"),
    }
}

/// The service has been told to stop and finishes what is in progress.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
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
            tell(&[NotifyState::Watchdog]);
        } else if was_alive {
            error!("the service does not get on; systemd is no longer told that it lives");
        }
        was_alive = is;
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "cannot tell systemd about the state of the service");
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
        ready();
        reloading();
        let looked = AtomicU32::new(0);
        let is_alive = || looked.fetch_add(1, Ordering::Relaxed) < 2;
        tokio::select! {
            () = watchdog(is_alive) => panic!("there is a watchdog"),
            () = async { while looked.load(Ordering::Relaxed) < 5 { tokio::task::yield_now().await } } => {}
        }
        stopping();
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

    #[tokio::test]
    async fn without_systemd_there_is_no_watchdog() {
        watchdog(|| panic!("nobody asked whether the service lives")).await;
    }
}
